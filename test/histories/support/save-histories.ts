import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Client, WorkflowHandle } from '@temporalio/client'
import { temporal as api } from '@temporalio/proto'
import { patchesOf } from './patches.ts'
import { directory, recordedHistories } from './recorded-histories.ts'

/** Of the workflows of one type only some are kept, they are much alike; all of a migration, which is one. */
const MOST_OF_A_TYPE = 8

/** Replaces the recorded histories of these types by those that this server has. How many there are now. */
export async function saveHistories(
  client: Client,
  types: readonly string[],
  mostOfAType = MOST_OF_A_TYPE,
): Promise<number> {
  mkdirSync(directory, { recursive: true })
  for (const file of readdirSync(directory)) {
    if (types.includes(file.split(' ')[0] ?? '')) rmSync(path.join(directory, file))
  }
  return addHistories(client, types, mostOfAType)
}

/** Adds those that this server has to what older versions left, which has to go on replaying. How many were added. */
export async function addHistories(
  client: Client,
  types: readonly string[],
  mostOfAType = MOST_OF_A_TYPE,
  only = /^/,
): Promise<number> {
  const kept = new Map<string, number>()
  const save = saver()
  let saved = 0
  for await (const { type, workflowId, runId } of client.workflow.list()) {
    if (!types.includes(type) || !only.test(workflowId)) continue
    const count = (kept.get(type) ?? 0) + 1
    kept.set(type, count)
    if (type !== 'migrate' && count > mostOfAType) continue
    const history = await client.workflow.getHandle(workflowId, runId).fetchHistory()
    save(type, workflowId, history)
    saved++
  }
  return saved
}

/** As above, of these types only histories that take a way, behind `patched()`, that none of their type has taken yet. */
export async function addWays(client: Client, types: readonly string[]): Promise<void> {
  const known = new Set(recordedWays())
  const found: { type: string; workflowId: string; history: History; ways: string[] }[] = []
  for await (const { type, workflowId, runId } of client.workflow.list()) {
    if (!types.includes(type)) continue
    const history = await client.workflow.getHandle(workflowId, runId).fetchHistory()
    found.push({ type, workflowId, history, ways: waysOf(type, history).filter((way) => !known.has(way)) })
  }
  const save = saver()
  const taken = new Set<string>()
  // Few, and of those that tell as much the shorter ones.
  found.sort((a, b) => b.ways.length - a.ways.length || lengthOf(a.history) - lengthOf(b.history))
  for (const { type, workflowId, history, ways } of found) {
    if (ways.every((way) => taken.has(way))) continue
    for (const way of ways) taken.add(way)
    save(type, workflowId, history)
  }
}

/** As `<type>: <patch>`. */
export const recordedWays = () => recordedHistories().flatMap(({ type, history }) => waysOf(type, history))

type History = Awaited<ReturnType<WorkflowHandle['fetchHistory']>>

const lengthOf = ({ events }: History) => events?.length ?? 0
const waysOf = (type: string, history: History) => [...patchesOf(history)].map((patch) => `${type}: ${patch}`)

/** Writes histories under the numbers that follow those that are there. */
function saver() {
  const last = new Map<string, number>()
  for (const { type, number } of recordedHistories()) last.set(type, Math.max(last.get(type) ?? 0, number))
  return (type: string, workflowId: string, history: History) => {
    const number = (last.get(type) ?? 0) + 1
    last.set(type, number)
    const bytes = api.api.history.v1.History.encode(neutral(history)).finish()
    const name = `${type} ${String(number).padStart(3, '0')} ${encodeURIComponent(workflowId)}.gz`
    writeFileSync(path.join(directory, name), gzipSync(bytes, { level: 9 }))
  }
}

/** Without what only tells of the machine that recorded it: stack traces with its paths, and names of its processes. */
function neutral<T>(value: T): T {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value
  for (const [key, inner] of Object.entries(value)) {
    if (key === 'stackTrace') Object.assign(value, { [key]: '' })
    // `<pid>@<host>`: identities, and the names of workers' own task queues.
    else if (typeof inner === 'string') Object.assign(value, { [key]: inner.replace(/^\d+@\S+$/, 'worker') })
    else neutral(inner)
  }
  return value
}
