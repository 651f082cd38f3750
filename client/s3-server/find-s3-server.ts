import { execFile } from 'node:child_process'
import path from 'node:path'
import { promisify } from 'node:util'
import { cacheDirectory, isExecutable } from '../temporal-binary.ts'
import { buildS3Server, S3_SERVER_VERSION } from './s3-server-build.ts'
import { downloadS3Server } from './s3-server-download.ts'

const run = promisify(execFile)

export interface FoundS3Server {
  /** Absolute path of the `versitygw` binary. */
  path: string
  from: 'STARFERRY_S3_SERVER' | 'PATH' | 'made earlier' | 'downloaded now' | 'built now'
}

export interface FindS3ServerOptions {
  /** `STARFERRY_S3_SERVER`, `PATH`, `XDG_CACHE_HOME`, `HOME` are read. */
  env?: NodeJS.ProcessEnv
  /** Told what takes time, a sentence a call. */
  say?: (line: string) => void
  /** Puts a binary at the path; the release's own unless given. */
  download?: typeof downloadS3Server
}

/** No S3 server to be had; the message says what was tried and what to do. */
export class NoS3ServerError extends Error {
  override name = 'NoS3ServerError'
}

/**
 * The S3 server versitygw, for demo, lab and tests, first of: `STARFERRY_S3_SERVER`, `versitygw` on PATH, a copy made earlier, the release, a
 * build with Go.
 *
 * Errors: NoS3ServerError. A `STARFERRY_S3_SERVER` that does not run is an error of its own: somebody chose it, so nothing else is taken instead.
 */
export async function findS3Server(options: FindS3ServerOptions = {}): Promise<FoundS3Server> {
  const env = options.env ?? process.env
  const say = options.say ?? (() => {})
  const tried: string[] = []

  const chosen = env.STARFERRY_S3_SERVER
  if (chosen) {
    const why = await whyNot(chosen)
    if (why) throw new NoS3ServerError(`STARFERRY_S3_SERVER is set to ${chosen}, which cannot be used: ${why}`)
    return { path: path.resolve(chosen), from: 'STARFERRY_S3_SERVER' }
  }

  const onPath = which(env.PATH ?? '')
  if (onPath) {
    const why = await whyNot(onPath)
    if (!why) return { path: onPath, from: 'PATH' }
    tried.push(`${onPath}: ${why}`)
  } else tried.push('no `versitygw` on PATH')

  const kept = path.join(cacheDirectory(env), `versitygw-v${S3_SERVER_VERSION}`, 'versitygw')
  if (isExecutable(kept)) return { path: kept, from: 'made earlier' }
  try {
    const downloaded = await (options.download ?? downloadS3Server)(kept, { say })
    const why = await whyNot(downloaded)
    if (!why) return { path: downloaded, from: 'downloaded now' }
    tried.push(`download: ${why}`)
  } catch (error) {
    tried.push(`download: ${messageOf(error)}`)
  }
  try {
    return { path: await buildS3Server(kept, { env, say }), from: 'built now' }
  } catch (error) {
    tried.push(`build: ${messageOf(error)}`)
  }
  throw new NoS3ServerError(
    [
      'No S3 server could be found or made.',
      ...tried.map((line) => `  tried – ${line}`),
      'What to do, one of:',
      '  - install versitygw (https://github.com/versity/versitygw/releases) so that `versitygw` is on PATH',
      '  - set STARFERRY_S3_SERVER to the path of a `versitygw` binary',
      '  - install Go 1.25 or later and run this again: it is built from source then, once',
    ].join('\n'),
  )
}

/** Why a file cannot serve as versitygw; undefined when it can. */
async function whyNot(file: string): Promise<string | undefined> {
  if (!isExecutable(file)) return 'no executable file is there'
  try {
    const { stdout } = await run(file, ['--version'], { timeout: 30_000 })
    return /^Version\s*:/m.test(stdout) ? undefined : '`--version` does not answer as versitygw does'
  } catch (error) {
    return `\`--version\` failed: ${messageOf(error)}`
  }
}

function which(searchPath: string): string | undefined {
  return searchPath
    .split(path.delimiter)
    .filter((directory) => directory !== '')
    .map((directory) => path.resolve(directory, 'versitygw'))
    .find(isExecutable)
}

const messageOf = (error: unknown) => (error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error))
