import { afterAll, beforeAll, expect, test } from 'vitest'
import { LabCluster } from '../../lab/index.ts'

let lab: LabCluster
beforeAll(async () => {
  lab = await LabCluster.start({ name: 'ids', version: '3.5' })
})
afterAll(() => lab.stop())

test('a table is found by its id under whatever name it has, and not when it is gone', () => {
  lab.execute('CREATE DATABASE ids')
  const make = (name: string) => {
    lab.execute(`CREATE TABLE ids.${name} (id INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1`)
    return lab.state.databases.get('ids')?.objects.get(name)?.id
  }
  const schemaOf = (key: unknown) =>
    lab.execute(`SHOW PROC '/dbs/${lab.state.databases.get('ids')?.id}/${key}/index_schema'`).rows.map((row) => row[1])
  const [x, y] = [make('x'), make('y')]
  for (let round = 0; round < 2; round++)
    expect([schemaOf(x), schemaOf(y), schemaOf('x')]).toEqual([['x'], ['y'], ['x']])
  lab.execute('ALTER TABLE ids.x SWAP WITH y')
  expect([schemaOf(x), schemaOf(y), schemaOf('x')]).toEqual([['y'], ['x'], ['x']])
  lab.execute('ALTER TABLE ids.x RENAME z')
  expect([schemaOf(y), schemaOf('z')]).toEqual([['z'], ['z']])
  lab.execute('DROP TABLE ids.z')
  expect(() => schemaOf(y)).toThrow(/unknown table id or name/)
  expect(() => schemaOf('z')).toThrow(/unknown table id or name/)
  expect(make('z')).not.toBe(y)
  expect(() => schemaOf(y)).toThrow(/unknown table id or name/)
})
