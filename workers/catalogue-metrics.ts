import type { Logger } from 'pino'
import { BACKUP_OUTCOMES } from '../activities/backup/note-backup.ts'
import { databasesOf, type PolicyFacts, policyFacts } from '../activities/backup/policy-facts.ts'
import type { Dependencies } from '../activities/dependencies.ts'
import { readHoldings } from '../activities/repository/read-holdings.ts'
import { catalogueFigures, type PolicyScope, type SeriesFigures } from '../planning/backup/catalogue-figures.ts'
import { StorageError } from '../repository/index.ts'
import type { PrometheusMetrics } from './metrics.ts'

type Needed = Pick<Dependencies, 'cluster' | 'repository' | 'repositoryNames' | 'client' | 'clock'>

/** As old as figures may be before they are read anew: some listings of each repository, and of each cluster's databases. */
const FRESH_MS = 10 * 60_000
const LONGEST_MS = 5 * 60_000

/**
 * Figures of backups out of the repositories, the catalogue of what there is, and of policies out of their Schedules: the same from every worker, also from
 * one that has just started. They are read when somebody asks for metrics and they are old; who asks is not kept waiting. What cannot be read stays as it
 * was, and `catalogue_read_timestamp_seconds` says since when.
 */
export class CatalogueMetrics {
  readonly #deps: Needed
  readonly #metrics: PrometheusMetrics
  readonly #logger: Logger | undefined
  readonly #figures = new Map<string, SeriesFigures[]>()
  readonly #read = new Map<string, number>()
  readonly #databases = new Map<string, string[]>()
  #policies: PolicyFacts[] = []
  #at = Number.NEGATIVE_INFINITY
  #running: Promise<void> | undefined

  constructor(deps: Needed, metrics: PrometheusMetrics, logger?: Logger) {
    this.#deps = deps
    this.#metrics = metrics
    this.#logger = logger
  }

  /** Begins to read when it is time. */
  touch(): void {
    if (this.#deps.clock.now() - this.#at >= FRESH_MS) void this.refresh()
  }

  /** Reads now; never fails. */
  refresh(): Promise<void> {
    this.#running ??= this.#refresh(AbortSignal.timeout(LONGEST_MS)).finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  async #refresh(signal: AbortSignal): Promise<void> {
    this.#at = this.#deps.clock.now()
    await this.#try('the policies', async () => {
      this.#policies = await policyFacts(this.#deps, signal)
    })
    for (const { spec } of this.#policies) {
      await this.#try(`the databases of ${spec.cluster}`, async () => {
        this.#databases.set(spec.name, await databasesOf(this.#deps, spec, signal))
      })
    }
    for (const name of this.#deps.repositoryNames()) {
      await this.#try(`repository ${name}`, () => this.#readRepository(name, signal))
    }
    this.#tell()
  }

  async #readRepository(name: string, signal: AbortSignal): Promise<void> {
    try {
      const repository = await this.#deps.repository(name).open(signal)
      this.#figures.set(name, catalogueFigures(await readHoldings(repository, signal), this.#scopes(name)))
      this.#read.set(name, Math.floor(this.#deps.clock.now() / 1000))
    } catch (error) {
      // Nobody expects anything of a storage that is not to be reached from here.
      if (error instanceof StorageError && error.kind === 'Unsupported') return
      if (!this.#read.has(name)) this.#read.set(name, 0)
      throw error
    }
  }

  #scopes(repository: string): PolicyScope[] {
    return this.#policies
      .filter(({ spec }) => spec.repository === repository)
      .map(({ spec: { name, cluster } }) => ({ name, cluster, databases: this.#databases.get(name) }))
  }

  #tell(): void {
    const newest = new Map<string, SeriesFigures>()
    for (const one of [...this.#figures.values()].flat()) {
      // A policy that writes into another repository now has backups in both.
      const key = JSON.stringify([one.cluster, one.database, one.policy])
      if (one.lastGood >= (newest.get(key)?.lastGood ?? 0)) newest.set(key, one)
    }
    const series = [...newest.values()]
    const rows = (value: (one: SeriesFigures) => number | undefined) =>
      series.flatMap((one) => {
        const known = value(one)
        const { cluster, database, policy } = one
        return known === undefined ? [] : [{ labels: { cluster, database, policy }, value: known }]
      })
    const { replace, count } = this.#metrics
    // An increase from nothing to 1 is none for Prometheus: the first one that fails must be seen, too.
    for (const { spec } of this.#policies) {
      for (const outcome of BACKUP_OUTCOMES) count('backups_total', { policy: spec.name, outcome }, 0)
    }
    replace(
      'last_good_backup_timestamp_seconds',
      rows(({ lastGood }) => lastGood),
    )
    replace(
      'backup_bytes',
      rows(({ bytes }) => bytes),
    )
    replace(
      'backup_chain_length',
      rows(({ chain }) => chain),
    )
    replace(
      'last_verification_ok',
      rows(({ verifiedOk }) => (verifiedOk === undefined ? undefined : Number(verifiedOk))),
    )
    replace(
      'policy_last_due_timestamp_seconds',
      this.#policies.flatMap(({ spec, lastDue }) =>
        lastDue === undefined ? [] : [{ labels: { policy: spec.name }, value: Math.floor(lastDue / 1000) }],
      ),
    )
    replace(
      'catalogue_read_timestamp_seconds',
      [...this.#read].map(([repository, value]) => ({ labels: { repository }, value })),
    )
  }

  async #try(what: string, read: () => Promise<void>): Promise<void> {
    try {
      await read()
    } catch (error) {
      this.#logger?.warn(
        { error: error instanceof Error ? error.message : String(error) },
        `Metrics: ${what} cannot be read`,
      )
    }
  }
}
