import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { openObjects } from '../../activities/backup/open-repository.ts'
import { createBackupPreflightActivities } from '../../activities/backup-preflight/index.ts'
import type { S3Server } from '../../client/s3-server/s3-server.ts'
import { type BackupRecord, backupRecordSchema } from '../../contract/backup/record.ts'
import { type RestoreSpecInput, restoreSpecSchema } from '../../contract/backup/restore-spec.ts'
import type { DoctorResult } from '../../contract/findings.ts'
import type { LabVersion } from '../../lab/index.ts'
import { startTestS3 } from '../support/s3-server.ts'
import { until } from '../support/until.ts'
import { codes, fatalCodes, find, PreflightStage, REPOSITORY } from './stage.ts'

let s3: S3Server
let stage: PreflightStage
beforeAll(async () => {
  s3 = await startTestS3()
})
afterEach(() => stage.stop())
afterAll(() => s3?.stop())

const hash = 'DISTRIBUTED BY HASH(id) BUCKETS 2'
const plain = `CREATE TABLE shop.t (id INT, v INT) DUPLICATE KEY(id) ${hash} PROPERTIES ('replication_num' = '1')`

const start = async (version: LabVersion = '3.5', ...statements: string[]) => {
  stage = await PreflightStage.start(s3, { version })
  stage.execute('CREATE DATABASE shop', ...statements)
}

const ddlOf = (table: string) => String(stage.lab.execute(`SHOW CREATE TABLE ${table}`).rows[0]?.[1])

let made = 0
/** A record as a backup of `shop.t` would leave it, and a snapshot if there is that table. */
async function record(part: Partial<BackupRecord> & { ddl?: string; bytes?: number; replication?: number } = {}) {
  const { ddl, bytes = 1000, replication = 1, ...rest } = part
  const id = `sf_shop_20260101T000000000_${String(++made).padStart(6, '0')}1`
  const one = { physical: [['1', '2']], at: 0, bytes, replication, buckets: 2 }
  const table = {
    id: '1',
    partitioning: 'none',
    fingerprint: 'f',
    ddl: ddl ?? ddlOf('shop.t'),
    whole: [0],
    partitions: { t: one },
  }
  const made_ = backupRecordSchema.parse({
    format: 1,
    id,
    repository: REPOSITORY,
    cluster: 'lab',
    database: 'shop',
    name: 'once',
    set: 's',
    kind: 'full',
    startedAt: '2026-01-01T00:00:00Z',
    finishedAt: '2026-01-01T00:01:00Z',
    version: stage.lab.state.version === '3.5' ? '3.5.2' : `${stage.lab.state.version}.9`,
    labels: [{ label: id, timestamp: '2026-01-01-00-00-00-000' }],
    own: 1,
    tables: { t: table },
    materializedViews: {},
    views: {},
    functions: {},
    notIncluded: [],
    ...rest,
  })
  if (stage.lab.state.databases.get('shop')?.objects.get('t')?.kind === 'table') {
    await stage.lab.run(`BACKUP SNAPSHOT shop.${id} TO ${REPOSITORY} ON (t)`)
    await until('the snapshot is there', () => /FINISHED/.test(JSON.stringify(stage.lab.execute('SHOW BACKUP').rows)))
  }
  await (await openObjects(stage.deps, REPOSITORY)).putRecord(made_)
  return id
}

async function look(label: string, more: Partial<RestoreSpecInput> = {}): Promise<DoctorResult> {
  const spec = restoreSpecSchema.parse({
    name: 'rescue',
    cluster: 'lab',
    repository: REPOSITORY,
    from: { label },
    ...more,
  })
  return stage.run(createBackupPreflightActivities(stage.deps).preflightRestore, { spec })
}

describe('a restore', () => {
  test('that can be done has nothing fatal', async () => {
    await start('3.5', plain)
    const result = await look(await record(), { tables: ['t'] })
    expect(fatalCodes(result)).toEqual([])
    expect(result.ok).toBe(true)
    expect(result.facts).toMatchObject({ tables: '1', 'backup of': 'shop of lab, StarRocks 3.5.2' })
    expect(find(result, 'unverified-backup').level).toBe('info')
  })

  test('of what is not there', async () => {
    await start('3.5', plain)
    expect(fatalCodes(await look('nothing_like_that'))).toEqual(['restore-impossible'])
    expect(fatalCodes(await look(await record(), { tables: ['u'] }))).toContain('restore-impossible')
  })

  test.each([
    ['3.5.9', '3.5', undefined],
    ['3.3.1', '3.5', 'info'],
    ['4.1.0', '3.5', 'fatal'],
    ['3.5.1', '3.3', 'fatal'],
  ] as const)('a backup of %s into %s', async (version, target, level) => {
    await start(target, plain)
    const result = await look(await record({ version }), { tables: ['t'] })
    const code = level === 'fatal' ? 'older-than-backup' : 'much-newer-than-backup'
    if (level) expect(find(result, code).level).toBe(level)
    else expect(codes(result).filter((one) => /than-backup/.test(one))).toEqual([])
    expect(result.ok).toBe(level !== 'fatal')
  })

  test('into shared data', async () => {
    stage = await PreflightStage.start(s3, { version: '4.1', runMode: 'shared_data', repository: false })
    const id = await record({ ddl: 'CREATE TABLE t (id INT)', version: '4.1.0' })
    expect(fatalCodes(await look(id))).toContain('restore-shared-data')
  })

  test('over a view of the name', async () => {
    await start('3.5', plain)
    const ddl = ddlOf('shop.t')
    stage.execute('CREATE TABLE shop.u LIKE shop.t', 'DROP TABLE shop.t', 'CREATE VIEW shop.t AS SELECT id FROM shop.u')
    expect(find(await look(await record({ ddl }), { tables: ['t'] }), 'restore-name-clash')).toMatchObject({
      level: 'fatal',
      remedy: expect.stringContaining('hang'),
    })
  })

  test('of more replicas than there are backends', async () => {
    await start('3.5', plain)
    const id = await record({ replication: 3 })
    expect(fatalCodes(await look(id, { tables: ['t'], replicationNumber: 5 }))).toEqual(['replicas-impossible'])
    stage.lab.faults.inject({ kind: 'node-down', node: 1, how: 'dead' })
    const fewer = await look(id, { tables: ['t'] })
    expect(find(fewer, 'fewer-replicas').message).toContain('2 living backends')
    expect(fewer.ok).toBe(true)
  })

  test('for which there is no room', async () => {
    await start('3.5', plain)
    const total = stage.lab.state.nodes.reduce((sum, { diskTotal }) => sum + diskTotal, 0)
    expect(find(await look(await record({ bytes: total }), { tables: ['t'] }), 'disk-too-small').level).toBe('fatal')
    const most = Math.round(total * 0.9) - stage.lab.state.nodes.reduce((sum, { diskUsed }) => sum + diskUsed, 0)
    expect(find(await look(await record({ bytes: most }), { tables: ['t'] }), 'disk-headroom').level).toBe('warning')
    // Three times as much with three replicas.
    const third = await look(await record({ bytes: Math.round(total / 3), replication: 3 }), { tables: ['t'] })
    expect(fatalCodes(third)).toEqual(['disk-too-small'])
  })

  test('of a backup that was found damaged', async () => {
    await start('3.5', plain)
    const id = await record()
    const objects = await openObjects(stage.deps, REPOSITORY)
    const verification = {
      at: '2026-01-02T00:00:00Z',
      mode: 'deep' as const,
      problems: [{ label: id, problem: 'wrong md5' }],
      objects: 1,
      bytes: 1,
    }
    await objects.changeVerification(id, async () => ({ ...verification, ok: false }))
    expect(fatalCodes(await look(id, { tables: ['t'] }))).toEqual(['damaged-backup'])
    expect((await look(id, { tables: ['t'], ignore: ['damaged-backup'] })).ok).toBe(true)
    await objects.changeVerification(id, async () => ({ ...verification, ok: true, problems: [] }))
    expect(codes(await look(id, { tables: ['t'] })).filter((one) => /backup$/.test(one))).toEqual([])
  })

  test('into one of StarRocks’ own databases', async () => {
    await start('3.5', plain)
    const result = await look(await record(), { tables: ['t'], rename: { database: '_statistics_' } })
    expect(fatalCodes(result)).toContain('system-database')
  })

  test('of partitions into a table of other columns', async () => {
    const ranged = `CREATE TABLE shop.t (id INT, v INT) DUPLICATE KEY(id) PARTITION BY RANGE(id) (PARTITION t VALUES LESS THAN ('10')) ${hash} PROPERTIES ('replication_num' = '1')`
    await start('3.5', ranged)
    const ddl = ddlOf('shop.t')
    stage.execute('DROP TABLE shop.t', ranged.replace('v INT', 'v INT, w INT'))
    const part = {
      physical: [['1', '2'] as [string, string]],
      at: 0,
      bytes: 10,
      replication: 1,
      buckets: 2,
      value: 'x',
    }
    const tables = {
      t: { id: '1', partitioning: 'range' as const, fingerprint: 'f', ddl, whole: [0], partitions: { t: part } },
    }
    const found = find(await look(await record({ tables }), { partitions: { t: ['t'] } }), 'other-columns')
    expect(found).toMatchObject({ level: 'fatal', message: expect.stringContaining('with w more') })
  })

  test('in place is told for what it is', async () => {
    await start('3.5', plain)
    const result = await look(await record(), { tables: ['t'], mode: 'in-place' })
    expect(find(result, 'in-place-final').message).toContain('neither read nor written')
    expect(fatalCodes(result)).toEqual([])
  })

  test('of tables that would drop what is restored', async () => {
    await start('3.5')
    stage.execute(
      `CREATE TABLE shop.t (d DATE, id INT) DUPLICATE KEY(d) PARTITION BY RANGE(d) (PARTITION p20200101 VALUES [('2020-01-01'), ('2020-01-02'))) ${hash} PROPERTIES ('replication_num' = '1', 'dynamic_partition.enable' = 'true', 'dynamic_partition.time_unit' = 'DAY', 'dynamic_partition.start' = '-7', 'dynamic_partition.end' = '1', 'dynamic_partition.prefix' = 'p', 'dynamic_partition.buckets' = '2')`,
    )
    const value = '[types: [DATE]; keys: [2020-01-01]; ..types: [DATE]; keys: [2020-01-02]; )'
    const part = { physical: [['1', '2'] as [string, string]], at: 0, bytes: 10, replication: 1, buckets: 2, value }
    const tables = {
      t: {
        id: '1',
        partitioning: 'range' as const,
        fingerprint: 'f',
        ddl: ddlOf('shop.t'),
        whole: [0],
        partitions: { p20200101: part },
        dynamic: true,
      },
    }
    const found = find(await look(await record({ tables }), { tables: ['t'] }), 'dynamic-partitions')
    expect(found.message).toContain('p20200101')
  })

  test('with a short timeout', async () => {
    await start('3.5', plain)
    expect(find(await look(await record(), { tables: ['t'], timeout: 600 }), 'timeout-short').level).toBe('warning')
  })

  test('into a database that somebody’s job has', async () => {
    await start('3.5', plain)
    const id = await record()
    stage.lab.faults.inject({ kind: 'stick-snapshot' })
    await stage.lab.run('BACKUP SNAPSHOT shop.somebodys TO vault')
    const result = await look(id, { tables: ['t'] })
    expect(find(result, 'job-running').message).toContain('backup somebodys')
    stage.execute('CANCEL BACKUP FROM shop')
  })

  test('without the privilege', async () => {
    await start('3.5', plain)
    const id = await record()
    stage.execute(
      "CREATE USER weak IDENTIFIED BY 'pw'",
      'GRANT OPERATE ON SYSTEM TO USER weak',
      'GRANT SELECT ON ALL TABLES IN ALL DATABASES TO USER weak',
    )
    stage.loginAs('weak', 'pw')
    const result = await look(id, { tables: ['t'] })
    expect(new Set(fatalCodes(result))).toEqual(new Set(['privilege-missing']))
    expect(find(result, 'privilege-unproven').message).toContain('INSERT')
    // Before anything is done: what the chosen route does besides, with the statements that give it.
    const told = result.findings.filter(({ message }) => message.includes('CREATE TABLE on database shop'))
    expect(told).toMatchObject([{ remedy: expect.stringContaining('GRANT CREATE TABLE ON DATABASE `shop` TO USER') }])
  })

  test('to a cluster that does not have the repository', async () => {
    await start('3.5', plain)
    const id = await record()
    stage.execute(`DROP REPOSITORY ${REPOSITORY}`)
    const result = await look(id, { tables: ['t'] })
    expect(find(result, 'repository-missing')).toMatchObject({ level: 'info' })
    expect(result.ok).toBe(true)
  })

  test('from a store that cannot be reached', async () => {
    await start('3.5', plain)
    await stage.createRepository('away', { location: 's3a://backups/away' })
    expect(fatalCodes(await look('x', { repository: 'away', from: { database: 'shop' } }))).toEqual([
      'store-unreachable',
    ])
  })
})
