import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePorts } from '../../workers/free-port.ts'
import { httpGet } from '../../workers/http-get.ts'
import { endProcess, isGone } from '../end-process.ts'
import { type FindS3ServerOptions, findS3Server } from './find-s3-server.ts'

export interface S3ServerOptions extends FindS3ServerOptions {
  /** Where buckets and objects lie and stay; a temporary directory, removed at `stop()`, unless given. */
  dir?: string
  accessKey: string
  secretKey: string
  /** Any free one unless given. */
  port?: number
  /** Made before it starts. */
  buckets?: readonly string[]
  /** Buckets can keep versions and lock objects. */
  versioning?: boolean
  /** Milliseconds until it must answer. */
  readyWithinMs?: number
}

/** Starts an S3 server (see findS3Server) and waits until it answers. */
export function startS3Server(options: S3ServerOptions): Promise<S3Server> {
  return S3Server.start(options)
}

/**
 * An S3 server that keeps objects as files, a child process of ours. It ends when this process exits in good order; one that dies by a signal
 * which it does not handle leaves it running.
 */
export class S3Server {
  readonly endpoint: string
  readonly region = 'us-east-1'
  readonly accessKey: string
  readonly secretKey: string
  /** A directory a bucket, a file an object. */
  readonly dir: string
  readonly logFile: string
  readonly #binary: string
  readonly #arguments: string[]
  readonly #own: string
  readonly #readyWithinMs: number
  #sidecar = false
  #child: ChildProcess | undefined
  readonly #atExit = () => this.#child?.kill('SIGKILL')

  private constructor(binary: string, port: number, options: S3ServerOptions) {
    this.#binary = binary
    this.#own = mkdtempSync(path.join(tmpdir(), 'starferry-s3-'))
    this.endpoint = `http://127.0.0.1:${port}`
    this.accessKey = options.accessKey
    this.secretKey = options.secretKey
    this.dir = options.dir ?? path.join(this.#own, 'buckets')
    this.logFile = path.join(this.#own, 'log')
    this.#readyWithinMs = options.readyWithinMs ?? 60_000
    for (const bucket of options.buckets ?? []) mkdirSync(path.join(this.dir, bucket), { recursive: true })
    mkdirSync(this.dir, { recursive: true })
    const versions = path.join(this.#own, 'versions')
    if (options.versioning) mkdirSync(versions)
    this.#arguments = [
      ...['--port', `127.0.0.1:${port}`, '--health', '/health', '--keep-alive', '--quiet'],
      ...['posix', ...(options.versioning ? ['--versioning-dir', versions] : [])],
    ]
  }

  static async start(options: S3ServerOptions): Promise<S3Server> {
    const { path: binary } = await findS3Server(options)
    for (let attempt = 1; ; attempt++) {
      const port = options.port ?? (await freePorts(1))[0] ?? 0
      const server = new S3Server(binary, port, options)
      try {
        await server.#launch()
        return server
      } catch (error) {
        const log = server.logTail(20)
        await server.stop()
        // Between asking for a free port and taking it, somebody else may have been faster.
        if (/address already in use/i.test(log) && options.port === undefined && attempt < 4) continue
        throw error
      }
    }
  }

  get process(): ChildProcess | undefined {
    return this.#child
  }

  /** Properties of CREATE REPOSITORY that reach it. */
  get properties(): Record<string, string> {
    return {
      'aws.s3.access_key': this.accessKey,
      'aws.s3.secret_key': this.secretKey,
      'aws.s3.endpoint': this.endpoint,
      'aws.s3.region': this.region,
      'aws.s3.enable_path_style_access': 'true',
    }
  }

  /** Ends it; removes what is temporary. Does nothing when it is down already. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM')
    rmSync(this.#own, { recursive: true, force: true })
  }

  /** SIGKILL: what a crash looks like. `restart()` brings it back, with its objects. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** Starts it again at the same address, ending it first if it still runs. */
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
    try {
      await this.#spawn()
    } catch (error) {
      // Some file systems keep no extended attributes; then what belongs to an object is kept in files beside.
      if (this.#sidecar || !/xattr|extended attribute/i.test(this.logTail(20))) throw error
      this.#sidecar = true
      await this.#spawn()
    }
  }

  async #spawn(): Promise<void> {
    const sidecar = path.join(this.#own, 'attributes')
    if (this.#sidecar) mkdirSync(sidecar, { recursive: true })
    const log = openSync(this.logFile, 'a')
    try {
      const parameters = [...this.#arguments, ...(this.#sidecar ? ['--sidecar', sidecar] : []), this.dir]
      const child = spawn(this.#binary, parameters, {
        stdio: ['ignore', log, log],
        detached: true,
        // Keys in the environment: a command line is seen by everyone on the machine.
        env: { ...process.env, ROOT_ACCESS_KEY: this.accessKey, ROOT_SECRET_KEY: this.secretKey },
      })
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
        throw new Error(`The S3 server did not start: ${this.logTail() || `${this.#binary} ended at once`}`)
      }
      const health = await httpGet(`${this.endpoint}/health`, 2_000).catch(() => {})
      if (health?.status === 200) return
      if (Date.now() > deadline) throw new Error(`The S3 server does not answer at ${this.endpoint}`)
      await sleep(50)
    }
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.#child
    this.#child = undefined
    process.removeListener('exit', this.#atExit)
    await endProcess(child, signal, 10_000)
  }
}
