import { expect, test } from 'vitest'
import type { LabCluster } from '../../lab/index.ts'
import { restoreStage, specFrom } from './support/restore-stage.ts'
import { contentOf, takeBackup } from './support/take-backup.ts'

/* Tables of an older release as a later one makes none by a statement. */

const stage = restoreStage()

const end =
  "DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ('replication_num' = '1', 'enable_persistent_index' = 'false')"

const createOf = (cluster: LabCluster, table: string): string =>
  cluster.execute(`SHOW CREATE TABLE ${table}`).rows[0]?.[1] ?? ''

test('a primary key whose index is in memory comes back on 3.5, from a chain too, and over what is there', async () => {
  const cluster = await stage.cluster('old', { version: '3.1' })
  for (const sql of [
    'CREATE DATABASE shop',
    `CREATE TABLE shop.plain (id BIGINT NOT NULL, v STRING) PRIMARY KEY(id) ${end}`,
    `CREATE TABLE shop.parts (id BIGINT NOT NULL, v STRING) PRIMARY KEY(id) PARTITION BY RANGE(id) (PARTITION p1 VALUES LESS THAN ('10'), PARTITION p2 VALUES LESS THAN ('20')) ${end}`,
    `CREATE TABLE shop.emptied (id BIGINT NOT NULL) PRIMARY KEY(id) PARTITION BY RANGE(id) () ${end}`,
    "INSERT INTO shop.plain VALUES (1, 'a'), (2, 'b')",
    "INSERT INTO shop.parts VALUES (1, 'a'), (11, 'b')",
  ])
    cluster.execute(sql)
  const baseline = await takeBackup(stage, cluster, { label: 'old_full', database: 'shop' })
  cluster.execute("INSERT INTO shop.parts PARTITION (p2) VALUES (12, 'c')")
  await takeBackup(stage, cluster, { label: 'old_changes', database: 'shop', baseline })

  const later = await stage.cluster('later', { repository: false })
  const check = async () => {
    for (const table of ['plain', 'parts']) {
      expect(await contentOf(later, 'shop', table)).toEqual(await contentOf(cluster, 'shop', table))
      expect(createOf(later, `shop.${table}`)).toContain('"enable_persistent_index" = "false"')
    }
  }
  const spec = specFrom('later', 'old_changes', { publish: 'auto', replaced: 'drop' })
  const result = await stage.restore(spec)
  expect(result).toMatchObject({ ok: true, tables: 3 })
  await check()
  // In no snapshot: it is made by a statement, which 3.5 refuses with an index in memory.
  expect(createOf(later, 'shop.emptied')).toContain('"enable_persistent_index" = "true"')
  expect(result.warnings.join()).toContain('shop.emptied was empty and has the index of its primary key on disk now')
  for (const mode of ['aside', 'in-place'] as const) {
    later.execute("INSERT INTO shop.plain VALUES (3, 'later')")
    later.execute("INSERT INTO shop.parts VALUES (3, 'later'), (13, 'later')")
    expect(await stage.restore({ ...spec, name: `later-${mode}`, mode })).toMatchObject({ ok: true })
    await check()
  }
})

test('an empty table that the target does not make from its definition is named before anything begins', async () => {
  const cluster = await stage.cluster('rows', { version: '3.3' })
  const body =
    '(id BIGINT NOT NULL, v STRING) PRIMARY KEY(id) PARTITION BY RANGE(id) () DISTRIBUTED BY HASH(id) BUCKETS 2'
  for (const sql of [
    "ADMIN SET FRONTEND CONFIG ('enable_experimental_rowstore' = 'true')",
    'CREATE DATABASE shop',
    `CREATE TABLE shop.wide ${body} PROPERTIES ('replication_num' = '1', 'storage_type' = 'column_with_row')`,
    "CREATE TABLE shop.others (id INT, v STRING) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ('replication_num' = '1')",
    "INSERT INTO shop.others VALUES (1, 'a')",
  ])
    cluster.execute(sql)
  const baseline = await takeBackup(stage, cluster, { label: 'rows_full', database: 'shop' })
  cluster.execute("INSERT INTO shop.others VALUES (2, 'b')")
  // Without a partition it is in no snapshot but the first.
  await takeBackup(stage, cluster, { label: 'rows_changes', database: 'shop', baseline })
  const other = await stage.cluster('other', { repository: false })
  const spec = specFrom('other', 'rows_changes', { publish: 'auto' })
  const refused = () =>
    stage.plan(spec).then(({ findings }) => findings.find(({ code }) => code === 'empty-table-refused'))
  expect(await refused()).toMatchObject({
    level: 'fatal',
    message: expect.stringMatching(/^wide had no partitions.*column_with_row.*enable_experimental_rowstore/i),
  })
  expect(other.state.databases.has('shop')).toBe(false)
  other.execute("ADMIN SET FRONTEND CONFIG ('enable_experimental_rowstore' = 'true')")
  expect(await refused()).toBeUndefined()
  expect(await stage.restore(spec)).toMatchObject({ ok: true, tables: 2 })
  expect(createOf(other, 'shop.wide')).toContain('COLUMN_WITH_ROW')
})
