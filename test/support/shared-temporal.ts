import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Client } from '@temporalio/client'
import { TemporalServer } from '../../client/temporal-server.ts'
import { SEARCH_ATTRIBUTES } from '../../contract/names.ts'

/** Known to all of the server from its start, which they make a few milliseconds longer. More, and it would hold gigabytes in the end. */
const NAMESPACES = 12

interface Shared {
  server: TemporalServer
  /** Holds the server's log. */
  directory: string
  /** That nobody had yet. */
  free: string[]
  inUse: number
}

export interface SharedNamespace extends Pick<Shared, 'server' | 'directory'> {
  namespace: string
  /** Ends what still runs there, so that it takes no time from others. */
  leave(client: Client): Promise<void>
}

let newest: Promise<Shared> | undefined

/** A namespace that nobody had before, on a server that all test files of this process share: its start takes longer than many a test. */
export async function takeNamespace(): Promise<SharedNamespace> {
  newest ??= startShared()
  const asked = newest
  const shared = await asked
  const namespace = shared.free.pop()
  if (namespace === undefined) {
    // Somebody took the last one meanwhile.
    if (newest === asked) newest = undefined
    return takeNamespace()
  }
  shared.inUse++
  const { server, directory } = shared
  return {
    server,
    directory,
    namespace,
    leave: async (client) => {
      await endAll(client)
      shared.inUse--
      if (shared.free.length > 0 || shared.inUse > 0) return
      await server.stop()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

async function endAll(client: Client): Promise<void> {
  for await (const { scheduleId } of client.schedule.list()) await client.schedule.getHandle(scheduleId).delete()
  for await (const { workflowId } of client.workflow.list({ query: "ExecutionStatus = 'Running'" })) {
    // It may end by itself meanwhile.
    await client.workflow
      .getHandle(workflowId)
      .terminate()
      .catch(() => undefined)
  }
}

async function startShared(): Promise<Shared> {
  const directory = mkdtempSync(path.join(tmpdir(), 'starferry-test-temporal-'))
  const free = Array.from({ length: NAMESPACES }, (_, number) => `test-${number}`)
  const server = await TemporalServer.start({
    searchAttributes: Object.values(SEARCH_ATTRIBUTES),
    logFile: path.join(directory, 'temporal.log'),
    extraArgs: free.flatMap((name) => ['--namespace', name]),
  })
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }))
  tellOfTheEnd()
  return { server, directory, free, inUse: 0 }
}

let told = false

/** The test runner ends its processes by SIGTERM, of which by itself nobody hears who ends servers with the process. */
function tellOfTheEnd(): void {
  if (told) return
  told = true
  process.once('SIGTERM', () => {
    process.emit('exit', 143)
    process.kill(process.pid, 'SIGTERM')
  })
}
