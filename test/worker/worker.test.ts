import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Client, Connection } from '@temporalio/client'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { TemporalServer } from '../../client/temporal-server.ts'
import { WorkerProcess } from '../../client/worker-process.ts'
import { SEARCH_ATTRIBUTES, TASK_QUEUE } from '../../contract/names.ts'
import type { WorkerConfigInput } from '../../contract/worker-config.ts'
import { httpGet } from '../../workers/http-get.ts'
import { starferry } from '../client/run-starferry.ts'
import { steadyPorts } from '../support/steady-ports.ts'

const PATIENCE = { timeout: 200_000, interval: 200 }
const SECRET = 'a-password-nobody-may-see'

let directory: string
let undo: (() => unknown)[]
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'starferry-worker-'))
  undo = [() => rmSync(directory, { recursive: true, force: true })]
})
afterEach(async () => {
  for (const step of undo.reverse()) await step()
})

interface Setup {
  worker: WorkerProcess
  health: string
  metrics: string
  log(): string
}

async function setUp(address: string, more: WorkerConfigInput = {}): Promise<Setup> {
  const [health, metrics] = (await steadyPorts(2)).map((port) => `127.0.0.1:${port}`) as [string, string]
  const configFile = path.join(directory, 'starferry.yaml')
  const logFile = path.join(directory, 'worker.log')
  writeFileSync(
    configFile,
    stringify({ ...more, temporal: { address }, worker: { health, drainSeconds: 10 }, telemetry: { metrics } }),
  )
  const worker = new WorkerProcess({ configFile, health, logFile })
  undo.push(() => worker.kill())
  return { worker, health, metrics, log: () => readFileSync(logFile, 'utf8') }
}

async function startServer(options = {}): Promise<TemporalServer> {
  const server = await TemporalServer.start(options)
  undo.push(() => server.stop())
  return server
}

async function connect(address: string): Promise<Client> {
  const connection = await Connection.connect({ address })
  undo.push(() => connection.close())
  return new Client({ connection })
}

const get = (address: string) => httpGet(`http://${address}`, 60_000)

/** A frontend that takes connections and never says a word. */
async function silentFrontend(): Promise<{ address: string; connections(): number }> {
  let connections = 0
  const server: Server = createServer((socket) => {
    connections++
    socket.on('error', () => {})
    undo.push(() => socket.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  undo.push(() => server.close())
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return { address: `127.0.0.1:${address.port}`, connections: () => connections }
}

describe('the worker', () => {
  it('waits for Temporal and says so, then registers search attributes and works', async () => {
    const [port] = await steadyPorts(1)
    const { worker, health, log } = await setUp(`127.0.0.1:${port}`)
    const started = worker.start()
    await expect.poll(async () => (await get(`${health}/readyz`).catch(() => undefined))?.status, PATIENCE).toBe(503)
    await expect
      .poll(async () => (await get(`${health}/readyz`)).body, PATIENCE)
      .toMatch(/"waiting for Temporal","detail":/)
    expect((await get(`${health}/healthz`)).status).toBe(200)
    await expect.poll(log, PATIENCE).toMatch(/Waiting for Temporal at 127.0.0.1/)

    const server = await startServer({ port })
    await started
    expect((await get(`${health}/readyz`)).status).toBe(200)
    const client = await connect(server.address)
    const { customAttributes } = await client.connection.operatorService.listSearchAttributes({ namespace: 'default' })
    for (const name of Object.values(SEARCH_ATTRIBUTES)) expect(customAttributes?.[name]).toBe(2)
    expect(log()).toMatch(/Registered search attributes/)

    await worker.stop()
    expect(log()).toMatch(/Draining.*Stopped/s)
  })

  it('does not register twice, and is lean when idle', async () => {
    const server = await startServer({ searchAttributes: Object.values(SEARCH_ATTRIBUTES) })
    const { worker, metrics, log } = await setUp(server.address)
    await worker.start()
    expect(log()).not.toMatch(/Registered search attributes/)
    const resident = async () => {
      const { body } = await get(`${metrics}/metrics`)
      return Number(/^starferry_process_resident_memory_bytes (\S+)/m.exec(body)?.[1]) / 1024 ** 2
    }
    expect(await resident()).toBeLessThan(300)
  })

  it('serves its own metrics and the SDK’s together', async () => {
    const server = await startServer()
    const { worker, metrics } = await setUp(server.address, {
      clusters: { a: { frontends: [(await silentFrontend()).address], connectTimeout: 1 } },
    })
    await worker.start()
    const client = await connect(server.address)
    const handle = await client.workflow.start('doctor', {
      taskQueue: TASK_QUEUE,
      workflowId: 'doctor/m',
      args: [{ name: 'm', source: 'a', target: 'b' }],
    })
    await handle.result().catch(() => {})
    const scrape = async () => (await get(`${metrics}/metrics`)).body
    await expect
      .poll(scrape, PATIENCE)
      .toMatch(/^starferry_attempts_total\{activity="preflight",outcome="\w+"\} [1-9]/m)
    const text = await scrape()
    expect(text).toMatch(/^starferry_process_resident_memory_bytes /m)
    // What the Grafana board asks of the SDK is there under these names.
    const board = readFileSync(path.resolve(import.meta.dirname, '../../ops/grafana/boards/starferry.json'), 'utf8')
    const asked = new Set(board.match(/temporal_[a-z_]+/g))
    expect(asked.size).toBeGreaterThan(0)
    for (const name of asked) expect(text).toContain(name)
    // Each family once: two registries in one answer must not clash.
    const families = [...text.matchAll(/^# TYPE (\S+)/gm)].map((match) => match[1])
    expect(new Set(families).size).toBe(families.length)
  })

  it('drains on SIGTERM: the running activity ends as retryable and the next worker takes it over', async () => {
    const server = await startServer()
    const frontend = await silentFrontend()
    const clusters = {
      a: { frontends: [frontend.address], password: SECRET, connectTimeout: 300 },
      b: { frontends: [frontend.address], password: SECRET, connectTimeout: 300 },
    }
    const first = await setUp(server.address, { clusters })
    await first.worker.start()
    const client = await connect(server.address)
    const handle = await client.workflow.start('doctor', {
      taskQueue: TASK_QUEUE,
      workflowId: 'doctor/slow',
      args: [{ name: 'slow', source: 'a', target: 'b' }],
    })
    await expect.poll(frontend.connections, PATIENCE).toBeGreaterThan(0)
    const before = Date.now()
    await first.worker.stop()
    expect(Date.now() - before).toBeLessThan(20_000)
    expect(first.log()).toMatch(/Draining/)
    const pending = async () => (await handle.describe()).raw.pendingActivities ?? []
    await expect.poll(async () => (await pending())[0]?.attempt ?? 0, PATIENCE).toBeGreaterThan(1)
    expect((await handle.describe()).status.name).toBe('RUNNING')

    const seen = frontend.connections()
    await first.worker.start()
    await expect.poll(frontend.connections, PATIENCE).toBeGreaterThan(seen)
    expect(first.log()).not.toContain(SECRET)
    await handle.terminate()
  })

  it('answers for an unknown cluster with the nearest known one, in a workflow started by anybody', async () => {
    const server = await startServer()
    const { worker } = await setUp(server.address, { clusters: { production: { frontends: ['127.0.0.1:1'] } } })
    await worker.start()
    const env = { TEMPORAL_ADDRESS: server.address, STARFERRY_CONFIG: '' }
    const input = 'name: m\nsource: prodction\ntarget: other\n'
    const { code, stdout, stderr } = await starferry(['doctor', '-', '--json'], {
      env,
      input,
      cwd: directory.concat('/..'),
    })
    expect(code).toBe(1)
    expect(stdout + stderr).toMatch(/prodction.*production/s)
  })

  it('SIGTERM while it waits for Temporal ends it at once, exit 0', async () => {
    const [port] = await steadyPorts(1)
    const { worker, health } = await setUp(`127.0.0.1:${port}`)
    const started = worker.start().catch((error: Error) => error)
    await expect.poll(async () => (await get(`${health}/readyz`).catch(() => undefined))?.status, PATIENCE).toBe(503)
    await worker.stop()
    expect(await started).toBeInstanceOf(Error)
  })
})

describe('a worker that cannot run says why', () => {
  it.each([
    [
      'a port that is taken',
      { worker: { health: 'TAKEN' } },
      /worker.health: cannot listen on 127.0.0.1:\d+: EADDRINUSE/,
    ],
    [
      'an address that is none',
      { telemetry: { metrics: 'metrics' } },
      /bad.yaml: telemetry.metrics: 'metrics' is no address/,
    ],
    [
      'an address map that is none',
      { clusters: { a: { frontends: ['fe'], addressMap: { x: 'y;z' } } } },
      /bad.yaml: clusters.a.addressMap/,
    ],
    ['half a key pair', { temporal: { tls: { cert: 'x' } } }, /temporal.tls: cert and key belong together/],
  ])('%s: exit 2', async (_, config, message) => {
    const taken = await silentFrontend()
    const file = path.join(directory, 'bad.yaml')
    writeFileSync(
      file,
      stringify({ worker: { health: 'off' }, telemetry: { metrics: 'off' }, ...config }).replace(
        'TAKEN',
        taken.address,
      ),
    )
    const { code, stderr } = await starferry(['worker', '--config', file])
    expect(stderr).toMatch(message)
    expect(code).toBe(2)
  })
})
