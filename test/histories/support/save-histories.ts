import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Client } from '@temporalio/client'
import { temporal as api } from '@temporalio/proto'

const directory = path.join(import.meta.dirname, '../recorded')
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
  const before = new Map<string, number>()
  for (const file of readdirSync(directory)) {
    const [type = '', number] = file.split(' ')
    before.set(type, Math.max(before.get(type) ?? 0, Number(number)))
  }
  let saved = 0
  for await (const { type, workflowId, runId } of client.workflow.list()) {
    if (!types.includes(type) || !only.test(workflowId)) continue
    const count = (kept.get(type) ?? 0) + 1
    kept.set(type, count)
    if (type !== 'migrate' && count > mostOfAType) continue
    const history = await client.workflow.getHandle(workflowId, runId).fetchHistory()
    const bytes = api.api.history.v1.History.encode(neutral(history)).finish()
    const name = `${type} ${String((before.get(type) ?? 0) + count).padStart(3, '0')} ${encodeURIComponent(workflowId)}.gz`
    writeFileSync(path.join(directory, name), gzipSync(bytes, { level: 9 }))
    saved++
  }
  return saved
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
