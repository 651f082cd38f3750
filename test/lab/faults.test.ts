import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { LabFault } from '../../lab/faults/fault.ts'
import type { LabDatabase, LabTable } from '../../lab/model.ts'
import { addDatabase, addTable, load, physicalOf, TestCluster } from './support/cluster.ts'
import { replicationRequest } from './support/request.ts'
import { waitFor } from './support/wait.ts'
import { type Answer, call, callBytes, exchange } from './support/wire.ts'

let source: TestCluster
let target: TestCluster
let from: LabDatabase
let to: LabDatabase
let original: LabTable
let copy: LabTable

beforeEach(async () => {
  source = await TestCluster.start()
  target = await TestCluster.start({ frontends: 2 })
  from = addDatabase(source.state, 'db')
  to = addDatabase(target.state, 'db')
  original = addTable(source.state, from, 't')
  copy = addTable(target.state, to, 't')
  load(source, from, original, [
    [1, 'a'],
    [2, 'b'],
  ])
})
afterEach(async () => {
  await Promise.all([source.stop(), target.stop()])
})

const request = () => replicationRequest({ db: to, table: copy, source: { state: source.state, table: original } })
const send = async (port = target.rpcPort): Promise<Answer> => await call(port, 'startTableReplication', request())
const job = () => target.state.replicationJobs.find((one) => one.tableId === copy.id)
const ended = () => waitFor(() => (job()?.finishedMs === undefined ? undefined : job()), 'the job to end')
const inject = (fault: LabFault) => target.services.faults.inject(fault)

describe('calls', () => {
  test('cut before the act: nothing was sent', async () => {
    const fault = inject({ kind: 'drop-rpc', cut: 'before', times: 1 })
    expect(await send()).toEqual({ closed: true })
    expect(target.services.replication.sentJobs).toEqual([])
    expect(fault.struck).toBe(1)
    expect(await send()).toEqual({ status: 'OK' })
  })

  test('reply lost after the act: the job runs', async () => {
    inject({ kind: 'drop-rpc', cut: 'after', method: 'startTableReplication', times: 1 })
    expect(await send()).toEqual({ closed: true })
    expect((await ended()).state).toBe('COMMITTED')
    expect(target.services.replication.sentJobs).toHaveLength(1)
  })

  test('http requests, the same', async () => {
    const url = `http://127.0.0.1:${target.httpPort}/api/health`
    const fault = inject({ kind: 'drop-http', cut: 'after', match: /health/, times: 1 })
    await expect(fetch(url)).rejects.toThrow()
    expect(fault.struck).toBe(1)
    expect((await fetch(url)).status).toBe(200)
  })

  test('skip and times choose the chances, a seeded probability repeats itself', () => {
    const chances = (seed: number) => {
      target.services.faults.seed(seed)
      const fault = inject({ kind: 'drop-mysql', cut: 'before', probability: 0.5 })
      const hits = Array.from({ length: 30 }, () => target.services.faults.beforeStatement('SELECT 1').drop)
      fault.clear()
      return hits.join()
    }
    expect(chances(5)).toBe(chances(5))
    expect(chances(5)).not.toBe(chances(6))
    inject({ kind: 'drop-mysql', cut: 'after', match: /^INSERT/, skip: 1, times: 1 })
    const statements = ['SELECT 1', 'INSERT a', 'INSERT b', 'INSERT c']
    expect(statements.map((sql) => target.services.faults.losesAnswer(sql))).toEqual([false, false, true, false])
  })
})

describe('jobs', () => {
  test.each<[LabFault, string, string]>([
    [{ kind: 'abort-job', error: 'because', state: 'SNAPSHOTING' }, 'ABORTED', 'because'],
    [{ kind: 'fail-snapshot' }, 'ABORTED', 'Source snapshots is empty'],
    [{ kind: 'slow-jobs', factor: 3 }, 'COMMITTED', ''],
    [{ kind: 'delay-publish', ms: 200 }, 'COMMITTED', ''],
  ])('%o', async (fault, state, error) => {
    const injected = inject(fault)
    expect(await send()).toEqual({ status: 'OK' })
    expect(await ended()).toMatchObject({ state, error })
    expect(injected.struck).toBeGreaterThan(0)
  })

  test('busy: refused as if the limit were reached', async () => {
    inject({ kind: 'busy', times: 1 })
    expect(await send()).toEqual({
      status: 'INTERNAL_ERROR',
      message: 'The replication jobs exceeds the replication_max_parallel_table_count: 100',
    })
    expect(await send()).toEqual({ status: 'OK' })
  })

  test('lost: taken, and never seen again', async () => {
    inject({ kind: 'lose-job', table: 'db.t', times: 1 })
    expect(await send()).toEqual({ status: 'OK' })
    expect(job()).toBeUndefined()
    expect(target.services.replication.sentJobs).toHaveLength(1)
    expect(await send()).toEqual({ status: 'OK' })
    expect((await ended()).state).toBe('COMMITTED')
  })

  test('frozen until it is cleared', async () => {
    const fault = inject({ kind: 'freeze-jobs' })
    await send()
    await waitFor(() => fault.struck > 5, 'the fault to strike')
    expect(job()?.state).toBe('INITIALIZING')
    fault.clear()
    expect((await ended()).state).toBe('COMMITTED')
    expect(target.services.faults.struck).toBeGreaterThan(5)
  })
})

describe('nodes and frontends', () => {
  test('disk usage and a dead node are seen in the state, and undone', () => {
    const [node] = target.state.nodes
    const disk = inject({ kind: 'disk-usage', node: 0, percent: 91 })
    const dead = inject({ kind: 'node-down', node: 0, how: 'dead' })
    expect(node).toMatchObject({ diskUsed: 91, alive: false })
    disk.clear()
    dead.clear()
    expect(node).toMatchObject({ diskUsed: 10, alive: true })
  })

  test('a stale frontend answers from what it knew', () => {
    const fault = inject({ kind: 'stale-frontend', frontend: 1 })
    load(target, to, copy, [[9, 'z']])
    const known = target.services.faults.stateOf(1).databases.get('db')?.objects.get('t') as LabTable
    expect(physicalOf(known).dataVersion).toBe(1n)
    expect(target.services.faults.stateOf(0)).toBe(target.state)
    fault.clear()
    expect(target.services.faults.stateOf(1)).toBe(target.state)
  })

  test('download handler: token before path, and no answer from a node that is down', async () => {
    const [node] = source.state.nodes
    const get = async (token: string) => {
      const answer = await fetch(`http://127.0.0.1:${node?.httpPort}/api/_tablet/_download?${token}&type=V2&file=/`)
      return [answer.status, await answer.text()]
    }
    expect(await get('token=wrong')).toEqual([200, 'invalid token.'])
    expect(await get('')).toEqual([200, 'token is not specified.'])
    expect(await get(`token=${source.state.token}`)).toEqual([200, 'file path is not allowed: /'])
    source.services.faults.inject({ kind: 'node-down', node: 0, how: 'unreachable' })
    await expect(get('token=x')).rejects.toThrow()
  })

  test('followers hand requests on, and send HTTP clients to the leader', async () => {
    const [leader, follower] = target.state.frontends
    expect(await send(follower?.rpcPort)).toEqual({ status: 'OK' })
    const answer = await fetch(`http://127.0.0.1:${follower?.httpPort}/api/db/x/_cancel?label=x`, {
      method: 'POST',
      redirect: 'manual',
      headers: { authorization: `Basic ${btoa('root:')}` },
    })
    expect(answer.status).toBe(307)
    expect(answer.headers.get('location')).toBe(`http://127.0.0.1:${leader?.httpPort}/api/db/x/_cancel?label=x`)
  })

  test('a leader switch loses what had not begun', async () => {
    inject({ kind: 'freeze-jobs' })
    await send()
    expect(job()?.state).toBe('INITIALIZING')
    await target.services.switchLeader(1)
    expect(target.state.frontends.map((one) => [one.role, one.alive])).toEqual([
      ['FOLLOWER', true],
      ['LEADER', true],
    ])
    expect(job()).toBeUndefined()
    target.services.faults.clear()
    expect(await send(target.state.frontends[1]?.rpcPort)).toEqual({ status: 'OK' })
    expect((await ended()).state).toBe('COMMITTED')
  })

  test('a leader that is killed while a job runs: the next one aborts it', async () => {
    inject({ kind: 'slow-jobs', factor: 1000 })
    await send()
    await waitFor(() => job()?.state === 'SNAPSHOTING', 'the job to begin')
    await target.services.killFrontend(0)
    expect(job()).toMatchObject({ state: 'ABORTED', error: 'Transaction not found' })
    await expect(send()).rejects.toThrow('ECONNREFUSED')
    await target.services.restartFrontend(0)
    expect(target.state.frontends.map((one) => one.role)).toEqual(['FOLLOWER', 'LEADER'])
    target.services.faults.clear()
    expect(await send()).toEqual({ status: 'OK' })
  })

  test('the only frontend killed and started again: jobs abort at the restart, settings are those of the start', async () => {
    const single = await TestCluster.start()
    const db = addDatabase(single.state, 'db')
    const table = addTable(single.state, db, 't')
    single.services.faults.inject({ kind: 'slow-jobs', factor: 1000 })
    const port = single.rpcPort
    const bytes = callBytes(
      'startTableReplication',
      replicationRequest({ db, table, source: { state: source.state, table: original } }),
    )
    await exchange(port, bytes)
    await waitFor(() => single.state.replicationJobs[0]?.state === 'SNAPSHOTING', 'the job to begin')
    const setting = single.state.config.get('replication_max_parallel_table_count')
    if (setting) setting.value = '7'
    await single.services.killFrontend(0)
    expect(single.state.replicationJobs[0]?.state).toBe('SNAPSHOTING')
    await single.services.restartFrontend(0)
    expect(single.rpcPort).toBe(port)
    expect(single.state.replicationJobs[0]).toMatchObject({ state: 'ABORTED', error: 'Transaction not found' })
    expect(setting?.value).toBe('100')
    await single.stop()
  })
})

describe('the wire', () => {
  test('an unknown method is an exception, and garbage or an unversioned header ends the connection', async () => {
    expect(await call(target.rpcPort, 'noSuchMethod', { struct: {} })).toEqual({
      exception: { type: 1, message: "Invalid method name: 'noSuchMethod'" },
    })
    const old = callBytes('startTableReplication', { struct: {} })
    old.writeInt32BE(20, 0)
    expect(await exchange(target.rpcPort, old)).toHaveLength(0)
    expect(await exchange(target.rpcPort, Buffer.from('GET / HTTP/1.1\r\n\r\n'))).toHaveLength(0)
  })

  test('a required field that is missing is a protocol error', async () => {
    const bent = replicationRequest({
      db: to,
      table: copy,
      source: { state: source.state, table: original },
      backends: () => [{ struct: { 1: { struct: { 1: { text: 'h' }, 3: { i32: 1 } } } } }],
    })
    expect(await call(target.rpcPort, 'startTableReplication', bent)).toMatchObject({
      exception: { type: 7, message: expect.stringContaining("Required field 'be_port'") },
    })
  })

  test('a request of many tablets in many pieces', async () => {
    const wide = { buckets: 2000 }
    const big = addTable(source.state, from, 'big', wide)
    const bigCopy = addTable(target.state, to, 'big', wide)
    load(source, from, big, [[1, 'x']])
    const bytes = replicationRequest({ db: to, table: bigCopy, source: { state: source.state, table: big } })
    expect(await call(target.rpcPort, 'startTableReplication', bytes, 40)).toEqual({ status: 'OK' })
    await waitFor(() => target.state.replicationJobs.some((one) => one.state === 'COMMITTED'), 'the job to end')
  })

  test('transactions: begin, then partitions under it, then rollback; the partitions stay', async () => {
    const texts = { 2: { text: 'root' }, 3: { text: '' }, 4: { text: 'db' }, 5: { text: 't' } }
    const begun = await call(target.rpcPort, 'loadTxnBegin', { struct: { ...texts, 7: { text: 'label-1' } } })
    expect(begun).toMatchObject({ status: 'OK', i64: expect.any(BigInt) })
    const again = await call(target.rpcPort, 'loadTxnBegin', { struct: { ...texts, 7: { text: 'label-1' } } })
    expect(again).toMatchObject({ status: 'LABEL_ALREADY_EXISTS' })
    const values = { list: [{ list: [{ text: '2024-01-01' }] }] }
    const partition = { 1: { i64: 1 }, 2: { i64: to.id }, 3: { i64: copy.id } }
    expect(await call(target.rpcPort, 'createPartition', { struct: partition })).toEqual({
      status: 'RUNTIME_ERROR',
      message: 'partition_values should not null.',
    })
    expect(
      await call(target.rpcPort, 'createPartition', { struct: { ...partition, 3: { i64: 1 }, 4: values } }),
    ).toEqual({
      status: 'RUNTIME_ERROR',
      message: `dbId=${to.id} tableId=1 is not exists`,
    })
    const id = 'i64' in begun ? (begun.i64 ?? 0n) : 0n
    expect(await call(target.rpcPort, 'loadTxnRollback', { struct: { ...texts, 7: { i64: id } } })).toEqual({
      status: 'OK',
    })
  })
})
