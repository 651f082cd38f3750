/** Largest payload of one MySQL packet; longer ones go on in the next. */
export const LARGEST_PAYLOAD = 0xffffff

/** Builds the payload of one packet. */
export class PayloadWriter {
  readonly #parts: Buffer[] = []

  byte(value: number): this {
    this.#parts.push(Buffer.from([value]))
    return this
  }

  int(value: number, bytes: number): this {
    const part = Buffer.alloc(bytes)
    part.writeUIntLE(value, 0, bytes)
    this.#parts.push(part)
    return this
  }

  bytes(value: Buffer | string): this {
    this.#parts.push(typeof value === 'string' ? Buffer.from(value) : value)
    return this
  }

  zeros(count: number): this {
    this.#parts.push(Buffer.alloc(count))
    return this
  }

  lengthEncoded(value: number): this {
    this.#parts.push(lengthEncodedInt(value))
    return this
  }

  lengthEncodedString(value: string): this {
    const text = Buffer.from(value)
    this.#parts.push(lengthEncodedInt(text.length), text)
    return this
  }

  end(): Buffer {
    return Buffer.concat(this.#parts)
  }
}

export const lengthEncodedInt = (value: number): Buffer => {
  if (value < 251) return Buffer.from([value])
  if (value < 0x10000) return Buffer.from([0xfc, value & 0xff, value >> 8])
  if (value < 0x1000000) return Buffer.from([0xfd, value & 0xff, (value >> 8) & 0xff, value >> 16])
  const long = Buffer.alloc(9)
  long[0] = 0xfe
  long.writeBigUInt64LE(BigInt(value), 1)
  return long
}

/** Frames a payload with its length and sequence number, in several packets when it is long. Returns the next number too. */
export const frame = (payload: Buffer, sequence: number): { buffers: Buffer[]; next: number } => {
  const buffers: Buffer[] = []
  let number = sequence
  let offset = 0
  for (;;) {
    const length = Math.min(payload.length - offset, LARGEST_PAYLOAD)
    const header = Buffer.from([length & 0xff, (length >> 8) & 0xff, length >> 16, number & 0xff])
    buffers.push(header, payload.subarray(offset, offset + length))
    number = (number + 1) & 0xff
    offset += length
    if (length < LARGEST_PAYLOAD) return { buffers, next: number }
  }
}

/** Collects bytes from a socket into whole payloads. */
export class PayloadReader {
  #pending: Buffer = Buffer.alloc(0)
  /** Not yet joined to what is pending: long packets come in very many pieces. */
  #pieces: Buffer[] = []
  #size = 0
  #needed = 4
  #long: Buffer[] = []

  /** Payloads that are complete now, each with the sequence number of its last packet. */
  push(chunk: Buffer): { payload: Buffer; sequence: number }[] {
    this.#pieces.push(chunk)
    this.#size += chunk.length
    if (this.#size < this.#needed) return []
    this.#pending = Buffer.concat([this.#pending, ...this.#pieces])
    this.#pieces = []
    const complete: { payload: Buffer; sequence: number }[] = []
    while (this.#pending.length >= 4) {
      const length = this.#pending.readUIntLE(0, 3)
      if (this.#pending.length < 4 + length) break
      const sequence = this.#pending[3] ?? 0
      this.#long.push(this.#pending.subarray(4, 4 + length))
      this.#pending = this.#pending.subarray(4 + length)
      if (length === LARGEST_PAYLOAD) continue
      complete.push({ payload: Buffer.concat(this.#long), sequence })
      this.#long = []
    }
    this.#size = this.#pending.length
    this.#needed = this.#size < 4 ? 4 : 4 + this.#pending.readUIntLE(0, 3)
    return complete
  }
}
