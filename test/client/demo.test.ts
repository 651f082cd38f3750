import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import mysql from 'mysql2/promise'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { BackupFigures } from '../../client/demo/backup-act.ts'
import { countSentTwice } from '../../client/demo/demo-result.ts'
import type { SentJob } from '../../lab/replication/job.ts'

const bin = path.resolve(import.meta.dirname, '../../bin/starferry.js')

let directory: string
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'starferry-demo-test-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

function start(args: string[]) {
  const child = spawn(process.execPath, [bin, ...args], { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] })
  const run = { out: '', err: '' }
  child.stdout.on('data', (chunk: Buffer) => {
    run.out += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    run.err += chunk.toString()
  })
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  return { child, run, ended }
}

it.each([
  { target: 'shared-nothing', acts: [] },
  { target: 'shared-data', acts: ['migration'] },
])('the demo into a $target target: every row arrives, nothing is sent twice', async ({ target, acts }) => {
  const { run, ended } = start(['demo', ...acts, '--target', target, '--json'])
  const code = await ended
  const lines = run.out.trim().split('\n')
  const result = JSON.parse(lines.at(-1) ?? '')
  expect(result, run.err).toMatchObject({
    ok: true,
    rowsDifferent: 0,
    jobsSentTwice: 0,
    target: expect.stringContaining(target),
  })
  expect(code).toBe(0)
  // Standard output holds the result alone; the story went to standard error.
  expect(lines).toHaveLength(1)
  expect(result.tables).toBeGreaterThanOrEqual(40)
  expect(result.partitions).toBeGreaterThan(result.tables)
  expect(result.rowsCompared).toBeGreaterThan(1000)
  expect(result.jobsSent).toBeGreaterThan(result.tables)
  expect(result.faultsInjected).toBeGreaterThan(10)
  for (const part of ['Temporal UI: http://127.0.0.1:', 'killed (SIGKILL)', '100 %', 'paused', 'resumed', '0 differ']) {
    expect(run.err).toContain(part)
  }
  if (acts.length === 0) {
    expect(run.err).toContain('damaged')
    expectBackups(result.backup)
  } else {
    expect(run.err).not.toContain('Back up')
    expect(result.backup).toBeUndefined()
  }
  expect(run.out + run.err).not.toContain('lab-password')
})

it('the second act alone', async () => {
  const { run, ended } = start(['demo', 'backup', '--json'])
  const code = await ended
  const result = JSON.parse(run.out.trim())
  expectBackups(result)
  expect(code, run.err).toBe(0)
})

/** Three sets of three databases, a worker killed in the first; one snapshot for each backup all the same. */
function expectBackups(figures: BackupFigures) {
  expect(figures).toMatchObject({ ok: true, snapshotsTwice: 0, rowsDifferent: 0, pruned: 3 })
  expect(figures.snapshots).toBe(figures.backups)
  expect(figures.backups).toBeGreaterThanOrEqual(7)
  expect(figures.rowsCompared).toBeGreaterThan(100)
  expect(figures.bytes).toBeGreaterThan(0)
}

it('the lab lets a stock client in, and ends on Ctrl-C', async () => {
  const { child, run, ended } = start(['lab', '--json'])
  try {
    await expect.poll(() => run.out, { timeout: 200_000 }).toContain('\n')
    const { source } = JSON.parse(run.out) as { source: { frontends: { host: string; queryPort: number }[] } }
    const [frontend] = source.frontends
    const connection = await mysql.createConnection({ host: frontend?.host, port: frontend?.queryPort, user: 'root' })
    const [databases] = await connection.query('SHOW DATABASES')
    expect(databases).toEqual(expect.arrayContaining([{ Database: 'shop' }, { Database: 'logs' }]))
    await connection.end()
  } finally {
    child.kill('SIGINT')
  }
  expect(await ended).toBe(0)
})

it('counts as sent twice only what the target had already', () => {
  const job = (sourceVersion: bigint, targetVersion: bigint): SentJob => ({
    jobId: `${sourceVersion}`,
    databaseId: 1n,
    databaseName: 'db',
    tableId: 2n,
    tableName: 't',
    atMs: 0,
    partitions: [{ partitionId: 3n, partitionName: 'p', sourceVersion, sourceVersionEpoch: 9n, targetVersion }],
  })
  // The first was aborted: the target still has version 1 when it is sent again.
  expect(countSentTwice([job(5n, 1n), job(5n, 1n), job(6n, 5n)])).toBe(0)
  expect(countSentTwice([job(5n, 1n), job(5n, 5n)])).toBe(1)
})
