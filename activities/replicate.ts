import { Context } from '@temporalio/activity'
import { ActivityCancelledError } from '@temporalio/client'
import { ApplicationFailure, ApplicationFailureCategory, CancelledFailure } from '@temporalio/common'
import {
  type CopyIntent,
  jobIdOf,
  migrationJobPrefix,
  REPLICATE_ERRORS,
  type ReplicateErrorDetails,
  type ReplicateStepInput,
  type ReplicateStepResult,
  STEP_ENDING_ERRORS,
} from '../contract/index.ts'
import { bytesToCopy, chooseForJob, type JobPartition, REQUEST_BYTES } from '../planning/job-sizing.ts'
import type { RememberedCopy } from '../planning/partition-verdict.ts'
import { writeMark } from '../planning/schema-mark.ts'
import { indexSchemas } from '../starrocks/index.ts'
import type { Dependencies } from './dependencies.ts'
import { checkDisk } from './disk.ts'
import { aborted, asFailure, lost, refused, stale, unreachable } from './failures.ts'
import { beating, endingReason } from './heartbeat.ts'
import { isUnreadable } from './metadata/read-table.ts'
import { directory } from './pollers/directory.ts'
import { facts } from './pollers/facts.ts'
import { limitGate } from './pollers/limit-gate.ts'
import { checkDefinitionAgain } from './replicate/check-definition-again.ts'
import { confirmCopies } from './replicate/confirm-copies.ts'
import { compareDefinitions } from './replicate/definitions.ts'
import { adoptRunningJob, followJob } from './replicate/follow-job.ts'
import {
  type CopyMemory,
  forgetConfirmed,
  forgetOthers,
  intendedMemory,
  noteConfirmed,
  readMemory,
  recall,
  withConfirmed,
  withIntents,
  writeMemory,
} from './replicate/memory.ts'
import { type PartitionPair, readPartitionPairs } from './replicate/partition-pairs.ts'
import { compareValues } from './replicate/partition-values.ts'
import { resetPartitions } from './replicate/reset-partitions.ts'
import { RESTORED, RestoreTrust } from './replicate/restore-trust.ts'
import { distrust, holdsRows, markOf, momentOf, REPLACED, SchemaTrust } from './replicate/schema-trust.ts'
import { buildRequest, sendJob } from './replicate/send-job.ts'
import { Leaving, type StepContext, shouldStop, throwIfLeaving } from './replicate/step-context.ts'
import { StepSlots } from './replicate/step-slots.ts'
import { checkStoredNames } from './replicate/stored-names.ts'
import { openTable, type TablePair } from './replicate/table-pair.ts'
import { mapTablets, readIndexPairs } from './replicate/tablet-map.ts'
import { throwIfJobs } from './replicate/throw-if-jobs.ts'
import { throwIfRedefined } from './replicate/throw-if-redefined.ts'

/**
 * One step of a table: find what lags, send one job, await it, and see the target's metadata confirm it. An attempt sends at most one job.
 *
 * Any attempt may be the first, the second in another worker, or one whose forerunner was killed between any two lines. It never relies on what
 * an earlier one remembered: it looks on the target for a job of this migration and this table, adopts it if there is one, and decides from
 * versions read afresh. So a lost reply, a killed worker and a deploy send nothing twice.
 */
export function createReplicateActivities(deps: Dependencies) {
  const slots = new StepSlots(deps.activitySlots)
  return {
    async replicate(input: ReplicateStepInput): Promise<ReplicateStepResult> {
      const context = Context.current()
      const before = context.info.heartbeatDetails as { intents?: CopyIntent[] } | undefined
      return beating(async (report) => {
        const step: StepContext = {
          deps,
          context,
          migrationPrefix: migrationJobPrefix(input.spec.name),
          jobId: '',
          schema: input.schema,
          intents: before?.intents ?? input.intents ?? [],
          report: (details) =>
            report({ ...details, ...(step.intents.length > 0 || before?.intents ? { intents: step.intents } : {}) }),
        }
        try {
          const done = await slots.run(() => runStep(step, input))
          return done.state === 'stopped' && step.intents.length > 0 ? { ...done, intents: step.intents } : done
        } catch (error) {
          const failure = yielding(stepFailure(error, input.table), context.info.attempt)
          throw countFailure(deps, input, withKnown(failure, step))
        }
      }, before)
    },
  }
}

async function runStep(step: StepContext, input: ReplicateStepInput): Promise<ReplicateStepResult> {
  const { deps } = step
  const pair = await openTable(deps, input.spec, input.table)
  if (!pair) return result('gone')
  const jobs = await adoptRunningJob(step, pair)
  await untilLimitsAllow(step, pair)
  if (shouldStop(step)) return result('stopped')
  await checkDisk(pair.target.cluster, input.spec.limits.diskPercent)

  const { memory, intents } = await readMemory(step, pair, input)
  step.intents = intents
  const lineage = () => writeMemory(pair, memory)
  step.memory = () => lineage().memory
  const intended = await intendedMemory(pair, step.intents)
  const brought = withConfirmed(deps, input, intended)
  const known = recall(memory, brought)
  const trust = new SchemaTrust(step, pair, input, jobs)
  step.schema = trust.known
  const sourceIndexes = await indexSchemas(pair.source.cluster, pair.source.databaseId, pair.source.entry.id)
  const moment = momentOf(pair, sourceIndexes)
  const restores = await RestoreTrust.read(deps, pair, input)
  const restore = restores.known
  let partitions = restores.doubt(await readPartitionPairs(pair, known))
  if (jobs.length > 0 && !holdsRows(partitions)) {
    // One that is committed brings its rows in a moment, as they were under the columns of its time.
    await throwIfJobs(pair)
    partitions = restores.doubt(await readPartitionPairs(pair, known))
  }
  forgetOthers(memory, partitions)
  if (partitions.every(isInSync)) {
    const unmoved = await trust.unmoved(moment)
    if (unmoved) return { ...inSync(partitions, unmoved, lineage()), restore }
  }
  // After the versions: what changes later is in a later version, and so in a later round.
  const definition = await compareDefinitions(pair)
  compareValues(pair, definition.model, partitions)
  const mark = markOf(moment, definition)
  const schema = writeMark(mark)
  const believed = !holdsRows(partitions) || (await trust.holds(mark))
  step.schema = trust.known
  if (!believed) partitions = distrust(pair, partitions)
  // Before anything is emptied: what would be copied in its place might be no better.
  const discarded = partitions.filter(isDiscarded)
  if (discarded.length > 0) await checkStoredNames(pair, definition, sourceIndexes, partitions, discarded)
  if (shouldStop(step)) return result('stopped')
  const statements = await resetPartitions(step, pair, partitions, input.approval)
  if (statements.length > 0) {
    const names = discarded.map(({ name }) => name)
    for (const name of names) for (const told of [memory, brought]) told.delete(name)
    forgetConfirmed(deps, input, names)
    partitions = restores.doubt(await readPartitionPairs(pair, known))
    await throwIfRedefined(pair, moment, definition)
    compareValues(pair, definition.model, partitions)
  }
  // From here on everything on the target agrees with the source's columns as they were at the start.
  step.schema = schema
  const restored = statements.length > 0 && discarded.some(isRestored)
  const emptied = statements.length === 0 ? {} : whyEmptied(discarded, believed, statements)
  const lagging = partitions.filter((partition) => partition.verdict.action === 'replicate')
  if (restored && lagging.length > 0) {
    // Told before anything is sent: an attempt after this one would take what it copied for what was there before.
    const laggingPartitions = lagging.length
    return { ...inSync(partitions, schema, lineage()), state: 'more', laggingPartitions, restore, ...emptied }
  }
  if (lagging.length === 0) {
    if (partitions.every(isInSync)) return { ...inSync(partitions, schema, lineage()), restore, ...emptied }
    throw stale(`partitions of ${pair.source.full} changed while they were being looked at`)
  }

  const indexes = await readIndexPairs(pair, sourceIndexes)
  const { now, later } = chooseForJob(
    lagging.map((partition) => jobPartition(partition, indexes.length)),
    {
      bytes: input.spec.limits.bytesPerJob,
      replicas: (await facts(pair.target.cluster).limit('replication_max_parallel_replica_count')) ?? 10_240,
      requestBytes: REQUEST_BYTES,
    },
  )
  const chosen = now.map((one) => one.pair)
  const bytes = now.reduce((sum, one) => sum + one.bytes, 0)
  const mapped = await mapTablets(pair, chosen, indexes)
  await checkStoredNames(pair, definition, sourceIndexes, partitions, chosen, mapped)
  const targetBytes = partitions.reduce((sum, partition) => sum + partition.target.dataSizeBytes, 0n)
  step.jobId = jobIdOf(input.jobPrefix, step.context.info.attempt, schema)
  const request = await buildRequest(step, pair, definition, mapped, { bytes, targetBytes })
  if (shouldStop(step)) return result('stopped')

  step.intents = withIntents(step.intents, ...intentOf(pair, step.jobId, memory, chosen))
  step.report({ job: step.jobId, phase: 'sending', partitions: chosen.length })
  if (step.intents.length > 0) {
    await writeDown(step)
    if (shouldStop(step)) return result('stopped')
  }
  const sent = await sendJob(step, pair, request, chosen)
  if (sent === 'queued') {
    const end = await followJob(step, pair, step.jobId)
    if (end === 'stopped') return { ...result('stopped'), jobsSent: 1 }
    await confirmCopies(step, pair, chosen, end)
  } else {
    await confirmNothing(step, pair, chosen)
  }
  await checkDefinitionAgain(pair, definition, chosen)
  deps.metrics.count('bytes_copied_total', { migration: input.spec.name }, bytes)
  remember(memory, chosen)
  if (!pair.target.capabilities.dataVersions) noteConfirmed(deps, input, memory)
  return {
    state: later.length > 0 ? (shouldStop(step) ? 'stopped' : 'more') : 'in-sync',
    jobsSent: sent === 'queued' ? 1 : 0,
    partitions: chosen.length,
    totalPartitions: partitions.length,
    laggingPartitions: later.length,
    bytes,
    version: highest(chosen),
    schema,
    restore,
    ...emptied,
    ...lineage(),
  }
}

/** While the target refuses jobs because of its limits, tables wait for running ones to end instead of preparing what would be refused. */
async function untilLimitsAllow(step: StepContext, { target }: TablePair): Promise<void> {
  try {
    await limitGate(target.cluster).pass(
      target.databaseId,
      () => endingReason(step.context) !== undefined,
      () => step.report({ waiting: `${target.cluster.name} runs as many replication jobs as its limits allow` }),
    )
  } catch (error) {
    throw asFailure(error, `looking for running jobs of ${target.cluster.name}`)
  }
  throwIfLeaving(step)
}

/** The target says that it lacks nothing: a job whose answer was lost has done it already. Or the versions moved; then look again. */
async function confirmNothing(step: StepContext, pair: TablePair, chosen: readonly PartitionPair[]): Promise<void> {
  try {
    await confirmCopies(step, pair, chosen, 'gone')
  } catch (error) {
    if (!(error instanceof ApplicationFailure) || error.type !== lost('').type) throw error
    throw stale(
      `${pair.target.cluster.name} says that ${pair.target.full} lacks nothing, but its partitions do not show it`,
    )
  }
}

function jobPartition(pair: PartitionPair, indexCount: number): JobPartition & { pair: PartitionPair } {
  const { source, target } = pair
  const tablets = source.buckets * indexCount
  const to = target.dataVersion ?? target.visibleVersion
  return {
    pair,
    name: pair.name,
    bytes: bytesToCopy(source.dataSizeBytes, pair.version, to),
    tablets,
    replicas: tablets * (source.replicationNum ?? 1),
    fresh: to <= 1n,
    copiedAt: target.visibleVersionTime ?? '',
  }
}

/** Nothing where only copies of what the source has emptied itself were: they follow, as everything does. */
function whyEmptied(
  discarded: readonly PartitionPair[],
  believed: boolean,
  statements: readonly string[],
): Pick<ReplicateStepResult, 'emptied'> {
  const foreign = discarded.flatMap(({ verdict }) => (verdict.action === 'foreign' ? [verdict.reason] : []))
  const reasons = [
    ...(believed ? [] : [REPLACED]),
    ...(discarded.some(isRestored) ? [RESTORED] : []),
    ...(foreign.length > 0 ? [`rows that starferry did not write were discarded: ${foreign[0]}`] : []),
  ]
  return reasons.length === 0 ? {} : { emptied: { reason: reasons.join('; '), statements: few(statements) } }
}

const isDiscarded = ({ verdict }: PartitionPair) => verdict.action === 'reset' || verdict.action === 'foreign'

const isRestored = ({ verdict }: PartitionPair) => verdict.action === 'reset' && verdict.reason === RESTORED

const isInSync = (partition: PartitionPair) => partition.verdict.action === 'in-sync'

function inSync(
  partitions: readonly PartitionPair[],
  schema: string,
  lineage: Pick<ReplicateStepResult, 'memory'>,
): ReplicateStepResult {
  return {
    ...result('in-sync'),
    schema,
    totalPartitions: partitions.length,
    version: highest(partitions),
    ...lineage,
  }
}

function result(state: ReplicateStepResult['state']): ReplicateStepResult {
  return { state, jobsSent: 0, partitions: 0, totalPartitions: 0, laggingPartitions: 0, bytes: 0, version: '0' }
}

function highest(partitions: readonly PartitionPair[]): string {
  let highest = 0n
  for (const { version } of partitions) if (version > highest) highest = version
  return String(highest)
}

function remember(memory: CopyMemory, confirmed: readonly PartitionPair[]): void {
  for (const { key, source, target, version } of confirmed) {
    memory.set(key, { sourceId: source.id, version, targetId: target.id } satisfies RememberedCopy)
  }
}

const MOST_STATEMENTS = 5

const few = (statements: readonly string[]) =>
  statements.length > MOST_STATEMENTS
    ? [...statements.slice(0, MOST_STATEMENTS - 1), `-- and ${statements.length - MOST_STATEMENTS + 1} more`]
    : [...statements]

/** Only for targets that do not remember themselves; else nothing. */
function intentOf(pair: TablePair, jobId: string, memory: CopyMemory, chosen: readonly PartitionPair[]): CopyIntent[] {
  const after = new Map(memory)
  remember(after, chosen)
  const text = writeMemory(pair, after).memory
  return text === undefined ? [] : [{ jobId, memory: text }]
}

/** Has the server know the intents before anything is sent: ordinary heartbeats are throttled, and lost when the process is killed. */
async function writeDown({ deps, context, intents }: StepContext): Promise<void> {
  try {
    await deps.client.activity.heartbeat(context.info.taskToken, { intents })
  } catch (error) {
    // Told to stop in this moment; it is recorded all the same, and the step finds out by itself.
    if (!(error instanceof ActivityCancelledError)) throw error
  }
}

/** Everything a step can end with has a type that the workflow knows: what is tried again by itself, what counts, what needs a person. */
function stepFailure(error: unknown, table: string): unknown {
  // The worker stops: tried again at once, by another one.
  if (error instanceof Leaving) return unreachable(error.message, 100)
  // Says nothing about the table: another worker, or this one when it is configured again, goes on with what the attempts before wrote down.
  if (error instanceof ApplicationFailure && error.type === 'UnknownCluster') return unreachable(error.message)
  if (isUnreadable(error)) return refused(`${table}: ${error.message}`)
  const failure = asFailure(error, table)
  if (failure instanceof ApplicationFailure || failure instanceof CancelledFailure) return failure
  return aborted(`${table}: ${failure instanceof Error ? failure.message : String(failure)}`)
}

/**
 * What is known of the copy must not be lost with a step that fails: the next one may find it nowhere else. The server cuts failures above 4 KiB
 * that are tried again; there the heartbeat keeps the intents.
 */
function withKnown(error: unknown, { schema, memory, intents }: StepContext): unknown {
  if (!(error instanceof ApplicationFailure)) return error
  const { type, message, nonRetryable, nextRetryDelay, category, cause } = error
  const ends = nonRetryable || STEP_ENDING_ERRORS.includes(type ?? '')
  const lineage = ends ? { memory: memory?.(), ...(intents.length > 0 ? { intents } : {}) } : {}
  const details = [{ ...(error.details?.[0] as ReplicateErrorDetails | undefined), schema, ...lineage }]
  return ApplicationFailure.create({
    type: type ?? undefined,
    message,
    nonRetryable: nonRetryable ?? undefined,
    nextRetryDelay: nextRetryDelay ?? undefined,
    category: category ?? undefined,
    details,
    cause,
  })
}

/** Waiting attempts of a table that something else holds, before it gives its slot back; a minute or so. */
const PATIENCE = 6

function yielding(error: unknown, attempt: number): unknown {
  if (!(error instanceof ApplicationFailure) || error.type !== REPLICATE_ERRORS.busy || attempt < PATIENCE) return error
  const details = error.details?.[0] as ReplicateErrorDetails | undefined
  if (!details?.yields) return error
  return ApplicationFailure.create({
    type: REPLICATE_ERRORS.busy,
    message: error.message,
    details: [details],
    nonRetryable: true,
    category: ApplicationFailureCategory.BENIGN,
  })
}

function countFailure(deps: Dependencies, { spec }: ReplicateStepInput, error: unknown): unknown {
  const type = error instanceof ApplicationFailure ? (error.type ?? 'Other') : 'Other'
  deps.metrics.count('step_failures_total', { type })
  // Ids and names may be old.
  if (type === 'Stale') for (const name of [spec.source, spec.target]) directory(deps.cluster(name).cluster).forget()
  return error
}
