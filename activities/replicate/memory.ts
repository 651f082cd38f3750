import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { log } from '@temporalio/activity'
import { type ReplicateStepInput, type TableReport, tableWorkflowId } from '../../contract/index.ts'
import type { RememberedCopy } from '../../planning/partition-verdict.ts'
import type { Dependencies } from '../dependencies.ts'
import type { TablePair } from './table-pair.ts'

/** What is known of the copies by partition name; only for targets whose own metadata does not tell. */
export type CopyMemory = Map<string, RememberedCopy>

/** Base64 in a workflow's result; with everything else that stays far below Temporal's payload limits. */
const LONGEST = 48 * 1024

/**
 * Targets from 3.3.2 on keep type and epoch of every partition: nothing needs to be remembered, and the memory is empty. For older ones it is
 * what the former step returned, or the last closed run of this table's workflow that copied something.
 */
export async function readMemory(deps: Dependencies, pair: TablePair, input: ReplicateStepInput): Promise<CopyMemory> {
  if (pair.target.capabilities.dataVersions) return new Map()
  return decodeMemory(input.memory ?? (await lastMemory(deps, input.spec.name, input.table)))
}

/** The field `memory` of a step's result; nothing where none is needed or it would be too large. */
export function writeMemory(pair: TablePair | undefined, memory: CopyMemory): { memory?: string } {
  if (memory.size === 0 || pair?.target.capabilities.dataVersions) return {}
  const text = encodeMemory(memory)
  if (text.length <= LONGEST) return { memory: text }
  log.warn('too many partitions to remember what was copied', { table: pair?.source.full, partitions: memory.size })
  return {}
}

export function encodeMemory(memory: CopyMemory): string {
  const lines = [...memory].map(([name, { sourceId, version }]) => `${JSON.stringify(name)} ${sourceId} ${version}`)
  return deflateRawSync(lines.join('\n')).toString('base64')
}

export function decodeMemory(text: string | undefined): CopyMemory {
  const memory: CopyMemory = new Map()
  if (!text) return memory
  for (const line of inflateRawSync(Buffer.from(text, 'base64')).toString().split('\n')) {
    const match = /^(".*") (\d+) (\d+)$/.exec(line)
    if (!match?.[1] || !match[2] || !match[3]) continue
    memory.set(JSON.parse(match[1]) as string, { sourceId: BigInt(match[2]), version: BigInt(match[3]) })
  }
  return memory
}

/** Runs of a table's workflow that are looked through at most: one that failed before its first copy remembers nothing. */
const MOST_RUNS = 20

/** What the latest closed run of a table's workflow that remembers anything remembers. */
async function lastMemory(deps: Dependencies, migration: string, table: string): Promise<string | undefined> {
  const id = tableWorkflowId(migration, table)
  const query = `WorkflowId = '${id.replaceAll("'", "\\'")}' AND ExecutionStatus = 'Completed'`
  let runs = 0
  for await (const execution of deps.client.workflow.list({ query, pageSize: 5 })) {
    const report = (await deps.client.workflow.getHandle(id, execution.runId).result()) as TableReport
    if (report.memory !== undefined || ++runs >= MOST_RUNS) return report.memory
  }
  return undefined
}

/** What is known of a table's copy when none of its workflows runs. */
export async function rememberedCopies(deps: Dependencies, migration: string, table: string): Promise<CopyMemory> {
  return decodeMemory(await lastMemory(deps, migration, table))
}
