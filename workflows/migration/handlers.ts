import { ActivityFailure, patched, setHandler } from '@temporalio/workflow'
import { check, InputError } from '../../contract/check.ts'
import {
  approveUpdate,
  changesQuery,
  configureUpdate,
  metadataDueSignal,
  metadataReportSignal,
  parkedMarksQuery,
  parkedQuery,
  pauseSignal,
  pauseTablesUpdate,
  resumeSignal,
  resumeTablesUpdate,
  retryTablesUpdate,
  runningQuery,
  specQuery,
  statusQuery,
  stopSignal,
  type TablesAnswer,
  type TablesRequest,
  tableReportSignal,
} from '../../contract/migration-api.ts'
import {
  type MigrationPatch,
  type MigrationSpec,
  migrationPatchSchema,
  migrationSpecSchema,
  type StopOptions,
  stopOptionsSchema,
} from '../../contract/migration-spec.ts'
import { notATable, TABLE_NAME, tableWorkflowId } from '../../contract/names.ts'
import type { TableReport } from '../../contract/replication.ts'
import { groupOf } from '../../planning/parked-groups.ts'
import { describeParked, shortReason, withinPayload } from '../../planning/parking.ts'
import { interactive } from '../activities.ts'
import { badInput, checked, refuseUnknownKeys } from '../check-input.ts'
import type { Migration } from './migration.ts'
import { oneDifference } from './one-difference.ts'

const MOST_TABLES = 200
/** They are carried along, and into every look: within what a payload may be. */
const MOST_HELD = 1000
const LONGEST_HELD = 24 * 1024
/** An approval answers a question, and that is not known or not shown. */
const LOOKED_AT_AGAIN = 'what it needs is being looked at again; approve it when that is shown'
const NO_ROOM = 'too many tables are parked to show what it needs; settle some of the others first'

/** Connects the migration with the world: queries read, signals and updates change its memory and wake it. */
export function registerHandlers(migration: Migration): void {
  const { memory } = migration

  setHandler(statusQuery, () => migration.status())
  setHandler(specQuery, () => memory.spec)
  setHandler(runningQuery, () =>
    Object.entries(memory.running).map(([table, { sinceMs }]) => ({
      table,
      workflowId: tableWorkflowId(memory.spec.name, table),
      since: new Date(sinceMs).toISOString(),
    })),
  )
  setHandler(parkedQuery, () =>
    withinPayload(
      Object.entries(memory.parked)
        .filter(([table]) => !(table in memory.running))
        .map(([table, parked]) => describeParked(table, parked)),
    ),
  )
  setHandler(parkedMarksQuery, () => (memory.parkedMore ?? []).map(({ reason, marks }) => ({ reason, marks })))
  setHandler(changesQuery, () => ({
    done: memory.changes,
    pending: memory.pending,
    undo: memory.undo,
    moreUndo: memory.moreUndo,
    ...(memory.metadata ? { counts: memory.metadata } : {}),
  }))

  setHandler(pauseSignal, () => migration.pause())
  setHandler(resumeSignal, () => migration.resume())
  setHandler(stopSignal, (options) => stop(migration, options ?? {}))
  // Anybody can send a signal; what is no report is none.
  setHandler(tableReportSignal, (report) => {
    if (isReport(report) && migration.window.expects(report)) migration.tableEnded(report)
  })
  setHandler(metadataReportSignal, (report) => {
    if (Array.isArray(report?.outcomes)) migration.metadataReported(report)
  })
  setHandler(metadataDueSignal, () => migration.metadataDue())

  const open = <T>(valid: (input: T) => void) => ({
    validator: (input: T) => {
      if (migration.ending)
        throw badInput(`Migration ${memory.spec.name} is about to end; nothing can be asked of it any more`)
      valid(input)
    },
  })
  setHandler(configureUpdate, (patch) => configure(migration, patch), open(validPatch))
  setHandler(pauseTablesUpdate, (request) => pauseTables(migration, request), open(validTables))
  setHandler(resumeTablesUpdate, (request) => resumeTables(migration, request), open(validTables))
  setHandler(retryTablesUpdate, (request) => retryTables(migration, request), open(validTables))
  setHandler(approveUpdate, (request) => approve(migration, request), open(validTables))
}

const isReport = (report: Partial<TableReport> | undefined) =>
  typeof report?.table === 'string' && typeof report.outcome === 'string'

/** A signal cannot be answered. What is not understood is not done, and the status says so: a stop cannot be taken back. */
function stop(migration: Migration, options: StopOptions): void {
  const { memory } = migration
  const others = memory.findings.filter(({ code }) => code !== NOT_UNDERSTOOD)
  try {
    check(stopOptionsSchema, options, 'Signal stop')
  } catch (error) {
    // Runs of former versions stopped.
    if (error instanceof InputError && patched('stop-is-checked')) {
      memory.findings = [
        ...others,
        {
          code: NOT_UNDERSTOOD,
          level: 'warning',
          subject: memory.spec.name,
          message: `The migration was told to stop and goes on: ${error.problems.join('; ')}`,
          remedy: 'Send signal stop again: {"cancelJobs": true, "keepSettings": true}, either of them or none',
        },
      ]
      return
    }
  }
  memory.findings = others
  migration.stop(options)
}

const NOT_UNDERSTOOD = 'stop-not-understood'

function configure(migration: Migration, patch: MigrationPatch): MigrationSpec {
  const { memory } = migration
  const { limits, intervals, allow, sync, parkAfter } = checked(() =>
    check(migrationPatchSchema, patch, 'This cannot be configured'),
  )
  const spec = memory.spec
  memory.spec = checked(() =>
    check(
      migrationSpecSchema,
      {
        ...spec,
        limits: { ...spec.limits, ...given(limits, patch.limits) },
        intervals: { ...spec.intervals, ...given(intervals, patch.intervals) },
        allow: { ...spec.allow, ...given(allow, patch.allow) },
        sync: { ...spec.sync, ...given(sync, patch.sync) },
        parkAfter: parkAfter ?? spec.parkAfter,
      },
      'This cannot be configured',
    ),
  )
  if (memory.prepared) migration.metadata.putSchedule()
  migration.lookNow()
  return memory.spec
}

/** Only what was written: the schema fills in defaults, and a default must not undo what was configured before. */
function given<T extends object>(filled: T | undefined, written: object | undefined): Partial<T> {
  if (!filled || !written) return {}
  return Object.fromEntries(Object.entries(filled).filter(([key]) => key in written)) as Partial<T>
}

async function pauseTables(migration: Migration, { tables }: TablesRequest): Promise<TablesAnswer> {
  const { memory, window } = migration
  const unknown = tables.filter((table) => !window.has(table) && !memory.parked[table])
  const existing = unknown.length > 0 ? await whatExists(memory.spec.source, unknown) : new Set<string>()
  let heldLength = memory.heldTables.join('').length
  const answer = answerFor(tables, (table) => {
    if (memory.heldTables.includes(table)) return 'it is paused already'
    if (memory.heldTables.length >= MOST_HELD || heldLength + table.length > LONGEST_HELD) {
      return `at most ${MOST_HELD} tables with ${LONGEST_HELD} characters can be paused one by one; exclude them, or pause the migration`
    }
    if (unknown.includes(table)) {
      if (typeof existing === 'string') return existing
      if (!existing.has(table)) return `there is no such table on ${memory.spec.source}`
    }
    memory.heldTables.push(table)
    heldLength += table.length
    if (window.has(table)) void window.holdTable(table)
    return undefined
  })
  migration.wake()
  return answer
}

/** In words, when the source does not answer: an operator waits for this, and the migration cannot end before it. */
async function whatExists(source: string, tables: string[]): Promise<Set<string> | string> {
  try {
    return new Set(await interactive.existingTables({ cluster: source, tables }))
  } catch (error) {
    const cause = error instanceof ActivityFailure ? error.cause : error
    return `whether ${source} has it cannot be found out: ${shortReason(cause instanceof Error ? cause.message : String(cause))}`
  }
}

function resumeTables(migration: Migration, { tables }: TablesRequest): TablesAnswer {
  const { memory } = migration
  const answer = answerFor(tables, (table) => {
    if (!memory.heldTables.includes(table)) return 'it is not paused'
    memory.heldTables = memory.heldTables.filter((one) => one !== table)
    return undefined
  })
  if (answer.accepted.length > 0) migration.lookNow()
  return answer
}

function retryTables(migration: Migration, { tables }: TablesRequest): TablesAnswer {
  const { memory, window } = migration
  const answer = answerFor(tables, (table) => {
    const parked = memory.parked[table]
    if (window.has(table)) return 'it is running'
    if (!parked && !groupOf(memory, table)) return 'it is not parked'
    if (memory.heldTables.includes(table)) return 'it is paused; resume it'
    if (parked) migration.tryAgain(parked)
    else migration.tryMarkedAgain(table)
    return undefined
  })
  migration.wake()
  return answer
}

function approve(migration: Migration, { tables }: TablesRequest): TablesAnswer {
  const { memory } = migration
  const answer = answerFor(tables, (table) => {
    const parked = memory.parked[table]
    const waits = parked ?? groupOf(memory, table)
    if (!waits?.needsApproval) return 'nothing of it waits for an approval'
    if (!parked) return migration.tryMarkedAgain(table) ? LOOKED_AT_AGAIN : NO_ROOM
    migration.tryAgain(parked)
    if (parked.question === undefined && oneDifference()) return LOOKED_AT_AGAIN
    parked.approved = parked.question
    return undefined
  })
  if (answer.accepted.length > 0 && memory.prepared && !oneDifference()) migration.metadata.putSchedule()
  migration.wake()
  return answer
}

/** `refuse` says why a table cannot be accepted, or does what is asked and says nothing. */
function answerFor(tables: readonly string[], refuse: (table: string) => string | undefined): TablesAnswer {
  const answer: TablesAnswer = { accepted: [], rejected: [] }
  for (const table of new Set(tables)) {
    const reason = refuse(table)
    if (reason === undefined) answer.accepted.push(table)
    else answer.rejected.push({ table, reason })
  }
  return answer
}

function validPatch(patch: MigrationPatch): void {
  checked(() => check(migrationPatchSchema, patch, 'This cannot be configured'))
}

function validTables(request: TablesRequest): void {
  const tables = request?.tables
  if (!Array.isArray(tables) || tables.length === 0) throw badInput('Give {"tables": ["database.table", …]}')
  refuseUnknownKeys('Tables', request, { tables: true })
  if (tables.length > MOST_TABLES) throw badInput(`At most ${MOST_TABLES} tables at once`)
  for (const table of tables) {
    if (typeof table !== 'string') throw badInput('A table is named as text: database.table')
    if (!TABLE_NAME.test(table)) throw badInput(notATable(table))
  }
}
