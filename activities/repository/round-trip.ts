import type { Context } from '@temporalio/activity'
import {
  backupStatement,
  dropSnapshotStatement,
  hasSnapshotLifetime,
  quoteName,
  quoteQualified,
  quoteString,
  restoreStatement,
  type StarRocksCluster,
  StarRocksError,
  showSnapshots,
} from '../../starrocks/index.ts'
import type { Dependencies } from '../dependencies.ts'
import { facts } from '../pollers/facts.ts'
import { cancelOurs, followJob, type SnapshotJob, snapshotJobs } from '../snapshot-jobs/index.ts'
import { deleteSnapshot } from './delete-snapshots.ts'
import { repositorySecrets } from './repository-secrets.ts'
import { verifyLabel } from './verify-label.ts'

/** What a step came to that it should not have. */
export class RoundTripFailure extends Error {
  override name = 'RoundTripFailure'
}

export interface RoundTripOptions {
  deps: Dependencies
  target: StarRocksCluster
  cluster: string
  repository: string
  hash: string
  attempt: number
  context: Context
  report(step: string): void
}

const TIMEOUT_SECONDS = 900
const STALL_MS = 300_000
const TABLE = 'proof'
const COPY = 'proof_restored'
const WORD = 'there and back'

/** A scratch database with one row: backed up, looked at, restored under another name, removed. */
export class RoundTrip {
  /** What it does, or did last. */
  step = 'looking'
  readonly #options: RoundTripOptions
  readonly #database: string
  readonly #label: string
  #timestamp = ''

  constructor(options: RoundTripOptions) {
    this.#options = options
    this.#database = `__sf_check_${options.hash}`
    this.#label = this.#labelOf(options.attempt)
  }

  #labelOf(attempt: number): string {
    return `sf_check_${this.#options.hash}_${attempt}`
  }

  async make(): Promise<void> {
    const { target } = this.#options
    this.#begin('making a scratch table')
    const table = quoteQualified(this.#database, TABLE)
    await target.execute(`CREATE DATABASE IF NOT EXISTS ${quoteName(this.#database)}`)
    await target.execute(
      `CREATE TABLE ${table} (k INT NOT NULL, word VARCHAR(40)) DUPLICATE KEY(k) DISTRIBUTED BY HASH(k) BUCKETS 1 PROPERTIES ("replication_num" = "1")`,
    )
    await target.execute(`INSERT INTO ${table} VALUES (1, ${quoteString(WORD)})`)
  }

  async backUp(): Promise<{ seconds: number }> {
    const { target, repository } = this.#options
    this.#begin('backing up a row')
    const { version } = await facts(target).capabilities()
    const started = performance.now()
    await target.execute(
      backupStatement(version, {
        database: this.#database,
        label: this.#label,
        repository,
        objects: { kind: 'objects', tables: [{ name: TABLE }] },
        timeoutSeconds: TIMEOUT_SECONDS,
      }),
    )
    await this.#follow('backup')
    const [snapshot] = await showSnapshots(target, repository, [this.#label])
    if (snapshot?.status.kind !== 'ok' || !snapshot.timestamp) {
      const why = snapshot && snapshot.status.kind !== 'ok' ? snapshot.status.message : 'no timestamp'
      throw new RoundTripFailure(`the cluster does not find the snapshot that it made: ${why}`)
    }
    this.#timestamp = snapshot.timestamp
    return { seconds: Math.round((performance.now() - started) / 100) / 10 }
  }

  /** From here: every object of it. What is wrong, in words. */
  async verify(): Promise<string[]> {
    const { deps, repository: name, context } = this.#options
    this.#begin('reading the backup from the worker')
    const signal = context.cancellationSignal
    const repository = await deps.repository(name).open(signal)
    const { problems } = await verifyLabel(repository, this.#label, { mode: 'deep', signal })
    return problems.map(({ object, problem }) => (object ? `${object}: ${problem}` : problem))
  }

  async restore(): Promise<void> {
    const { target, repository } = this.#options
    this.#begin('restoring the row')
    const { version } = await facts(target).capabilities()
    await target.execute(
      restoreStatement(version, {
        label: this.#label,
        repository,
        timestamp: this.#timestamp,
        originDatabase: this.#database,
        objects: { kind: 'objects', tables: [{ name: TABLE, as: COPY }] },
        replicationNum: 1,
        timeoutSeconds: TIMEOUT_SECONDS,
      }),
    )
    await this.#follow('restore')
    const { rows } = await target.query(
      `SELECT COUNT(*) AS n FROM ${quoteQualified(this.#database, COPY)} WHERE word = ${quoteString(WORD)}`,
    )
    const count = rows[0]?.get('n')
    if (count !== '1') throw new RoundTripFailure(`the restored table has ${count ?? 'no'} such rows instead of 1`)
  }

  /** Removes what this and former attempts made. What could not be removed, in words; can be repeated. */
  async clean(): Promise<string[]> {
    const { target, attempt } = this.#options
    const left: string[] = []
    const labels = Array.from({ length: attempt }, (_, i) => this.#labelOf(i + 1))
    const mine = (job: SnapshotJob) => labels.includes(job.label)
    try {
      for (const kind of ['backup', 'restore'] as const) {
        const { outcome } = await cancelOurs(target, kind, { database: this.#database }, mine)
        if (outcome === 'committing')
          left.push(`a restore in ${this.#database} on ${target.name}: drop that database when it has ended`)
      }
      if (left.length === 0) await target.execute(`DROP DATABASE IF EXISTS ${quoteName(this.#database)} FORCE`)
    } catch (error) {
      left.push(`database ${this.#database} on ${target.name}: ${messageOf(error)}`)
    }
    for (const label of labels) {
      const reason = await this.#removeSnapshot(label)
      if (reason) left.push(`snapshot ${label}: ${reason}`)
    }
    return left
  }

  async #removeSnapshot(label: string): Promise<string | undefined> {
    const { deps, repository: name, target, cluster } = this.#options
    try {
      const repository = await deps.repository(name).open()
      return (await deleteSnapshot(deps, repository, label, cluster)).reason
    } catch (error) {
      const { version } = await facts(target).capabilities()
      const [there] = await showSnapshots(target, name, [label])
      if (there?.status.kind === 'missing') return undefined
      if (!hasSnapshotLifetime(version))
        return `delete its objects by hand; they cannot be reached from the worker: ${messageOf(error)}`
      return target
        .execute(dropSnapshotStatement(version, { label, repository: name }))
        .then(() => undefined)
        .catch(messageOf)
    }
  }

  async #follow(kind: 'backup' | 'restore'): Promise<void> {
    const { deps, repository, target, context, report } = this.#options
    const place = { database: this.#database }
    const end = await followJob({
      cluster: target,
      context,
      kind,
      place,
      mine: (job) => job.kind === kind && job.label === this.#label,
      stallMs: STALL_MS,
      secrets: repositorySecrets(deps, repository),
      report: ({ state, problems }) => report([this.step, state, ...(problems ?? [])].join(' – ')),
    })
    context.cancellationSignal.throwIfAborted()
    if (end.end === 'finished') return
    if (end.end === 'stalled') throw new RoundTripFailure(end.why)
    if (end.end === 'cancelled') {
      const { status, taskErrors } = end.job
      const said = [status.message || status.code, ...taskErrors.map(({ message }) => message)]
      throw new RoundTripFailure(`the ${kind} was cancelled: ${said.join('; ').slice(0, 1_000)}`)
    }
    const other = await snapshotJobs(target).look(kind, place)
    throw new RoundTripFailure(`the ${kind} vanished from the cluster${other ? `; there is ${other.label} now` : ''}`)
  }

  #begin(step: string): void {
    this.#options.context.cancellationSignal.throwIfAborted()
    this.step = step
    this.#options.report(step)
  }
}

const messageOf = (error: unknown) =>
  error instanceof StarRocksError ? error.detail : error instanceof Error ? error.message : String(error)
