import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { LabCluster } from '../../lab/index.ts'
import { PayloadReader } from '../../lab/mysql/packet.ts'
import { resultChunks } from '../../lab/mysql/result-packets.ts'

let lab: LabCluster
beforeAll(async () => {
  lab = await LabCluster.start({ name: 'large', version: '3.5' })
  for (const database of ['a', 'b', 'c']) {
    lab.execute(`CREATE DATABASE ${database}`)
    for (const table of ['t', 'u']) {
      lab.execute(
        `CREATE TABLE ${database}.${table} (id INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ("replication_num" = "1")`,
      )
    }
  }
  lab.execute('INSERT INTO b.t VALUES (1), (2)')
})
afterAll(() => lab.stop())

const rowsOf = (sql: string) => lab.execute(sql).rows

describe('information_schema.partitions_meta', () => {
  const all = () => lab.execute('SELECT * FROM information_schema.partitions_meta')

  test('has the same cells whichever columns are asked for', () => {
    const { columns, rows } = all()
    const names = columns.map(({ name }) => name)
    expect(names.length).toBeGreaterThan(20)
    for (const asked of [names.toReversed(), ['ROW_COUNT', 'DATA_SIZE', 'db_name', 'TABLE_NAME'], ['PARTITION_ID']]) {
      const places = asked.map((name) => names.indexOf(name.toUpperCase()))
      expect(rowsOf(`SELECT ${asked.join(', ')} FROM information_schema.partitions_meta`)).toEqual(
        rows.map((row) => places.map((place) => row[place])),
      )
    }
  })

  test('has the rows that conditions leave', () => {
    const named = (where: string, more = '') =>
      rowsOf(`SELECT DB_NAME, TABLE_NAME FROM information_schema.partitions_meta m WHERE ${where} ${more}`).map((row) =>
        row.join('.'),
      )
    expect(named("DB_NAME IN ('a', 'c', 'none')")).toEqual(['a.t', 'a.u', 'c.t', 'c.u'])
    expect(named("m.DB_NAME NOT IN ('a', 'c')")).toEqual(['b.t', 'b.u'])
    expect(named("DB_NAME IN ('a', 'b') AND TABLE_NAME IN ('u')")).toEqual(['a.u', 'b.u'])
    expect(named("DB_NAME IN ('a') OR ROW_COUNT = 2")).toEqual(['a.t', 'a.u', 'b.t'])
    expect(named("ROW_COUNT IN ('2.0', 'x')")).toEqual(['b.t'])
    expect(named("DB_NAME IN ('a', NULL)")).toEqual(['a.t', 'a.u'])
    expect(named("DB_NAME NOT IN ('a', NULL)")).toEqual([])
    expect(named("DB_NAME = 'b'", 'ORDER BY ROW_COUNT DESC')).toEqual(['b.t', 'b.u'])
    expect(named("DB_NAME LIKE 'b'", 'LIMIT 1')).toEqual(['b.t'])
    expect(() => named("NO_SUCH = 'b'")).toThrow(/cannot be resolved/)
    expect(rowsOf('SELECT count(*), sum(ROW_COUNT) FROM information_schema.partitions_meta')).toEqual([['6', '2']])
  })
})

describe('answers on the wire', () => {
  /** The cells of a result as a client reads them. */
  const read = (rows: (string | null)[][], firstSequence = 1) => {
    const columns = (rows[0] ?? []).map((_, place) => ({ name: `c${place}`, type: 'VAR_STRING' }))
    const reader = new PayloadReader()
    const payloads = []
    for (const chunk of resultChunks({ columns, rows, affectedRows: 0 }, firstSequence)) {
      payloads.push(...reader.push(Buffer.from(chunk)))
    }
    // A packet each for the number of columns and for every column, and two that end something.
    expect(payloads).toHaveLength(rows.length + columns.length + 3)
    return { payloads, rows: payloads.slice(columns.length + 2, -1).map(({ payload }) => cellsOf(payload)) }
  }

  const cellsOf = (payload: Buffer) => {
    const cells: (string | null)[] = []
    for (let at = 0; at < payload.length; ) {
      const first = payload[at++] ?? 0
      if (first === 0xfb) {
        cells.push(null)
        continue
      }
      const bytes = first < 251 ? 0 : first === 0xfc ? 2 : first === 0xfd ? 3 : 8
      const length = bytes === 0 ? first : payload.readUIntLE(at, Math.min(bytes, 6))
      at += bytes
      cells.push(payload.toString('utf8', at, at + length))
      at += length
    }
    return cells
  }

  test('are the cells that went in, of any length and script', () => {
    const lengths = [0, 1, 82, 83, 84, 249, 250, 251, 252, 65_535, 65_536, 200_000]
    const rows = lengths.map((length) => [
      'x'.repeat(length),
      null,
      '数'.repeat(length),
      `${'y'.repeat(length)}\u{1F600}`,
    ])
    expect(read(rows).rows).toEqual(rows)
  })

  test('are numbered on without a gap, over many pieces', () => {
    const rows = Array.from({ length: 20_000 }, (_, i) => [String(i), i % 3 === 0 ? null : 'z'.repeat(i % 100)])
    const { payloads, rows: seen } = read(rows, 7)
    expect(seen).toEqual(rows)
    expect(payloads.map(({ sequence }) => sequence)).toEqual(payloads.map((_, i) => (i + 7) & 0xff))
  })

  test('have rows longer than a packet', () => {
    const rows = [['a'], ['x'.repeat(17 * 1024 * 1024)], ['ä'.repeat(6 * 1024 * 1024)], ['b']]
    expect(read(rows).rows.map(([cell]) => cell?.length)).toEqual(rows.map(([cell]) => cell?.length))
  })
})
