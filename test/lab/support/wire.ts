import { connect } from 'node:net'

/** A value with its thrift type, written by this file's own encoder so that the lab's decoder is not measured by itself. */
export type Wire =
  | { i32: number }
  | { i64: bigint | number }
  | { text: string }
  | { struct: Record<number, Wire | undefined> }
  | { map: [bigint | number, Wire][] }
  | { list: Wire[] }

const typeOf = (value: Wire): number => {
  if ('i32' in value) return 8
  if ('i64' in value) return 10
  if ('text' in value) return 11
  if ('struct' in value) return 12
  return 'map' in value ? 13 : 15
}

const i32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

const i64 = (value: bigint | number): Buffer => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64BE(BigInt(value))
  return bytes
}

const text = (value: string): Buffer => Buffer.concat([i32(Buffer.byteLength(value)), Buffer.from(value)])

function encode(value: Wire): Buffer {
  if ('i32' in value) return i32(value.i32)
  if ('i64' in value) return i64(value.i64)
  if ('text' in value) return text(value.text)
  if ('map' in value) {
    const items = value.map.flatMap(([key, item]) => [i64(key), encode(item)])
    return Buffer.concat([
      Buffer.from([10, value.map[0] ? typeOf(value.map[0][1]) : 12]),
      i32(value.map.length),
      ...items,
    ])
  }
  if ('list' in value) {
    return Buffer.concat([
      Buffer.from([value.list[0] ? typeOf(value.list[0]) : 12]),
      i32(value.list.length),
      ...value.list.map(encode),
    ])
  }
  const fields = Object.entries(value.struct).flatMap(([id, item]) =>
    item ? [Buffer.from([typeOf(item), 0, Number(id)]), encode(item)] : [],
  )
  return Buffer.concat([...fields, Buffer.from([0])])
}

export function callBytes(method: string, request: Wire, sequence = 7): Buffer {
  return Buffer.concat([i32(0x80010001 | 0), text(method), i32(sequence), encode({ struct: { 1: request } })])
}

export type Answer =
  | { closed: true }
  | { exception: { type: number; message: string } }
  | { status: string; message?: string; i64?: bigint }

const CODES: Record<number, string> = {
  0: 'OK',
  1: 'ANALYSIS_ERROR',
  4: 'RUNTIME_ERROR',
  6: 'INTERNAL_ERROR',
  15: 'LABEL_ALREADY_EXISTS',
}

/** Sends bytes in pieces and gives back what came until the answer was whole or the connection ended. */
export async function exchange(port: number, bytes: Buffer, pieces = 1): Promise<Buffer> {
  return await new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    const got: Buffer[] = []
    socket.on('connect', () => {
      const size = Math.ceil(bytes.length / pieces)
      for (let at = 0; at < bytes.length; at += size) socket.write(bytes.subarray(at, at + size))
    })
    socket.on('data', (part) => {
      got.push(part)
      // Answers are small and come in one piece.
      socket.end()
    })
    socket.on('close', () => resolve(Buffer.concat(got)))
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNRESET' || error.code === 'EPIPE') resolve(Buffer.concat(got))
      else reject(error)
    })
  })
}

export async function call(port: number, method: string, request: Wire, pieces = 1): Promise<Answer> {
  const bytes = await exchange(port, callBytes(method, request), pieces)
  return bytes.length === 0 ? { closed: true } : decode(bytes)
}

function decode(bytes: Buffer): Answer {
  let at = 0
  const next = (count: number) => {
    at += count
    return at - count
  }
  const string = () => {
    const length = bytes.readInt32BE(next(4))
    const from = next(length)
    return bytes.toString('utf8', from, from + length)
  }
  const type = bytes.readInt32BE(next(4)) & 0xff
  string()
  if (bytes.readInt32BE(next(4)) !== 7) throw new Error('The sequence number was not given back')
  if (type === 3) {
    next(3)
    const message = string()
    next(3)
    return { exception: { message, type: bytes.readInt32BE(next(4)) } }
  }
  // result struct: field 0, its field 1 is TStatus: field 1 the code, field 2 a list of texts.
  next(3)
  next(3)
  next(3)
  const status = CODES[bytes.readInt32BE(next(4))] ?? 'unknown'
  let message: string | undefined
  if (bytes.readInt8(next(1)) === 15) {
    next(2)
    next(1)
    if (bytes.readInt32BE(next(4)) === 1) message = string()
    next(1)
  }
  const more = bytes.readInt8(next(1))
  if (more !== 10) return message === undefined ? { status } : { status, message }
  next(2)
  return { status, i64: bytes.readBigInt64BE(next(8)) }
}
