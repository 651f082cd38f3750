import { expect, test } from 'vitest'
import { stage } from './support/stage.ts'

const on = stage()
const TABLES = 150

test('a one-time migration does not end before every table that the view leaves out was read', async () => {
  const migration = await on.migration({ name: 'unread', spec: { oneTime: true } }, 1)
  const { source, target } = migration
  // All are there already, and empty: nothing but a look has to find the one with rows.
  for (let i = 0; i < TABLES; i++) {
    for (const lab of [source, target]) {
      if (!lab.state.databases.has('many')) lab.execute('CREATE DATABASE many')
      lab.execute(
        `CREATE TABLE many.t${i} (id INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ("replication_num" = "1")`,
      )
    }
  }
  source.execute(`INSERT INTO many.t${TABLES - 1} VALUES (1)`)
  const { cluster } = on.worker.cluster(source.state.name)
  const batches = cluster.batches.bind(cluster)
  cluster.batches = async function* (sql, options) {
    for await (const rows of batches(sql, options)) yield rows.filter((row) => row.get('DB_NAME') !== 'many')
  }
  await migration.start()
  const end = await migration.starferry.result('unread')
  expect(migration.compare().differing).toEqual([])
  expect(end).toMatchObject({ state: 'finished', progress: 1, partitions: { lagging: 0, unknown: 0 } })
})
