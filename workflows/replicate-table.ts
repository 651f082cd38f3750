import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  isCancellation,
  log,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow'
// Not from the contract's index: that would load the schemas, for every table again.
import type { AlignOutcome } from '../contract/metadata.ts'
import { holdSignal, reportBySignalSignal, tableReportSignal } from '../contract/migration-api.ts'
import { stepJobPrefix } from '../contract/names.ts'
import {
  REPLICATE_ERRORS,
  type ReplicateErrorDetails,
  type ReplicateStepResult,
  type ReplicateTableInput,
  type TableProgress,
  type TableReport,
} from '../contract/replication.ts'
import { shortReason } from '../planning/parking.ts'
import { steps, untilEnded, work } from './activities.ts'
import { badInput } from './bad-input.ts'
import { wasCancelled } from './cancelled.ts'
import { setSearchAttributes } from './search-attributes.ts'

const FIRST_BACKOFF_MS = 1_000
const LONGEST_BACKOFF_MS = 60_000
/** Times in a row that metadata may be aligned without a job in between, before that counts as a failure. */
const MOST_ALIGNMENTS = 4
const MOST_CHANGES = 5

type Outcome = Pick<TableReport, 'outcome' | 'reason' | 'errorType' | 'statements' | 'question'>

/**
 * One round of a table: step by step until nothing of what lagged lags any more. Ends with a report in any case, as its result; the migration
 * that started it waits for that. After the migration has continued as new, it asks for the report by signal instead.
 */
export async function replicateTable(input: ReplicateTableInput): Promise<TableReport> {
  if (!input?.spec || !input.table || !input.migrationId) {
    throw badInput('replicateTable is started by migrate: give {"spec": …, "table": …, "migrationId": …}')
  }
  const { runId, firstExecutionRunId } = workflowInfo()
  const carried = workflowInfo().continuedFromExecutionRunId ? input.carried : undefined
  const progress: TableProgress = carried ?? {
    step: 0,
    failures: 0,
    jobsFailed: 0,
    jobsSent: 0,
    partitions: 0,
    bytes: 0,
    version: '0',
    reportBySignal: false,
    changes: [],
  }
  let held = false
  let alignments = 0
  const scope = new CancellationScope()
  setHandler(holdSignal, () => {
    held = true
    scope.cancel()
  })
  // Cancelled from outside: what runs for it on the target goes with it, while the step still follows it.
  const all = CancellationScope.current()
  const cancelled = all.cancelRequested.catch(() => CancellationScope.nonCancellable(cancelJobs))
  setHandler(reportBySignalSignal, () => {
    progress.reportBySignal = true
  })
  if (!carried && !input.attributesSet) setSearchAttributes({ state: 'running' })

  const outcome = await round()
  // Told to hold as well, it ends with a report; the job is not left behind all the same.
  if (all.consideredCancelled) await CancellationScope.nonCancellable(() => cancelled)
  setSearchAttributes({ state: outcome.outcome })
  const { jobsSent, jobsFailed, partitions, bytes, version, failures } = progress
  const { changes, memory, intents, schema, restore } = progress
  const counts = { attempts: failures, jobsSent, jobsFailed, partitions, bytes, version }
  const known = { changes, memory, intents, schema, restore }
  const of = { table: input.table, target: input.spec.target, runId: firstExecutionRunId }
  const report: TableReport = { ...of, ...outcome, ...counts, ...known }
  if (progress.reportBySignal) await sendReport(input.migrationId, report)
  return report

  /** When it cannot be done – the job then ends by itself – the table's end is none the worse. */
  async function cancelJobs(): Promise<void> {
    try {
      await work.cancelJobs({ spec: input.spec, table: input.table })
    } catch (error) {
      log.warn('a job could not be cancelled and is left to its end', { table: input.table, error: messageOf(error) })
    }
  }

  async function round(): Promise<Outcome> {
    for (;;) {
      if (held) return { outcome: 'stopped' }
      if (workflowInfo().continueAsNewSuggested && !wasCancelled(all)) {
        await continueAsNew<typeof replicateTable>({ ...input, carried: progress })
      }
      progress.step++
      try {
        const done = await scope.run(() =>
          steps.replicate({
            spec: input.spec,
            table: input.table,
            jobPrefix: stepJobPrefix(input.spec.name, runId, progress.step),
            approval: input.approval,
            memory: progress.memory,
            intents: progress.intents,
            schema: progress.schema,
            changesBefore: input.changesBefore,
            restore: progress.restore,
            restoresBefore: input.restoresBefore,
          }),
        )
        const end = advance(done)
        if (end) return end
      } catch (error) {
        const end = await afterFailure(error)
        if (end) return end
      }
    }
  }

  /** Takes in what a step did; the outcome when it was the last. */
  function advance(done: ReplicateStepResult): Outcome | undefined {
    progress.jobsSent += done.jobsSent
    progress.partitions += done.partitions
    progress.bytes += done.bytes
    if (done.state !== 'stopped') progress.version = done.version
    progress.memory = done.memory ?? progress.memory
    progress.intents = done.intents
    progress.schema = done.schema ?? progress.schema
    progress.restore = done.restore ?? progress.restore
    if (done.emptied) noteChange({ table: input.table, outcome: 'recreated', ...done.emptied, undo: [] })
    if (done.partitions > 0) {
      progress.failures = 0
      alignments = 0
    }
    setCurrentDetails(
      `${progress.jobsSent} jobs, ${progress.partitions} partitions copied, ${done.laggingPartitions} of ${done.totalPartitions} left`,
    )
    if (done.state === 'more') return undefined
    return { outcome: done.state }
  }

  function noteChange(change: AlignOutcome): void {
    progress.changes = [...progress.changes, change].slice(-MOST_CHANGES)
  }

  async function afterFailure(error: unknown): Promise<Outcome | undefined> {
    if (isCancellation(error)) {
      if (held) return { outcome: 'stopped' }
      await CancellationScope.nonCancellable(() => cancelled)
      throw error
    }
    const { type, message, details } = failureOf(error)
    progress.memory = details.memory ?? progress.memory
    progress.intents = details.intents ?? progress.intents
    progress.schema = details.schema ?? progress.schema
    if (held) return { outcome: 'stopped', reason: shortReason(messageOf(error)) }
    const reason = shortReason(message)
    switch (type) {
      case REPLICATE_ERRORS.needsApproval:
        return {
          outcome: 'needs-approval',
          reason,
          errorType: type,
          statements: details.statements ?? [],
          question: details.question,
        }
      case REPLICATE_ERRORS.refused:
        return { outcome: 'refused', reason, errorType: type }
      case REPLICATE_ERRORS.busy:
        return { outcome: 'waiting', reason, errorType: type }
      case REPLICATE_ERRORS.stale:
        if (details.align && alignments < MOST_ALIGNMENTS) return align(reason)
        return countFailure(reason, type)
      default:
        return countFailure(reason, type)
    }
  }

  /** Has the table's definition and partitions on the target made what they are on the source; the metadata difference comes too seldom. */
  async function align(why: string): Promise<Outcome | undefined> {
    alignments++
    const { spec, table, approval } = input
    const approvals = approval === undefined ? {} : { [table]: approval }
    let change: AlignOutcome | undefined
    try {
      ;[change] = await scope.run(() => untilEnded.alignTables({ spec, tables: [table], approvals }))
    } catch (error) {
      if (isCancellation(error)) return afterFailure(error)
      return countFailure(shortReason(messageOf(error)), failureOf(error).type)
    }
    if (!change) return countFailure(why, REPLICATE_ERRORS.stale)
    const reason = shortReason(change.reason ?? why)
    if (change.outcome !== 'unchanged') noteChange(change)
    switch (change.outcome) {
      case 'created':
      case 'altered':
      case 'recreated':
      case 'dropped':
        return undefined
      case 'needs-approval':
        return {
          outcome: 'needs-approval',
          reason,
          errorType: REPLICATE_ERRORS.needsApproval,
          statements: change.statements,
          question: change.question,
        }
      case 'refused':
        return { outcome: 'refused', reason, errorType: REPLICATE_ERRORS.refused }
      case 'waiting':
        return { outcome: 'waiting', reason, errorType: REPLICATE_ERRORS.busy }
      default:
        return countFailure(reason, REPLICATE_ERRORS.stale)
    }
  }

  /** Counts a failed attempt, and waits before the next; the outcome when there were too many. */
  async function countFailure(reason: string, errorType: string): Promise<Outcome | undefined> {
    progress.failures++
    if (errorType === REPLICATE_ERRORS.aborted || errorType === REPLICATE_ERRORS.lost) progress.jobsFailed++
    setCurrentDetails(`attempt ${progress.failures} failed: ${reason}`)
    if (progress.failures >= input.parkAfter) return { outcome: 'failed', reason, errorType }
    const backoff = Math.min(FIRST_BACKOFF_MS * 2 ** (progress.failures - 1), LONGEST_BACKOFF_MS)
    try {
      await condition(() => held, backoff)
    } catch (error) {
      return afterFailure(error)
    }
    return undefined
  }
}

/** The migration may be gone: then there is nobody to tell. */
async function sendReport(migrationId: string, report: TableReport): Promise<void> {
  try {
    await getExternalWorkflowHandle(migrationId).signal(tableReportSignal, report)
  } catch (error) {
    if (isCancellation(error)) throw error
  }
}

function failureOf(error: unknown): { type: string; message: string; details: ReplicateErrorDetails } {
  const cause = error instanceof ActivityFailure ? error.cause : error
  if (!(cause instanceof ApplicationFailure)) {
    return { type: cause instanceof Error ? cause.name : 'Error', message: messageOf(cause), details: {} }
  }
  const [details] = (cause.details ?? []) as [ReplicateErrorDetails?]
  return { type: cause.type ?? 'Error', message: cause.message, details: details ?? {} }
}

function messageOf(error: unknown): string {
  const cause = error instanceof ActivityFailure ? error.cause : error
  return cause instanceof Error ? cause.message : String(cause)
}
