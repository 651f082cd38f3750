import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Connection } from '@temporalio/client'
import { freePorts, isFree } from '../workers/free-port.ts'
import { endProcess, exitOf, isGone } from './end-process.ts'
import { type FindTemporalOptions, findTemporal } from './temporal-binary.ts'

export interface TemporalServerOptions extends FindTemporalOptions {
  /** With its web interface; otherwise headless. */
  ui?: boolean
  /** Ports; any free ones unless given. */
  port?: number
  uiPort?: number
  /** Keeps the state across `restart()` and processes; otherwise state dies with the server. */
  dbFile?: string
  /** Where the server's own log goes; a temporary file, removed at `stop()`, unless given. */
  logFile?: string
  namespace?: string
  /** Keyword search attributes that are there from the start. */
  searchAttributes?: readonly string[]
  /** More arguments of `temporal server start-dev`. */
  extraArgs?: string[]
  /** Milliseconds until it must answer. */
  readyWithinMs?: number
}

/**
 * As Temporal Cloud has them, and less work for one machine: the worker that finishes a workflow task gets the activities that it scheduled at once,
 * and a task queue is not spread over several partitions.
 */
const SETTINGS = [
  'system.enableActivityEagerExecution=true',
  'matching.numTaskqueueReadPartitions=1',
  'matching.numTaskqueueWritePartitions=1',
]

/** A development server reads anew for every step of every workflow which search attributes there are; here they are there from the start. */
const KNOWN_ATTRIBUTES = 'system.forceSearchAttributesCacheRefreshOnRead=false'

/** A Temporal development server, a child process of ours; it ends with this process. */
export class TemporalServer {
  readonly address: string
  readonly uiUrl: string | undefined
  readonly namespace: string
  readonly logFile: string
  readonly binary: string
  readonly #arguments: string[]
  readonly #readyWithinMs: number
  readonly #temporary: string | undefined
  #child: ChildProcess | undefined
  readonly #atExit = () => this.#child?.kill('SIGKILL')

  private constructor(
    binary: string,
    ports: { port: number; uiPort: number; httpPort: number; metricsPort: number },
    options: TemporalServerOptions,
  ) {
    this.binary = binary
    this.address = `127.0.0.1:${ports.port}`
    this.uiUrl = options.ui ? `http://127.0.0.1:${ports.uiPort}` : undefined
    this.namespace = options.namespace ?? 'default'
    this.#temporary = options.logFile ? undefined : mkdtempSync(path.join(tmpdir(), 'starferry-temporal-'))
    this.logFile = options.logFile ?? path.join(this.#temporary ?? '', 'temporal.log')
    this.#readyWithinMs = options.readyWithinMs ?? 120_000
    this.#arguments = [
      ...['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(ports.port)],
      // Given rather than left to chance: a random port may be one that somebody was just promised.
      ...['--http-port', String(ports.httpPort), '--metrics-port', String(ports.metricsPort)],
      ...(options.ui ? ['--ui-port', String(ports.uiPort)] : ['--headless']),
      ...(options.dbFile ? ['--db-filename', options.dbFile] : []),
      ...(this.namespace === 'default' ? [] : ['--namespace', this.namespace]),
      ...(options.searchAttributes ?? []).flatMap((name) => ['--search-attribute', `${name}=Keyword`]),
      ...['--log-level', 'warn', '--log-format', 'text'],
      ...[...SETTINGS, ...(options.searchAttributes ? [KNOWN_ATTRIBUTES] : [])].flatMap((setting) => [
        '--dynamic-config-value',
        setting,
      ]),
      ...(options.extraArgs ?? []),
    ]
  }

  /** Finds the binary (see findTemporal), starts the server and waits until it answers. */
  static async start(options: TemporalServerOptions = {}): Promise<TemporalServer> {
    // Else whoever has it would answer in our server's place.
    for (const port of [options.port, options.uiPort]) {
      if (port !== undefined && !(await isFree('127.0.0.1', port))) {
        throw new Error(`Port ${port} of 127.0.0.1 is in use; stop what listens there, or choose another`)
      }
    }
    const { path: binary } = await findTemporal(options)
    for (let attempt = 1; ; attempt++) {
      const [port = 0, uiPort = 0, httpPort = 0, metricsPort = 0] = await freePorts(4)
      const ports = { port: options.port ?? port, uiPort: options.uiPort ?? uiPort, httpPort, metricsPort }
      const server = new TemporalServer(binary, ports, options)
      try {
        await server.#launch()
        return server
      } catch (error) {
        const taken = /address already in use/i.test(server.logTail())
        await server.stop()
        // Between asking for a free port and taking it, somebody else may have been faster.
        if (taken && options.port === undefined && options.uiPort === undefined && attempt < 4) continue
        throw error
      }
    }
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** When the process that runs now is gone, however it went. */
  async ended(): Promise<void> {
    await exitOf(this.#child)
  }

  /** Ends it in good order; removes a temporary log. Does nothing when it is down already. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM')
    if (this.#temporary) rmSync(this.#temporary, { recursive: true, force: true })
  }

  /** SIGKILL: what a crash looks like. `restart()` brings it back; with a dbFile, with its state. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** Starts it again at the same addresses, ending it first if it still runs. */
  async restart(): Promise<void> {
    await this.#end('SIGTERM')
    await this.#launch()
  }

  /** The end of the server's log. */
  logTail(lines = 5): string {
    if (!existsSync(this.logFile)) return ''
    return readFileSync(this.logFile, 'utf8').trim().split('\n').slice(-lines).join('\n')
  }

  async #launch(): Promise<void> {
    const log = openSync(this.logFile, 'a')
    try {
      // A process group of its own: Ctrl-C in a terminal is for us, and we end the server when its users are done.
      const child = spawn(this.binary, this.#arguments, { stdio: ['ignore', log, log], detached: true })
      child.once('error', () => {})
      this.#child = child
    } finally {
      closeSync(log)
    }
    process.once('exit', this.#atExit)
    await this.#untilReady()
  }

  async #untilReady(): Promise<void> {
    const deadline = Date.now() + this.#readyWithinMs
    const child = this.#child
    for (;;) {
      if (isGone(child)) {
        throw new Error(`The Temporal server did not start: ${this.logTail() || `${this.binary} ended at once`}`)
      }
      try {
        const connection = await Connection.connect({ address: this.address, connectTimeout: 2_000 })
        try {
          await connection.workflowService.describeNamespace({ namespace: this.namespace })
          return
        } finally {
          await connection.close()
        }
      } catch (error) {
        if (Date.now() > deadline) throw new Error(`The Temporal server does not answer at ${this.address}: ${error}`)
      }
      await sleep(100)
    }
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#child
    this.#child = undefined
    process.removeListener('exit', this.#atExit)
    await endProcess(child, signal, 10_000)
  }
}
