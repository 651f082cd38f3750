import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Client } from '@temporalio/client'
import { temporal as api } from '@temporalio/proto'

const directory = path.join(import.meta.dirname, '../recorded')
/** Of the workflows of one type only some are kept, they are much alike; all of a migration, which is one. */
const MOST_OF_A_TYPE = 8

/**
 * Replaces the recorded histories of these types by those that this server has; or, with `beside`, puts these of certain workflows beside them. How
 * many were saved.
 */
export async function saveHistories(
  client: Client,
  types: readonly string[],
  mostOfAType = MOST_OF_A_TYPE,
  { beside }: { beside?: RegExp } = {},
): Promise<number> {
  mkdirSync(directory, { recursive: true })
  const kept = new Map<string, number>()
  for (const file of readdirSync(directory)) {
    const [type = '', number] = file.split(' ')
    if (!types.includes(type)) continue
    if (beside) kept.set(type, Math.max(kept.get(type) ?? 0, Number(number)))
    else rmSync(path.join(directory, file))
  }
  let saved = 0
  for await (const { type, workflowId, runId } of client.workflow.list()) {
    if (!types.includes(type) || (beside && !beside.test(workflowId))) continue
    const count = (kept.get(type) ?? 0) + 1
    kept.set(type, count)
    if (!beside && type !== 'migrate' && count > mostOfAType) continue
    const history = await client.workflow.getHandle(workflowId, runId).fetchHistory()
    const bytes = api.api.history.v1.History.encode(neutral(history)).finish()
    const name = `${type} ${String(count).padStart(3, '0')} ${encodeURIComponent(workflowId)}.gz`
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
