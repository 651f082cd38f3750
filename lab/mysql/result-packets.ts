import type { LabResult } from '../sql/context.ts'
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

const null251 = Buffer.from([0xfb])

/** The payloads of a result: a text-protocol result set, or OK. */
export const resultPackets = (result: LabResult): Buffer[] => {
  if (result.columns.length === 0) return [okPacket(result.affectedRows)]
  const packets = [new PayloadWriter().lengthEncoded(result.columns.length).end()]
  for (const { name, type } of result.columns) packets.push(columnPacket(name, type))
  packets.push(endOfRows())
  for (const row of result.rows) {
    const parts: Buffer[] = []
    for (const cell of row) {
      if (cell === null) parts.push(null251)
      else {
        const text = Buffer.from(cell)
        parts.push(lengthEncodedInt(text.length), text)
      }
    }
    packets.push(Buffer.concat(parts))
  }
  packets.push(endOfRows())
  return packets
}
