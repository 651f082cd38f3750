import type { LabCell, LabResult } from '../sql/context.ts'
import { lengthEncodedInt, PayloadWriter } from './packet.ts'

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

const columnPacket = (name: string, type: string): Buffer =>
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

/** A row of text cells, in one buffer: answers may have hundreds of thousands. */
const rowPacket = (row: readonly LabCell[]): Buffer => {
  let size = 0
  for (const cell of row) size += cell === null ? 1 : cell.length * 3 + 9
  const buffer = size <= scratch.length ? scratch : Buffer.allocUnsafe(size)
  let at = 0
  for (const cell of row) {
    if (cell === null) {
      buffer[at++] = 0xfb
      continue
    }
    // Text of so few characters has a length of one byte, whatever they are.
    if (cell.length * 3 < 251) {
      const length = buffer.write(cell, at + 1)
      buffer[at] = length
      at += 1 + length
      continue
    }
    const text = Buffer.from(cell)
    const length = lengthEncodedInt(text.length)
    length.copy(buffer, at)
    text.copy(buffer, at + length.length)
    at += length.length + text.length
  }
  return Buffer.from(buffer.subarray(0, at))
}

const scratch = Buffer.allocUnsafe(16 * 1024)

/** The payloads of a result: a text-protocol result set, or OK. One after the other, so that a client reads while rows are still written. */
export function* resultPackets(result: LabResult): Generator<Buffer> {
  if (result.columns.length === 0) {
    yield okPacket(result.affectedRows)
    return
  }
  yield new PayloadWriter().lengthEncoded(result.columns.length).end()
  for (const { name, type } of result.columns) yield columnPacket(name, type)
  yield endOfRows()
  for (const row of result.rows) yield rowPacket(row)
  yield endOfRows()
}
