import { spawn } from 'node:child_process'
import path from 'node:path'

const bin = path.resolve(import.meta.dirname, '../../bin/starferry.js')

export interface Run {
  code: number | null
  stdout: string
  stderr: string
}

/** Runs the command line as a user would, and waits for its end. */
export function starferry(
  args: string[],
  options: { env?: NodeJS.ProcessEnv; cwd?: string; input?: string } = {},
): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [bin, ...args], {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
    })
    // One that hangs must not outlive the test that waits for it.
    const limit = setTimeout(() => child.kill('SIGKILL'), 55_000)
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
