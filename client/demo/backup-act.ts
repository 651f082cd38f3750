import { setTimeout as sleep } from 'node:timers/promises'
import type { BackupSetResult } from '../../contract/backup/backup-api.ts'
import type { RestoreStatus } from '../../contract/backup/restore-api.ts'
import { restoreSpecSchema } from '../../contract/backup/restore-spec.ts'
import { check } from '../../contract/check.ts'
import { Traffic } from '../../lab/traffic/traffic.ts'
import { RequestError } from '../errors.ts'
import { putPolicy, triggerPolicy } from '../policies.ts'
import { formatBytes, formatCount, formatSeconds, plural } from '../terminal/format.ts'
import { jobLine } from '../terminal/job-view.ts'
import { compareRows } from './compare-rows.ts'
import { PRODUCTION, type Production, VAULT } from './production.ts'
import type { Backstage } from './stage.ts'
import type { Story } from './story.ts'

const POLICY = 'nightly'
const RESTORE = 'rescue'
/** Range-partitioned, so that some of it comes from the full backup and some from the incremental one. */
const VICTIM = { db: 'logs', name: 'range_int' }
const COPY = '__as_it_was'
const LOOK_EVERY_MS = 250
/** A table that is changed or made anew under a snapshot is rightly taken again: that would spoil the count. */
const WRITES_ONLY = {
  'add-column': 0,
  'drop-column': 0,
  'widen-column': 0,
  'recreate-table': 0,
  'drop-and-add-partition': 0,
  truncate: 0,
  'truncate-partition': 0,
  overwrite: 0,
}
const RETENTION = { last: 1, daily: 0, weekly: 0, monthly: 0, yearly: 0 }

/** Part of the demo's last line. */
export interface BackupFigures {
  ok: boolean
  backups: number
  snapshots: number
  /** Snapshots that one backup made more than it needed. */
  snapshotsTwice: number
  bytes: number
  rowsCompared: number
  rowsDifferent: number
  pruned: number
  /** Why it did not come to its end. */
  error?: string
}

export interface BackupActOptions {
  stage: Backstage
  production: Production
  story: Story
  password: string
  seed: number
  signal: AbortSignal
  /** Milliseconds since the epoch; nothing waits longer. */
  deadline: number
}

/** The second act: a policy backs up while writes go on, a table is damaged, restored aside from the chain, compared and swapped in; retention. */
export class BackupAct {
  readonly #options: BackupActOptions
  readonly #traffic: Traffic
  /** So far. */
  readonly figures: BackupFigures = {
    ok: false,
    backups: 0,
    snapshots: 0,
    snapshotsTwice: 0,
    bytes: 0,
    rowsCompared: 0,
    rowsDifferent: 0,
    pruned: 0,
  }

  constructor(options: BackupActOptions) {
    this.#options = options
    const { cluster, scenario } = options.production
    const others = scenario.tables.filter((table) => !isVictim(table))
    this.#traffic = new Traffic((sql) => cluster.execute(sql), others, { seed: options.seed, weights: WRITES_ONLY })
  }

  async run(): Promise<BackupFigures> {
    const { story } = this.#options
    try {
      await this.#prepare()
      this.#traffic.start(60)
      await this.#backUp('a full backup', true)
      await this.#backUp('an incremental one: partitions whose id or version changed', false)
      await this.#changeVictim()
      await this.#backUp('another one', false)
      await this.#traffic.stop()
      await this.#damage()
      await this.#restore()
      await this.#retain()
      this.figures.ok =
        this.figures.rowsDifferent === 0 && this.figures.rowsCompared > 0 && this.figures.snapshotsTwice === 0
    } finally {
      await this.#traffic.stop().catch(() => {})
      story.quiet()
    }
    return this.figures
  }

  async #prepare(): Promise<void> {
    const { story, stage, production } = this.#options
    story.chapter('Back up, on a schedule')
    const { scenario, cluster } = production
    story.tell(
      `${PRODUCTION}: lab cluster ${cluster.state.version} with ${plural(scenario.tables.length, 'table')}; a bucket on an S3 server (versitygw)`,
    )
    const { findings } = await this.#inTime(
      'repository made',
      stage.backups.repositories({ op: 'create', cluster: PRODUCTION, repository: VAULT }),
    )
    const fatal = findings.find(({ level }) => level === 'fatal')
    if (fatal) throw new Error(`${fatal.subject}: ${fatal.message}`)
    story.good(`CREATE REPOSITORY ${VAULT}, keys only in the worker's configuration`)
    await putPolicy(stage.client, {
      name: POLICY,
      cluster: PRODUCTION,
      repository: VAULT,
      objects: { databases: ['*'], exclude: [COPY] },
      schedule: { cron: '15 2 * * *' },
      retention: RETENTION,
      parallelDatabases: 3,
    })
    story.good(`policy ${POLICY}: every night at 2:15, here it is triggered by hand`)
  }

  async #backUp(what: string, kill: boolean): Promise<BackupSetResult> {
    const { story, stage, production } = this.#options
    const before = production.cluster.backupJobs.length
    await triggerPolicy(stage.client, POLICY)
    story.tell(`${what}; writes go on`)
    let killed = !kill
    const status = await this.#until('backed up', async () => {
      const seen = await patient(() => stage.backups.status(POLICY))
      if (!seen) return undefined
      const [job] = seen.jobs
      story.working(`${seen.status.done}/${seen.status.total} databases  ${job ? jobLine(job) : seen.status.state}`)
      if (!killed && seen.jobs.some(({ state }) => state !== '')) {
        killed = true
        const { pid } = stage.worker
        await stage.worker.kill()
        story.hurt(`worker ${pid} is killed (SIGKILL), backups running`)
        await stage.worker.start()
        story.tell(`a new worker ${stage.worker.pid} finds the jobs by their labels and follows them`)
      }
      return ['finished', 'failed', 'cancelled'].includes(seen.status.state) ? seen.status : undefined
    })
    story.quiet()
    const result = await this.#inTime('backed up', stage.backups.result(POLICY))
    if (!result.ok)
      throw new Error(result.failed.map(({ database, reason }) => `${database}: ${reason}`).join('; ') || status.state)
    const sent = production.cluster.backupJobs.length - before
    const needed = result.backups.filter(({ kind }) => kind !== 'nothing').length
    this.figures.backups += needed
    this.figures.snapshots += sent
    this.figures.snapshotsTwice += Math.max(0, sent - needed)
    this.figures.bytes += result.bytes
    this.figures.pruned += result.pruned?.backups ?? 0
    const kinds = [...new Set(result.backups.map(({ kind }) => kind))].join(', ')
    story.good(
      `${plural(result.databases, 'database')} backed up (${kinds}), ${formatBytes(result.bytes)} in ${formatSeconds(result.seconds)}, ${plural(sent, 'snapshot')} for ${plural(needed, 'backup')}; verified by md5`,
    )
    return result
  }

  /** Between the backups: one partition of the table changes, the others stay as they are in the full one. */
  async #changeVictim(): Promise<void> {
    const { cluster } = this.#options.production
    const [first] = this.#partitions()
    if (!first) throw new Error(`${VICTIM.db}.${VICTIM.name} has no partitions`)
    await cluster.run(`INSERT INTO ${victim()} PARTITION (${first}) SELECT * FROM ${victim()} PARTITION (${first})`)
    await cluster.run(`CREATE DATABASE ${COPY}`)
    await cluster.run(`CREATE TABLE ${COPY}.${VICTIM.name} LIKE ${victim()}`)
    await cluster.run(`INSERT INTO ${COPY}.${VICTIM.name} SELECT * FROM ${victim()}`)
  }

  async #damage(): Promise<void> {
    const { production, story } = this.#options
    story.chapter('A table is damaged')
    const partitions = this.#partitions()
    const last = partitions.at(-1)
    await production.cluster.run(`TRUNCATE TABLE ${victim()} PARTITION (${partitions[0]})`)
    if (last && partitions.length > 1)
      await production.cluster.run(`ALTER TABLE ${victim()} DROP PARTITION ${last} FORCE`)
    story.hurt(`${victim()}: a partition is truncated, another one dropped, for good`)
  }

  async #restore(): Promise<void> {
    const { stage, story } = this.#options
    const spec = {
      name: RESTORE,
      cluster: PRODUCTION,
      repository: VAULT,
      from: { database: VICTIM.db },
      tables: [VICTIM.name],
    }
    const { chain, routes } = await this.#inTime(
      'planned',
      stage.restores.plan({ spec: check(restoreSpecSchema, spec, 'restore') }),
    )
    story.good(
      `plan: ${plural(chain.length, 'snapshot')}, the full one first, route ${routes[0]?.route}; outage of the name: ${routes[0]?.outage.split(':')[0]}`,
    )
    await stage.restores.start(spec)
    const ready = await this.#restoreIs('ready')
    for (const line of ready.where) story.good(line)
    story.tell('the live table is still as it was: damaged')
    await this.#inTime('published', stage.restores.publish(RESTORE))
    await this.#restoreIs('finished')
    await this.#compare()
  }

  async #restoreIs(state: RestoreStatus['state']): Promise<RestoreStatus> {
    const { stage, story } = this.#options
    const status = await this.#until(`restore ${state}`, async () => {
      const seen = await patient(() => stage.restores.status(RESTORE))
      if (!seen) return undefined
      const { job, status } = seen
      story.working(`${status.stepsDone}/${status.stepsTotal}  ${status.step}${job ? `  ${jobLine(job)}` : ''}`)
      if (status.state === state) return status
      if (status.state === 'failed' || status.state === 'cancelled')
        throw new Error(
          `the restore ${status.state}: ${[...status.warnings, ...status.left].join('; ') || status.step}`,
        )
      return undefined
    })
    story.quiet()
    return status
  }

  async #compare(): Promise<void> {
    const { production, password, story } = this.#options
    const [{ host, queryPort } = { host: '', queryPort: 0 }] = production.cluster.endpoints.frontends
    const access = { host, port: queryPort, password }
    const compared = await compareRows(access, access, [
      { source: { db: COPY, table: VICTIM.name }, target: { db: VICTIM.db, table: VICTIM.name } },
    ])
    this.figures.rowsCompared = compared.rowsCompared
    this.figures.rowsDifferent = compared.rowsDifferent
    const text = `swapped in: ${formatCount(compared.rowsCompared)} rows of ${victim()} compared with what they were, ${compared.rowsDifferent} differ`
    if (compared.rowsDifferent === 0) story.good(text)
    else story.bad(text)
  }

  async #retain(): Promise<void> {
    const { stage, story } = this.#options
    story.chapter('Verify, and keep only what is needed')
    const verified = await this.#inTime('verified', stage.backups.verify({ repository: VAULT, deep: true }))
    if (!verified.ok) throw new Error(`damaged: ${verified.broken.join(', ')}`)
    story.good(
      `${plural(verified.backups, 'backup')} can be restored: ${formatCount(verified.objects)} objects, ${formatBytes(verified.bytes)}, every md5 sum right`,
    )
    const { delete: surplus, keep } = await this.#inTime(
      'planned',
      stage.backups.prune({ repository: VAULT, policy: POLICY, retention: RETENTION }),
    )
    story.good(
      `retention after each backup: ${plural(this.figures.pruned, 'backup')} deleted, ${keep.length} kept, because they are the newest or those need them; ${surplus.length} left to delete`,
    )
  }

  #partitions(): string[] {
    const table = this.#options.production.cluster.state.databases.get(VICTIM.db)?.objects.get(VICTIM.name)
    return table?.kind === 'table' ? table.partitions.filter(({ temporary }) => !temporary).map(({ name }) => name) : []
  }

  async #until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
    const { signal, deadline } = this.#options
    for (;;) {
      signal.throwIfAborted()
      const found = await look()
      if (found !== undefined) return found
      if (Date.now() > deadline) throw new Error(`not ${what} in time`)
      await sleep(LOOK_EVERY_MS, undefined, { signal })
    }
  }

  async #inTime<T>(what: string, answer: Promise<T>): Promise<T> {
    const { signal, deadline } = this.#options
    const over = new AbortController()
    const limit = sleep(Math.max(0, deadline - Date.now()), undefined, {
      signal: AbortSignal.any([signal, over.signal]),
    }).then(() => {
      throw new Error(`not ${what} in time`)
    })
    try {
      return await Promise.race([answer, limit])
    } finally {
      over.abort()
      limit.catch(() => {})
    }
  }
}

/** Nobody answers while the worker is dead on purpose. */
async function patient<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof RequestError && /There is no/.test(error.message)) throw error
    return undefined
  }
}

const victim = () => `${VICTIM.db}.${VICTIM.name}`
const isVictim = ({ db, name }: { db: string; name: string }) => db === VICTIM.db && name === VICTIM.name
