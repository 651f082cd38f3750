import { afterEach, beforeEach, expect, test } from 'vitest'
import { LabPair } from './lab-pair.ts'

let pair: LabPair
beforeEach(async () => {
  pair = await LabPair.start({ version: '3.5' }, { version: '3.5' })
})
afterEach(() => pair.stop())

test('former views are told of at length by as many differences as that takes', async () => {
  const count = 125
  pair.source.execute('CREATE DATABASE d')
  pair.source.execute(
    'CREATE TABLE d.t (id INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ("replication_num" = "1")',
  )
  const query = (char: string) => `SELECT id, '${char.repeat(4_000)}' AS v FROM d.t`
  for (let i = 0; i < count; i++) pair.source.execute(`CREATE VIEW d.v${i} AS ${query('x')}`)
  await pair.align(pair.spec())
  const align = () => pair.alignViews(pair.spec())
  expect(await align()).toHaveLength(count)

  for (let i = 0; i < count; i++) pair.source.execute(`ALTER VIEW d.v${i} AS ${query('y')}`)
  const first = await align()
  expect(JSON.stringify(first).length).toBeLessThan(600_000)
  const waiting = first.filter(({ outcome }) => outcome === 'waiting').map(({ table }) => table)
  expect(waiting.length).toBeGreaterThan(0)
  expect(waiting.length).toBeLessThan(count)
  expect((await align()).map(({ table, outcome }) => [table, outcome])).toEqual(
    waiting.map((table) => [table, 'recreated']),
  )
  expect(await align()).toEqual([])
})
