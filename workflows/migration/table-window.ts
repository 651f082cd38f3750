import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common'
import {
  ChildWorkflowCancellationType,
  type ChildWorkflowHandle,
  getExternalWorkflowHandle,
  isCancellation,
  ParentClosePolicy,
  patched,
  startChild,
  WorkflowIdReusePolicy,
} from '@temporalio/workflow'
import { holdSignal, reportBySignalSignal } from '../../contract/migration-api.ts'
import { migrationId, tableWorkflowId, WORKFLOW_TYPES } from '../../contract/names.ts'
import type { ReplicateTableInput, TableReport } from '../../contract/replication.ts'
import type { MigrationMemory } from '../../planning/migration-memory.ts'
import { specForTable } from '../../planning/spec-for-table.ts'
import { waits } from '../activities.ts'
import type { replicateTable } from '../replicate-table.ts'
import { searchAttributes, tableAttributes } from '../search-attributes.ts'

/** Seconds that a look for closed workflows lasts at most. */
const LOOK_SECONDS = 60
/** Signals of one kind on their way at once. */
const MOST_SIGNALS = 500

/**
 * The tables whose workflows run. They are started with ABANDON: a migration that continues as new, or is terminated, does not disturb them.
 * The run that started a table's workflow gets its report as the result. A later run – after continue-as-new – asks for it by signal; and
 * because a workflow may end just in between, or be terminated, those without a waiting run are looked at from time to time.
 */
export class TableWindow {
  readonly #memory: MigrationMemory
  readonly #ended: (report: TableReport) => void
  readonly #wake: () => void
  /** Started by this run: their results are awaited. */
  readonly #awaited = new Set<string>()
  #starting = 0
  #looking = false

  constructor(memory: MigrationMemory, ended: (report: TableReport) => void, wake: () => void) {
    this.#memory = memory
    this.#ended = ended
    this.#wake = wake
  }

  get size(): number {
    return Object.keys(this.#memory.running).length
  }

  /** Some start is not settled yet: not the moment to continue as new. */
  get busy(): boolean {
    return this.#starting > 0
  }

  has(table: string): boolean {
    return table in this.#memory.running
  }

  /** Starts a table's workflow; returns at once, so that many start side by side. */
  start(table: string, parkAfter: number): void {
    this.#memory.running[table] = { sinceMs: Date.now() }
    this.#awaited.add(table)
    this.#starting++
    void this.#run(table, parkAfter)
  }

  /** Takes over the tables that an earlier run started. */
  async inherit(): Promise<void> {
    const asked = this.#tell(Object.keys(this.#memory.running), (table) => this.#askForSignal(table))
    this.#holdAgain()
    await asked
  }

  /** What an earlier run told them together with its end, nobody told them. */
  #holdAgain(): void {
    const { paused, heldTables, running } = this.#memory
    const held = paused ? Object.keys(running) : heldTables.filter((table) => this.has(table))
    if (held.length === 0 || !patched('inherited-tables-are-held')) return
    void this.#tell(held, (table) => this.holdTable(table))
  }

  /** Tells all running tables to send nothing new, follow what runs, and end. Those being started are told when they have started. */
  hold(): void {
    void this.#tell(Object.keys(this.#memory.running), (table) => this.holdTable(table))
  }

  /** Temporal refuses a step of a workflow that has more than 2,000 signals under way, and each try of it again: no more than fit beside others at once. */
  async #tell(tables: readonly string[], tell: (table: string) => Promise<void>): Promise<void> {
    if (tables.length <= MOST_SIGNALS || !patched('signals-in-batches')) {
      await Promise.all(tables.map(tell))
      return
    }
    for (let from = 0; from < tables.length; from += MOST_SIGNALS) {
      const batch = tables.slice(from, from + MOST_SIGNALS)
      await Promise.all(batch.filter((table) => this.has(table)).map(tell))
    }
  }

  async holdTable(table: string): Promise<void> {
    try {
      await this.#external(table).signal(holdSignal)
    } catch {
      // It has ended, or is only being started; then it is told afterwards.
    }
  }

  /** Looks whether tables that nobody waits for have ended without a report. */
  lookForClosed(): void {
    if (this.#looking) return
    const tables = Object.entries(this.#memory.running)
      .filter(([table]) => !this.#awaited.has(table))
      .map(([table, { runId }]) => ({ table, workflowId: this.#id(table), runId }))
    if (tables.length === 0) return
    this.#looking = true
    void waits
      .closedTables({ tables, wait: LOOK_SECONDS })
      .then((reports) => {
        for (const report of reports) if (!this.#awaited.has(report.table)) this.#ended(report)
      })
      .catch(ignoreCancellation)
      .finally(() => {
        this.#looking = false
        this.#wake()
      })
  }

  /** Whether a report is of the workflow that is being waited for, and not a late one of a former. */
  expects(report: TableReport): boolean {
    const entry = this.#memory.running[report.table]
    return entry !== undefined && (entry.runId === undefined || entry.runId === report.runId)
  }

  async #run(table: string, parkAfter: number): Promise<void> {
    let handle: ChildWorkflowHandle<typeof replicateTable>
    try {
      handle = await this.#startChild(table, parkAfter)
    } catch (error) {
      this.#startEnded()
      this.#awaited.delete(table)
      // Left over from a migration that was terminated and started anew: it goes on, and tells this one when it ends.
      if (error instanceof WorkflowExecutionAlreadyStartedError) await this.#askForSignal(table)
      else if (!isCancellation(error)) this.#ended(withoutReport(table, String(error)))
      return
    }
    this.#startEnded()
    const entry = this.#memory.running[table]
    if (entry) entry.runId = handle.firstExecutionRunId
    if (this.#memory.paused || this.#memory.stop || this.#memory.heldTables.includes(table)) void this.holdTable(table)
    try {
      this.#ended(await handle.result())
    } catch (error) {
      const how = isCancellation(error) ? 'cancelled' : 'terminated, or failed'
      this.#ended(withoutReport(table, `its workflow was ${how}`))
    } finally {
      this.#awaited.delete(table)
    }
  }

  #startEnded(): void {
    this.#starting--
    // Somebody may wait for all starts to be settled.
    if (this.#starting === 0) this.#wake()
  }

  #startChild(table: string, parkAfter: number) {
    const { spec, changesBefore, restoresBefore, parked } = this.#memory
    const input: ReplicateTableInput = {
      spec: specForTable(spec, table),
      migrationId: migrationId(spec.name),
      table,
      approval: parked[table]?.approved,
      parkAfter,
      changesBefore,
      attributesSet: true,
      restoresBefore,
    }
    return startChild<typeof replicateTable>(WORKFLOW_TYPES.replicateTable, {
      workflowId: this.#id(table),
      args: [input],
      parentClosePolicy: ParentClosePolicy.ABANDON,
      cancellationType: ChildWorkflowCancellationType.ABANDON,
      workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
      staticSummary: `Replicate ${table}`,
      typedSearchAttributes: searchAttributes({ ...tableAttributes(spec.name, spec.target, table), state: 'running' }),
    })
  }

  async #askForSignal(table: string): Promise<void> {
    try {
      await this.#external(table).signal(reportBySignalSignal)
    } catch {
      // It has ended already; lookForClosed finds its report.
    }
  }

  #external(table: string) {
    return getExternalWorkflowHandle(this.#id(table))
  }

  #id(table: string): string {
    return tableWorkflowId(this.#memory.spec.name, table)
  }
}

function withoutReport(table: string, reason: string): TableReport {
  const counts = { attempts: 0, jobsSent: 0, jobsFailed: 0, partitions: 0, bytes: 0, version: '0' }
  return { table, runId: '', outcome: 'stopped', reason, ...counts }
}

function ignoreCancellation(error: unknown): void {
  if (!isCancellation(error)) throw error
}
