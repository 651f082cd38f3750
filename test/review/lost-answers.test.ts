import { describe, expect, test } from 'vitest'
import { isOurs } from '../../activities/restore/restore-job.ts'
import type { SnapshotJob } from '../../activities/snapshot-jobs/index.ts'
import type { RestoreResult } from '../../contract/backup/restore-api.ts'
import type { RestoreSpecInput } from '../../contract/backup/restore-spec.ts'
import { restoreId, TASK_QUEUE } from '../../contract/names.ts'
import type { LabCluster } from '../../lab/index.ts'
import { jobTimeout } from '../../planning/restore/restore-names.ts'
import { backupStage, REPOSITORY } from '../backup/support/backup-stage.ts'
import { pictureOf } from '../support/backup-history.ts'

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
  await stage.backup(spec, 'shop')
  cluster.execute("INSERT INTO shop.t PARTITION (p2) VALUES (12,'c')")
  await stage.backup(spec, 'shop')
  const held = pictureOf(cluster, 'shop')
  cluster.execute("INSERT INTO shop.t VALUES (3,'damage'),(13,'damage')")
  return { cluster, held, damaged: pictureOf(cluster, 'shop') }
}

const restore = (cluster: LabCluster, more: Partial<RestoreSpecInput>): Promise<RestoreResult> => {
  const spec: RestoreSpecInput = {
    name: `lost-${cluster.state.name}`,
    cluster: cluster.state.name,
    repository: REPOSITORY,
    from: { database: 'shop', cluster: cluster.state.name },
    publish: 'auto',
    ...more,
  }
  return stage.temporal.client.workflow.execute('restore', {
    workflowId: restoreId(spec.name),
    taskQueue: TASK_QUEUE,
    args: [spec],
  })
}

const lose = (cluster: LabCluster, match: RegExp) =>
  cluster.faults.inject({ kind: 'drop-mysql', cut: 'after', match, times: 1 })

describe('an answer that gets lost', () => {
  test('to either RENAME of a database: the restored one has the name, the former one is kept', async () => {
    const { cluster, held, damaged } = await shop()
    const faults = [/^ALTER DATABASE .*__replaced_/, /^ALTER DATABASE `shop__sf_/].map((match) => lose(cluster, match))
    expect(await restore(cluster, {})).toMatchObject({ ok: true })
    expect(faults.map(({ struck }) => struck)).toEqual([1, 1])
    expect(pictureOf(cluster, 'shop')).toEqual(held)
    const kept = [...cluster.state.databases.keys()].filter((name) => name.startsWith('shop__'))
    expect(kept).toEqual([expect.stringMatching(/^shop__replaced_/)])
    expect(pictureOf(cluster, kept[0] ?? '')).toEqual(damaged)
  })

  test('to CREATE and DROP of the scratch database, SWAP, and the RENAME that puts the former table aside', async () => {
    const { cluster, held, damaged } = await shop()
    const matches = [/^CREATE DATABASE/, /SWAP WITH/, /^ALTER TABLE .* RENAME `t__replaced_/, /^DROP DATABASE/]
    const faults = matches.map((match) => lose(cluster, match))
    expect(await restore(cluster, { tables: ['t'] })).toMatchObject({ ok: true })
    expect(faults.map(({ struck }) => struck)).toEqual([1, 1, 1, 1])
    const tables = pictureOf(cluster, 'shop')
    const [kept = ''] = Object.keys(tables).filter((name) => name !== 't')
    expect(kept).toMatch(/^t__replaced_/)
    expect(tables).toEqual({ t: held.t, [kept]: damaged.t })
    expect([...cluster.state.databases.keys()].filter((name) => name.includes('__sf_'))).toEqual([])
  })

  test.each<[string, { gone?: boolean; verify?: 'off' }]>([
    ['', {}],
    [' of a partition that was not there', { gone: true }],
    [' of a partition that was not there, rows not to be counted', { gone: true, verify: 'off' }],
  ])(
    'to INSERT OVERWRITE%s: done once, and what is loaded after it stays',
    async (_, { gone = false, verify = undefined }) => {
      let overwrites = 0
      let loaded = false
      const { cluster, held } = await shop({
        onStatement: (sql) => {
          if (/^INSERT OVERWRITE/.test(sql)) overwrites++
          else if (overwrites > 0 && !loaded) {
            loaded = true
            cluster.execute("INSERT INTO shop.t PARTITION (p2) VALUES (14,'loaded since')")
          }
        },
      })
      if (gone) cluster.execute('ALTER TABLE shop.t DROP PARTITION p2 FORCE')
      const fault = lose(cluster, /^INSERT OVERWRITE/)
      const result = await restore(cluster, { partitions: { t: ['p2'] }, verify })
      expect(result.ok).toBe(true)
      expect(fault.struck).toBe(1)
      expect(loaded).toBe(true)
      const rows = pictureOf(cluster, 'shop').t?.partitions.p2?.rows
      expect(rows).toEqual([...(held.t?.partitions.p2?.rows ?? []), '["14","loaded since"]'].sort())
      expect(overwrites).toBe(1)
      // Its own transaction tells that it was done: nothing is counted for that.
      const told = result.warnings.join('\n')
      if (verify === 'off') expect(told).not.toContain('p2')
      else expect(told).toContain('rows were written meanwhile')
    },
  )

  test('to DROP PARTITION and RESTORE in place', async () => {
    const { cluster, held } = await shop()
    cluster.execute('ALTER TABLE shop.t ADD PARTITION p9 VALUES [("90"), ("99"))')
    const faults = [/DROP PARTITION/, /^RESTORE/].map((match) => lose(cluster, match))
    expect(await restore(cluster, { tables: ['t'], mode: 'in-place' })).toMatchObject({ ok: true })
    expect(faults.map(({ struck }) => struck)).toEqual([1, 1])
    expect(pictureOf(cluster, 'shop')).toEqual(held)
  })
})

test('the job of another restore of the same snapshot into the same database is not ours', () => {
  const order = { label: 'l', timestamp: 'x', objects: ['t'], mark: null, timeout: jobTimeout(86_400, 'aaaaaa') }
  const job = { kind: 'restore', label: 'l', timestamp: 'x', objects: [{ name: 't' }], state: 'DOWNLOADING' }
  const of = (timeoutSeconds: number) => ({ ...job, timeoutSeconds }) as unknown as SnapshotJob
  expect(isOurs(of(jobTimeout(86_400, 'aaaaaa')), order)).toBe(true)
  expect(isOurs(of(jobTimeout(86_400, 'aaaaab')), order)).toBe(false)
  expect(isOurs(of(86_400), order)).toBe(false)
})
