import type { AlignOutcome } from '../../contract/metadata.ts'
import type { TableReport } from '../../contract/replication.ts'
import { addSample } from '../../planning/copy-rate.ts'
import { type MigrationMemory, noteChanges } from '../../planning/migration-memory.ts'
import { listOrMark, makeRoom, unmark } from '../../planning/parked-groups.ts'
import { type Parked, parkSeconds, shortReason, stillApproved } from '../../planning/parking.ts'

/** Something else holds the table: it is tried again soon, less and less often, and it does not count. */
const WAIT_FIRST_S = 20
const WAIT_LONGEST_S = 300

/**
 * Takes in how a table's workflow ended: totals, changes, and whether it is parked. `keep`: what the metadata difference found stays parked until
 * it was mended, or the difference finds it no more. `waitsApart`: that something held it does not make the pauses after failures longer.
 */
export function noteReport(
  memory: MigrationMemory,
  report: TableReport,
  nowMs: number,
  keep: boolean,
  waitsApart = true,
): void {
  const { table } = report
  delete memory.running[table]
  memory.totals.jobsSent += report.jobsSent
  memory.totals.bytes += report.bytes
  // Jobs that were aborted or lost are not among those sent. The last job of a table that was told to stop may have been aborted, too.
  memory.totals.finished +=
    report.outcome === 'stopped' ? Math.min(report.jobsSent, report.partitions) : report.jobsSent
  memory.totals.failed += report.jobsFailed
  memory.samples = addSample(memory.samples, { atMs: nowMs, bytes: memory.totals.bytes })
  if (report.changes) noteChanges(memory, report.changes, new Date(nowMs).toISOString())

  switch (report.outcome) {
    case 'in-sync':
    case 'behind':
      if (!keep || report.changes?.some(({ outcome }) => MENDED.has(outcome))) {
        delete memory.parked[table]
        unmark(memory, table)
      }
      return
    case 'gone':
      delete memory.parked[table]
      unmark(memory, table)
      return
    case 'stopped': {
      // It was told to stop; if it had been parked, it is so again and due.
      const parked = memory.parked[table]
      if (parked && !parked.byMetadata) parked.retryAt = nowMs
      return
    }
    default:
      park(memory, report, nowMs, waitsApart)
  }
}

const MENDED: ReadonlySet<AlignOutcome['outcome']> = new Set(['created', 'altered', 'recreated'])

function park(memory: MigrationMemory, report: TableReport, nowMs: number, waitsApart: boolean): void {
  const { table, outcome } = report
  const before = memory.parked[table]
  const waits = outcome === 'waiting'
  const apart = waits && waitsApart
  const waited = (before?.waited ?? 0) + (apart ? 1 : 0)
  const times = (before?.times ?? 0) + (apart ? 0 : 1)
  const seconds = waits
    ? Math.min(WAIT_FIRST_S * 2 ** Math.min((apart ? waited : times) - 1, 10), WAIT_LONGEST_S)
    : parkSeconds(memory.spec.intervals.park, times)
  const approved = stillApproved(before, report.question)
  const parked: Parked = {
    reason: shortReason(report.reason),
    attempts: (before?.attempts ?? 0) + (waits ? 0 : report.attempts),
    times,
    ...(apart ? { waited } : {}),
    retryAt: nowMs + seconds * 1000,
    needsApproval: outcome === 'needs-approval',
    refused: outcome === 'refused',
    statements: report.statements ?? [],
    ...(report.question === undefined ? {} : { question: report.question }),
    ...approved,
  }
  // It was approved while a round was under way that did not know of it.
  if (parked.needsApproval && parked.approved !== undefined) parked.retryAt = nowMs
  // What waits for something that passes must be tried again soon; a mark would keep it away for long.
  if (waits && !before && !makeRoom(memory, (one) => one in memory.running, nowMs)) return
  listOrMark(memory, table, parked, nowMs)
}
