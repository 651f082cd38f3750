import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { LabCluster } from '../../lab/index.ts'
import { until } from '../support/until.ts'
import { REPOSITORY, s3Properties, seedStage } from './support/seed-stage.ts'
import { makeHub, objectsOf, rowsOf, show } from './support/sr-hub.ts'

interface Answer {
  statement: string
  error: string
}
/** What real frontends answered. */
const recorded = JSON.parse(readFileSync(new URL('../fixtures/seed/traps.json', import.meta.url), 'utf8')) as {
  external: Record<string, Answer>
  temporary: Record<string, Answer>
  wrongDatabase: Record<string, Answer>
  killed: Record<string, Record<'columns' | 'before' | 'after' | 'cancelled', string[]>>
}

const stage = seedStage()
const TABLE = "DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ('replication_num' = '1')"
const job = async (cluster: LabCluster, database: string) => (await show(cluster, `SHOW BACKUP FROM ${database}`))[0]

describe.concurrent('traps', () => {
  test('tasks that fail do not fail the job: seen, named, given up after a while', async () => {
    const cluster = await stage.cluster({ name: 'failing' })
    makeHub(cluster, 'hub')
    const error = 'curlCode: 28, Timeout was reached'
    cluster.faults.inject({ kind: 'fail-snapshot-task', error, state: 'UPLOADING' })
    const name = await stage.startBackup('failing', {
      database: ['hub'],
      file: { stallMinutes: 0.1, attempts: 1 },
    })
    const seen = await until('it tells of the tasks', async () =>
      (await stage.backups.status(name)).jobs.find(({ problems }) => problems?.join().includes('Timeout was reached')),
    )
    expect(seen.state).toBe('UPLOADING')
    // The job itself says that all is well.
    expect(await job(cluster, 'hub')).toMatchObject({ State: 'UPLOADING', Status: '[OK]' })
    expect(await stage.backups.result(name)).toMatchObject({
      ok: false,
      failed: [{ database: 'hub', reason: expect.stringContaining('Timeout was reached') }],
    })
    expect(await job(cluster, 'hub')).toMatchObject({ State: 'CANCELLED' })
  })

  test('a frontend killed while a job is PENDING leaves it so for ever: cancelled, and sent once more', async () => {
    const cluster = await stage.cluster({ name: 'killed' })
    makeHub(cluster, 'hub')
    const stick = cluster.faults.inject({ kind: 'stick-snapshot', state: 'PENDING' })
    const name = await stage.startBackup('killed', { database: ['hub'], file: { stallMinutes: 0.3 } })
    await until('the job is there', () => stick.struck > 0)
    const before = await job(cluster, 'hub')
    await cluster.killFrontend(0)
    stick.clear()
    await cluster.restartFrontend(0)
    const after = await job(cluster, 'hub')
    // As it was recorded: the state is the same, and only the number of the job moves on.
    const rows = recorded.killed['3.5']
    const at = (row: string[] | undefined, column: string) => row?.[rows?.columns.indexOf(column) ?? -1]
    for (const column of ['State', 'UnfinishedTasks', 'TaskErrMsg', 'Status']) {
      expect([before?.[column], after?.[column]]).toEqual([at(rows?.before, column), at(rows?.after, column)])
    }
    expect((await stage.backups.result(name)).ok).toBe(true)
    const labels = cluster.backupJobs.map(({ label }) => label)
    expect(labels).toHaveLength(2)
    expect((await job(cluster, 'hub'))?.SnapshotName).toBe(labels[1])
  })

  test('a view named like a table of the backup: refused before anything is sent', async () => {
    const cluster = await stage.cluster({ name: 'named' })
    makeHub(cluster, 'hub')
    const label = stage.idOf(await stage.backUp('named', { table: ['hub.sr_pmc'] }))
    cluster.execute('CREATE DATABASE other')
    cluster.execute('CREATE VIEW other.sr_pmc AS SELECT 1 AS one')
    expect(await stage.refusal(stage.restore('named', { label, table: ['sr_pmc'], as: 'other' }))).toMatch(
      /other has a view called sr_pmc.*restore-name-clash/,
    )
    expect(cluster.backupJobs.filter(({ kind }) => kind === 'restore')).toEqual([])
  })

  test.each(['3.5', '4.1'] as const)(
    '%s: one external table, one table with temporary partitions fail BACKUP of the database; here they are left out and told',
    async (version) => {
      const name = `whole${version.replace('.', '')}`
      const cluster = await stage.cluster({ name, version })
      makeHub(cluster, 'hub')
      cluster.execute(
        "CREATE EXTERNAL TABLE hub.ext_mysql (id INT) ENGINE=mysql PROPERTIES ('host' = '127.0.0.1', 'port' = '3306', 'user' = 'u', 'password' = 'p', 'database' = 'd', 'table' = 't')",
      )
      await expect(cluster.run(`BACKUP DATABASE hub SNAPSHOT by_hand TO ${REPOSITORY}`)).rejects.toThrow(
        recorded.external[version]?.error,
      )
      cluster.execute("ALTER TABLE hub.sr_member ADD TEMPORARY PARTITION tp VALUES LESS THAN ('10')")
      await expect(
        cluster.run(`BACKUP DATABASE hub SNAPSHOT by_hand TO ${REPOSITORY} ON (TABLE sr_member)`),
      ).rejects.toThrow(recorded.temporary[version]?.error)

      const done = await stage.backUp(name, { database: ['hub'], file: { stallMinutes: 0.02 } })
      const record = await stage.record(stage.idOf(done))
      const left = Object.fromEntries(record.notIncluded.map(({ object, reason }) => [object, reason]))
      expect(left.ext_mysql).toMatch(/external table \(MYSQL\)/)
      expect(left.sr_member).toMatch(/temporary partitions/)
      expect(done.warnings.join()).toMatch(/sr_member is not in the backup/)
      expect(Object.keys(record.tables)).toEqual(['sr_pmc'])
      expect(Object.keys(record.materializedViews)).toEqual(['sr_mv1', 'sr_mv2'])
    },
  )

  test('the path of a repository holds its name; a read-only one is not checked by StarRocks, but here', async () => {
    const cluster = await stage.cluster({ name: 'paths' })
    makeHub(cluster, 'hub')
    const label = stage.idOf(await stage.backUp('paths', { table: ['hub.sr_pmc'] }))
    const properties = s3Properties(stage.s3)
    stage.repository('alias', { location: 's3a://backups/base', properties })
    expect((await stage.createRepository('paths', 'alias')).ok).toBe(true)
    expect(await stage.refusal(stage.restore('paths', { label, repository: 'alias', as: 'other' }))).toContain(label)
    expect(objectsOf(cluster, 'other')).toEqual([])

    stage.repository('nowhere', { location: 's3a://no-such-bucket/base', properties })
    const answer = await stage.createRepository('paths', 'nowhere', true)
    expect(answer.ok).toBe(false)
    expect(JSON.stringify(answer.findings)).toMatch(/no-such-bucket/)
  })

  test('a store that never answers holds CREATE REPOSITORY: given up within its limit, with a clear word', async () => {
    const cluster = await stage.cluster({ name: 'dead', repository: false })
    stage.repository('oss', {
      location: 'oss://bucket/backup',
      properties: { 'fs.oss.accessKeyId': 'AK', 'fs.oss.accessKeySecret': 'SK', 'fs.oss.endpoint': '127.0.0.1:5999' },
      access: { enabled: false },
    })
    cluster.faults.inject({ kind: 'delay-mysql', ms: 900_000, match: /CREATE.*REPOSITORY/ })
    const began = Date.now()
    const answer = await stage.backups.repositories({
      op: 'create',
      cluster: 'dead',
      repository: 'oss',
      timeoutSeconds: 2,
    })
    expect(answer.ok).toBe(false)
    expect(Date.now() - began).toBeLessThan(50_000)
    expect(JSON.stringify(answer.findings)).toMatch(/2 s/)
    expect(JSON.stringify(answer)).not.toContain("'SK'")
  })

  test('RESTORE takes tables out of their colocate group, and three replicas by default: both put right', async () => {
    const cluster = await stage.cluster({ name: 'origin' })
    for (const statement of [
      'CREATE DATABASE hub',
      "CREATE TABLE hub.co (id INT NOT NULL) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ('replication_num' = '1', 'colocate_with' = 'grp')",
      "CREATE TABLE hub.three (id INT NOT NULL) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ('replication_num' = '3')",
      'INSERT INTO hub.co VALUES (1), (2)',
      'INSERT INTO hub.three VALUES (3)',
    ])
      cluster.execute(statement)
    const label = stage.idOf(await stage.backUp('origin', { database: ['hub'] }))
    const single = await stage.cluster({ name: 'single', nodes: 1, repository: false })
    const done = await stage.restore('single', { label })
    expect(done.ok).toBe(true)
    expect(done.warnings.join()).toMatch(/replica/)
    expect(await rowsOf(single, 'hub.three')).toEqual(['3'])
    const ddl = async (table: string) =>
      (await show(single, `SHOW CREATE TABLE hub.${table}`))[0]?.['Create Table'] ?? ''
    expect(await ddl('three')).toContain('"replication_num" = "1"')
    expect((await ddl('co')).includes('"colocate_with" = "grp"') || done.warnings.join().includes('grp')).toBe(true)
  })

  test('a RESTORE that is refused for its database makes that database all the same; here nothing is left', async () => {
    const cluster = await stage.cluster({ name: 'wrong' })
    makeHub(cluster, 'hub')
    const label = stage.idOf(await stage.backUp('wrong', { table: ['hub.sr_pmc'] }))
    const [snapshot] = await show(cluster, `SHOW SNAPSHOT ON ${REPOSITORY} WHERE SNAPSHOT = '${label}'`)
    await expect(
      cluster.run(
        `RESTORE SNAPSHOT ${label} FROM ${REPOSITORY} DATABASE wrongdb PROPERTIES ('backup_timestamp' = '${snapshot?.Timestamp}')`,
      ),
    ).rejects.toThrow(recorded.wrongDatabase['3.5']?.error)
    expect((await show(cluster, "SHOW DATABASES LIKE 'wrongdb'")).length).toBe(1)
    const names = [...cluster.state.databases.keys()]
    expect(await stage.refusal(stage.restore('wrong', { label, database: 'wrongdb2' }))).toMatch(
      /of database hub, not of wrongdb2/,
    )
    expect([...cluster.state.databases.keys()]).toEqual(names)
    expect(cluster.execute(`CREATE TABLE hub.z (id INT) ${TABLE}`)).toBeDefined()
  })
})
