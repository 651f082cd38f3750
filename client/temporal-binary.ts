import { execFile } from 'node:child_process'
import { accessSync, constants, readdirSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { buildTemporal, TEMPORAL_CLI_VERSION } from './temporal-build.ts'
import { downloadTemporal } from './temporal-download.ts'

const run = promisify(execFile)

export interface FoundTemporal {
  /** Absolute path of the `temporal` binary. */
  path: string
  from: 'TEMPORAL_CLI' | 'PATH' | 'built earlier' | 'downloaded earlier' | 'downloaded now' | 'built now'
}

export interface FindTemporalOptions {
  /** `TEMPORAL_CLI`, `PATH`, `XDG_CACHE_HOME`, `HOME` are read. */
  env?: NodeJS.ProcessEnv
  /** Told what takes time, a sentence a call. */
  say?: (line: string) => void
  /** Puts a binary into the directory and returns its path; the SDK's own download unless given. */
  download?: typeof downloadTemporal
}

/** No development server to be had; the message says what was tried and what to do. */
export class NoTemporalError extends Error {
  override name = 'NoTemporalError'
}

/**
 * The Temporal command line, first of: `TEMPORAL_CLI`, `temporal` on PATH, a copy built earlier, the SDK's own download, a build with Go.
 *
 * Errors: NoTemporalError. A `TEMPORAL_CLI` that does not run is an error of its own: somebody chose it, so nothing else is taken instead.
 */
export async function findTemporal(options: FindTemporalOptions = {}): Promise<FoundTemporal> {
  const env = options.env ?? process.env
  const say = options.say ?? (() => {})
  const tried: string[] = []

  const chosen = env.TEMPORAL_CLI
  if (chosen) {
    const why = await whyNotTemporal(chosen)
    if (why) throw new NoTemporalError(`TEMPORAL_CLI is set to ${chosen}, which cannot be used: ${why}`)
    return { path: path.resolve(chosen), from: 'TEMPORAL_CLI' }
  }

  const onPath = whichTemporal(env.PATH ?? '')
  if (onPath) {
    const why = await whyNotTemporal(onPath)
    if (!why) return { path: onPath, from: 'PATH' }
    tried.push(`${onPath}: ${why}`)
  } else tried.push('no `temporal` on PATH')

  const cache = cacheDirectory(env)
  const built = path.join(cache, `temporal-v${TEMPORAL_CLI_VERSION}`, 'temporal')
  if (isExecutable(built)) return { path: built, from: 'built earlier' }

  const downloads = path.join(cache, 'temporal-sdk')
  const downloaded = newestExecutable(downloads)
  if (downloaded) return { path: downloaded, from: 'downloaded earlier' }
  try {
    return { path: await (options.download ?? downloadTemporal)(downloads, say), from: 'downloaded now' }
  } catch (error) {
    tried.push(`download: ${messageOf(error)}`)
  }

  try {
    return { path: await buildTemporal(built, { env, say }), from: 'built now' }
  } catch (error) {
    tried.push(`build: ${messageOf(error)}`)
  }
  throw new NoTemporalError(
    [
      'No Temporal development server could be found or made.',
      ...tried.map((line) => `  tried – ${line}`),
      'What to do, one of:',
      '  - install the Temporal command line (https://docs.temporal.io/cli) so that `temporal` is on PATH',
      '  - set TEMPORAL_CLI to the path of a `temporal` binary',
      '  - install Go 1.24 or later and run this again: it is built from source then, once',
    ].join('\n'),
  )
}

/** `$XDG_CACHE_HOME/starferry`, else `~/.cache/starferry`. */
export function cacheDirectory(env: NodeJS.ProcessEnv = process.env): string {
  return path.join(env.XDG_CACHE_HOME || path.join(env.HOME || homedir(), '.cache'), 'starferry')
}

/** Why a file cannot serve as `temporal`; undefined when it can. */
async function whyNotTemporal(file: string): Promise<string | undefined> {
  if (!isExecutable(file)) return 'no executable file is there'
  try {
    const { stdout } = await run(file, ['--version'], { timeout: 30_000 })
    return /temporal/i.test(stdout) ? undefined : '`--version` does not answer as the Temporal command line does'
  } catch (error) {
    return `\`--version\` failed: ${messageOf(error)}`
  }
}

function whichTemporal(searchPath: string): string | undefined {
  return searchPath
    .split(path.delimiter)
    .filter((directory) => directory !== '')
    .map((directory) => path.resolve(directory, 'temporal'))
    .find(isExecutable)
}

export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}

function newestExecutable(directory: string): string | undefined {
  try {
    return readdirSync(directory)
      .map((name) => path.join(directory, name))
      .filter((file) => !file.endsWith('.downloading') && isExecutable(file))
      .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)[0]
  } catch {
    return undefined
  }
}

const messageOf = (error: unknown) => (error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error))
