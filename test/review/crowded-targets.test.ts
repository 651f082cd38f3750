import { describe, expect, test } from 'vitest'
import {
  cancelRestoreSignal,
  discardUpdate,
  type RestoreResult,
  restoreStatusQuery,
} from '../../contract/backup/restore-api.ts'
import type { RestoreSpecInput } from '../../contract/backup/restore-spec.ts'
import { restoreId, TASK_QUEUE } from '../../contract/names.ts'
import type { LabCluster } from '../../lab/index.ts'
import { runHash } from '../../planning/restore/restore-names.ts'
import { backupStage, REPOSITORY } from '../backup/support/backup-stage.ts'
import { pictureOf } from '../support/backup-history.ts'
import { until } from '../support/until.ts'

const stage = backupStage()

const TABLE = `(id INT NOT NULL, v VARCHAR(20)) DUPLICATE KEY(id) PARTITION BY RANGE(id) (PARTITION p1 VALUES [("0"), ("10")), PARTITION p2 VALUES [("10"), ("20"))) DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ("replication_num" = "1")`

async function shop(options: { onStatement?: (sql: string) => void } = {}) {
  const cluster = await stage.cluster(options)
  for (const statement of [
    'CREATE DATABASE shop',
    `CREATE TABLE shop.t ${TABLE}`,
    "INSERT INTO shop.t VALUES (1,'a'),(11,'b')",
  ]) {
    cluster.execute(statement)
  }
  const spec = stage.spec(cluster, { objects: { databases: ['shop'] }, incremental: 'incremental' })
  return { cluster, spec, full: await stage.backup(spec, 'shop') }
}

const restoreSpec = (cluster: LabCluster, name: string, more: Partial<RestoreSpecInput>): RestoreSpecInput => ({
  name: `${name}-${cluster.state.name}`,
  cluster: cluster.state.name,
  repository: REPOSITORY,
  from: { database: 'shop', cluster: cluster.state.name },
  tables: ['t'],
  publish: 'auto',
  ...more,
})

const start = (spec: RestoreSpecInput) =>
  stage.temporal.client.workflow.start<(spec: RestoreSpecInput) => Promise<RestoreResult>>('restore', {
    workflowId: restoreId(spec.name),
    taskQueue: TASK_QUEUE,
    args: [spec],
  })

describe('a name that was free when the restore was checked', () => {
  test('is taken when RESTORE has been sent: the rows of whoever took it stay, and somebody is asked', async () => {
    const meanwhile = [`CREATE TABLE shop.t ${TABLE}`, "INSERT INTO shop.t VALUES (2,'theirs')"]
    const { cluster } = await shop({
      onStatement: (sql) => {
        if (/^RESTORE/.test(sql)) for (const statement of meanwhile.splice(0)) cluster.execute(statement)
      },
    })
    cluster.execute('DROP TABLE shop.t FORCE')
    const handle = await start(restoreSpec(cluster, 'free', {}))
    await until('it waits for somebody', async () =>
      (await handle.query(restoreStatusQuery)).waiting?.includes('shop.t was made meanwhile by somebody'),
    )
    expect(pictureOf(cluster, 'shop').t?.partitions.p1?.rows).toEqual(['["2","theirs"]'])
    await handle.executeUpdate(discardUpdate)
    expect(await handle.result()).toMatchObject({ ok: false })
    const tables = pictureOf(cluster, 'shop')
    expect(Object.keys(tables)).toEqual(['t'])
    expect(tables.t?.partitions.p1?.rows).toEqual(['["2","theirs"]'])
  })
})

describe('two at once', () => {
  test('two restores of one table from one snapshot: each has its own job, and both have the right rows', async () => {
    const { cluster } = await shop()
    const held = pictureOf(cluster, 'shop').t
    cluster.execute("INSERT INTO shop.t VALUES (3,'damage')")
    const fault = cluster.faults.inject({ kind: 'stick-snapshot', job: 'restore', state: 'DOWNLOADING' })
    const handles = await Promise.all([
      start(restoreSpec(cluster, 'one', { publish: 'never' })),
      start(restoreSpec(cluster, 'two', { publish: 'never' })),
    ])
    await until('one waits for the other', async () => {
      const seen = await Promise.all(handles.map((handle) => handle.describe()))
      return seen.some(({ raw }) =>
        raw.pendingActivities?.some((one) => one.lastFailure?.message?.includes('which is not this restore')),
      )
    })
    fault.clear()
    for (const handle of handles) expect(await handle.result()).toMatchObject({ ok: true })
    const tables = pictureOf(cluster, 'shop')
    const copies = Object.keys(tables).filter((name) => name.startsWith('t__sf_'))
    expect(copies).toHaveLength(2)
    for (const copy of copies) expect(tables[copy]).toEqual(held)
    expect(cluster.backupJobs.filter((job) => job.kind === 'restore')).toHaveLength(2)
  })

  test('two backups under one name: the second says whose the database is, and takes nothing of the first', async () => {
    const { cluster, spec } = await shop()
    cluster.execute("INSERT INTO shop.t VALUES (3,'c')")
    const fault = cluster.faults.inject({ kind: 'stick-snapshot', job: 'backup', state: 'UPLOADING' })
    const name = `twice-${cluster.state.name}`
    const input = { spec: { ...spec, name }, kind: 'full' as const }
    const first = await stage.startSet(input)
    await until('its job is there', () => fault.struck > 0)
    // As a schedule starts it: with the time in its id.
    const second = await stage.temporal.client.workflow.start('backupSet', {
      workflowId: `backup/${name}-2026-01-01T00:00:00Z`,
      taskQueue: TASK_QUEUE,
      args: [input],
    })
    const other = (await second.result()) as { ok: boolean; failed: { database: string; reason: string }[] }
    expect(other.ok).toBe(false)
    expect(other.failed).toEqual([{ database: 'shop', reason: expect.stringContaining('still runs as backup/') }])
    fault.clear()
    expect(await first.result()).toMatchObject({ ok: true, databases: 1 })
  })
})

describe('an answer to BACKUP that came too late', () => {
  test('the plan that is noted is another one than was sent: nothing that the snapshot lacks is left out', async () => {
    const { cluster, spec } = await shop()
    cluster.execute("INSERT INTO shop.t PARTITION (p1) VALUES (2,'new')")
    const fault = cluster.faults.inject({ kind: 'stick-snapshot', job: 'backup', state: 'UPLOADING' })
    const running = await stage.start(spec, 'shop')
    await until('its job is there', () => fault.struck > 0)
    cluster.execute("INSERT INTO shop.t PARTITION (p2) VALUES (12,'newer')")
    // As if it had been planned once more before the cluster showed the job: with p2.
    const objects = await stage.objects()
    const [{ intent } = { intent: undefined }] = (await objects.intents()).filter(
      (one) => one.intent.record.cluster === cluster.state.name,
    )
    const table = intent?.record.tables.t
    if (!intent || !table?.partitions.p2 || !table.partitions.p1) throw new Error('there is no intent')
    table.partitions.p2 = { ...table.partitions.p2, at: table.partitions.p1.at }
    await objects.putIntent(intent)
    await stage.replaceWorker()
    fault.clear()
    const result = await running.result()
    const { tables, labels } = await stage.record(result.id)
    expect(Object.keys(tables.t?.partitions ?? {})).toEqual(['p1', 'p2'])
    const { manifest } = await objects.repository.readManifest(labels.at(-1)?.label ?? '')
    expect([...(manifest.tables.get('t')?.partitions.keys() ?? [])].sort()).toEqual(['p1', 'p2'])
  })
})

test('what a terminated restore left is told by the next one, and not what a running one needs', async () => {
  const { cluster } = await shop()
  cluster.execute("INSERT INTO shop.t PARTITION (p2) VALUES (12,'c')")
  const handles = await Promise.all([
    start(restoreSpec(cluster, 'gone', { tables: [], publish: 'ask' })),
    start(restoreSpec(cluster, 'alive', { tables: [], publish: 'ask' })),
  ])
  const scratches = () => [...cluster.state.databases.keys()].filter((name) => name.startsWith('shop__sf_')).sort()
  for (const handle of handles) {
    await until('it is ready', async () =>
      (await handle.query<{ state: string }>('status')).state === 'ready' ? true : undefined,
    )
  }
  const both = scratches()
  expect(both).toHaveLength(2)
  await handles[0]?.terminate()
  const { runId } = (await (handles[0] ?? handles[1])?.describe()) ?? { runId: '' }
  const left = `shop__sf_${runHash(runId)}`
  expect(both).toContain(left)
  const told = async () => {
    const handle = await start(restoreSpec(cluster, `next${Date.now()}`, { rename: { database: 'next' }, tables: [] }))
    return (await handle.result()).warnings.join('\n')
  }
  // Temporal lists what runs a moment later than it is so.
  const warnings = await until('it is told', async () => {
    const text = await told()
    cluster.execute('DROP DATABASE next FORCE')
    return text.includes('runs no more') ? text : undefined
  })
  expect(warnings).toContain(`DROP DATABASE \`${left}\``)
  for (const name of both.filter((one) => one !== left)) expect(warnings).not.toContain(name)
  await handles[1]?.signal(cancelRestoreSignal)
  await handles[1]?.result().catch(() => undefined)
  expect(scratches()).toEqual([left])
})
