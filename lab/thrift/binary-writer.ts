import { TType } from './binary-reader.ts'

/** Writes the few shapes of answers that a lab frontend gives. */
export class BinaryWriter {
  private readonly parts: Buffer[] = []

  bytes(): Buffer {
    return Buffer.concat(this.parts)
  }

  i8(value: number): this {
    this.parts.push(Buffer.from([value & 0xff]))
    return this
  }

  i16(value: number): this {
    const part = Buffer.alloc(2)
    part.writeInt16BE(value)
    this.parts.push(part)
    return this
  }

  i32(value: number): this {
    const part = Buffer.alloc(4)
    part.writeInt32BE(value)
    this.parts.push(part)
    return this
  }

  i64(value: bigint): this {
    const part = Buffer.alloc(8)
    part.writeBigInt64BE(value)
    this.parts.push(part)
    return this
  }

  string(value: string): this {
    const text = Buffer.from(value)
    this.i32(text.length)
    this.parts.push(text)
    return this
  }

  message(name: string, type: number, sequence: number): this {
    return this.i32(0x80010000 | type | 0)
      .string(name)
      .i32(sequence)
  }

  field(type: number, id: number): this {
    return this.i8(type).i16(id)
  }

  stop(): this {
    return this.i8(TType.stop)
  }

  list<T>(type: number, items: readonly T[], write: (item: T) => void): this {
    this.i8(type).i32(items.length)
    items.forEach(write)
    return this
  }
}
