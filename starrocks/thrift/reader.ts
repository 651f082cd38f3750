import { StarRocksError } from '../errors/starrocks-error.ts'
import { wire } from './writer.ts'

/** Raised when the bytes end before the value does: more may be on the way. */
export class NotEnoughBytes extends Error {
  constructor() {
    super('The thrift message is not complete yet')
    this.name = 'NotEnoughBytes'
  }
}

/** A value of any type, read without knowing the struct: fields by id, 64-bit numbers as bigint, strings as bytes. */
export type ThriftValue =
  | boolean
  | number
  | bigint
  | Buffer
  | ThriftValue[]
  | ThriftStruct
  | [ThriftValue, ThriftValue][]

export type ThriftStruct = Map<number, ThriftValue>

/** No answer of a frontend nests deeper; a stranger's bytes must not exhaust the stack. */
const maxDepth = 64

/** Reads TBinaryProtocol, strict. Errors: `NotEnoughBytes`; `UnexpectedAnswer` when the bytes are no such message. */
export class ThriftReader {
  readonly #buffer: Buffer
  #at: number

  constructor(buffer: Buffer, at = 0) {
    this.#buffer = buffer
    this.#at = at
  }

  get position(): number {
    return this.#at
  }

  messageBegin(): { name: string; type: number; sequence: number } {
    const head = this.i32()
    if (((head >>> 16) & 0xffff) !== 0x8001) {
      throw broken(`it begins with 0x${(head >>> 0).toString(16)}, not with the version of the strict binary protocol`)
    }
    const type = head & 0xff
    return { name: this.string(), type, sequence: this.i32() }
  }

  byte(): number {
    return this.#buffer.readInt8(this.#take(1))
  }

  i16(): number {
    return this.#buffer.readInt16BE(this.#take(2))
  }

  i32(): number {
    return this.#buffer.readInt32BE(this.#take(4))
  }

  i64(): bigint {
    return this.#buffer.readBigInt64BE(this.#take(8))
  }

  binary(): Buffer {
    const length = this.#size()
    const at = this.#take(length)
    return this.#buffer.subarray(at, at + length)
  }

  string(): string {
    return this.binary().toString('utf8')
  }

  struct(depth = 0): ThriftStruct {
    if (depth > maxDepth) throw broken('it is nested too deeply')
    const fields: ThriftStruct = new Map()
    for (let type = this.byte(); type !== wire.stop; type = this.byte()) {
      const id = this.i16()
      fields.set(id, this.value(type, depth + 1))
    }
    return fields
  }

  value(type: number, depth = 0): ThriftValue {
    switch (type) {
      case wire.bool:
        return this.byte() !== 0
      case wire.byte:
        return this.byte()
      case wire.double:
        return this.#buffer.readDoubleBE(this.#take(8))
      case wire.i16:
        return this.i16()
      case wire.i32:
        return this.i32()
      case wire.i64:
        return this.i64()
      case wire.string:
        return this.binary()
      case wire.struct:
        return this.struct(depth)
      case wire.map:
        return this.#map(depth)
      case wire.set:
      case wire.list:
        return this.#list(depth)
      default:
        throw broken(`it holds the unknown type ${type}`)
    }
  }

  #list(depth: number): ThriftValue[] {
    if (depth > maxDepth) throw broken('it is nested too deeply')
    const type = this.byte()
    const size = this.#size()
    const values: ThriftValue[] = []
    for (let count = 0; count < size; count++) values.push(this.value(type, depth + 1))
    return values
  }

  #map(depth: number): [ThriftValue, ThriftValue][] {
    if (depth > maxDepth) throw broken('it is nested too deeply')
    const keyType = this.byte()
    const valueType = this.byte()
    const size = this.#size()
    const entries: [ThriftValue, ThriftValue][] = []
    for (let count = 0; count < size; count++) {
      entries.push([this.value(keyType, depth + 1), this.value(valueType, depth + 1)])
    }
    return entries
  }

  #size(): number {
    const size = this.i32()
    if (size < 0) throw broken(`it holds the size ${size}`)
    return size
  }

  #take(bytes: number): number {
    const at = this.#at
    if (at + bytes > this.#buffer.length) throw new NotEnoughBytes()
    this.#at = at + bytes
    return at
  }
}

export function textOf(value: ThriftValue | undefined): string | undefined {
  return Buffer.isBuffer(value) ? value.toString('utf8') : undefined
}

export function numberOf(value: ThriftValue | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined
}

export function bigintOf(value: ThriftValue | undefined): bigint | undefined {
  return typeof value === 'bigint' ? value : undefined
}

export function structOf(value: ThriftValue | undefined): ThriftStruct | undefined {
  return value instanceof Map ? value : undefined
}

export function listOf(value: ThriftValue | undefined): ThriftValue[] {
  return Array.isArray(value) ? (value as ThriftValue[]) : []
}

function broken(why: string): StarRocksError {
  return new StarRocksError({
    kind: 'UnexpectedAnswer',
    detail: `The answer is no thrift message: ${why}`,
    remedy: 'Check that the port is the frontend’s rpc_port (9020 by default)',
  })
}
