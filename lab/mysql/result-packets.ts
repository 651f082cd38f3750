import type { LabCell, LabResult } from '../sql/context.ts'
import { frame, LARGEST_PAYLOAD, lengthEncodedInt, PayloadWriter } from './packet.ts'

/** Type codes of MySQL's column definitions. */
const typeCodes: Record<string, number> = {
  CHAR: 0x01,
  TINY: 0x01,
  SHORT: 0x02,
  LONG: 0x03,
  FLOAT: 0x04,
  DOUBLE: 0x05,
  LONGLONG: 0x08,
  DATE: 0x0a,
  DATETIME: 0x0c,
  NEWDECIMAL: 0xf6,
  VAR_STRING: 0xfd,
}

const autocommit = 2

export const okPacket = (affectedRows: number): Buffer =>
  new PayloadWriter().byte(0).lengthEncoded(affectedRows).lengthEncoded(0).int(autocommit, 2).int(0, 2).end()

export const errorPacket = (errno: number, sqlState: string, message: string): Buffer =>
  new PayloadWriter()
    .byte(0xff)
    .int(errno, 2)
    .bytes(`#${sqlState.padEnd(5, '0').slice(0, 5)}`)
    .bytes(message)
    .end()

const endOfRows = (): Buffer => new PayloadWriter().byte(0xfe).int(0, 2).int(autocommit, 2).end()

/** Written already, by type and name: answers have few different columns, and small answers hardly anything else. */
const columnPackets = new Map<string, Buffer>()
/** Names may be anything that a client calls a column. */
const MOST_COLUMN_PACKETS = 5_000

const columnPacket = (name: string, type: string): Buffer => {
  const key = `${type} ${name}`
  let packet = columnPackets.get(key)
  if (!packet) {
    if (columnPackets.size >= MOST_COLUMN_PACKETS) columnPackets.clear()
    packet = writeColumn(name, type)
    columnPackets.set(key, packet)
  }
  return packet
}

const writeColumn = (name: string, type: string): Buffer =>
  new PayloadWriter()
    .lengthEncodedString('def')
    .lengthEncodedString('')
    .lengthEncodedString('')
    .lengthEncodedString('')
    .lengthEncodedString(name)
    .lengthEncodedString(name)
    .byte(0x0c)
    .int(33, 2)
    .int(255, 4)
    .byte(typeCodes[type] ?? 0xfd)
    .int(0, 2)
    .byte(0)
    .zeros(2)
    .end()

/** Answers are written in pieces of about so many bytes. */
const CHUNK = 128 * 1024
/** Nothing that a cell or a row has in front of it is longer. */
const MOST_PREFIX = 9
/** Text of so few characters has a length of one byte, whatever they are. */
const SHORT = 83

/** Writes a cell; returns where the next one begins. There is room for it. */
const writeCell = (buffer: Buffer, start: number, cell: LabCell): number => {
  if (cell === null) {
    buffer[start] = 0xfb
    return start + 1
  }
  const { length } = cell
  if (length > SHORT) {
    const text = Buffer.from(cell)
    const prefix = lengthEncodedInt(text.length)
    prefix.copy(buffer, start)
    text.copy(buffer, start + prefix.length)
    return start + prefix.length + text.length
  }
  // Nearly all cells are a few plain letters and digits: calling the encoder takes longer than copying them.
  for (let place = 0; place < length; place++) {
    const code = cell.charCodeAt(place)
    if (code > 127) {
      const bytes = buffer.write(cell, start + 1)
      buffer[start] = bytes
      return start + 1 + bytes
    }
    buffer[start + 1 + place] = code
  }
  buffer[start] = length
  return start + 1 + length
}

const mostBytes = (row: readonly LabCell[]): number => {
  let bytes = 0
  for (const cell of row) bytes += cell === null ? 1 : cell.length * 3 + MOST_PREFIX
  return bytes
}

/**
 * A result – a text-protocol result set, or OK – as it goes over the wire, from this sequence number on, in large pieces: answers may have
 * hundreds of thousands of rows, and a client reads while rows are still written.
 */
export function* resultChunks(result: LabResult, firstSequence: number): Generator<Buffer> {
  let sequence = firstSequence
  let chunk: Buffer = Buffer.allocUnsafe(result.rows.length > 100 ? CHUNK : 4096)
  let end = 0
  const framed = (payload: Buffer): Buffer => {
    const { buffers, next } = frame(payload, sequence)
    sequence = next
    return Buffer.concat(buffers)
  }
  /** Makes room: returns what has to go out before, if anything has to. */
  function* room(bytes: number): Generator<Buffer> {
    if (end + bytes <= chunk.length) return
    if (end > 0) yield chunk.subarray(0, end)
    // What was handed out may not be written yet.
    chunk = Buffer.allocUnsafe(Math.max(CHUNK, bytes))
    end = 0
  }
  function* append(payload: Buffer): Generator<Buffer> {
    const bytes = framed(payload)
    yield* room(bytes.length)
    bytes.copy(chunk, end)
    end += bytes.length
  }
  if (result.columns.length === 0) {
    yield framed(okPacket(result.affectedRows))
    return
  }
  yield* append(new PayloadWriter().lengthEncoded(result.columns.length).end())
  for (const { name, type } of result.columns) yield* append(columnPacket(name, type))
  yield* append(endOfRows())
  for (const row of result.rows) {
    const most = mostBytes(row)
    if (most >= LARGEST_PAYLOAD) {
      const payload = Buffer.allocUnsafe(most)
      yield* append(payload.subarray(0, writeRow(payload, 0, row)))
      continue
    }
    if (end + 4 + most > chunk.length) yield* room(4 + most)
    const start = end
    end = writeRow(chunk, start + 4, row)
    chunk.writeUIntLE(end - start - 4, start, 3)
    chunk[start + 3] = sequence
    sequence = (sequence + 1) & 0xff
  }
  yield* append(endOfRows())
  yield chunk.subarray(0, end)
}

const writeRow = (buffer: Buffer, start: number, row: readonly LabCell[]): number => {
  let at = start
  for (const cell of row) at = writeCell(buffer, at, cell)
  return at
}
