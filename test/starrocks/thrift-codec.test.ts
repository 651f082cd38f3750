import { describe, expect, it } from 'vitest'
import {
  decodeReply,
  encodeCall,
  type PartitionReplication,
  structOf,
  type TableReplicationRequest,
  ThriftReader,
  type ThriftStruct,
  type ThriftValue,
  ThriftWriter,
  writeTableReplicationRequest,
} from '../../starrocks/index.ts'
import { NotEnoughBytes } from '../../starrocks/thrift/reader.ts'

const hex = (text: string) => Buffer.from(text.replace(/#.*$/gm, '').replace(/\s+/g, ''), 'hex')

const entriesOf = (value: ThriftValue | undefined) => (value ?? []) as [bigint, ThriftValue][]

const small: TableReplicationRequest = {
  username: 'u',
  databaseId: 1n,
  tableId: -2n,
  sourceToken: 't',
  partitions: [
    {
      partitionId: 5n,
      sourceVersion: 7n,
      sourceVersionEpoch: 455851983377530881n,
      indexes: [
        {
          indexId: 6n,
          sourceSchemaHash: -2,
          tablets: [{ tabletId: 8n, sourceTabletId: 9n, backends: [{ host: 'h', bePort: 9060, httpPort: 8040 }] }],
        },
      ],
    },
  ],
  jobId: 'j',
}

describe('a small request, byte by byte', () => {
  const expected = hex(`
    80010001                                  # version 1, CALL
    00000015 7374617274 5461626c65 5265706c69636174696f6e   # "startTableReplication"
    00000001                                  # sequence
    0c 0001                                   # argument 1, a struct
      0b 0001 00000001 75                     # username "u"
      0a 0003 0000000000000001                # database
      0a 0004 fffffffffffffffe                # table -2
      0b 0005 00000001 74                     # token "t"
      08 0006 00000001                        # OLAP_TABLE
      0d 0008 0a 0c 00000001                  # partitions, map<i64, struct> of 1
        0000000000000005
          0a 0001 0000000000000005
          0a 0002 0000000000000007
          0d 0003 0a 0c 00000001              # indexes
            0000000000000006
              0a 0001 0000000000000006
              08 0002 fffffffe                # schema hash -2
              0d 0003 0a 0c 00000001          # tablets
                0000000000000008
                  0a 0001 0000000000000008
                  0a 0002 0000000000000009
                  0f 0003 0c 00000001         # replicas, list<struct> of 1
                    0c 0001                   # backend
                      0b 0001 00000001 68
                      08 0002 00002364
                      08 0003 00001f68
                    00
                    00
                00
            00
          0a 0004 065382f6b3600001            # epoch
        00
      0b 0009 00000001 6a                     # job id "j"
    00
    00`)

  it('is what the strict binary protocol says', () => {
    const bytes = encodeCall('startTableReplication', (writer) => writeTableReplicationRequest(writer, small))
    expect(bytes.toString('hex')).toBe(expected.toString('hex'))
  })
})

describe('values', () => {
  it.each([-(2n ** 63n), 2n ** 63n - 1n, 0n, -1n, 9007199254740993n, 455851983377530881n])(
    'i64 %s survives',
    (value) => {
      const writer = new ThriftWriter(1)
      writer.i64Field(1, value)
      writer.stop()
      expect(new ThriftReader(writer.bytes()).struct().get(1)).toBe(value)
    },
  )

  it.each([-(2 ** 31), 2 ** 31 - 1, -1, 0, 1992820813])('i32 %s survives', (value) => {
    const writer = new ThriftWriter(1)
    writer.i32Field(1, value)
    writer.stop()
    expect(new ThriftReader(writer.bytes()).struct().get(1)).toBe(value)
  })

  it.each(['', 'x', 'ü数🦊', 'a'.repeat(5000)])('string %j survives', (value) => {
    const writer = new ThriftWriter(1)
    writer.stringField(1, value)
    writer.stop()
    expect((new ThriftReader(writer.bytes()).struct().get(1) as Buffer).toString()).toBe(value)
  })

  it('refuses a schema hash that is no 32-bit number rather than cutting it', () => {
    const writer = new ThriftWriter()
    expect(() => writer.i32(2 ** 31)).toThrow(RangeError)
  })

  it('skips fields of all types that it does not know', () => {
    const bytes = hex(`
      02 0001 01
      03 0002 7f
      04 0003 3ff8000000000000
      06 0004 ffff
      0e 0005 08 00000002 00000001 00000002
      0d 0006 0b 0f 00000001 00000001 61 02 00000002 0100
      0c 0007 00
      00`)
    const struct = new ThriftReader(bytes).struct()
    expect(struct.get(1)).toBe(true)
    expect(struct.get(2)).toBe(127)
    expect(struct.get(3)).toBe(1.5)
    expect(struct.get(4)).toBe(-1)
    expect(struct.get(5)).toEqual([1, 2])
    expect(struct.get(6)).toEqual([[Buffer.from('a'), [true, false]]])
    expect(struct.get(7)).toEqual(new Map())
  })

  it('does not let nesting exhaust the stack, nor sizes the memory', () => {
    expect(() => new ThriftReader(Buffer.concat([Buffer.from('0c0001'.repeat(100_000), 'hex')])).struct()).toThrow(
      /nested/,
    )
    expect(() => new ThriftReader(Buffer.from('0f0001087fffffff', 'hex')).struct()).toThrow(NotEnoughBytes)
    expect(() => new ThriftReader(Buffer.from('0b0001ffffffff', 'hex')).struct()).toThrow(/size -1/)
  })
})

describe('answers', () => {
  const status = (code: string, messages = '') =>
    `80010002 00000003 666f6f 00000001 0c 0000 0c 0001 08 0001 ${code} ${messages} 00 00 00`

  it('are complete or not yet', () => {
    const whole = hex(status('00000000'))
    for (let length = 0; length < whole.length; length++)
      expect(decodeReply('foo', whole.subarray(0, length))).toBeUndefined()
    expect(structOf(decodeReply('foo', whole)?.get(1))?.get(1)).toBe(0)
  })

  it('tell exceptions', () => {
    const unknown = hex(`80010003 00000003 666f6f 00000001 0b 0001 00000004 6e6f7065 08 0002 00000001 00`)
    expect(() => decodeReply('foo', unknown)).toThrowError(expect.objectContaining({ kind: 'Unsupported' }))
    const internal = hex(`80010003 00000003 666f6f 00000001 0b 0001 00000004 6e6f7065 08 0002 00000006 00`)
    expect(() => decodeReply('foo', internal)).toThrowError(expect.objectContaining({ kind: 'OutcomeUnknown' }))
  })

  it('of somebody else are refused', () => {
    expect(() => decodeReply('foo', Buffer.from('HTTP/1.1 400 Bad Request\r\n'))).toThrow(/rpc_port/)
    expect(() => decodeReply('bar', hex(status('00000000')))).toThrow(/answered with/)
  })
})

describe('a large request', () => {
  it('holds 100,000 tablets with 3 replicas each, taken from generators, and reads back', () => {
    const backends = [1, 2, 3].map((number) => ({ host: `10.0.0.${number}`, bePort: 9060, httpPort: 8040 }))
    function* tablets(base: bigint) {
      for (let place = 0n; place < 100n; place++)
        yield { tabletId: base + place, sourceTabletId: base + place + 5_000_000n, backends }
    }
    function* partitions(): Generator<PartitionReplication> {
      for (let place = 0n; place < 1000n; place++) {
        const base = 10_000_000n + place * 1000n
        yield {
          partitionId: base,
          sourceVersion: 3n,
          sourceVersionEpoch: 455851983377530881n,
          indexes: [{ indexId: base + 1n, sourceSchemaHash: -5, tablets: tablets(base + 2n) }],
        }
      }
    }
    const bytes = encodeCall('startTableReplication', (writer) =>
      writeTableReplicationRequest(writer, { ...small, partitions: partitions() }),
    )
    expect(bytes.length).toBeLessThan(25_000_000)
    const reader = new ThriftReader(bytes)
    expect(reader.messageBegin()).toEqual({ name: 'startTableReplication', type: 1, sequence: 1 })
    const request = reader.struct().get(1) as ThriftStruct
    expect(reader.position).toBe(bytes.length)
    const entries = entriesOf(request.get(8))
    expect(entries).toHaveLength(1000)
    const [key, partition] = entries.at(-1) ?? []
    expect(key).toBe(10_999_000n)
    const [, index] = entriesOf(structOf(partition)?.get(3))[0] ?? []
    const [, tablet] = entriesOf(structOf(index)?.get(3)).at(-1) ?? []
    expect(structOf(tablet)?.get(2)).toBe(15_999_101n)
    expect(structOf(tablet)?.get(3)).toHaveLength(3)
  })
})
