import type { RepositoryLease } from '../../contract/backup/repository-api.ts'
import { isWhole } from '../../planning/backup/catalogue.ts'
import { ownLabels } from '../../planning/backup/head.ts'
import { type LeftoverPlan, planLeftovers } from '../../planning/backup/leftovers.ts'
import type { Protector, RetentionHead } from '../../planning/backup/retention.ts'
import type { Lease, Repository } from '../../repository/index.ts'
import type { Dependencies } from '../dependencies.ts'
import { mapConcurrently } from '../metadata/concurrency.ts'
import { type ClusterJobs, clusterJobs } from './cluster-jobs.ts'
import type { DeletionMark } from './deletion-marks.ts'
import { leasesOf, readLeaseInfo } from './leases.ts'
import { readHoldings } from './read-holdings.ts'
import { type FoundIntent, objectsOf } from './repository-objects.ts'
import { hashesOfRunning } from './running-restores.ts'
import { readTraces } from './traces.ts'
import { createWriters, holderOf } from './writers.ts'

/** Everything that decides what may be deleted, at one moment. */
export interface Situation {
  records: RetentionHead[]
  /** Ids of records that it was decided to delete, so that their snapshots may be gone in part, or will be in a moment. */
  condemned: Set<string>
  /** Of records that somebody looked at and did not decide to delete. */
  undecided: DeletionMark[]
  /** All that stand, by id. */
  marks: ReadonlyMap<string, DeletionMark>
  /** Ids of marks of which nothing is left. */
  spent: string[]
  protectors: Protector[]
  leftovers: LeftoverPlan
  /** By the store's clock, in milliseconds. */
  now: number
  /** Why nothing at all may be deleted. */
  blocked?: string
  /** Of clusters that cannot be asked: why nothing is deleted that a job there may be reading. */
  waits: string[]
}

/** Without a client nothing is known of workflows: then what they announced counts as needed. */
export type SituationDependencies = Pick<Dependencies, 'cluster' | 'clusterNames'> &
  Partial<Pick<Dependencies, 'client'>>

export interface SituationOptions {
  /** Also look at what failed backups left: a listing for each. */
  leftovers?: boolean
  /** Where they were asked for a moment ago; asked anew otherwise. */
  jobs?(): Promise<ClusterJobs[]>
  signal?: AbortSignal
}

const LOOKS_AT_ONCE = 16

/**
 * Reads who needs what in a repository. What is written there is read in such an order that a backup or restore that begins or ends meanwhile is
 * seen at least once. Errors: StorageError; whatever is not understood makes it fail rather than be taken for nothing.
 */
export async function readSituation(
  deps: SituationDependencies,
  repository: Repository,
  { leftovers = false, jobs: askJobs, signal }: SituationOptions = {},
): Promise<Situation> {
  const objects = objectsOf(repository)
  const intents = await objects.intents({ signal })
  const leases = (await leasesOf(repository).list('read', { signal })).flatMap((lease) => readLease(lease) ?? [])
  const jobs = await (askJobs?.() ?? clusterJobs(deps, deps.clusterNames(), signal))
  const holdings = await readHoldings(repository, signal)
  const now = (await repository.store.now({ signal })).getTime()
  const [damaged] = holdings.damaged

  const torn = await mapConcurrently(
    holdings.records.filter(({ id }) => holdings.marked.has(id)),
    LOOKS_AT_ONCE,
    async (head) => {
      if (holdings.marks.get(head.id)?.decided) return [head.id]
      const looks = await Promise.all(ownLabels(head).map((label) => repository.lookAt(label, { signal })))
      return looks.every(({ state }) => state === 'complete') ? [] : [head.id]
    },
  )
  const condemned = new Set(torn.flat())
  const ids = new Set(holdings.records.map(({ id }) => id))
  const isGone = ({ labels }: DeletionMark) => !labels.some((label) => holdings.labels.has(label))
  const writerOf = createWriters(deps.client)
  const known = new Set(holdings.records.flatMap(ownLabels))
  // Its record stands: whatever that needs is known, and who made it only did not come to take back what announced it.
  const isMade = ({ intent: { label } }: FoundIntent) => known.has(label) || ids.has(label)
  const leased: Protector[] = []
  for (const { lease, expired } of leases) {
    const holder = await holderOf(lease, writerOf)
    // Its holder ended without giving it back. One that is known to be at work only did not come to prolong it.
    if (holder === 'closed' || (expired && holder !== 'open')) continue
    leased.push({ labels: lease.labels, records: lease.records, why: `${lease.why}, by ${lease.holder}` })
  }
  const reads = new Map(leased.flatMap(({ labels, why }) => labels.map((label) => [label, why] as const)))
  // Asked after the labels were listed: whose restore began in between is seen, and who made them is over when it is not.
  const traces = async () => {
    const restoring = await hashesOfRunning(deps.client)
    return readTraces({ repository, holdings, intents, jobs, known, reads, writerOf, restoring, now, signal })
  }
  const planned = planLeftovers(leftovers ? await traces() : [])
  const left = new Set(planned.delete.map(({ label }) => label))
  const protectors: Protector[] = [
    ...intents.filter((found) => !left.has(found.intent.label) && !isMade(found)).map(intentProtector),
    ...jobs.flatMap(jobProtectors),
    ...leased,
  ]
  // Behind those that know more.
  const waits = jobs.flatMap((one) => ('unknown' in one ? [whyWait(one)] : []))
  for (const why of waits) protectors.push({ labels: [...known], why })
  return {
    records: holdings.records.map((head) => ({
      ...head,
      whole: condemned.has(head.id) ? false : isWhole(head, { labels: holdings.labels, marked: condemned }),
    })),
    condemned,
    undecided: [...holdings.marks.values()].filter(({ id }) => ids.has(id) && !condemned.has(id)),
    marks: holdings.marks,
    spent: [...holdings.marks.values()].filter((mark) => !ids.has(mark.id) && isGone(mark)).map(({ id }) => id),
    protectors,
    leftovers: planned,
    now,
    waits,
    // It may be of a newer starferry, and what it needs is not known.
    blocked:
      damaged &&
      `record ${damaged.key} cannot be read, so what it needs is not known (${damaged.problem}); delete it if it is of no use`,
  }
}

/** Somebody may be restoring there by hand. It must not stay so for ever without anybody knowing what to do. */
const whyWait = ({ cluster, unknown }: { cluster: string; unknown: string }) =>
  `whether a job on ${cluster} reads it cannot be told; it is deleted once ${cluster} answers. If that cluster is gone for good, or never uses this repository, take it out of starferry.yaml or out of the repository's 'clusters' there (${unknown})`

function intentProtector({ intent: { label, workflowId, record } }: FoundIntent): Protector {
  return {
    labels: [label, ...record.labels.map((one) => one.label)],
    records: [record.baseline, record.base].flatMap((id) => id ?? []),
    why: `needed by a backup that is being made by ${workflowId}`,
  }
}

function jobProtectors(jobs: ClusterJobs): Protector[] {
  return 'unknown' in jobs ? [] : jobs.jobs.map(({ label, what }) => ({ labels: [label], why: what }))
}

/** Undefined for one that cannot be understood, and has run out. */
function readLease(lease: Lease): { lease: RepositoryLease; expired: boolean } | undefined {
  const { expired } = lease
  try {
    return { lease: readLeaseInfo(lease), expired }
  } catch (error) {
    if (expired) return undefined
    throw error
  }
}
