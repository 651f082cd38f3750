import { expect, test } from 'vitest'
import type { LabCluster } from '../../lab/index.ts'
import { backupStage } from './support/backup-stage.ts'

/** What happens between a decision and the backup that it is for. */
let meanwhile: (() => Promise<unknown>) | undefined
const stage = backupStage({
  instead: (real) => ({
    decideBackup: async (input: Parameters<typeof real.decideBackup>[0]) => {
      const decision = await real.decideBackup(input)
      const act = meanwhile
      meanwhile = undefined
      await act?.()
      return decision
    },
  }),
})

/** A cluster of that name, set up as always: its ids are those of any other that was. */
async function setUp(name: string, row: string): Promise<LabCluster> {
  const cluster = await stage.cluster({ name })
  cluster.execute('CREATE DATABASE shop')
  cluster.execute(
    'CREATE TABLE shop.t (id INT NOT NULL, v VARCHAR(20)) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ("replication_num" = "1")',
  )
  cluster.execute(`INSERT INTO shop.t VALUES (1,'${row}')`)
  return cluster
}

test('nothing is built on a backup of another cluster that had the name before', async () => {
  const former = await setUp('east', 'former')
  const spec = stage.spec(former, { objects: { databases: ['shop'] }, incremental: 'incremental' })
  const first = await stage.backup(spec, 'shop')
  expect(await stage.record(first.id)).toMatchObject({ clusterId: former.state.clusterId })
  const same = await stage.backup(spec, 'shop')
  expect(same).toMatchObject({ kind: 'incremental', baseline: first.id })

  const now = await setUp('east', 'now')
  const its = (await stage.record(first.id)).tables.t?.id
  const next = await stage.backup(spec, 'shop')
  expect(next).toMatchObject({ kind: 'full', chain: 1, tables: 1, partitions: 1 })
  expect(next.warnings.join('\n')).toContain(
    `it is of another cluster, ClusterId ${former.state.clusterId}; east is ClusterId ${now.state.clusterId} now`,
  )
  // By its ids alone the table would pass for the other one.
  expect((await stage.record(next.id)).tables.t?.id).toBe(its)
  const after = await stage.backup(spec, 'shop')
  expect(after).toMatchObject({ kind: 'incremental', baseline: next.id })
  expect(after.warnings).toEqual([])
})

test('that is looked at once more when it is planned', async () => {
  const former = await setUp('west', 'former')
  const spec = stage.spec(former, { objects: { databases: ['shop'] } })
  const first = await stage.backup(spec, 'shop')
  meanwhile = () => setUp('west', 'now')
  const next = await stage.backup(spec, 'shop')
  expect(next).toMatchObject({ kind: 'full', chain: 1 })
  expect(next.warnings.join('\n')).toMatch(
    new RegExp(`backup ${first.id}, to compare with, is nothing to build on: it is of another cluster`),
  )
})
