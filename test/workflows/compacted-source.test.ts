import { expect, test } from 'vitest'
import { compactLake } from '../../lab/data/index.ts'
import type { LabTable } from '../../lab/index.ts'
import { insert, stage } from './support/stage.ts'

const on = stage()

test('what is loaded after compaction in a shared-data source arrives', async () => {
  const lake = { version: '4.1', runMode: 'shared_data' } as const
  const migration = await on.migration({ name: 'compacted', source: lake, target: lake }, 1)
  const { source } = migration
  await migration.start()
  await migration.caughtUp()
  const table = source.state.databases.get('shop')?.objects.get('t0') as LabTable
  const physical = table.partitions[0]?.physical[0]
  if (!physical) throw new Error('t0 has no partition')
  compactLake(source.state, physical)
  insert(migration, 't0')
  await migration.caughtUp()
  expect(migration.compare().differing).toEqual([])
  compactLake(source.state, physical)
  compactLake(source.state, physical)
  insert(migration, 't0')
  await migration.caughtUp()
  expect(migration.compare().differing).toEqual([])
})
