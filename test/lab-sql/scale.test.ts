import { afterAll, expect, test } from 'vitest'
import { buildTables, LabCluster } from '../../lab/index.ts'

let lab: LabCluster | undefined
afterAll(() => lab?.stop())

test('a cluster of ten thousand tables is made in seconds, and each question for one table stays quick', async () => {
  lab = await LabCluster.start({ name: 'scale', version: '3.5' })
  let from = performance.now()
  const database = buildTables(lab.state, { database: 'big', tables: 10_000, partitions: 10 })
  expect(performance.now() - from).toBeLessThan(30_000)
  const id = (name: string): bigint | undefined => database.objects.get(name)?.id
  from = performance.now()
  expect(lab.execute(`SHOW PROC '/dbs/${database.id}'`).rows).toHaveLength(10_000)
  expect(lab.execute("SELECT TABLE_NAME FROM information_schema.tables WHERE TABLE_SCHEMA = 'big'").rows).toHaveLength(
    10_000,
  )
  for (let n = 0; n < 100; n++) {
    const name = `t${n * 97}`
    expect(lab.execute(`SHOW PARTITIONS FROM big.${name}`).rows).toHaveLength(10)
    expect(lab.execute(`SHOW PROC '/dbs/${database.id}/${id(name)}/index_schema'`).rows).toHaveLength(1)
    expect(lab.execute(`SHOW CREATE TABLE big.${name}`).rows).toHaveLength(1)
  }
  // Generous: a scan of all tables for each of the three hundred questions would take minutes.
  expect(performance.now() - from).toBeLessThan(10_000)
})
