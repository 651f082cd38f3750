import { isWhole } from '../../planning/backup/catalogue.ts'
import { ownLabels } from '../../planning/backup/head.ts'
import { type LeftoverPlan, planLeftovers } from '../../planning/backup/leftovers.ts'
import type { Protector, RetentionHead } from '../../planning/backup/retention.ts'
import type { Repository } from '../../repository/index.ts'
import type { Dependencies } from '../dependencies.ts'
import { mapConcurrently } from '../metadata/concurrency.ts'
import { type ClusterJobs, clusterJobs } from './cluster-jobs.ts'
import { leasesOf, readLeaseInfo } from './leases.ts'
import { readHoldings } from './read-holdings.ts'
import { type FoundIntent, objectsOf } from './repository-objects.ts'
import { hashesOfRunning } from './running-restores.ts'
import { readTraces } from './traces.ts'
import { createWriters } from './writers.ts'

/** Everything that decides what may be deleted, at one moment. */
export interface Situation {
  records: RetentionHead[]
  /** Ids of records whose snapshots were begun to be deleted, and cannot be restored from any more. */
  condemned: Set<string>
  /** Ids of records that are marked as being deleted and are still whole. */
  marked: Set<string>
  protectors: Protector[]
  leftovers: LeftoverPlan
  /** By the store's clock, in milliseconds. */
  now: number
  /** Why nothing at all may be deleted. */
  blocked?: string
  notes: string[]
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
  const leases = (await leasesOf(repository).list('read', { signal }))
    .filter(({ expired }) => !expired)
    .map(readLeaseInfo)
  const jobs = await (askJobs?.() ?? clusterJobs(deps, deps.clusterNames(), signal))
  const holdings = await readHoldings(repository, signal)
  const now = (await repository.store.now({ signal })).getTime()
  const notes: string[] = []
  const [damaged] = holdings.damaged

  const torn = await mapConcurrently(
    holdings.records.filter(({ id }) => holdings.marked.has(id)),
    LOOKS_AT_ONCE,
    async (head) => {
      const looks = await Promise.all(ownLabels(head).map((label) => repository.lookAt(label, { signal })))
      return looks.every(({ state }) => state === 'complete') ? [] : [head.id]
    },
  )
  const condemned = new Set(torn.flat())
  const writerOf = createWriters(deps.client)
  const known = new Set(holdings.records.flatMap(ownLabels))
  // Asked after the labels were listed: whose restore began in between is seen, and who made them is over when it is not.
  const traces = async () => {
    const restoring = await hashesOfRunning(deps.client)
    return readTraces({ repository, holdings, intents, jobs, known, writerOf, restoring, now, signal })
  }
  const planned = planLeftovers(leftovers ? await traces() : [])
  const left = new Set(planned.delete.map(({ label }) => label))
  const protectors: Protector[] = [
    ...intents.filter(({ intent }) => !left.has(intent.label)).map(intentProtector),
    ...jobs.flatMap(jobProtectors),
  ]
  for (const lease of leases) {
    // Its holder ended without giving it back.
    if ((await writerOf(lease.holder)) === 'closed') continue
    protectors.push({ labels: lease.labels, records: lease.records, why: `${lease.why}, by ${lease.holder}` })
  }
  for (const one of jobs) if ('unknown' in one) notes.push(`Whether jobs run there is not known: ${one.unknown}`)
  return {
    records: holdings.records.map((head) => ({
      ...head,
      whole: condemned.has(head.id) ? false : isWhole(head, { labels: holdings.labels, marked: condemned }),
    })),
    condemned,
    marked: new Set([...holdings.marked].filter((id) => !condemned.has(id))),
    protectors,
    leftovers: planned,
    now,
    notes,
    // It may be of a newer starferry, and what it needs is not known.
    blocked:
      damaged &&
      `record ${damaged.key} cannot be read, so what it needs is not known (${damaged.problem}); delete it if it is of no use`,
  }
}

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
