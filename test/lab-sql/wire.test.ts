import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LabCluster } from '../../lab/index.ts'

const host = '127.0.0.1'
let lab: LabCluster
const open: Connection[] = []

const connect = async (
  options: { user?: string; password?: string; database?: string; frontend?: number } = {},
): Promise<Connection> => {
  const port = lab.endpoints.frontends[options.frontend ?? 0]?.queryPort ?? 0
  const connection = await createConnection({
    host,
    port,
    user: options.user ?? 'root',
    password: options.password ?? 'secret',
    database: options.database,
    supportBigNumbers: true,
    bigNumberStrings: true,
    // Frontends declare three-byte UTF-8 for what is four-byte; the numbers of tests are better read as numbers.
    typeCast: (field, next) => (/STRING|BLOB/.test(field.type) ? field.string('utf8') : next()),
  })
  connection.on('error', () => {})
  open.push(connection)
  return connection
}

const rows = async (connection: Connection, sql: string): Promise<RowDataPacket[]> =>
  (await connection.query<RowDataPacket[]>(sql))[0]

const refusal = async (
  connection: Connection,
  sql: string,
): Promise<{ errno?: number; sqlState?: string; message: string }> => {
  try {
    await connection.query(sql)
  } catch (error) {
    return error as { errno?: number; sqlState?: string; message: string }
  }
  throw new Error(`not refused: ${sql}`)
}

beforeAll(async () => {
  lab = await LabCluster.start({ name: 'wire', version: '3.5', rootPassword: 'secret', frontends: 2 })
  lab.execute('CREATE DATABASE shop')
  lab.execute(
    'CREATE TABLE shop.t (id BIGINT, n LARGEINT, v STRING) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 2',
  )
})

afterAll(async () => {
  for (const connection of open) connection.destroy()
  await lab.stop()
})

describe('login', () => {
  test('the right password opens, a wrong one and an unknown user do not', async () => {
    const connection = await connect()
    expect(await rows(connection, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
    await expect(connect({ password: 'wrong' })).rejects.toMatchObject({ errno: 1045, sqlState: '28000' })
    await expect(connect({ password: '' })).rejects.toMatchObject({ errno: 1045 })
    await expect(connect({ user: 'nobody' })).rejects.toMatchObject({ errno: 1045 })
  })

  test('a database of the login is used, an unknown one refused', async () => {
    const connection = await connect({ database: 'shop' })
    expect(await rows(connection, 'SELECT database() AS db')).toEqual([{ db: 'shop' }])
    await expect(connect({ database: 'nope' })).rejects.toThrow(/Unknown database 'nope'/)
  })
})

describe('answers', () => {
  test('NULL, empty text, 64 and 128 bits, and texts of any script come back as they went in', async () => {
    const connection = await connect({ database: 'shop' })
    const text = '数 \u{1F600} \' " \\ \n end'
    await connection.query('INSERT INTO t VALUES (?, ?, ?), (1, NULL, NULL), (2, 0, ?)', [
      '9223372036854775807',
      '-170141183460469231731687303715884105728',
      text,
      '',
    ])
    expect(await rows(connection, 'SELECT id, n, v FROM t ORDER BY id')).toEqual([
      { id: '1', n: null, v: null },
      { id: '2', n: '0', v: '' },
      { id: '9223372036854775807', n: '-170141183460469231731687303715884105728', v: text },
    ])
    expect(String((await rows(connection, 'SELECT max(id) AS m FROM t'))[0]?.m)).toBe('9223372036854775807')
  })

  test('a cell longer than 16 MiB and an answer of thousands of rows cross in pieces', async () => {
    const connection = await connect({ database: 'shop' })
    const long = 'x'.repeat(17 * 1024 * 1024)
    const echoed = await rows(connection, `SELECT '${long}' AS long_text`)
    expect(String(echoed[0]?.long_text)).toHaveLength(long.length)
    const values = Array.from({ length: 5000 }, (_, i) => `(${i},${i},'${'y'.repeat(100)}')`)
    lab.execute('CREATE TABLE shop.many (id INT, n INT, v STRING) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 3')
    await connection.query(`INSERT INTO many VALUES ${values.join(',')}`)
    const all = await rows(connection, 'SELECT id FROM many ORDER BY id')
    expect(all).toHaveLength(5000)
    expect(Number(all[4999]?.id)).toBe(4999)
  })

  test('names of anything but a backtick stand in backticks', async () => {
    const connection = await connect({ database: 'shop' })
    await connection.query(
      'CREATE TABLE `od d-1.x\'"` (`a b` INT, `sel;ect` INT) DUPLICATE KEY(`a b`) DISTRIBUTED BY HASH(`a b`) BUCKETS 1',
    )
    await connection.query('INSERT INTO `od d-1.x\'"` (`sel;ect`, `a b`) VALUES (2, 1)')
    expect(await rows(connection, 'SELECT `a b`, `sel;ect` FROM shop.`od d-1.x\'"`')).toEqual([
      { 'a b': 1, 'sel;ect': 2 },
    ])
    const created = await rows(connection, 'SHOW CREATE TABLE `od d-1.x\'"`')
    expect(String(created[0]?.['Create Table'])).toContain('CREATE TABLE `od d-1.x\'"` (\n  `a b` int(11)')
  })

  test('a refusal has the number, the state and the text of the frontend, and the connection goes on', async () => {
    const connection = await connect({ database: 'shop' })
    expect(await refusal(connection, 'SELEC 1')).toMatchObject({ errno: 1064, sqlState: 'HY000' })
    expect(await refusal(connection, 'SELECT * FROM nope')).toMatchObject({ errno: 5502, sqlState: '42602' })
    expect((await refusal(connection, 'USE nope')).message).toBe("Unknown database 'nope'")
    expect(await rows(connection, 'SELECT 2 AS two')).toEqual([{ two: 2 }])
  })

  test('each connection has its own database and variables', async () => {
    const [one, two] = [await connect({ database: 'shop' }), await connect()]
    await one.query('SET query_timeout = 77')
    expect(String((await rows(one, 'SELECT @@query_timeout AS q'))[0]?.q)).toBe('77')
    expect(String((await rows(two, 'SELECT @@query_timeout AS q'))[0]?.q)).toBe('300')
    expect((await refusal(two, 'SELECT * FROM t')).message).toContain('No database selected')
  })

  test('many statements at once on many connections', async () => {
    const connections = await Promise.all(Array.from({ length: 40 }, () => connect()))
    const answers = await Promise.all(
      connections.flatMap((c, i) => [rows(c, `SELECT ${i} AS n`), rows(c, 'SHOW FRONTENDS')]),
    )
    expect(answers.filter((_, i) => i % 2 === 0).map((r) => Number(r[0]?.n))).toEqual(
      Array.from({ length: 40 }, (_, i) => i),
    )
  })
})

describe('faults', () => {
  test('a connection cut before an INSERT leaves no rows, one cut after it leaves them', async () => {
    const count = (): string | null | undefined => lab.execute('SELECT count(*) FROM shop.cut').rows[0]?.[0]
    lab.execute('CREATE TABLE shop.cut (id INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1')
    for (const [cut, rowsLeft] of [
      ['before', '0'],
      ['after', '1'],
    ] as const) {
      const fault = lab.faults.inject({ kind: 'drop-mysql', cut, match: /INSERT/, times: 1 })
      const connection = await connect({ database: 'shop' })
      await expect(connection.query('INSERT INTO cut VALUES (1)')).rejects.toMatchObject({
        code: 'PROTOCOL_CONNECTION_LOST',
      })
      expect(fault.struck).toBe(1)
      expect(count()).toBe(rowsLeft)
    }
  })

  test('a killed frontend refuses connections until it is back; the other one answers', async () => {
    const before = await connect({ frontend: 1 })
    await lab.killFrontend(1)
    await expect(before.query('SELECT 1')).rejects.toThrow()
    await expect(connect({ frontend: 1 })).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    expect(await rows(await connect(), 'SHOW FRONTENDS')).toEqual(
      expect.arrayContaining([expect.objectContaining({ Alive: 'false' }), expect.objectContaining({ Alive: 'true' })]),
    )
    await lab.restartFrontend(1)
    expect(await rows(await connect({ frontend: 1 }), 'SELECT 3 AS three')).toEqual([{ three: 3 }])
  })

  test('a stale frontend answers from what it knew', async () => {
    const follower = await connect({ frontend: 1 })
    const fault = lab.faults.inject({ kind: 'stale-frontend', frontend: 1 })
    lab.execute('CREATE TABLE shop.fresh (id INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1')
    const seen = async (): Promise<unknown[]> =>
      (await rows(follower, "SHOW TABLES FROM shop LIKE 'fresh'")).map((r) => Object.values(r)[0])
    expect(await seen()).toEqual([])
    fault.clear()
    expect(await seen()).toEqual(['fresh'])
  })
})

describe('privileges', () => {
  test('a user without any sees nothing and is told what is missing', async () => {
    const root = await connect()
    await root.query("CREATE USER 'reader' IDENTIFIED BY 'pw'")
    const reader = await connect({ user: 'reader', password: 'pw' })
    const denied = await refusal(reader, 'SELECT * FROM shop.t')
    expect(denied).toMatchObject({ errno: 5203, sqlState: '42000' })
    expect(denied.message).toMatch(/SELECT privilege\(s\) on TABLE t/)
    expect((await refusal(reader, "SHOW PROC '/dbs'")).message).toMatch(/OPERATE/)
    await root.query("GRANT SELECT ON ALL TABLES IN DATABASE shop TO USER 'reader'")
    expect((await rows(reader, 'SELECT id FROM shop.t')).length).toBeGreaterThan(0)
  })
})
