import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { log } from '@temporalio/activity'
import {
  type CopyIntent,
  type MigrationSpec,
  type ReplicateStepInput,
  type TableReport,
  tableWorkflowId,
} from '../../contract/index.ts'
import { isExactly } from '../../contract/visibility.ts'
import { isOfPartition, type RememberedCopy } from '../../planning/partition-verdict.ts'
import type { Dependencies } from '../dependencies.ts'
import { busyTable } from '../failures.ts'
import { jobBoard } from '../pollers/job-board.ts'
import { setBounded } from '../set-bounded.ts'
import type { PartitionPair, Recall } from './partition-pairs.ts'
import type { StepContext } from './step-context.ts'
import type { TablePair } from './table-pair.ts'

/** What is known of the copies by their keys (see physicalKey); only for targets whose own metadata does not tell. */
export type CopyMemory = Map<string, RememberedCopy>

/** Base64 in a workflow's result, and three times in that of a step that fails: together that stays below Temporal's limit of 2 MB. */
const LONGEST = 256 * 1024

/** Attempts whose intents are kept: one that was refused must not hide its forerunner. */
const MOST_INTENTS = 2

/** With another one, told with every heartbeat from before its job is sent. */
export const withIntents = (known: readonly CopyIntent[], ...more: CopyIntent[]): CopyIntent[] =>
  [...known, ...more].slice(-MOST_INTENTS)

/**
 * Targets from 3.3.2 on keep type and epoch of every partition: nothing needs to be remembered, and the memory is empty. For older ones it is
 * what the former step returned, or the last closed run of this table's workflow that copied something; with the intents of those that ended
 * since before they knew.
 */
export async function readMemory(
  { deps, intents }: Pick<StepContext, 'deps' | 'intents'>,
  pair: TablePair,
  { spec, table, memory }: ReplicateStepInput,
): Promise<{ memory: CopyMemory; intents: CopyIntent[] }> {
  if (pair.target.capabilities.dataVersions) return { memory: new Map(), intents: [] }
  const cluster = pair.target.cluster.name
  if (memory !== undefined) return { memory: decodeMemory(memory, cluster), intents }
  const left: CopyIntent[] = []
  const last = await lastRemembered(deps, spec, table, 'memory', (report) => {
    left.unshift(...(report.intents ?? []))
  })
  return { memory: decodeMemory(last?.text, cluster), intents: withIntents(left, ...intents) }
}

/**
 * What the jobs of former attempts brought, when such an attempt ended between the job's commit and its own result. Only jobs that the target
 * calls committed count, and only for the very partition, at exactly the version that was sent. A heartbeat may be lost; then the partition
 * is of unknown origin, and an operator is asked rather than anything guessed.
 */
export async function intendedMemory(pair: TablePair, intents: readonly CopyIntent[]): Promise<CopyMemory> {
  const intended: CopyMemory = new Map()
  if (intents.length === 0 || pair.target.capabilities.dataVersions) return intended
  const jobs = await jobBoard(pair.target.cluster).look(pair.target.databaseId)
  for (const { jobId, memory } of intents) {
    const job = jobs.find(pair.target.entry.id, jobId)
    if (job?.state !== 'committed') continue
    if (job.phase === 'COMMITTED') throw busyTable(`job ${jobId} of ${pair.target.full} is not published yet`, 1_000)
    for (const [key, copy] of decodeMemory(memory, pair.target.cluster.name)) intended.set(key, copy)
  }
  return intended
}

/** Tables of which this process remembers what it copied itself. */
const MOST_RECENT = 2_000
/** Temporal lists a closed workflow within seconds. Later another process may have copied the table since, and this one's word is the older. */
const RECENT_MS = 60_000

interface Confirmed {
  at: number
  memory: CopyMemory
}

const recent = new WeakMap<Dependencies, Map<string, Confirmed>>()

/** Two of one name, one after the other, may copy into different clusters. */
export type Migration = Pick<MigrationSpec, 'name' | 'target'>

type Round = Pick<ReplicateStepInput, 'table' | 'memory'> & { spec: Migration }

const keyOf = ({ spec, table }: Round) => JSON.stringify([spec.name, spec.target, table])

/**
 * What this process confirmed itself. Temporal lists a closed workflow only some moments after its end, so a round that begins within them would
 * find the one before, and take its own copy for somebody else's. It counts as `intendedMemory` does: for a partition at exactly that version.
 */
export function noteConfirmed(deps: Dependencies, round: Round, memory: CopyMemory): void {
  if (memory.size === 0) return
  const known = recent.get(deps) ?? new Map<string, Confirmed>()
  recent.set(deps, known)
  const key = keyOf(round)
  known.delete(key)
  setBounded(known, key, { at: performance.now(), memory: new Map(memory) }, MOST_RECENT)
}

/** The same, beside what former attempts were about to bring; only for the first step of a round, the others are told what the one before left. */
export function withConfirmed(deps: Dependencies, round: Round, intended: CopyMemory): CopyMemory {
  const own = round.memory === undefined ? recent.get(deps)?.get(keyOf(round)) : undefined
  return new Map([...(own && performance.now() - own.at < RECENT_MS ? own.memory : []), ...intended])
}

/** These partitions hold nothing any more of what was confirmed. */
export function forgetConfirmed(deps: Dependencies, round: Round, names: Iterable<string>): void {
  const own = recent.get(deps)?.get(keyOf(round))
  for (const name of names) own?.memory.delete(name)
}

/** Looks up what is known of a partition at a version; what a former attempt brought is taken into the memory. */
export function recall(memory: CopyMemory, intended: CopyMemory): Recall {
  return (key, id, version) => {
    const brought = intended.get(key)
    if (brought?.version === version && isOfPartition(brought, id)) memory.set(key, brought)
    return memory.get(key)
  }
}

/** Forgets partitions that are there no more. */
export function forgetOthers(memory: CopyMemory, present: readonly Pick<PartitionPair, 'key'>[]): void {
  const keys = new Set(present.map(({ key }) => key))
  for (const key of memory.keys()) if (!keys.has(key)) memory.delete(key)
}

/**
 * The field `memory` of a step's result; none where the target tells itself. One that remembers nothing is told as well: what was known before is
 * not true any more. Too large, it is left out; what the result would have told is then of unknown origin.
 */
export function writeMemory({ source, target }: TablePair, memory: CopyMemory): { memory?: string } {
  if (target.capabilities.dataVersions) return {}
  const text = encodeMemory(memory, target.cluster.name)
  if (text.length <= LONGEST) return { memory: text }
  log.warn('too many partitions to remember what was copied', { table: source.full, partitions: memory.size })
  return { memory: encodeMemory(new Map(), target.cluster.name) }
}

/** `cluster`: on which the copies are; ids of partitions mean nothing on another. */
export function encodeMemory(memory: CopyMemory, cluster: string): string {
  const lines = [...memory].map(([name, { sourceId, version, targetId }]) =>
    [JSON.stringify(name), sourceId, version, ...(targetId === undefined ? [] : [targetId])].join(' '),
  )
  return deflateRawSync([JSON.stringify(cluster), ...lines].join('\n')).toString('base64')
}

/** Empty when it is about another cluster. */
export function decodeMemory(text: string | undefined, cluster: string): CopyMemory {
  const memory: CopyMemory = new Map()
  if (!text) return memory
  const lines = inflateRawSync(Buffer.from(text, 'base64')).toString().split('\n')
  // Older versions wrote no cluster.
  if (/^"[^\n]*"$/.test(lines[0] ?? '') && lines[0] !== JSON.stringify(cluster)) return memory
  for (const line of lines) {
    const match = /^(".*") (\d+) (\d+)(?: (\d+))?$/.exec(line)
    if (!match?.[1] || !match[2] || !match[3]) continue
    const copy = { sourceId: BigInt(match[2]), version: BigInt(match[3]) }
    memory.set(JSON.parse(match[1]) as string, match[4] ? { ...copy, targetId: BigInt(match[4]) } : copy)
  }
  return memory
}

/** Runs of a table's workflow that are looked through at most: one that failed before it looked at the copy remembers nothing. */
const MOST_RUNS = 100
/** Runs that came to a good end without it: older versions, or other targets, remember nothing of the kind. */
const MOST_WITHOUT = 3

/**
 * What the latest closed run of a table's workflow that remembers this remembers, which run that is, and how it ended. `passing` is told the
 * reports on the way, latest first.
 */
export async function lastRemembered(
  deps: Dependencies,
  migration: Migration,
  table: string,
  what: 'memory' | 'schema' | 'restore',
  passing: (report: TableReport) => void = () => undefined,
): Promise<{ text: string; runId: string; outcome: TableReport['outcome'] } | undefined> {
  const id = tableWorkflowId(migration.name, table)
  const query = `${isExactly('WorkflowId', id)} AND ExecutionStatus = 'Completed'`
  let runs = 0
  let without = 0
  for await (const { workflowId, runId } of deps.client.workflow.list({ query, pageSize: 5 })) {
    if (workflowId !== id) continue
    const report = (await deps.client.workflow.getHandle(id, runId).result()) as TableReport
    // Of a former migration of the name, into another cluster: it knows nothing of this copy. Older versions did not say.
    if (report.target !== undefined && report.target !== migration.target) return undefined
    passing(report)
    const text = report[what]
    if (text !== undefined) return { text, runId, outcome: report.outcome }
    if (report.outcome === 'in-sync') without++
    if (++runs >= MOST_RUNS || without >= MOST_WITHOUT) return undefined
  }
  return undefined
}

/** What is known of a table's copy when none of its workflows runs. */
export async function rememberedCopies(deps: Dependencies, migration: Migration, table: string): Promise<CopyMemory> {
  return decodeMemory((await lastRemembered(deps, migration, table, 'memory'))?.text, migration.target)
}
