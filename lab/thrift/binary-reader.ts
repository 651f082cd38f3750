/** More bytes are needed to read on. */
export class Incomplete extends Error {
  override name = 'Incomplete'
}

/** Bytes that are no TBinaryProtocol message. */
export class ProtocolError extends Error {
  override name = 'ProtocolError'
}

export const TType = {
  stop: 0,
  bool: 2,
  byte: 3,
  double: 4,
  i16: 6,
  i32: 8,
  i64: 10,
  string: 11,
  struct: 12,
  map: 13,
  set: 14,
  list: 15,
} as const

/** Reads TBinaryProtocol in strict mode, as a frontend with `thrift_rpc_strict_mode` does. */
export class BinaryReader {
  position = 0
  private readonly bytes: Buffer

  constructor(bytes: Buffer) {
    this.bytes = bytes
  }

  private take(count: number): number {
    if (count < 0) throw new ProtocolError(`Negative size: ${count}`)
    const at = this.position
    if (at + count > this.bytes.length) throw new Incomplete()
    this.position += count
    return at
  }

  i8(): number {
    return this.bytes.readInt8(this.take(1))
  }

  i16(): number {
    return this.bytes.readInt16BE(this.take(2))
  }

  i32(): number {
    return this.bytes.readInt32BE(this.take(4))
  }

  i64(): bigint {
    return this.bytes.readBigInt64BE(this.take(8))
  }

  string(): string {
    const length = this.i32()
    const at = this.take(length)
    return this.bytes.toString('utf8', at, at + length)
  }

  /** @throws ProtocolError for a message without the version that strict mode demands */
  messageBegin(): { name: string; type: number; sequence: number } {
    const header = this.i32()
    if (header >= 0) throw new ProtocolError('Missing version in readMessageBegin, old client?')
    if ((header & 0xffff0000) >>> 0 !== 0x80010000) throw new ProtocolError('Bad version in readMessageBegin')
    return { name: this.string(), type: header & 0xff, sequence: this.i32() }
  }

  /** Reads a struct field by field; a field that `read` does not know, or that has another type, is skipped. */
  struct(read: (id: number, type: number) => boolean): void {
    for (;;) {
      const type = this.i8()
      if (type === TType.stop) return
      const id = this.i16()
      if (!read(id, type)) this.skip(type)
    }
  }

  list<T>(read: () => T): T[] {
    this.i8()
    const size = this.i32()
    const items: T[] = []
    for (let i = 0; i < size; i++) items.push(read())
    return items
  }

  /** A map with 64-bit keys, read exactly; a later entry of the same key takes the place of the former. */
  mapOfI64<T>(read: () => T): Map<bigint, T> {
    const keyType = this.i8()
    this.i8()
    const size = this.i32()
    if (size > 0 && keyType !== TType.i64) throw new ProtocolError(`Unexpected map key type ${keyType}`)
    const map = new Map<bigint, T>()
    for (let i = 0; i < size; i++) map.set(this.i64(), read())
    return map
  }

  skip(type: number): void {
    switch (type) {
      case TType.bool:
      case TType.byte:
        this.take(1)
        return
      case TType.i16:
        this.take(2)
        return
      case TType.i32:
        this.take(4)
        return
      case TType.i64:
      case TType.double:
        this.take(8)
        return
      case TType.string:
        this.take(this.i32())
        return
      case TType.struct:
        this.struct(() => false)
        return
      case TType.list:
      case TType.set: {
        const item = this.i8()
        for (let left = this.i32(); left > 0; left--) this.skip(item)
        return
      }
      case TType.map: {
        const key = this.i8()
        const value = this.i8()
        for (let left = this.i32(); left > 0; left--) {
          this.skip(key)
          this.skip(value)
        }
        return
      }
      default:
        throw new ProtocolError(`Unrecognized type ${type}`)
    }
  }
}
