import {
  ActivityFailure,
  CancellationScope,
  ContinueAsNew,
  continueAsNew,
  getExternalWorkflowHandle,
  isCancellation,
  patched,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow'
import type {
  AlignOutcome,
  DifferencePage,
  MetadataCounts,
  MetadataReport,
  SyncMetadataInput,
} from '../contract/metadata.ts'
import { holdSignal, metadataDueSignal, metadataReportSignal } from '../contract/migration-api.ts'
import type { MigrationSpec } from '../contract/migration-spec.ts'
import { metadataWorkflowId } from '../contract/names.ts'
import { SPEC_FORMAT } from '../contract/spec-format.ts'
import { withMark } from '../planning/parked-groups.ts'
import { shortReason } from '../planning/parking.ts'
import { FORMERLY } from '../planning/schema-outcome.ts'
import { control, untilEnded, work } from './activities.ts'
import { setSearchAttributes } from './search-attributes.ts'

const PAGE = 500
/** A report is sent when outcomes of this size have come together, so that the migration learns of new tables soon and its history stays small. */
const REPORT_BYTES = 32 * 1024
const MOST_OUTCOMES = 500

/**
 * One metadata difference: every source table whose copy is missing or different is aligned, batch by batch, then what only the target has,
 * then views. Reports to the migration by signal. Told to hold, it stops after the batch.
 *
 * Under another id than a difference's own – the Schedule gives each of its runs one – it only tells the migration that it is time for one.
 */
export async function syncMetadata(input: SyncMetadataInput): Promise<MetadataCounts | undefined> {
  const spec = input?.checkedAs === SPEC_FORMAT ? input.spec : await checkedHere(input?.spec)
  const { migrationId, approvals, viewMarks } = input
  setSearchAttributes({ kind: 'metadata', migration: spec.name, cluster: spec.target })
  if (workflowInfo().workflowId !== metadataWorkflowId(spec.name) && patched('one-difference')) {
    await unlessGone(() => getExternalWorkflowHandle(migrationId).signal(metadataDueSignal))
    return undefined
  }
  const carried = workflowInfo().continuedFromExecutionRunId ? input.carried : undefined
  let held = false
  const look = new CancellationScope()
  setHandler(holdSignal, () => {
    held = true
    // It changes nothing; and while a cluster does not answer it would not end.
    if (patched('held-look-ends')) look.cancel()
  })
  const open: AlignOutcome[] = []
  let openBytes = 0
  let { reported, more, aligned, after } = carried ?? { reported: 0, more: 0, aligned: 0 }
  let leftOut = carried ? carried.leftOut : ''
  let counts: MetadataCounts | undefined

  try {
    do {
      const page = await nextPage(after)
      if (!page) break
      counts = page.counts
      for (let from = 0; from < page.different.length && !held; from += spec.limits.ddlBatch) {
        const tables = page.different.slice(from, from + spec.limits.ddlBatch)
        await continueIfLong(from === 0 ? after : page.different[from - 1])
        if (held) break
        collect(await untilEnded.alignTables({ spec, tables, approvals }))
        aligned += tables.length
        setCurrentDetails(`${aligned} of ${counts.differentTables} different tables looked at`)
        if (openBytes >= REPORT_BYTES || (reported === 0 && open.length > 0)) await report(false)
      }
      after = page.next
    } while (after !== undefined && !held)
    // Where nothing was changed since the objects were listed they need not be listed again, a statement for each database.
    let changed = aligned > 0
    if (!held) {
      const outcomes = await untilEnded.listTargetOnly({ spec, approvals, viewMarks, changed })
      changed ||= outcomes.some(({ outcome }) => outcome !== 'unchanged')
      collect(outcomes)
    }
    if (!held) collect(await untilEnded.alignViews({ spec, approvals, viewMarks, changed }))
    await report(!held)
    return counts
  } catch (error) {
    if (isCancellation(error) || error instanceof ContinueAsNew) throw error
    const cause = error instanceof ActivityFailure ? error.cause : error
    await report(false, shortReason(cause instanceof Error ? cause.message : String(error)))
    throw error
  }

  /** Undefined when it was told to hold meanwhile. */
  async function nextPage(after: string | undefined): Promise<DifferencePage | undefined> {
    try {
      return await look.run(() => work.listDifferences({ spec, after, limit: PAGE }))
    } catch (error) {
      if (isCancellation(error) && !CancellationScope.current().consideredCancelled) return undefined
      throw error
    }
  }

  /** Goes on after this table in a new run when the history has become long. */
  async function continueIfLong(last: string | undefined): Promise<void> {
    if (!workflowInfo().continueAsNewSuggested || !patched('continue-difference')) return
    await report(false)
    if (held) return
    await continueAsNew<typeof syncMetadata>({ ...input, carried: { reported, more, aligned, after: last, leftOut } })
  }

  function collect(outcomes: readonly AlignOutcome[]): void {
    for (const full of outcomes) {
      // After an attempt whose answer was lost the next finds nothing to do, and still knows what is to be undone.
      if (full.outcome === 'unchanged' && full.undo.length === 0) {
        // Nothing that has to be told now: where there is no room the next difference finds it again.
        if (full.marks === undefined || reported + open.length >= MOST_OUTCOMES) continue
      }
      const outcome = brief(full)
      if (reported + open.length < MOST_OUTCOMES || outcome.undo.length > 0) open.push(outcome)
      else {
        more++
        if (OPEN.has(outcome.outcome)) leftOut = withMark(leftOut, outcome.table)
      }
      openBytes += JSON.stringify(outcome).length
    }
  }

  async function report(complete: boolean, error?: string): Promise<void> {
    const outcomes = open.splice(0)
    openBytes = 0
    reported += outcomes.length
    const message: MetadataReport = {
      counts: counts ?? NOTHING,
      outcomes,
      more,
      complete,
      ...(complete && more > 0 ? { leftOut } : {}),
      // Of its first run, should it have continued.
      startedAt: workflowInfo().startTime.toISOString(),
      ...(error ? { error } : {}),
    }
    const heard = await unlessGone(() => getExternalWorkflowHandle(migrationId).signal(metadataReportSignal, message))
    // Not `held ||= !(await …)`: that would forget a hold that came meanwhile.
    if (!heard) held = true
  }

  /** Whether the migration heard it. When it is gone – terminated, most likely – its Schedule must not go on making work for nobody. */
  async function unlessGone(tell: () => Promise<void>): Promise<boolean> {
    try {
      await tell()
      return true
    } catch (failure) {
      if (isCancellation(failure)) throw failure
      await CancellationScope.nonCancellable(() =>
        control.deleteMetadataSchedule({ name: spec.name, unlessOpen: true }),
      )
      return false
    }
  }
}

/** What is not settled by them. */
const OPEN: ReadonlySet<AlignOutcome['outcome']> = new Set(['needs-approval', 'refused', 'waiting', 'failed'])

/** Loaded by those alone whose input nobody has checked yet. */
async function checkedHere(spec: unknown): Promise<MigrationSpec> {
  const { checkSpec } = await import(/* webpackMode: "eager" */ './check-input.ts')
  return checkSpec(spec)
}

/** What was done is told in short – the statements are in this workflow's history; what waits for an approval is told in full. */
function brief(outcome: AlignOutcome): AlignOutcome {
  if (outcome.outcome === 'needs-approval') return outcome
  // What was replaced may be nowhere else.
  const short = (statement: string) => (statement.startsWith(FORMERLY) ? statement : shortReason(statement, 160))
  const statements = outcome.statements.slice(0, 3).map(short)
  return { ...outcome, statements }
}

const NOTHING: MetadataCounts = {
  sourceTables: 0,
  alignedTables: 0,
  differentTables: 0,
  targetOnlyTables: 0,
  refusedTables: 0,
}
