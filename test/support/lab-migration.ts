import type { Client, WorkflowHandle } from '@temporalio/client'
import { Starferry } from '../../client/api.ts'
import {
  type MigrationSpecInput,
  type MigrationStatus,
  metadataDueSignal,
  migrationId,
  statusQuery,
} from '../../contract/index.ts'
import { type Comparison, compareClusters } from '../../lab/compare.ts'
import { seededRandom } from '../../lab/faults/random.ts'
import { LabCluster, type LabClusterOptions } from '../../lab/index.ts'
import { createStatement, insertStatements, quoteName, type TableSpec } from '../../lab/scenario/table-spec.ts'
import { JobLedger } from './job-ledger.ts'
import { accessTo, type LabWorker } from './lab-worker.ts'
import type { TestTemporal } from './temporal.ts'
import { type UntilOptions, until } from './until.ts'

type Kind = Omit<LabClusterOptions, 'name'>

export interface LabMigrationOptions {
  /** Of the migration; the clusters are called `<name>-source` and `<name>-target`. */
  name: string
  source: Kind
  target: Kind
  spec?: Partial<MigrationSpecInput>
}

interface StatusWait extends Pick<UntilOptions, 'withinMs' | 'everyMs'> {
  /** Need not be asked yet. */
  unless?: () => boolean
  /** How the status is asked; by default as everybody does. */
  ask?: () => Promise<MigrationStatus>
}

/**
 * Short, so that tests need not wait for the next look. A difference of all definitions computes as much as a dozen looks: it is made when somebody
 * waits (`untilStatus`), and seldom otherwise.
 */
export const QUICK = { metadata: 30, stale: 2, park: 2 }

/** Definitions are compared when their time comes, which is often, whoever waits for what. */
export const OFTEN = { ...QUICK, metadata: 10 }

/** When a wait has lasted so long definitions are compared, and again so often. */
const COMPARED_AFTER_MS = 3_000
const COMPARED_EVERY_MS = 8_000

/** Two lab clusters, and a migration between them on a real Temporal server. */
export class LabMigration {
  readonly name: string
  readonly source: LabCluster
  readonly target: LabCluster
  readonly jobs: JobLedger
  readonly starferry: Starferry
  readonly spec: MigrationSpecInput
  readonly #client: Client

  private constructor(options: LabMigrationOptions, source: LabCluster, target: LabCluster, temporal: TestTemporal) {
    this.name = options.name
    this.source = source
    this.target = target
    this.jobs = new JobLedger(target)
    this.starferry = new Starferry(temporal.client)
    this.#client = temporal.client
    this.spec = {
      name: options.name,
      source: source.state.name,
      target: target.state.name,
      intervals: QUICK,
      ...options.spec,
    }
  }

  static async prepare(
    options: LabMigrationOptions,
    temporal: TestTemporal,
    worker?: Pick<LabWorker, 'configure'>,
  ): Promise<LabMigration> {
    const { name } = options
    const source = await LabCluster.start({ timeFactor: 50, ...options.source, name: `${name}-source` })
    const target = await LabCluster.start({ timeFactor: 50, ...options.target, name: `${name}-target` })
    if (source.state.runMode === 'shared_data') {
      // The target's nodes read the source's objects through a volume that an operator makes for them.
      target.execute(
        `CREATE STORAGE VOLUME src_builtin_storage_volume TYPE = S3 LOCATIONS = ('s3://source/data') PROPERTIES ("enabled" = "true", "aws.s3.region" = "us-east-1", "aws.s3.endpoint" = "http://127.0.0.1:9000", "aws.s3.use_instance_profile" = "true")`,
      )
    }
    worker?.configure({
      [source.state.name]: accessTo(source, { password: options.source.rootPassword ?? '' }),
      [target.state.name]: accessTo(target, { password: options.target.rootPassword ?? '' }),
    })
    return new LabMigration(options, source, target, temporal)
  }

  /** Makes tables and fills them at the source. */
  fill(tables: readonly TableSpec[], seed = 1): void {
    const random = seededRandom(seed)
    const known = this.source.state.databases
    for (const table of tables) {
      if (!known.has(table.db)) this.source.execute(`CREATE DATABASE ${quoteName(table.db)}`)
      this.source.execute(createStatement(table))
      for (const statement of table.after ?? []) this.source.execute(statement)
      for (const statement of insertStatements(table, 0, table.rows, random)) this.source.execute(statement)
    }
  }

  async start(): Promise<void> {
    await this.starferry.start(this.spec)
  }

  status(): Promise<MigrationStatus> {
    return this.starferry.status(this.name)
  }

  /**
   * Looks until the status is as wanted. While nobody answers it is asked again; a migration that failed ends the wait. What `unless` knows of the lab
   * spares most questions: each makes Temporal and the worker compute.
   */
  untilStatus(
    what: string,
    holds: (status: MigrationStatus) => boolean | Promise<boolean>,
    { withinMs, everyMs, unless, ask = () => this.status() }: StatusWait = {},
  ): Promise<MigrationStatus> {
    let last: MigrationStatus | undefined
    let looks = 0
    let compareAt = Date.now() + COMPARED_AFTER_MS
    return until(
      `${this.name}: ${what}`,
      async () => {
        if (this.spec.intervals === QUICK && Date.now() > compareAt) {
          compareAt = Date.now() + COMPARED_EVERY_MS
          await this.#compareDefinitions()
        }
        if (unless?.() && ++looks % 5 !== 0) return undefined
        const status = await ask().catch((error: unknown) => {
          if (last === undefined && error instanceof Error && /no migration called/.test(error.message)) throw error
          return undefined
        })
        if (!status) return undefined
        last = status
        if (await holds(status)) return status
        if (status.state === 'failed') throw new Error(`${this.name} failed: ${describeStatus(status)}`)
        return undefined
      },
      { withinMs, everyMs, explain: () => this.story(last) },
    )
  }

  /** As when the Schedule's time has come. Of a migration that is not there, or not reached, the status tells. */
  async #compareDefinitions(): Promise<void> {
    await this.#soon((handle) => handle.signal(metadataDueSignal)).catch(() => undefined)
  }

  /** The status as the workflow tells it, by one call instead of three; as everybody gets it where that fails. */
  #glance(): Promise<MigrationStatus> {
    return this.#soon((handle) => handle.query(statusQuery)).catch(() => this.status())
  }

  /** One call to the workflow itself; one that is not answered soon fails. */
  #soon<T>(call: (handle: WorkflowHandle) => Promise<T>): Promise<T> {
    const handle = this.#client.workflow.getHandle(migrationId(this.name))
    return this.#client.withDeadline(Date.now() + 10_000, () => call(handle))
  }

  /** Everything confirmed by a look that began after now. */
  caughtUp(withinMs?: number): Promise<MigrationStatus> {
    const since = Date.now()
    return this.untilStatus('caught up', (status) => isCaughtUp(status, since), { withinMs, ask: () => this.#glance() })
  }

  /** Caught up, and every row equal: what was changed at the source by definition alone is found by the next metadata difference. */
  settled(tables?: readonly string[], withinMs?: number): Promise<MigrationStatus> {
    const since = Date.now()
    return this.untilStatus(
      'caught up with equal rows',
      (status) => isCaughtUp(status, since) && this.compare(tables).differing.length === 0,
      { withinMs, unless: () => this.compare(tables).differing.length > 0, ask: () => this.#glance() },
    )
  }

  compare(tables?: readonly string[]): Comparison {
    return compareClusters(this.source, this.target, { tables })
  }

  /** What is known when something went wrong. */
  async story(status?: MigrationStatus): Promise<string> {
    const [parked, changes] = await Promise.all([
      this.starferry.parked(this.name).catch(String),
      this.starferry.changes(this.name).catch(() => undefined),
    ])
    const differing = this.compare().differing.map((one) => JSON.stringify(one))
    return [
      `status: ${status ? describeStatus(status) : 'none'}`,
      `parked: ${JSON.stringify(parked)}`,
      `metadata: ${JSON.stringify(changes?.counts)} pending ${JSON.stringify(changes?.pending)}`,
      ...(changes?.done ?? [])
        .filter((change) => change.outcome !== 'created')
        .slice(-15)
        .map(
          ({ at, outcome, table, reason, statements }) =>
            `  ${at} ${outcome} ${table}: ${[reason, ...statements].join('; ').slice(0, 300)}`,
        ),
      `jobs: ${this.jobs.sent} sent, ${this.jobs.committed} committed, ${this.jobs.aborted} aborted`,
      `differing: ${differing.join('\n  ') || 'none'}`,
    ].join('\n')
  }

  /** Ends the migration if it still runs, and both clusters. */
  async stop(): Promise<void> {
    this.source.faults.clear()
    this.target.faults.clear()
    await this.starferry.stop(this.name, { cancelJobs: true }).catch(() => undefined)
    await until(
      `${this.name} has ended`,
      async () => {
        const status = await this.status().catch(() => undefined)
        return status === undefined || ['stopped', 'failed', 'finished'].includes(status.state)
      },
      { withinMs: 20_000 },
    ).catch(() => undefined)
    await Promise.allSettled([this.source.stop(), this.target.stop()])
  }
}

/** By a look that began after `since`. Where the target's metadata cannot prove everything, the rest is unknown, and nothing else is open. */
export function isCaughtUp(status: MigrationStatus, since: number): boolean {
  const { state, progress, partitions, tables, jobs, checkedAt, definitionsCheckedAt } = status
  if (checkedAt === undefined || Date.parse(checkedAt) <= since) return false
  if (state === 'caughtUp') return progress === 1
  const open = partitions.lagging + partitions.surplus + tables.parked + jobs.ddlPending + status.slots.used
  return state === 'syncing' && partitions.unknown > 0 && open === 0 && definitionsCheckedAt !== undefined
}

export function describeStatus(status: MigrationStatus): string {
  const { state, reason, progress, tables, partitions, jobs, reasons, findings, checkedAt } = status
  return JSON.stringify({ state, reason, progress, checkedAt, tables, partitions, jobs, reasons, findings })
}
