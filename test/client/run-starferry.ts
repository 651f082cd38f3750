import { spawn } from 'node:child_process'
import path from 'node:path'
import { runCommandLine } from '../../client/command-line.ts'

/** One that hangs must not outlive the test that waits for it. */
const LIMIT_MS = 55_000

const bin = path.resolve(import.meta.dirname, '../../bin/starferry.js')

export interface Run {
  code: number | null
  stdout: string
  stderr: string
}

interface RunOptions {
  env?: NodeJS.ProcessEnv
  cwd?: string
}

let running = 0
let elsewhere: string | undefined

/** The command line in this process: the same but for a process's start, which is nearly all that a command computes. */
export async function starferryHere(args: string[], { env, cwd = process.cwd() }: RunOptions = {}): Promise<Run> {
  const run: Run = { code: null, stdout: '', stderr: '' }
  const printing = (stream: 'stdout' | 'stderr') => ({
    write: (text: string) => {
      run[stream] += text
      return true
    },
  })
  elsewhere ??= process.cwd()
  if (running > 0 && process.cwd() !== cwd)
    throw new Error('commands that run at once in one process share its working directory')
  running++
  process.chdir(cwd)
  try {
    run.code = await runCommandLine(args, {
      stdout: printing('stdout'),
      stderr: printing('stderr'),
      env: { ...process.env, ...env },
      interrupted: AbortSignal.timeout(LIMIT_MS),
    })
    return run
  } finally {
    running--
    if (running === 0) process.chdir(elsewhere)
  }
}

/** Runs the command line as a user would, and waits for its end. */
export function starferry(args: string[], options: RunOptions & { input?: string } = {}): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [bin, ...args], {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    const limit = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS)
    const run: Run = { code: null, stdout: '', stderr: '' }
    child.stdout.on('data', (chunk: Buffer) => {
      run.stdout += chunk.toString()
    })
    child.stderr.on('data', (chunk: Buffer) => {
      run.stderr += chunk.toString()
    })
    child.stdin.on('error', () => {})
    child.stdin.end(options.input ?? '')
    child.once('error', reject)
    child.once('close', (code) => {
      clearTimeout(limit)
      resolve({ ...run, code })
    })
  })
}
