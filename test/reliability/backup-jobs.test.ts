import { describe, expect, test } from 'vitest'
import { backupJobQuery } from '../../contract/backup/backup-api.ts'
import { viewStorage } from '../../lab/backup/view-storage.ts'
import { createPhysicalPartition } from '../../lab/data/index.ts'
import type { LabCluster, LabFault } from '../../lab/index.ts'
import { backupStage } from '../backup/support/backup-stage.ts'
import { until } from '../support/until.ts'

const stage = backupStage()
const TABLE = `(id INT NOT NULL, v VARCHAR(20)) DUPLICATE KEY(id) PARTITION BY RANGE(id) (PARTITION p1 VALUES LESS THAN ("10"), PARTITION p2 VALUES LESS THAN ("20")) DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ("replication_num" = "1")`

async function shop(options = {}): Promise<LabCluster> {
  const cluster = await stage.cluster(options)
  for (const statement of [
    'CREATE DATABASE shop',
    `CREATE TABLE shop.t ${TABLE}`,
    `CREATE TABLE shop.u ${TABLE}`,
    "INSERT INTO shop.t VALUES (1,'a'),(11,'b')",
    "INSERT INTO shop.u VALUES (1,'x')",
  ]) {
    cluster.execute(statement)
  }
  return cluster
}

const spec = (cluster: LabCluster, more = {}) => stage.spec(cluster, { objects: { databases: ['shop'] }, ...more })

function jobOf(cluster: LabCluster): Record<string, string | null> | undefined {
  const { columns, rows } = cluster.execute('SHOW BACKUP FROM shop')
  const [row] = rows
  return row && Object.fromEntries(columns.map(({ name }, i) => [name, row[i] ?? null]))
}

const inState = (cluster: LabCluster, state: string) =>
  until(`the job is ${state}`, () => jobOf(cluster)?.State === state, { everyMs: 5 })

/** What its activities say that they are at. */
async function detailsOf(running: Awaited<ReturnType<typeof stage.start>>): Promise<string> {
  const { raw } = await running.describe()
  const details = raw.pendingActivities?.flatMap((one) => one.heartbeatDetails?.payloads ?? []) ?? []
  return details.map(({ data }) => Buffer.from(data ?? []).toString()).join()
}

/** The repository holds this cluster's snapshots of these labels and nothing on the way. */
async function onlyThese(cluster: LabCluster, labels: readonly string[]): Promise<void> {
  const { labels: all, own } = await stage.contents()
  const ours = new Set(cluster.backupJobs.map(({ label }) => label))
  expect(all.filter((label) => ours.has(label))).toEqual([...labels].sort())
  const noted = own.flatMap((key) => /^intents\/(.*)\.json\.gz$/.exec(key)?.[1] ?? [])
  expect(noted.filter((label) => ours.has(label))).toEqual([])
}

describe('sent once', () => {
  test.each<[string, LabFault]>([
    ['the answer to BACKUP is lost', { kind: 'drop-mysql', cut: 'after', match: /^BACKUP/, times: 1 }],
    ['BACKUP never arrives', { kind: 'drop-mysql', cut: 'before', match: /^BACKUP/, times: 1 }],
    [
      'SHOW BACKUP is lost again and again',
      { kind: 'drop-mysql', cut: 'after', match: /^SHOW BACKUP/, probability: 0.4 },
    ],
    ['another one is being submitted', { kind: 'busy-snapshot', times: 2 }],
    ['the record is lost when it is done', { kind: 'hide-snapshot', how: 'lost', times: 1 }],
    ["another client's job takes its place", { kind: 'hide-snapshot', how: 'replaced', times: 1 }],
    ['tasks fail for a while', { kind: 'fail-snapshot-task', error: 'curlCode: 28, Timeout was reached', times: 5 }],
  ])('%s', async (_, fault) => {
    const cluster = await shop()
    cluster.faults.inject(fault)
    const result = await stage.backup(spec(cluster), 'shop')
    expect(cluster.faults.struck).toBeGreaterThan(0)
    expect(result).toMatchObject({ kind: 'full', tables: 2, verified: 'ok', attempts: 1 })
    expect(cluster.backupJobs.map(({ label }) => label)).toEqual([result.id])
    await onlyThese(cluster, [result.id])
  })
})

describe('frontends', () => {
  test.each(['PENDING', 'SNAPSHOTING'] as const)(
    'killed while the job is %s: it never moves again, and is repeated',
    async (state) => {
      const cluster = await shop()
      const stick = cluster.faults.inject({ kind: 'stick-snapshot', state })
      const run = await stage.start(spec(cluster, { stallMinutes: 0.1 }), 'shop')
      await inState(cluster, state)
      await cluster.killFrontend(0)
      stick.clear()
      await cluster.restartFrontend(0)
      const result = await run.result()
      expect(result).toMatchObject({ tables: 2, attempts: 2, verified: 'ok' })
      const labels = cluster.backupJobs.map(({ label }) => label)
      expect(labels).toHaveLength(2)
      expect(labels[1]).toBe(result.id)
      await onlyThese(cluster, [result.id])
    },
  )

  test('killed while files are uploaded: the job goes on', async () => {
    const cluster = await shop()
    const stick = cluster.faults.inject({ kind: 'stick-snapshot', state: 'UPLOADING' })
    const run = await stage.start(spec(cluster), 'shop')
    await inState(cluster, 'UPLOADING')
    await cluster.killFrontend(0)
    stick.clear()
    await cluster.restartFrontend(0)
    expect(await run.result()).toMatchObject({ tables: 2, attempts: 1, verified: 'ok' })
    expect(cluster.backupJobs).toHaveLength(1)
  })

  test('another one leads, and uploads other contents beside the first ones: found, and repeated', async () => {
    const cluster = await shop({ frontends: 3 })
    cluster.faults.inject({ kind: 'stale-objects', times: 1 })
    const stick = cluster.faults.inject({ kind: 'stick-snapshot', state: 'UPLOADING' })
    const run = await stage.start(spec(cluster), 'shop')
    await inState(cluster, 'UPLOADING')
    await cluster.switchLeader(1)
    stick.clear()
    const result = await run.result()
    expect(result).toMatchObject({ tables: 2, verified: 'ok' })
    const labels = cluster.backupJobs.map(({ label }) => label)
    expect(labels).toHaveLength(2)
    expect(labels[1]).toBe(result.id)
    await onlyThese(cluster, [result.id])
  })

  test('another one leads while the manifest is uploaded: the job loops, and is repeated', async () => {
    const cluster = await shop({ frontends: 3 })
    const stick = cluster.faults.inject({ kind: 'stick-snapshot', state: 'UPLOAD_INFO' })
    const run = await stage.start(spec(cluster, { stallMinutes: 0.1 }), 'shop')
    await inState(cluster, 'UPLOAD_INFO')
    await cluster.switchLeader(1)
    stick.clear()
    const result = await run.result()
    expect(result).toMatchObject({ tables: 2, attempts: 2, verified: 'ok' })
    await onlyThese(cluster, [result.id])
  })
})

describe("other people's jobs", () => {
  test('are waited for, named, and never cancelled or adopted', async () => {
    const cluster = await shop()
    const stick = cluster.faults.inject({ kind: 'stick-snapshot', label: 'theirs' })
    await cluster.run('BACKUP DATABASE shop SNAPSHOT theirs TO vault')
    const run = await stage.start(spec(cluster), 'shop')
    const waits = async () => {
      const { raw } = await run.describe()
      return raw.pendingActivities?.some(({ lastFailure }) => lastFailure?.message?.includes('backup theirs'))
    }
    await until('it says what it waits for', waits)
    expect(await run.query(backupJobQuery)).toMatchObject({ database: 'shop', step: 'snapshot 1' })
    stick.clear()
    const result = await run.result()
    expect(result).toMatchObject({ attempts: 1, verified: 'ok' })
    expect(cluster.backupJobs.map(({ label }) => label)).toEqual(['theirs', result.id])
    expect((await stage.contents()).labels).toContain('theirs')
  })

  test('are left alone when the backup that waits for them is cancelled', async () => {
    const cluster = await shop()
    cluster.faults.inject({ kind: 'stick-snapshot', label: 'keep' })
    await cluster.run('BACKUP DATABASE shop SNAPSHOT keep TO vault')
    const run = await stage.start(spec(cluster), 'shop')
    await until('it waits', async () => {
      const { raw } = await run.describe()
      return raw.pendingActivities?.some(({ lastFailure }) => lastFailure?.message?.includes('backup keep'))
    })
    await run.cancel()
    await expect(run.result()).rejects.toThrow()
    expect(jobOf(cluster)).toMatchObject({ SnapshotName: 'keep', State: 'PENDING' })
  })

  test('somebody cancels ours on the cluster: the backup says so and is not repeated', async () => {
    const cluster = await shop()
    cluster.faults.inject({ kind: 'stick-snapshot', state: 'UPLOADING' })
    const run = await stage.start(spec(cluster), 'shop')
    await inState(cluster, 'UPLOADING')
    await until('it is followed', async () => {
      const { raw } = await run.describe()
      return raw.pendingActivities?.some(({ heartbeatDetails }) =>
        heartbeatDetails?.payloads?.some(({ data }) =>
          Buffer.from(data ?? [])
            .toString()
            .includes('UPLOADING'),
        ),
      )
    })
    await cluster.run('CANCEL BACKUP FROM shop')
    await expect(run.result()).rejects.toMatchObject({ cause: { cause: { type: 'CancelledOnCluster' } } })
    expect(cluster.backupJobs).toHaveLength(1)
    await onlyThese(cluster, [])
  })
})

describe('what does not go away', () => {
  test('a job that stands still is cancelled and repeated, as often as the spec says; nothing is left', async () => {
    const cluster = await shop()
    cluster.faults.inject({ kind: 'stick-snapshot', state: 'UPLOADING' })
    const run = await stage.start(spec(cluster, { stallMinutes: 0.02, attempts: 2 }), 'shop')
    await expect(run.result()).rejects.toMatchObject({ cause: { cause: { type: 'Aborted' } } })
    expect(cluster.backupJobs).toHaveLength(2)
    expect(jobOf(cluster)).toMatchObject({ State: 'CANCELLED' })
    await onlyThese(cluster, [])
  })

  test('a table that StarRocks cannot upload ends it at once, with the reason', async () => {
    const cluster = await shop()
    cluster.faults.inject({ kind: 'fail-snapshot-task', error: 'read: Is a directory', state: 'UPLOADING' })
    const run = await stage.start(spec(cluster), 'shop')
    await expect(run.result()).rejects.toMatchObject({
      cause: { cause: { type: 'Refused', message: expect.stringContaining('GIN') } },
    })
    expect(cluster.backupJobs).toHaveLength(1)
    await onlyThese(cluster, [])
  })
})

describe('tables that change under it', () => {
  test('one that is dropped before BACKUP arrives is planned without', async () => {
    let dropped = false
    const cluster: LabCluster = await shop({
      onStatement: (sql: string) => {
        if (dropped || !sql.startsWith('BACKUP')) return
        dropped = true
        cluster.execute('DROP TABLE shop.u')
      },
    })
    const result = await stage.backup(spec(cluster), 'shop')
    expect(result).toMatchObject({ tables: 1, verified: 'ok' })
    expect(cluster.backupJobs).toHaveLength(1)
    await onlyThese(cluster, [result.id])
  })

  test('one that is altered between the look and a snapshot of some of its partitions is taken again, whole', async () => {
    let altered = true
    const cluster: LabCluster = await shop({
      onStatement: (sql: string) => {
        if (altered || !sql.startsWith('BACKUP')) return
        altered = true
        cluster.execute('ALTER TABLE shop.t ADD COLUMN n INT')
      },
    })
    await stage.backup(spec(cluster), 'shop')
    cluster.execute("INSERT INTO shop.t PARTITION (p1) VALUES (2,'c')")
    altered = false
    const result = await stage.backup(spec(cluster), 'shop')
    expect(result).toMatchObject({ kind: 'differential', attempts: 2, verified: 'ok' })
    const record = await stage.record(result.id)
    const own = record.labels.length - 1
    expect(record.tables.t?.whole).toEqual([own])
    expect(Object.values(record.tables.t?.partitions ?? {}).map(({ at }) => at)).toEqual([own, own])
    await onlyThese(cluster, [cluster.backupJobs[0]?.label ?? '', result.id])
  })

  test('one that gets more physical partitions between the look and a snapshot of some is taken again, whole', async () => {
    let grown = true
    const cluster: LabCluster = await shop({
      onStatement: (sql: string) => {
        if (grown || !sql.startsWith('BACKUP')) return
        grown = true
        const table = cluster.state.databases.get('shop')?.objects.get('r')
        const [p1] = table?.kind === 'table' ? table.partitions : []
        if (table?.kind === 'table' && p1) p1.physical.push(createPhysicalPartition(cluster.state, table, p1))
      },
    })
    cluster.execute(`CREATE TABLE shop.r ${TABLE.replace('HASH(id)', 'RANDOM')}`)
    cluster.execute("INSERT INTO shop.r VALUES (1,'a'),(11,'b')")
    await stage.backup(spec(cluster), 'shop')
    cluster.execute("INSERT INTO shop.r PARTITION (p1) VALUES (2,'c')")
    grown = false
    const result = await stage.backup(spec(cluster), 'shop')
    expect(result).toMatchObject({ kind: 'differential', attempts: 2, verified: 'ok' })
    const { labels, tables } = await stage.record(result.id)
    const own = labels.length - 1
    expect(tables.r?.whole).toEqual([own])
    expect(Object.values(tables.r?.partitions ?? {}).map(({ at, physical }) => [at, physical.length])).toEqual([
      [own, 2],
      [own, 1],
    ])
  })

  test('one with several physical partitions, of which only some partitions are wanted, is backed up all the same', async () => {
    const cluster = await shop()
    cluster.execute(`CREATE TABLE shop.r ${TABLE.replace('HASH(id)', 'RANDOM')}`)
    cluster.execute("INSERT INTO shop.r VALUES (1,'a'),(11,'b')")
    const table = cluster.state.databases.get('shop')?.objects.get('r')
    const [p1] = table?.kind === 'table' ? table.partitions : []
    if (table?.kind !== 'table' || !p1) throw new Error('there is no table r')
    p1.physical.push(createPhysicalPartition(cluster.state, table, p1))
    const some = spec(cluster, { objects: { tables: ['shop.r'], partitions: { names: ['p1'] } } })
    const result = await stage.backup(some, 'shop')
    expect(result).toMatchObject({ attempts: 1, verified: 'ok' })
    const { tables } = await stage.record(result.id)
    expect(Object.values(tables.r?.partitions ?? {}).map(({ physical }) => physical.length)).toEqual([2])
  })

  test('temporary partitions are waited for; a table that keeps them is left out, and said so', async () => {
    const cluster = await shop()
    cluster.execute('ALTER TABLE shop.t ADD TEMPORARY PARTITION tp VALUES LESS THAN ("10")')
    const waiting = await stage.start(spec(cluster, { stallMinutes: 5 }), 'shop')
    await until('it waits', async () => (await detailsOf(waiting)).includes('temporary partitions of t'))
    cluster.execute('ALTER TABLE shop.t DROP TEMPORARY PARTITION tp')
    expect(await waiting.result()).toMatchObject({ tables: 2, notIncluded: 0 })

    cluster.execute('ALTER TABLE shop.t ADD TEMPORARY PARTITION tp VALUES LESS THAN ("10")')
    const without = await stage.backup(spec(cluster, { stallMinutes: 0.02 }), 'shop', 'full')
    expect(without).toMatchObject({ tables: 1, notIncluded: 1 })
    expect(without.warnings.join()).toContain('t is not in the backup')
    const record = await stage.record(without.id)
    expect(record.notIncluded[0]).toMatchObject({ object: 't' })
  })

  test('those of a materialized view that is refreshed are waited for as well', async () => {
    const cluster = await shop()
    cluster.execute(
      "CREATE MATERIALIZED VIEW shop.mv DISTRIBUTED BY HASH(id) BUCKETS 2 REFRESH DEFERRED MANUAL PROPERTIES ('replication_num' = '1') AS SELECT id, v FROM shop.t",
    )
    const view = cluster.state.databases.get('shop')?.objects.get('mv')
    if (view?.kind !== 'materialized-view') throw new Error('there is no materialized view mv')
    const { partitions } = viewStorage(cluster.state, view)
    const [partition] = partitions
    if (!partition) throw new Error('mv has no partition')
    partitions.push({ ...partition, id: cluster.state.nextId(), name: 'mv_4711', temporary: true })
    const waiting = await stage.start(spec(cluster, { stallMinutes: 5 }), 'shop')
    await until('it waits', async () => (await detailsOf(waiting)).includes('temporary partitions of mv'))
    partitions.pop()
    expect(await waiting.result()).toMatchObject({ tables: 2, notIncluded: 0 })
  })

  test('those that come and go all the time do not make it ask all the time', async () => {
    const sent: number[] = []
    const onStatement = (sql: string) => void (sql.startsWith('BACKUP') && sent.push(performance.now()))
    const cluster = await shop({ onStatement })
    const error = 'Do not support backing up table with temp partitions'
    cluster.faults.inject({ kind: 'fail-query', error, match: /^BACKUP/, times: 3 })
    expect(await stage.backup(spec(cluster), 'shop')).toMatchObject({ tables: 2 })
    expect(sent).toHaveLength(4)
    for (const [at, time] of sent.slice(1).entries()) expect(time - (sent[at] ?? 0)).toBeGreaterThan(2_900)
  })
})
