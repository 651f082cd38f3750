import mysql from 'mysql2/promise'
import { type Comparison, compareThroughSql, type QueryFunction, type TablePair } from '../../lab/compare.ts'

interface Access {
  host: string
  port: number
  password: string
}

/** Reads every row of every table from both sides as any MySQL client would, and compares them. */
export async function compareRows(source: Access, target: Access, pairs: readonly TablePair[]): Promise<Comparison> {
  const connections = await Promise.all([source, target].map(connect))
  try {
    const [from, to] = connections
    if (!from || !to) throw new Error('no connection')
    return await compareThroughSql(query(from), query(to), pairs)
  } finally {
    await Promise.allSettled(connections.map((connection) => connection.end()))
  }
}

function connect({ host, port, password }: Access): Promise<mysql.Connection> {
  return mysql.createConnection({
    host,
    port,
    user: 'root',
    password,
    // Every cell as the text that was sent: comparing must not round.
    typeCast: (field) => field.string('utf8'),
  })
}

const query =
  (connection: mysql.Connection): QueryFunction =>
  async (sql) => {
    const [rows] = await connection.query(sql)
    return rows as Record<string, unknown>[]
  }
