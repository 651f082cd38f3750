import { spawn } from 'node:child_process'
import path from 'node:path'
import { expect, it } from 'vitest'

const root = path.resolve(import.meta.dirname, '../..')

/** The README's `npm run demo`, whole, as a user runs it. */
async function demo(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn('npm', ['run', '-s', 'demo', '--', '--json', ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let out = ''
  let err = ''
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString()
  })
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  return { code, out, err }
}

it.each([
  { target: 'shared-nothing', seed: '1' },
  { target: 'shared-data', seed: '2' },
])('the demo to a $target target ends with every row equal', { timeout: 240_000 }, async ({ target, seed }) => {
  const { code, out, err } = await demo('--target', target, '--seed', seed)
  const result = JSON.parse(out.trimEnd().split('\n').at(-1) ?? '')
  expect(result, err).toMatchObject({ ok: true, rowsDifferent: 0, jobsSentTwice: 0 })
  expect(code).toBe(0)
  expect(result.tables).toBeGreaterThanOrEqual(40)
  expect(result.rowsCompared).toBeGreaterThan(1000)
  expect(result.faultsInjected).toBeGreaterThanOrEqual(10)
  expect(result.partitions).toBeGreaterThan(result.tables)
  expect(result.jobsSent).toBeGreaterThanOrEqual(result.tables)
  expect(err).toContain('http://127.0.0.1:')
})
