import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { log } from '@temporalio/activity'
import { type CopyIntent, type ReplicateStepInput, type TableReport, tableWorkflowId } from '../../contract/index.ts'
import type { RememberedCopy } from '../../planning/partition-verdict.ts'
import type { Dependencies } from '../dependencies.ts'
import { busyTable } from '../failures.ts'
import { jobBoard } from '../pollers/job-board.ts'
import { setBounded } from '../set-bounded.ts'
import type { StepContext } from './step-context.ts'
import type { TablePair } from './table-pair.ts'

/** What is known of the copies by partition name; only for targets whose own metadata does not tell. */
export type CopyMemory = Map<string, RememberedCopy>

/** Base64 in a workflow's result; with everything else that stays far below Temporal's payload limits. */
const LONGEST = 48 * 1024

/** Attempts whose intents are kept: one that was refused must not hide its forerunner. */
const MOST_INTENTS = 2

/** With another one, told with every heartbeat from before its job is sent. */
export const withIntents = (known: readonly CopyIntent[], ...more: CopyIntent[]): CopyIntent[] =>
  [...known, ...more].slice(-MOST_INTENTS)

/** Nothing of these partitions, which were emptied since. */
export const withoutPartitions = (intents: readonly CopyIntent[], names: readonly string[]): CopyIntent[] =>
  intents.map(({ jobId, memory }) => {
    const left = [...decodeMemory(memory)].filter(([name]) => !names.includes(name))
    return { jobId, memory: encodeMemory(new Map(left)) }
  })

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
  if (memory !== undefined) return { memory: decodeMemory(memory), intents }
  const left: CopyIntent[] = []
  const last = await lastRemembered(deps, spec.name, table, 'memory', (report) => {
    left.unshift(...(report.intents ?? []))
  })
  return { memory: decodeMemory(last?.text), intents: withIntents(left, ...intents) }
}

/**
 * What the jobs of former attempts brought, when such an attempt ended between the job's commit and its own result. Only jobs that the target
 * calls committed count, and only for a partition that is at exactly the version that was sent. A heartbeat may be lost; then the partition
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
    for (const [name, copy] of decodeMemory(memory)) intended.set(name, copy)
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

type Round = Pick<ReplicateStepInput, 'table' | 'memory'> & { spec: Pick<ReplicateStepInput['spec'], 'name'> }

const keyOf = ({ spec, table }: Round) => `${spec.name}/${table}`

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
export function recall(memory: CopyMemory, intended: CopyMemory) {
  return (name: string, version: bigint): RememberedCopy | undefined => {
    const brought = intended.get(name)
    if (brought?.version === version) memory.set(name, brought)
    return memory.get(name)
  }
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
  migration: string,
  table: string,
  what: 'memory' | 'schema' | 'restore',
  passing: (report: TableReport) => void = () => undefined,
): Promise<{ text: string; runId: string; outcome: TableReport['outcome'] } | undefined> {
  const id = tableWorkflowId(migration, table)
  const query = `WorkflowId = '${id.replaceAll("'", "\\'")}' AND ExecutionStatus = 'Completed'`
  let runs = 0
  let without = 0
  for await (const { runId } of deps.client.workflow.list({ query, pageSize: 5 })) {
    const report = (await deps.client.workflow.getHandle(id, runId).result()) as TableReport
    passing(report)
    const text = report[what]
    if (text !== undefined) return { text, runId, outcome: report.outcome }
    if (report.outcome === 'in-sync') without++
    if (++runs >= MOST_RUNS || without >= MOST_WITHOUT) return undefined
  }
  return undefined
}

/** What is known of a table's copy when none of its workflows runs. */
export async function rememberedCopies(deps: Dependencies, migration: string, table: string): Promise<CopyMemory> {
  return decodeMemory((await lastRemembered(deps, migration, table, 'memory'))?.text)
}
