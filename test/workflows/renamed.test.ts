import { expect, test } from 'vitest'
import { joinTableName, splitTableName } from '../../contract/index.ts'
import { compareClusters } from '../../lab/compare.ts'
import type { LabMigration } from '../support/lab-migration.ts'
import { until } from '../support/until.ts'
import { insert, stage } from './support/stage.ts'

const on = stage()

const EVENTS = `CREATE TABLE shop.events (id INT NOT NULL, v VARCHAR(20)) DUPLICATE KEY(id) PARTITION BY RANGE(id) (PARTITION events VALUES [('0'), ('10')), PARTITION p2 VALUES [('10'), ('20'))) DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ("replication_num" = "1")`

test('a one-time migration ends with the rows of renamed tables, with and without partitions', async () => {
  const tables = { 'shop.t0': 'archive.first', 'shop.t1': 'shop.second', 'shop.events': 'archive.moved' }
  const migration = await on.migration({ name: 'renamed', spec: { oneTime: true, rename: { tables } } }, 3)
  const { source, target } = migration
  source.execute(EVENTS)
  source.execute("INSERT INTO shop.events VALUES (1,'a'),(11,'b')")
  await migration.start()
  expect(await migration.starferry.result('renamed')).toMatchObject({ state: 'finished', progress: 1 })
  const names = new Map(Object.entries(tables))
  const rename = ({ db, table }: { db: string; table: string }) => {
    const full = joinTableName(db, table)
    const copy = splitTableName(names.get(full) ?? full)
    return { db: copy.database, table: copy.table }
  }
  expect(compareClusters(source, target, { rename })).toMatchObject({ tables: 4, rowsDifferent: 0, differing: [] })
})

test('a renamed table without partitions is followed, and emptied where the source was', async () => {
  const migration = await on.migration(
    { name: 'followed', spec: { rename: { tables: { 'shop.t0': 'archive.first' } } } },
    1,
  )
  await migration.start()
  await migration.caughtUp()
  migration.source.execute('TRUNCATE TABLE shop.t0')
  insert(migration, 't0')
  await until(
    'it is as the source',
    () => rowsOf(migration, 'source', 'shop.t0') === rowsOf(migration, 'target', 'archive.first'),
  )
  await migration.caughtUp()
  expect(rowsOf(migration, 'target', 'archive.first')).toBe(rowsOf(migration, 'source', 'shop.t0'))
})

const rowsOf = (migration: LabMigration, side: 'source' | 'target', table: string) =>
  JSON.stringify(migration[side].execute(`SELECT id, v FROM ${table} ORDER BY id, v`).rows)

test('a partition that was made again with other values gets no rows before the copy has these values', async () => {
  const spec = { intervals: { metadata: 3600, stale: 0.5, park: 1 } }
  const migration = await on.migration({ name: 'values', spec }, 1)
  const { source, target } = migration
  source.execute(
    `CREATE TABLE shop.c (id INT NOT NULL, c VARCHAR(8) NOT NULL) DUPLICATE KEY(id) PARTITION BY LIST(c) (PARTITION p_eu VALUES IN ('DE','FR'), PARTITION p_us VALUES IN ('US')) DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ("replication_num" = "1")`,
  )
  source.execute("INSERT INTO shop.c VALUES (1,'DE'),(2,'US')")
  await migration.start()
  await migration.settled()
  source.execute('ALTER TABLE shop.c DROP PARTITION p_eu FORCE')
  source.execute("ALTER TABLE shop.c ADD PARTITION p_eu VALUES IN ('DE','FR','IT')")
  source.execute("INSERT INTO shop.c VALUES (3,'IT')")
  await migration.settled()
  const valuesOf = (cluster: typeof source) =>
    cluster
      .execute('SHOW PARTITIONS FROM shop.c')
      .rows.flatMap((row) => row.filter((cell) => String(cell).includes('DE')))
  expect(valuesOf(target)).toEqual(valuesOf(source))
})
