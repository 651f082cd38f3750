import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client'
import type { QueryDefinition, SignalDefinition, UpdateDefinition } from '@temporalio/common'
import { nearest } from '../contract/check.ts'
import type { DoctorResult } from '../contract/findings.ts'
import {
  approveUpdate,
  type Changes,
  changesQuery,
  configureUpdate,
  type MigrationStatus,
  type ParkedTable,
  parkedQuery,
  pauseSignal,
  pauseTablesUpdate,
  type RunningTable,
  resumeSignal,
  resumeTablesUpdate,
  retryTablesUpdate,
  runningQuery,
  specQuery,
  statusQuery,
  stopSignal,
  type TableRow,
  type TablesAnswer,
  type TablesPage,
  type TablesPageInput,
  type TablesRequest,
} from '../contract/migration-api.ts'
import type { MigrationPatch, MigrationSpec, MigrationSpecInput, StopOptions } from '../contract/migration-spec.ts'
import { metadataWorkflowId, migrationId, SEARCH_ATTRIBUTES, TASK_QUEUE, WORKFLOW_TYPES } from '../contract/names.ts'
import type { PlanInput, PlanPage } from '../contract/plan.ts'
import { RequestError } from './errors.ts'
import { WorkflowCalls } from './workflow-calls.ts'

export interface StartedMigration {
  name: string
  workflowId: string
  runId: string
}

export interface ListedMigration {
  name: string
  workflowId: string
  runId: string
  state: string
  /** Temporal's own: RUNNING, COMPLETED, FAILED, … */
  execution: string
  startedAt: string
  closedAt?: string
}

export interface TablesFilter {
  state?: TableRow['state']
  match?: string
}

/** States in which one step is made after the other, and tried until it works. */
const BETWEEN: ReadonlySet<MigrationStatus['state']> = new Set(['checking', 'preparing', 'pausing', 'stopping'])

/** starferry for programs: what the command line does, as calls. Nothing here that a plain Temporal client could not do. */
export class Starferry extends WorkflowCalls {
  constructor(client: Client) {
    super(client, migrationId)
  }

  /** Errors: RequestError when a migration of that name runs already. */
  async start(spec: MigrationSpecInput): Promise<StartedMigration> {
    const workflowId = migrationId(spec.name)
    try {
      const handle = await this.client.workflow.start(WORKFLOW_TYPES.migrate, {
        taskQueue: TASK_QUEUE,
        workflowId,
        args: [spec],
        staticSummary: `Migrate ${spec.source} to ${spec.target}`,
      })
      return { name: spec.name, workflowId, runId: handle.firstExecutionRunId }
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error
      throw new RequestError(
        `A migration called '${spec.name}' runs already. Look at it with \`starferry migrate status ${spec.name}\`, end it with \`starferry migrate stop ${spec.name}\`, or choose another name.`,
      )
    }
  }

  /** The status as the migration tells it; and what keeps it where it says nothing itself: the failure after which Temporal tries a step again. */
  async status(name: string): Promise<MigrationStatus> {
    const status = await this.#query(name, statusQuery)
    if (!BETWEEN.has(status.state)) return status
    // Of its own steps, or else of its metadata difference's, whose end it may be waiting for.
    const difference = this.client.workflow.getHandle(metadataWorkflowId(name))
    const failing = (await this.failing(this.handle(name))) ?? (await this.failing(difference))
    return failing === undefined
      ? status
      : { ...status, reason: status.reason ? `${status.reason}; ${failing}` : failing }
  }

  spec(name: string): Promise<MigrationSpec> {
    return this.#query(name, specQuery)
  }

  running(name: string): Promise<RunningTable[]> {
    return this.#query(name, runningQuery)
  }

  parked(name: string): Promise<ParkedTable[]> {
    return this.#query(name, parkedQuery)
  }

  changes(name: string): Promise<Changes> {
    return this.#query(name, changesQuery)
  }

  pause(name: string): Promise<void> {
    return this.#signal(name, pauseSignal, [])
  }

  resume(name: string): Promise<void> {
    return this.#signal(name, resumeSignal, [])
  }

  stop(name: string, options: StopOptions = {}): Promise<void> {
    return this.#signal(name, stopSignal, [options])
  }

  retry(name: string, tables: string[]): Promise<TablesAnswer> {
    return this.#update(name, retryTablesUpdate, { tables })
  }

  approve(name: string, tables: string[]): Promise<TablesAnswer> {
    return this.#update(name, approveUpdate, { tables })
  }

  pauseTables(name: string, tables: string[]): Promise<TablesAnswer> {
    return this.#update(name, pauseTablesUpdate, { tables })
  }

  resumeTables(name: string, tables: string[]): Promise<TablesAnswer> {
    return this.#update(name, resumeTablesUpdate, { tables })
  }

  /** Changes a running migration; returns the spec as it is then. */
  configure(name: string, patch: MigrationPatch): Promise<MigrationSpec> {
    return this.#update(name, configureUpdate, patch)
  }

  /** Waits for the end; returns the last status. Errors: RequestError when it failed. */
  async result(name: string): Promise<MigrationStatus> {
    return this.guard(name, async (handle) => (await handle.result()) as MigrationStatus)
  }

  /** All migrations that Temporal still knows, newest first. */
  async list(): Promise<ListedMigration[]> {
    const found: ListedMigration[] = []
    // By type: search attributes are set by the workflow itself, so one that no worker has touched yet has none.
    for await (const info of this.client.workflow.list({ query: `WorkflowType = '${WORKFLOW_TYPES.migrate}'` })) {
      const attribute = (name: string) => info.searchAttributes[name]?.[0]
      found.push({
        name: String(attribute(SEARCH_ATTRIBUTES.migration) ?? info.workflowId.replace(/^migrate\//, '')),
        workflowId: info.workflowId,
        runId: info.runId,
        state: String(attribute(SEARCH_ATTRIBUTES.state) ?? ''),
        execution: info.status.name,
        startedAt: info.startTime.toISOString(),
        closedAt: info.closeTime?.toISOString(),
      })
    }
    return found
      .filter((each) => each.execution !== 'CONTINUED_AS_NEW')
      .sort((a, b) => b.startedAt.localeCompare(a.startedAt))
  }

  /** One page of per-table rows, read from both clusters. */
  async tables(
    name: string,
    filter: TablesFilter = {},
    page: { after?: string; limit?: number } = {},
  ): Promise<TablesPage> {
    const input: TablesPageInput = { spec: await this.spec(name), filter, ...page }
    return this.run<TablesPage>(
      WORKFLOW_TYPES.tables,
      { id: `${migrationId(name)}/tables`, summary: `List tables of migration ${name}` },
      input,
    )
  }

  doctor(spec: MigrationSpecInput): Promise<DoctorResult> {
    return this.run(
      WORKFLOW_TYPES.doctor,
      { id: `doctor/${spec.name}`, summary: `Preflight of migration ${spec.name}` },
      spec,
    )
  }

  plan(input: PlanInput): Promise<PlanPage> {
    return this.run(
      WORKFLOW_TYPES.plan,
      { id: `plan/${input.spec.name}`, summary: `Plan migration ${input.spec.name}` },
      input,
    )
  }

  protected override async notFound(name: string): Promise<RequestError> {
    const listed = await this.list().catch(() => [])
    const known = [...new Set(listed.map((each) => each.name))]
    // It is there and cannot be signalled or updated: it has ended.
    const ended = listed.find((each) => each.name === name)
    if (ended)
      return new RequestError(`The migration '${name}' has ended (${ended.state || ended.execution.toLowerCase()}).`)
    const near = nearest(name, known)
    const hint =
      known.length === 0 ? 'there are none' : near ? `did you mean '${near}'?` : `there are ${known.join(', ')}`
    return new RequestError(`There is no migration called '${name}' (${hint}).`)
  }

  #query<T>(name: string, query: QueryDefinition<T>): Promise<T> {
    return this.answered(name, (handle) => handle.query(query))
  }

  #signal<A extends unknown[]>(name: string, signal: SignalDefinition<A>, args: A): Promise<void> {
    return this.guard(name, (handle) => handle.signal(signal, ...args))
  }

  #update<T, A extends TablesRequest | MigrationPatch>(
    name: string,
    update: UpdateDefinition<T, [A]>,
    request: A,
  ): Promise<T> {
    return this.answered(name, (handle) => handle.executeUpdate(update, { args: [request] }))
  }
}
