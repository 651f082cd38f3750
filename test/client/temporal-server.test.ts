import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Client, Connection } from '@temporalio/client'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findTemporal } from '../../client/temporal-binary.ts'
import { TemporalServer } from '../../client/temporal-server.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), 'starferry-find-'))
})
afterEach(() => {
  rmSync(home, { recursive: true, force: true })
})

function executable(file: string, script = 'echo temporal version 1.2.3'): string {
  const full = path.join(home, file)
  mkdirSync(path.dirname(full), { recursive: true })
  writeFileSync(full, `#!/bin/sh\n${script}\n`)
  chmodSync(full, 0o755)
  return full
}

const noDownload = async (): Promise<string> => {
  throw new Error('no network')
}

/** Nothing of the machine that runs the test is seen, except sh and the tools that the fake binaries use. */
const environment = (more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
  PATH: path.join(home, 'bin'),
  HOME: home,
  XDG_CACHE_HOME: path.join(home, 'cache'),
  ...more,
})

describe('the development server is found in this order', () => {
  it('TEMPORAL_CLI first', async () => {
    const chosen = executable('chosen/my-temporal')
    executable('bin/temporal')
    const env = environment({ TEMPORAL_CLI: chosen })
    expect(await findTemporal({ env })).toEqual({ path: chosen, from: 'TEMPORAL_CLI' })
  })

  it('a TEMPORAL_CLI that does not work is an error, whatever else is there', async () => {
    executable('bin/temporal')
    await expect(findTemporal({ env: environment({ TEMPORAL_CLI: '/nowhere/temporal' }) })).rejects.toThrow(
      /TEMPORAL_CLI is set to \/nowhere\/temporal, which cannot be used: no executable file/,
    )
    const broken = executable('chosen/broken', 'exit 3')
    await expect(findTemporal({ env: environment({ TEMPORAL_CLI: broken }) })).rejects.toThrow(/--version` failed/)
  })

  it('then PATH', async () => {
    const onPath = executable('bin/temporal')
    executable('cache/starferry/temporal-v1.5.1/temporal')
    expect(await findTemporal({ env: environment() })).toEqual({ path: onPath, from: 'PATH' })
  })

  it('passes over a program on PATH that is called temporal and is something else', async () => {
    executable('bin/temporal', 'echo poetry 1.0')
    const built = executable('cache/starferry/temporal-v1.5.1/temporal')
    expect(await findTemporal({ env: environment() })).toEqual({ path: built, from: 'built earlier' })
  })

  it('then the copy built earlier, in ~/.cache where XDG_CACHE_HOME is unset', async () => {
    const built = executable('.cache/starferry/temporal-v1.5.1/temporal')
    const env = environment({ XDG_CACHE_HOME: undefined })
    expect(await findTemporal({ env, download: noDownload })).toEqual({ path: built, from: 'built earlier' })
  })

  it("then the SDK's download, kept for the next time", async () => {
    const download = async (directory: string) =>
      executable(path.relative(home, path.join(directory, 'temporal-sdk-typescript-1')))
    const first = await findTemporal({ env: environment(), download })
    expect(first.from).toBe('downloaded now')
    expect(await findTemporal({ env: environment(), download: noDownload })).toEqual({
      path: first.path,
      from: 'downloaded earlier',
    })
  })

  it('then a build with Go, told to the user, one at a time', async () => {
    const count = path.join(home, 'builds')
    executable(
      'bin/go',
      `[ "$1" = version ] && { echo go version go1.24.3 linux/amd64; exit 0; }
       echo "$2" >> ${count}; PATH=/bin:/usr/bin; sleep 1
       printf '#!/bin/sh\\necho temporal version built\\n' > "$GOBIN/temporal"; chmod +x "$GOBIN/temporal"`,
    )
    const said: string[] = []
    const find = () => findTemporal({ env: environment(), download: noDownload, say: (line) => said.push(line) })
    const found = await Promise.all([find(), find(), find()])
    const built = path.join(home, 'cache/starferry/temporal-v1.5.1/temporal')
    expect(found).toEqual(Array(3).fill({ path: built, from: 'built now' }))
    expect(readFileSync(count, 'utf8')).toBe('github.com/temporalio/cli/cmd/temporal@v1.5.1\n')
    expect(said.join('\n')).toMatch(/Building the Temporal development server from source with go1.24.3/)
    expect(existsSync(`${built}.building`)).toBe(false)
  })

  it('takes over from a builder that died', async () => {
    executable(
      'bin/go',
      `[ "$1" = version ] && { echo go1.24; exit 0; }
       PATH=/bin:/usr/bin; printf '#!/bin/sh\\n' > "$GOBIN/temporal"; chmod +x "$GOBIN/temporal"`,
    )
    const lock = path.join(home, 'cache/starferry/temporal-v1.5.1/temporal.building')
    mkdirSync(lock, { recursive: true })
    writeFileSync(path.join(lock, 'pid'), '999999999')
    expect((await findTemporal({ env: environment(), download: noDownload })).from).toBe('built now')
  })

  it('and if nothing works, one error says what was tried and what to do', async () => {
    const failure = findTemporal({ env: environment(), download: noDownload })
    await expect(failure).rejects.toThrow(/no `temporal` on PATH/)
    await expect(failure).rejects.toThrow(/download: no network/)
    await expect(failure).rejects.toThrow(/build: Go is not installed/)
    await expect(failure).rejects.toThrow(/set TEMPORAL_CLI/)
  })
})

describe('the development server', () => {
  it('answers after start, keeps its state over a crash and a restart, and is gone after stop', async () => {
    const server = await TemporalServer.start({ dbFile: path.join(home, 'temporal.db') })
    try {
      const started = await withClient(server.address, (client) =>
        client.workflow.start('nobody', { taskQueue: 'none', workflowId: 'kept' }),
      )
      await server.kill()
      expect(server.pid).toBeUndefined()
      await server.restart()
      const described = await withClient(server.address, (client) => client.workflow.getHandle('kept').describe())
      expect(described.runId).toBe(started.firstExecutionRunId)
    } finally {
      await server.stop()
    }
    expect(existsSync(server.logFile)).toBe(false)
    await expect(Connection.connect({ address: server.address, connectTimeout: 1_000 })).rejects.toThrow()
  })

  it('says why when it cannot start', async () => {
    const bad = TemporalServer.start({ extraArgs: ['--no-such-flag'] })
    await expect(bad).rejects.toThrow(/did not start: .*no-such-flag/s)
  })
})

async function withClient<T>(address: string, use: (client: Client) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address })
  try {
    return await use(new Client({ connection }))
  } finally {
    await connection.close()
  }
}
