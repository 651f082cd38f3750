/** Thrift's wire types (TType). */
export const wire = {
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

const versionOne = 0x80010000

/** Message types. */
export const message = { call: 1, reply: 2, exception: 3, oneway: 4 } as const

/**
 * Writes TBinaryProtocol, strict: big-endian, a version in front of each message. The buffer doubles as it fills, so that a request of
 * hundreds of thousands of structs costs a few copies and no object graph.
 */
export class ThriftWriter {
  #buffer: Buffer
  #length = 0

  constructor(initialBytes = 1024) {
    this.#buffer = Buffer.allocUnsafe(initialBytes)
  }

  get length(): number {
    return this.#length
  }

  /** What was written; valid until more is. */
  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }

  messageBegin(name: string, type: number, sequence: number): void {
    this.i32(versionOne | type | 0)
    this.string(name)
    this.i32(sequence)
  }

  field(type: number, id: number): void {
    const at = this.#grow(3)
    this.#buffer[at] = type
    this.#buffer.writeInt16BE(id, at + 1)
  }

  stop(): void {
    const at = this.#grow(1)
    this.#buffer[at] = wire.stop
  }

  bool(value: boolean): void {
    const at = this.#grow(1)
    this.#buffer[at] = value ? 1 : 0
  }

  i32(value: number): void {
    const at = this.#grow(4)
    this.#buffer.writeInt32BE(value, at)
  }

  i64(value: bigint): void {
    const at = this.#grow(8)
    this.#buffer.writeBigInt64BE(value, at)
  }

  string(value: string): void {
    // Three bytes are the most that UTF-8 needs for one UTF-16 unit.
    const at = this.#grow(4 + value.length * 3)
    const bytes = this.#buffer.write(value, at + 4, 'utf8')
    this.#buffer.writeInt32BE(bytes, at)
    this.#length = at + 4 + bytes
  }

  /** What another writer wrote. */
  raw(bytes: Buffer): void {
    const at = this.#grow(bytes.length)
    bytes.copy(this.#buffer, at)
  }

  /** Begins a list and gives the function that fills in its size afterwards, when it is known. */
  list(type: number): (size: number) => void {
    const at = this.#grow(5)
    this.#buffer[at] = type
    return (size) => this.#buffer.writeInt32BE(size, at + 1)
  }

  /** Begins a map, likewise. */
  map(keyType: number, valueType: number): (size: number) => void {
    const at = this.#grow(6)
    this.#buffer[at] = keyType
    this.#buffer[at + 1] = valueType
    return (size) => this.#buffer.writeInt32BE(size, at + 2)
  }

  i64Field(id: number, value: bigint | undefined): void {
    if (value === undefined) return
    this.field(wire.i64, id)
    this.i64(value)
  }

  i32Field(id: number, value: number | undefined): void {
    if (value === undefined) return
    this.field(wire.i32, id)
    this.i32(value)
  }

  stringField(id: number, value: string | undefined): void {
    if (value === undefined) return
    this.field(wire.string, id)
    this.string(value)
  }

  #grow(bytes: number): number {
    const at = this.#length
    const needed = at + bytes
    if (needed > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2))
      this.#buffer.copy(larger, 0, 0, at)
      this.#buffer = larger
    }
    this.#length = needed
    return at
  }
}
