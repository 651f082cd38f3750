import { expect, test } from 'vitest'
import { pause } from '../../activities/heartbeat.ts'
import { Directory } from '../../activities/pollers/directory.ts'
import { SingleFlight } from '../../activities/pollers/single-flight.ts'
import { classify, resultSet, type StarRocksCluster } from '../../starrocks/index.ts'

/** Databases with their tables, as a frontend lists them, and what it was asked. */
function frontend(databases: Map<string, { id: bigint; tables: string[] }>) {
  const asked: string[] = []
  const query = async (sql: string) => {
    asked.push(sql)
    const id = /'\/dbs\/(\d+)'/.exec(sql)?.[1]
    if (id === undefined) {
      const rows = [...databases].map(([name, { id, tables }]) => [String(id), name, String(tables.length)])
      return resultSet(['DbId', 'DbName', 'TableNum'], rows)
    }
    const found = [...databases.values()].find((one) => String(one.id) === id)
    if (!found) {
      const message = `Unknown proc node path: /dbs/${id}. msg: Unknown database id or name "${id}"`
      throw classify(Object.assign(new Error(message), { errno: 1064 }))
    }
    const rows = found.tables.map((name, place) => [String(found.id * 100n + BigInt(place)), name, 'OLAP'])
    return resultSet(['TableId', 'TableName', 'Type'], rows)
  }
  return { asked, cluster: { query } as unknown as StarRocksCluster }
}

const DATABASES = "SHOW PROC '/dbs'"

test('a table asked for anew takes one list of databases and one of tables', async () => {
  const { asked, cluster } = frontend(new Map([['shop', { id: 7n, tables: ['a', 'b'] }]]))
  const directory = new Directory(cluster)
  expect(await directory.table('shop', 'b', 0)).toMatchObject({ databaseId: 7n, table: { id: 701n } })
  expect(asked).toEqual([DATABASES, "SHOW PROC '/dbs/7'"])
  expect(await directory.table('shop', 'none', 0)).toBeUndefined()
  expect(await directory.table('none', 'a', 0)).toBeUndefined()
})

test('who has seen the databases has the tables alone listed anew', async () => {
  const { asked, cluster } = frontend(new Map([['shop', { id: 7n, tables: ['a'] }]]))
  const directory = new Directory(cluster)
  const started = performance.now()
  await directory.databases(0)
  for (let round = 0; round < 2; round++) await directory.tables('shop', 0, performance.now() - started)
  expect(asked).toEqual([DATABASES, "SHOW PROC '/dbs/7'", "SHOW PROC '/dbs/7'"])
})

test('a database dropped since, or made anew, is found out', async () => {
  const databases = new Map([['shop', { id: 7n, tables: ['a'] }]])
  const { cluster } = frontend(databases)
  const directory = new Directory(cluster)
  await directory.databases(0)
  databases.set('shop', { id: 8n, tables: ['b'] })
  expect([...((await directory.tables('shop', 0, 60_000)) ?? []).keys()]).toEqual(['b'])
  databases.delete('shop')
  expect(await directory.tables('shop', 0, 60_000)).toBeUndefined()
})

test('many who look for databases at once share a listing; one that was made this moment is found', async () => {
  const databases = new Map([
    ['shop', { id: 7n, tables: [] as string[] }],
    ['blog', { id: 8n, tables: [] }],
  ])
  const { asked, cluster } = frontend(databases)
  const directory = new Directory(cluster)
  expect(await Promise.all([directory.database('shop'), directory.database('blog')])).toMatchObject([
    { id: 7n },
    { id: 8n },
  ])
  expect(asked).toEqual([DATABASES])
  databases.set('new', { id: 9n, tables: [] })
  expect(await directory.database('new')).toMatchObject({ id: 9n })
  expect(await directory.database('none')).toBeUndefined()
})

test('what is known of a database that was dropped does not stay', async () => {
  const databases = new Map([['shop', { id: 7n, tables: ['a'] }]])
  const { asked, cluster } = frontend(databases)
  const directory = new Directory(cluster)
  await directory.tables('shop', 0)
  databases.delete('shop')
  await directory.databases(0)
  databases.set('shop', { id: 7n, tables: ['a'] })
  await directory.databases(0)
  expect(directory.age('shop')).toBe(Number.POSITIVE_INFINITY)
  await directory.tables('shop', 60_000)
  expect(asked.at(-1)).toBe("SHOW PROC '/dbs/7'")
})

test('the gap between rounds goes by the shortest of the last few, and by the last when that failed', async () => {
  const takes = [10, 300, 10, 300, 10]
  const starts: number[] = []
  let fails = false
  const flight = new SingleFlight(async () => {
    starts.push(performance.now())
    await pause(takes.shift() ?? 10)
    if (fails) throw new Error('no answer')
  })
  const gap = () => (starts.at(-1) ?? 0) - (starts.at(-2) ?? 0)
  await flight.fresh(0)
  await flight.fresh(0)
  await flight.fresh(0)
  // After 300 ms ten times that would be three seconds.
  expect(gap()).toBeLessThan(1500)
  expect(gap()).toBeGreaterThanOrEqual(90)
  fails = true
  await expect(flight.fresh(0)).rejects.toThrow('no answer')
  fails = false
  await flight.fresh(0)
  expect(gap()).toBeGreaterThanOrEqual(2900)
})
