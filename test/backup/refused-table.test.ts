import { expect, test } from 'vitest'
import { until } from '../support/until.ts'
import { backupStage } from './support/backup-stage.ts'

const stage = backupStage()

test('a table that gets a full-text index drops out of backups: told, and they take no place of those that have it', async () => {
  const cluster = await stage.cluster()
  const properties = `PROPERTIES ("replication_num" = "1", "replicated_storage" = "false")`
  for (const statement of [
    "ADMIN SET FRONTEND CONFIG ('enable_experimental_gin' = 'true')",
    'CREATE DATABASE shop',
    `CREATE TABLE shop.texts (id INT NOT NULL, body VARCHAR(100)) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 ${properties}`,
    `CREATE TABLE shop.others (id INT NOT NULL) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 ${properties}`,
    "INSERT INTO shop.texts VALUES (1,'a')",
  ]) {
    cluster.execute(statement)
  }
  const spec = stage.spec(cluster, { objects: { databases: ['shop'] } })
  const first = await stage.backup(spec, 'shop')
  expect(first.warnings).toEqual([])
  cluster.execute("ALTER TABLE shop.texts ADD INDEX words (body) USING GIN ('parser' = 'english')")
  await until('the index is there', async () =>
    JSON.stringify(await cluster.run('SHOW CREATE TABLE shop.texts')).includes('GIN'),
  )
  const { startedAt: since } = await stage.record(first.id)
  for (let night = 0; night < 2; night++) {
    cluster.execute(`INSERT INTO shop.others VALUES (${night})`)
    const { id, lacking, warnings } = await stage.backup(spec, 'shop')
    expect(lacking).toEqual(['texts'])
    expect(warnings.join()).toMatch(/full-text \(GIN\) index: shop\.texts cannot be backed up any more/)
    expect((await stage.record(id)).lacking).toEqual({ texts: { reason: expect.stringContaining('GIN'), since } })
  }

  // One that never was in a backup takes nothing away from earlier ones.
  const other = await stage.backup({ ...spec, name: 'later' }, 'shop')
  expect(other.lacking).toBeUndefined()
  expect(other.warnings.join()).toMatch(/full-text \(GIN\) index: shop\.texts is in no backup/)
})
