import net, { type AddressInfo, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import {
  type Address,
  createPartition,
  createPartitionsByLoad,
  loadTxnBegin,
  loadTxnRollback,
  startTableReplication,
  structOf,
  type TableReplicationRequest,
  ThriftReader,
  type ThriftStruct,
  ThriftWriter,
  textOf,
  wire,
} from '../../starrocks/index.ts'
import { NotEnoughBytes } from '../../starrocks/thrift/reader.ts'

const cleanUp: (() => void)[] = []

afterEach(() => {
  for (const act of cleanUp.splice(0)) act()
})

interface Call {
  method: string
  request: ThriftStruct
}

/** An rpc_port: decodes real requests from a real socket, and answers with what `answer` writes to it. */
async function rpcPort(
  answer: (call: Call, socket: Socket) => void,
): Promise<{ address: Address; calls: Call[]; connections: () => number }> {
  const calls: Call[] = []
  let connections = 0
  const server = net.createServer((socket) => {
    connections++
    let received = Buffer.alloc(0)
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk])
      try {
        const reader = new ThriftReader(received)
        const { name } = reader.messageBegin()
        const call = { method: name, request: structOf(reader.struct().get(1)) ?? new Map() }
        calls.push(call)
        answer(call, socket)
      } catch (error) {
        if (!(error instanceof NotEnoughBytes)) socket.destroy()
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanUp.push(() => server.close())
  return {
    address: { host: '127.0.0.1', port: (server.address() as AddressInfo).port },
    calls,
    connections: () => connections,
  }
}

/** A reply whose result has a status and what `more` writes. */
function reply(
  method: string,
  code: number,
  messages: string[] = [],
  more: (writer: ThriftWriter) => void = () => undefined,
): Buffer {
  const writer = new ThriftWriter()
  writer.messageBegin(method, 2, 1)
  writer.field(wire.struct, 0)
  writer.field(wire.struct, 1)
  writer.i32Field(1, code)
  writer.field(wire.list, 2)
  const size = writer.list(wire.string)
  for (const text of messages) writer.string(text)
  size(messages.length)
  writer.stop()
  more(writer)
  writer.stop()
  writer.stop()
  return writer.bytes()
}

const request: TableReplicationRequest = {
  username: 'root',
  password: 'hush-hush',
  databaseId: 10n,
  tableId: 11n,
  sourceToken: 'token-token',
  sourceTableDataSize: 12345678901234n,
  partitions: [{ partitionId: 12n, sourceVersion: 3n, indexes: [] }],
  jobId: 'job-1',
  sourceRunMode: 'shared_data',
  sourceStorageVolume: 'src_v',
  sourceServiceId: 'service',
  sourceDatabaseId: 20n,
  sourceTableId: 21n,
}

describe('startTableReplication', () => {
  it('sends all fields and takes OK', async () => {
    const port = await rpcPort(({ method }, socket) => socket.end(reply(method, 0)))
    await startTableReplication(port.address, request)
    const sent = port.calls[0]?.request
    expect([...(sent?.keys() ?? [])]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14])
    expect(sent?.get(3)).toBe(10n)
    expect(sent?.get(6)).toBe(1)
    expect(sent?.get(7)).toBe(12345678901234n)
    expect(textOf(sent?.get(9))).toBe('job-1')
    expect(sent?.get(10)).toBe(1)
    expect(sent?.get(14)).toBe(21n)
  })

  it('takes an answer that comes byte by byte', async () => {
    const port = await rpcPort(async ({ method }, socket) => {
      for (const byte of reply(method, 6, ['No data need to replicate'])) {
        socket.write(Buffer.of(byte))
        await new Promise((resolve) => setImmediate(resolve))
      }
    })
    await expect(startTableReplication(port.address, request)).rejects.toMatchObject({ kind: 'NothingToReplicate' })
  })

  it.each([
    ['TargetAhead', 'Target data version: 4 is larger than source data version: 3'],
    ['Stale', 'Tablet 9 in index 8 in table t not found'],
    ['Busy', 'Replication job of table 11 is already running'],
    ['Unknown', 'Quite a new one'],
  ])('tells %s', async (kind, text) => {
    const port = await rpcPort(({ method }, socket) => socket.end(reply(method, 6, [text])))
    const error = await startTableReplication(port.address, request).catch((reason) => reason)
    expect(error.kind).toBe(kind)
    expect(error.message).toContain(text)
  })

  it('goes by the status where it says something', async () => {
    const port = await rpcPort(({ method }, socket) => socket.end(reply(method, 63, ['leader transferred'])))
    await expect(startTableReplication(port.address, request)).rejects.toMatchObject({ kind: 'NotLeader' })
  })

  it('hides secrets that the frontend repeats', async () => {
    const port = await rpcPort(({ method }, socket) =>
      socket.end(reply(method, 6, ['cannot use token-token of hush-hush'])),
    )
    const error = await startTableReplication(port.address, request).catch((reason) => reason)
    expect(error.message).toContain('cannot use ****** of ******')
  })

  it('refuses a job id that cannot be part of a label, before it connects', async () => {
    const port = await rpcPort((_, socket) => socket.destroy())
    await expect(startTableReplication(port.address, { ...request, jobId: 'a b' })).rejects.toMatchObject({
      kind: 'Refused',
    })
    expect(port.connections()).toBe(0)
  })
})

describe('the connection', () => {
  it('that cannot be made leaves nothing behind', async () => {
    const port = await rpcPort(() => undefined)
    for (const act of cleanUp.splice(0)) act()
    await expect(startTableReplication(port.address, request)).rejects.toMatchObject({
      kind: 'Unreachable',
      name: 'UnreachableError',
    })
  })

  it('that is closed after the request leaves the outcome unknown', async () => {
    const port = await rpcPort((_, socket) => socket.end())
    const error = await startTableReplication(port.address, request).catch((reason) => reason)
    expect(error).toMatchObject({ kind: 'OutcomeUnknown', name: 'OutcomeUnknownError' })
    expect(error.message).not.toMatch(/hush|token-token/)
    expect(port.calls).toHaveLength(1)
  })

  it('that breaks in the middle of the answer leaves the outcome unknown', async () => {
    const port = await rpcPort(({ method }, socket) =>
      socket.write(reply(method, 0).subarray(0, 20), () => socket.destroy()),
    )
    await expect(startTableReplication(port.address, request)).rejects.toMatchObject({ kind: 'OutcomeUnknown' })
  })

  it('that stays silent leaves the outcome unknown', async () => {
    const port = await rpcPort(() => undefined)
    await expect(startTableReplication(port.address, request, { timeoutMs: 50 })).rejects.toMatchObject({
      kind: 'OutcomeUnknown',
    })
  })

  it('aborted after the request leaves the outcome unknown', async () => {
    const controller = new AbortController()
    const port = await rpcPort(() => controller.abort(new Error('stop')))
    await expect(startTableReplication(port.address, request, { signal: controller.signal })).rejects.toMatchObject({
      kind: 'OutcomeUnknown',
    })
  })

  it('is not made after an abort', async () => {
    const port = await rpcPort(() => undefined)
    await expect(
      startTableReplication(port.address, request, { signal: AbortSignal.abort(new Error('stop')) }),
    ).rejects.toThrow('stop')
    expect(port.connections()).toBe(0)
  })

  it('to another kind of server is told apart', async () => {
    const port = await rpcPort((_, socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'))
    await expect(startTableReplication(port.address, request)).rejects.toMatchObject({ kind: 'UnexpectedAnswer' })
  })

  it('belongs to one call', async () => {
    const port = await rpcPort(({ method }, socket) => socket.write(reply(method, 0)))
    await startTableReplication(port.address, request)
    await startTableReplication(port.address, request)
    expect(port.connections()).toBe(2)
  })
})

describe('partitions by load', () => {
  const target = { user: 'root', password: 'hush-hush', database: 'd', table: 't' }
  const wanted = { label: 'starferry-1', databaseId: 1n, tableId: 2n, values: [['2024-01-04'], ['NULL']] }

  it('are created under a transaction that is rolled back', async () => {
    const port = await rpcPort(({ method }, socket) =>
      socket.end(reply(method, 0, [], (writer) => writer.i64Field(2, 77n))),
    )
    await createPartitionsByLoad(port.address, target, wanted)
    expect(port.calls.map((call) => call.method)).toEqual(['loadTxnBegin', 'createPartition', 'loadTxnRollback'])
    const [begin, create, rollback] = port.calls
    expect([2, 3, 4, 5, 7].map((id) => textOf(begin?.request.get(id)))).toEqual([
      'root',
      'hush-hush',
      'd',
      't',
      'starferry-1',
    ])
    expect(create?.request.get(1)).toBe(77n)
    expect(create?.request.get(4)).toEqual([[Buffer.from('2024-01-04')], [Buffer.from('NULL')]])
    expect(rollback?.request.get(7)).toBe(77n)
  })

  it('are rolled back when they fail, and the failure is told', async () => {
    const port = await rpcPort(({ method }, socket) =>
      socket.end(
        method === 'createPartition'
          ? reply(method, 4, ['dbId=1 tableId=2 is not exists'])
          : reply(method, 0, [], (writer) => writer.i64Field(2, 77n)),
      ),
    )
    await expect(createPartitionsByLoad(port.address, target, wanted)).rejects.toMatchObject({ kind: 'Stale' })
    expect(port.calls.at(-1)?.method).toBe('loadTxnRollback')
  })

  it('do not mind the complaint of 3.1 and 3.3 about a rollback that took effect', async () => {
    const complaint =
      'Cannot invoke "com.starrocks.thrift.TTxnCommitAttachment.getLoadType()" because "request.txnCommitAttachment" is null'
    const port = await rpcPort(({ method }, socket) => socket.end(reply(method, 6, [complaint])))
    await loadTxnRollback(port.address, { ...target, txnId: 5n })
  })

  it('tell who is not allowed', async () => {
    const port = await rpcPort(({ method }, socket) =>
      socket.end(reply(method, 2, ["Access denied for user 'nobody' (using password: YES)"])),
    )
    await expect(loadTxnRollback(port.address, { ...target, txnId: 5n })).rejects.toMatchObject({ kind: 'Denied' })
  })

  it('tell a label that was used, and an answer without an id', async () => {
    const used = await rpcPort(({ method }, socket) =>
      socket.end(reply(method, 15, ['Label [x] has already been used.'])),
    )
    await expect(loadTxnBegin(used.address, { ...target, label: 'x' })).rejects.toMatchObject({ kind: 'AlreadyExists' })
    const odd = await rpcPort(({ method }, socket) => socket.end(reply(method, 0)))
    await expect(loadTxnBegin(odd.address, { ...target, label: 'x' })).rejects.toMatchObject({
      kind: 'UnexpectedAnswer',
    })
  })

  it('tell a transaction that is over', async () => {
    const port = await rpcPort(({ method }, socket) =>
      socket.end(reply(method, 4, ['automatic create partition failed. error: txn 99999 not exist'])),
    )
    await expect(
      createPartition(port.address, { txnId: 99999n, databaseId: 1n, tableId: 2n, values: [['x']] }),
    ).rejects.toMatchObject({ kind: 'Stale' })
  })
})
