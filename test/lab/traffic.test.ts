import mysql from 'mysql2/promise'
import { afterEach, expect, test } from 'vitest'
import { compareClusters, compareThroughSql } from '../../lab/compare.ts'
import { Lab } from '../../lab/lab.ts'
import type { LabState } from '../../lab/model.ts'
import { demoScenario } from '../../lab/scenario/demo.ts'
import { Traffic, type TrafficKind } from '../../lab/traffic/traffic.ts'

let lab: Lab | undefined
afterEach(async () => {
  await lab?.stop()
  lab = undefined
})

const target = { version: '3.5', runMode: 'shared_nothing' } as const

async function loaded(...names: string[]): Promise<Lab> {
  lab = await Lab.start(...names.map((name) => ({ name, ...target })))
  const scenario = demoScenario(target, 3)
  for (const name of names) for (const sql of scenario.statements) lab.get(name).execute(sql)
  return lab
}

const tables = demoScenario(target, 3).tables

/** What random values and automatic ids leave alone. */
const versions = (state: LabState) =>
  [...state.databases.values()].flatMap((db) =>
    [...db.objects.values()].flatMap((object) =>
      object.kind === 'table'
        ? object.partitions.map(
            (one) => `${db.name}.${object.name}.${one.name} ${one.physical.map((p) => p.dataVersion)}`,
          )
        : [],
    ),
  )

test('the same seed does the same to two clusters, with every kind of change, and none of it is refused', async () => {
  const running = await loaded('a', 'b')
  const [a, b] = [running.get('a'), running.get('b')]
  expect(compareClusters(a, b)).toMatchObject({ rowsDifferent: 0, tables: tables.length })
  const traffic = (cluster: typeof a, seed: number) => new Traffic((sql) => cluster.execute(sql), tables, { seed })
  const [left, right] = [traffic(a, 7), traffic(b, 7)]
  for (let i = 0; i < 400; i++) {
    await left.step()
    await right.step()
  }
  expect(left.log.filter((one) => one.error)).toEqual([])
  const kinds = new Set<TrafficKind>(left.log.map((one) => one.kind))
  expect(kinds.size).toBeGreaterThanOrEqual(10)
  expect(left.log).toEqual(right.log)
  expect(versions(a.state)).toEqual(versions(b.state))
  const done = compareClusters(a, b)
  expect(done.differing).toEqual([])
  expect(done.rowsCompared).toBeGreaterThan(1000)
  const other = traffic(b, 8)
  for (let i = 0; i < 20; i++) await other.step()
  expect(compareClusters(a, b).differing.length).toBeGreaterThan(0)
})

test('it goes on by itself until it is stopped', async () => {
  const running = await loaded('a')
  const traffic = new Traffic((sql) => running.get('a').execute(sql), tables, { seed: 2 })
  traffic.start(0)
  while (traffic.log.length < 10) await new Promise((resolve) => setTimeout(resolve, 1))
  const log = await traffic.stop()
  const count = log.length
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(traffic.log).toHaveLength(count)
})

test('clients see the same difference through SQL as the lab sees in its states', async () => {
  const running = await loaded('a', 'b')
  running.get('b').execute("INSERT INTO shop.dup_plain VALUES (9999, 'surplus')")
  running.get('b').execute('DELETE FROM shop.pk WHERE id = 3')
  const inside = compareClusters(running.get('a'), running.get('b'))
  const pairs = tables.map(({ db, name }) => ({ source: { db, table: name }, target: { db, table: name } }))
  const connect = async (name: string) => {
    const [frontend] = running.get(name).endpoints.frontends
    return await mysql.createConnection({ host: frontend?.host, port: frontend?.queryPort, user: 'root' })
  }
  const [a, b] = [await connect('a'), await connect('b')]
  const query = (connection: typeof a) => async (sql: string) =>
    (await connection.query(sql))[0] as Record<string, unknown>[]
  const outside = await compareThroughSql(query(a), query(b), pairs)
  await Promise.all([a.end(), b.end()])
  const summary = ({ differing, tables: count, rowsCompared, rowsDifferent }: typeof inside) => ({
    count,
    rowsCompared,
    rowsDifferent,
    differing: differing.map((one) => [one.source, one.missing, one.surplus]),
  })
  expect(summary(outside)).toEqual(summary(inside))
  expect(inside.differing.map((one) => [one.source, one.missing, one.surplus])).toEqual([
    ['shop.dup_plain', 0, 1],
    ['shop.pk', 1, 0],
  ])
})
