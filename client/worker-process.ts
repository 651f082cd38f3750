import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { isFree } from '../workers/free-port.ts'
import { httpGet } from '../workers/http-get.ts'
import { endProcess, exitOf, isGone } from './end-process.ts'

export interface WorkerProcessOptions {
  /** `starferry.yaml`; its `worker.health` must be an address, since readiness is asked there. */
  configFile: string
  /** `host:port` of that address. */
  health: string
  /** Where its log goes, appended over restarts. */
  logFile: string
  /** More arguments of `starferry worker`. */
  arguments?: string[]
}

const READY_WITHIN_MS = 120_000

/** The production worker as a child of this process, as `starferry worker` starts it. It ends with this process. */
export class WorkerProcess {
  readonly #options: WorkerProcessOptions
  #child: ChildProcess | undefined
  readonly #atExit = () => this.#child?.kill('SIGKILL')

  constructor(options: WorkerProcessOptions) {
    this.#options = options
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** Starts it and waits until it takes work. Errors: with the end of its log when it ends before. */
  async start(): Promise<void> {
    const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(this.#options.health) ?? []
    // Else whoever has it would answer in our worker's place.
    if (!(await isFree(host, Number(port)))) {
      throw new Error(
        `worker.health: ${this.#options.health} is in use, by another worker perhaps; choose another address`,
      )
    }
    const log = openSync(this.#options.logFile, 'a')
    try {
      // A process group of its own, so that Ctrl-C in a terminal reaches us first and it is drained in order.
      const child = spawn(
        process.execPath,
        [entryPoint(), 'worker', '--config', this.#options.configFile, ...(this.#options.arguments ?? [])],
        // The channel says nothing; its end tells the worker that we are gone, however we went.
        { stdio: ['ignore', log, log, 'ipc'], detached: true },
      )
      child.once('error', () => {})
      child.channel?.unref()
      this.#child = child
    } finally {
      closeSync(log)
    }
    process.once('exit', this.#atExit)
    await this.#untilReady()
  }

  /** When the process that runs now is gone, however it went. */
  async ended(): Promise<void> {
    await exitOf(this.#child)
  }

  /** SIGKILL, as a machine dies. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** SIGTERM: drains first. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM')
  }

  /** The messages of the end of its log. */
  logTail(lines = 5): string {
    if (!existsSync(this.#options.logFile)) return ''
    return readFileSync(this.#options.logFile, 'utf8').trim().split('\n').slice(-lines).join('\n')
  }

  async #untilReady(): Promise<void> {
    const child = this.#child
    const deadline = Date.now() + READY_WITHIN_MS
    for (;;) {
      if (isGone(child)) {
        throw new Error(`The worker did not start:\n${this.logTail()}`)
      }
      try {
        const { status } = await httpGet(`http://${this.#options.health}/readyz`, 2_000)
        if (status === 200) return
      } catch {
        // not listening yet
      }
      if (Date.now() > deadline) throw new Error(`The worker does not become ready:\n${this.logTail()}`)
      await sleep(50)
    }
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#child
    this.#child = undefined
    process.removeListener('exit', this.#atExit)
    await endProcess(child, signal, 45_000)
  }
}

/** `bin/starferry.js` of this package, from sources and from dist/ alike. */
export function entryPoint(): string {
  const found = ['../bin/starferry.js', '../../bin/starferry.js']
    .map((file) => path.resolve(import.meta.dirname, file))
    .find(existsSync)
  if (!found) throw new Error('bin/starferry.js is missing')
  return found
}
