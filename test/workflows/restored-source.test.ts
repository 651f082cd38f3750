import { expect, test } from 'vitest'
import type { LabTable } from '../../lab/index.ts'
import { insert, stage } from './support/stage.ts'

const on = stage()

test('a partition that the source restored in place is copied anew, though its data version stayed where it was', async () => {
  const migration = await on.migration({ name: 'restored', source: { version: '3.3' } }, 1)
  const { source } = migration
  for (let i = 0; i < 3; i++) insert(migration, 't0')
  await migration.start()
  await migration.settled()
  const table = source.state.databases.get('shop')?.objects.get('t0') as LabTable
  const physical = table.partitions[0]?.physical[0]
  if (!physical) throw new Error('t0 has no partition')
  // As 3.3 leaves it: the rows and the visible version are the snapshot's, epoch and data version are not touched.
  const before = physical.visibleVersion - 1n
  for (const tablets of physical.tablets.values()) {
    for (const tablet of tablets) {
      tablet.rows = tablet.rows.filter((row) => row.since <= before)
      for (const replica of tablet.replicas) replica.version = before
    }
  }
  Object.assign(physical, { visibleVersion: before, committedVersion: before, oldestVersion: physical.dataVersion })
  await migration.settled()
  insert(migration, 't0')
  await migration.settled()
  expect(migration.compare().rowsDifferent).toBe(0)
  expect(physical.visibleVersion).not.toBe(physical.dataVersion)
})
