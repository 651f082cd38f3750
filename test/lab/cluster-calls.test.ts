import mysql from 'mysql2/promise'
import { afterEach, expect, test } from 'vitest'
import { LabCluster } from '../../lab/index.ts'
import type { LabTable } from '../../lab/model.ts'
import { waitFor } from './support/wait.ts'
import { call } from './support/wire.ts'

let cluster: LabCluster
afterEach(() => cluster.stop())

const shape = (name: string) => {
  const table = cluster.state.databases.get('db')?.objects.get(name) as LabTable
  return table.partitions.map((one) => [
    one.name,
    one.range?.lower.join(),
    one.range?.upper === 'MAXVALUE' ? '' : one.range?.upper.join(),
    one.physical[0]?.visibleVersion,
  ])
}

/** Makes partitions as a load of a foreign node would: begin, create, roll back. */
async function createPartitions(name: string, ...values: string[]) {
  const port = cluster.endpoints.frontends[0]?.rpcPort ?? 0
  const db = cluster.state.databases.get('db')
  const table = db?.objects.get(name) as LabTable
  const texts = { 2: { text: 'root' }, 3: { text: '' }, 4: { text: 'db' }, 5: { text: name } }
  const label = `make-${cluster.state.transactions.length}`
  const begun = await call(port, 'loadTxnBegin', { struct: { ...texts, 7: { text: label } } })
  const txn = 'i64' in begun ? (begun.i64 ?? 0n) : 0n
  const list = values.map((value) => ({ list: [{ text: value }] }))
  const made = await call(port, 'createPartition', {
    struct: { 1: { i64: txn }, 2: { i64: db?.id ?? 0n }, 3: { i64: table.id }, 4: { list } },
  })
  const attachment = { struct: { 1: { i32: 0 } } }
  const undone = await call(port, 'loadTxnRollback', {
    struct: { ...texts, 7: { i64: txn }, 8: { text: 'done' }, 10: attachment },
  })
  expect(undone).toEqual({ status: 'OK' })
  return made
}

test.each(['3.1', '3.3', '3.5', '4.1'] as const)(
  '%s: partitions made under a transaction stay when it is rolled back',
  async (version) => {
    cluster = await LabCluster.start({ name: 'c', version })
    cluster.execute('CREATE DATABASE db')
    const expression = (name: string, by: string) =>
      cluster.execute(
        `CREATE TABLE db.${name} (id INT, d DATETIME) DUPLICATE KEY(id, d) PARTITION BY ${by} DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ('replication_num' = '1')`,
      )
    expression('by_minute', "date_trunc('minute', d)")
    expression('by_week', 'time_slice(d, INTERVAL 7 DAY)')
    expression('by_day', "date_trunc('day', d)")
    expect(await createPartitions('by_minute', '2024-01-10 11:12:00')).toMatchObject({ status: 'OK' })
    expect(shape('by_minute')).toEqual([['p202401101112', '2024-01-10 11:12:00', '2024-01-10 11:13:00', 1n]])
    // A value inside a slice is taken for its beginning: only the lower bound makes the right partition.
    await createPartitions('by_week', '2024-01-10 12:00:00')
    expect(shape('by_week')).toEqual([['p20240110', '2024-01-10 00:00:00', '2024-01-17 00:00:00', 1n]])
    expect(await createPartitions('by_week', '2024-01-11 12:00:00')).toMatchObject({
      status: 'RUNTIME_ERROR',
      message: expect.stringMatching(/^automatic create partition failed\. error:.*is intersected with range/),
    })
    await createPartitions('by_day', 'NULL', '2024-01-01', '2024-01-02')
    await createPartitions('by_day', '2024-01-01')
    expect(shape('by_day').map(([name]) => name)).toEqual(['p00000101', 'p20240101', 'p20240102'])
  },
)

test('a killed frontend takes its MySQL connections with it, and comes back on the same ports', async () => {
  cluster = await LabCluster.start({ name: 'c', version: '3.5' })
  cluster.execute('CREATE DATABASE db')
  const before = cluster.endpoints.frontends[0]
  const connect = async () =>
    await mysql.createConnection({ host: before?.host, port: before?.queryPort, user: 'root', connectTimeout: 5000 })
  const connection = await connect()
  connection.on('error', () => undefined)
  await cluster.killFrontend(0)
  await expect(connection.query('SHOW DATABASES')).rejects.toThrow()
  await expect(connect()).rejects.toThrow()
  await cluster.restartFrontend(0)
  expect(cluster.endpoints.frontends[0]).toEqual(before)
  const again = await waitFor(() => connect().catch(() => undefined), 'the frontend to answer')
  const [rows] = await again.query('SHOW DATABASES')
  expect(JSON.stringify(rows)).toContain('"db"')
  await again.end()
})

test('a frontend that runs again shows another StartTime, however soon it is back', async () => {
  cluster = await LabCluster.start({ name: 'c', version: '3.5' })
  const started = () => {
    const { columns, rows } = cluster.execute('SHOW FRONTENDS')
    return String(rows[0]?.[columns.findIndex(({ name }) => name === 'StartTime')])
  }
  const seen = [started()]
  for (let times = 0; times < 2; times++) {
    await cluster.killFrontend(0)
    await cluster.restartFrontend(0)
    seen.push(started())
  }
  expect(new Set(seen).size).toBe(3)
})

test('faults of statements strike on the wire', async () => {
  cluster = await LabCluster.start({ name: 'c', version: '3.5' })
  const frontend = cluster.endpoints.frontends[0]
  const run = async (sql: string) => {
    const connection = await mysql.createConnection({ host: frontend?.host, port: frontend?.queryPort, user: 'root' })
    connection.on('error', () => undefined)
    try {
      return (await connection.query(sql))[0]
    } finally {
      connection.destroy()
    }
  }
  const lost = cluster.faults.inject({ kind: 'drop-mysql', cut: 'after', match: /^CREATE DATABASE/, times: 1 })
  await expect(run('CREATE DATABASE db')).rejects.toThrow()
  expect(lost.struck).toBe(1)
  expect(cluster.state.databases.has('db')).toBe(true)
  cluster.faults.inject({ kind: 'drop-mysql', cut: 'before', match: /^DROP/, times: 1 })
  await expect(run('DROP DATABASE db')).rejects.toThrow()
  expect(cluster.state.databases.has('db')).toBe(true)
  cluster.faults.inject({ kind: 'drop-mysql', cut: 'connect', times: 1 })
  await expect(run('SHOW DATABASES')).rejects.toThrow()
  const refusal = cluster.faults.inject({ kind: 'refuse-privilege', privilege: 'OPERATE' })
  await expect(run("ADMIN SHOW FRONTEND CONFIG LIKE 'run_mode'")).rejects.toThrow('Access denied')
  expect(refusal.struck).toBeGreaterThan(0)
  refusal.clear()
  cluster.execute('CREATE TABLE db.t (id INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1')
  cluster.execute('INSERT INTO db.t VALUES (1), (2)')
  expect(await run('SELECT * FROM db.t')).toHaveLength(2)
  const mute = cluster.faults.inject({ kind: 'no-backend-queries' })
  expect(await run('SELECT * FROM db.t')).toHaveLength(0)
  mute.clear()
})
