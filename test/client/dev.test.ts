import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { steadyPorts } from '../support/steady-ports.ts'

const bin = path.resolve(import.meta.dirname, '../../bin/starferry.js')

test('dev starts its own Temporal and a worker for it, whatever the configured one wants, and wherever health is', async () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'starferry-dev-test-'))
  const config = path.join(directory, 'starferry.yaml')
  const temporal = { address: 'cloud.example:7233', namespace: 'ours', tls: true, apiKey: 'key-of-cloud' }
  writeFileSync(config, stringify({ temporal, worker: { health: 'off' }, telemetry: { metrics: 'off' } }))
  const [port, uiPort] = await steadyPorts(2)
  const args = ['dev', '--json', '--config', config, '--port', String(port), '--ui-port', String(uiPort)]
  const child = spawn(process.execPath, [bin, ...args], {
    cwd: directory,
    env: { ...process.env, TEMPORAL_ADDRESS: '', TEMPORAL_NAMESPACE: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  try {
    let said = ''
    let complained = ''
    child.stderr.on('data', (chunk: Buffer) => {
      complained += chunk.toString()
    })
    const ended = once(child, 'exit')
    const ready = new Promise<void>((resolve) => {
      child.stdout.on('data', (chunk: Buffer) => {
        said += chunk.toString()
        if (said.includes('\n')) resolve()
      })
    })
    await Promise.race([ready, ended])
    expect(said, complained).toMatch(/^\{"temporal":/)
    expect(JSON.parse(said)).toMatchObject({ temporal: `127.0.0.1:${port}` })
    child.kill('SIGINT')
    expect((await ended)[0]).toBe(0)
  } finally {
    child.kill('SIGKILL')
    rmSync(directory, { recursive: true, force: true })
  }
})
