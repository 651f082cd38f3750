import type { SnapshotHooks } from '../backup/hooks.ts'
import type { LabNode, LabSnapshotJob, LabState } from '../model.ts'
import type { ReplicationHooks } from '../replication/hooks.ts'
import type { RunningJob } from '../replication/job.ts'
import type { FaultOf, InjectedFault, LabFault, LabFaultKind, SnapshotFaultTarget } from './fault.ts'
import { seededRandom } from './random.ts'
import { snapshotState } from './snapshot-state.ts'

interface Injection extends InjectedFault {
  fault: LabFault
  struck: number
  chances: number
  undo?: () => void
}

/**
 * Faults of one cluster. Tests inject them; the servers, the statements and replication ask at each chance whether one
 * strikes. The same seed and the same chances give the same strikes.
 */
export class LabFaults {
  private readonly state: LabState
  private injected: Injection[] = []
  private random: () => number

  constructor(state: LabState, seed = 1) {
    this.state = state
    this.random = seededRandom(seed)
  }

  seed(seed: number): void {
    this.random = seededRandom(seed)
  }

  inject(fault: LabFault): InjectedFault {
    const injection: Injection = { fault, struck: 0, chances: 0, clear: () => this.end(injection) }
    this.injected.push(injection)
    injection.undo = this.begin(fault, injection)
    return injection
  }

  /** All faults that are on, and those whose strikes are used up. */
  all(): readonly InjectedFault[] {
    return this.injected
  }

  /** How often any fault struck. */
  get struck(): number {
    return this.injected.reduce((sum, one) => sum + one.struck, this.struckBefore)
  }

  private struckBefore = 0

  clear(): void {
    for (const one of [...this.injected]) one.clear()
  }

  private end(injection: Injection): void {
    if (!this.injected.includes(injection)) return
    this.injected = this.injected.filter((one) => one !== injection)
    this.struckBefore += injection.struck
    injection.undo?.()
  }

  /** Faults that change the state do so at once, and undo it when they end. */
  private begin(fault: LabFault, injection: Injection): (() => void) | undefined {
    if (fault.kind === 'node-down' && fault.how === 'dead') {
      const node = this.node(fault.node)
      node.alive = false
      injection.struck++
      return () => {
        node.alive = true
        node.startedMs = this.state.now()
      }
    }
    if (fault.kind === 'disk-usage') {
      const node = this.node(fault.node)
      const before = node.diskUsed
      node.diskUsed = Math.round((node.diskTotal * fault.percent) / 100)
      injection.struck++
      return () => {
        node.diskUsed = before
      }
    }
    if (fault.kind === 'stale-frontend') this.copies.set(fault.frontend, snapshotState(this.state))
    if (fault.kind === 'stale-frontend') return () => this.copies.delete(fault.frontend)
    return undefined
  }

  private readonly copies = new Map<number, LabState>()

  private node(position: number): LabNode {
    const node = this.state.nodes[position]
    if (!node) throw new Error(`Cluster ${this.state.name} has no node ${position}`)
    return node
  }

  /** Whether a fault of a kind strikes at this chance; counts it when it does. */
  private strike<K extends LabFaultKind>(kind: K, applies: (fault: FaultOf<K>) => boolean): FaultOf<K> | undefined {
    for (const injection of this.injected) {
      if (injection.fault.kind !== kind) continue
      const fault = injection.fault as FaultOf<K>
      if (!applies(fault)) continue
      injection.chances++
      if (injection.chances <= (fault.skip ?? 0) || injection.struck >= (fault.times ?? Number.POSITIVE_INFINITY))
        continue
      if (fault.probability !== undefined && this.random() >= fault.probability) continue
      injection.struck++
      return fault
    }
    return undefined
  }

  /** A client connects to a MySQL port. */
  dropsConnection(): boolean {
    return this.strike('drop-mysql', (fault) => fault.cut === 'connect') !== undefined
  }

  /** Before a statement runs: how long it waits, and whether its connection drops instead. */
  beforeStatement(sql: string): { delayMs: number; drop: boolean } {
    const matches = (fault: { match?: RegExp }) => fault.match?.test(sql) ?? true
    return {
      delayMs: this.strike('delay-mysql', matches)?.ms ?? 0,
      drop: this.strike('drop-mysql', (fault) => fault.cut === 'before' && matches(fault)) !== undefined,
    }
  }

  /** Text with which a statement fails. */
  failsQuery(sql: string): string | undefined {
    return this.strike('fail-query', ({ match }) => match.test(sql))?.error
  }

  /** Seconds that a statement would take on a cluster with much data. */
  queryTakes(sql: string): number {
    return this.strike('slow-query', ({ match }) => match.test(sql))?.seconds ?? 0
  }

  /** A statement ran; whether its answer is lost with the connection. */
  losesAnswer(sql: string): boolean {
    return this.strike('drop-mysql', (fault) => fault.cut === 'after' && (fault.match?.test(sql) ?? true)) !== undefined
  }

  async beforeCall(method: string): Promise<'go' | 'close'> {
    const named = (fault: { method?: string }) => fault.method === undefined || fault.method === method
    const delay = this.strike('delay-rpc', named)
    if (delay) await new Promise((resolve) => setTimeout(resolve, delay.ms))
    return this.strike('drop-rpc', (fault) => fault.cut === 'before' && named(fault)) ? 'close' : 'go'
  }

  async afterCall(method: string): Promise<'go' | 'close'> {
    const cut = this.strike('drop-rpc', (fault) => fault.cut === 'after' && (fault.method ?? method) === method)
    return cut ? 'close' : 'go'
  }

  dropsRequest(url: string, cut: 'before' | 'after'): boolean {
    return this.strike('drop-http', (fault) => fault.cut === cut && (fault.match?.test(url) ?? true)) !== undefined
  }

  /** Whether backends compute a query now. */
  backendsAnswer(): boolean {
    return this.strike('no-backend-queries', () => true) === undefined
  }

  /** Whether a user is refused a privilege that it holds. */
  refusesPrivilege(user: string, privilege: string): boolean {
    return (
      this.strike('refuse-privilege', (fault) => fault.privilege === privilege && (fault.user ?? user) === user) !==
      undefined
    )
  }

  /** What a frontend, by position, knows: the state, or an old copy of it. */
  stateOf(frontend: number): LabState {
    const copy = this.copies.get(frontend)
    if (!copy) return this.state
    return this.strike('stale-frontend', (fault) => fault.frontend === frontend) ? copy : this.state
  }

  isUnreachable(node: LabNode): boolean {
    const position = this.state.nodes.indexOf(node)
    return this.strike('node-down', (fault) => fault.how === 'unreachable' && fault.node === position) !== undefined
  }

  /** Faults of replication into this cluster. */
  readonly replication: ReplicationHooks = {
    refuse: () => {
      const busy = this.strike('busy', () => true)
      if (!busy) return undefined
      const limit = this.state.config.get('replication_max_parallel_table_count')?.value ?? '100'
      return busy.text ?? `The replication jobs exceeds the replication_max_parallel_table_count: ${limit}`
    },
    loses: (job) => this.strike('lose-job', ofTable(job)) !== undefined,
    aborts: (job) => {
      const here = ofTable(job)
      return this.strike('abort-job', (fault) => here(fault) && (fault.state ?? job.record.state) === job.record.state)
        ?.error
    },
    frozen: (job) => this.strike('freeze-jobs', ofTable(job)) !== undefined,
    snapshotFails: (job) => this.strike('fail-snapshot', ofTable(job)) !== undefined,
    copyFails: (job, _tablet, replica) => {
      const here = ofTable(job)
      return (
        this.strike('fail-copy', (fault) => here(fault) && replica < (fault.replicas ?? Number.POSITIVE_INFINITY)) !==
        undefined
      )
    },
    slowness: (job) => this.strike('slow-jobs', ofTable(job))?.factor ?? 1,
    publishDelayMs: (job) => this.strike('delay-publish', ofTable(job))?.ms ?? 0,
    entered: (job) => {
      const here = ofTable(job)
      this.strike('during-job', (fault) => here(fault) && fault.state === job.record.state)?.run(job.record)
    },
    unreachable: (node) => this.isUnreachable(node),
  }

  /** Faults of backups and restores of this cluster. */
  readonly snapshots: SnapshotHooks = {
    refuses: (kind, database) => {
      const busy = this.strike(
        'busy-snapshot',
        (fault) => (fault.job ?? kind) === kind && (fault.database ?? database) === database,
      )
      return busy && (busy.text ?? 'Another backup or restore job is being submitted. Please wait and try again')
    },
    stuck: (job) => this.strike('stick-snapshot', ofJob(job)) !== undefined,
    slowness: (job) => this.strike('slow-snapshot', ofJob(job))?.factor ?? 1,
    failsTask: (job) => this.strike('fail-snapshot-task', ofJob(job))?.error,
    slowTablet: (job) => this.strike('slow-tablet', ofJob(job)),
    entered: (job) => this.strike('during-snapshot', ofJob(job))?.run(job),
    recordOf: (job) => this.strike('hide-snapshot', ofJob(job))?.how ?? 'kept',
    leavesStaleObjects: (job) => this.strike('stale-objects', ofJob(job)) !== undefined,
  }
}

/** Whether a fault is about a job, in the state that it has now. */
function ofJob(job: LabSnapshotJob): (fault: SnapshotFaultTarget) => boolean {
  return (fault) =>
    (fault.job ?? job.kind) === job.kind &&
    (fault.database ?? job.databaseName) === job.databaseName &&
    (fault.label ?? job.label) === job.label &&
    (fault.state ?? job.state) === job.state
}

/** Faults name a table as `db.table`, or as `table` in any database. */
function ofTable(job: RunningJob): (fault: { table?: string }) => boolean {
  const { databaseName, table } = job
  return (fault) =>
    fault.table === undefined || fault.table === table.name || fault.table === `${databaseName}.${table.name}`
}
