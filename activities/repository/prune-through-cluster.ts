import type { PruneOrder, PrunePlan, PruneResult } from '../../contract/backup/repository-api.ts'
import type { StorageError } from '../../repository/index.ts'
import { dropSnapshotStatement, hasSnapshotLifetime, StarRocksError, showSnapshots } from '../../starrocks/index.ts'
import type { Dependencies } from '../dependencies.ts'
import { refused } from '../failures.ts'
import { facts } from '../pollers/facts.ts'
import { clusterJobs } from './cluster-jobs.ts'

const MOST = 150
const UNKNOWN =
  'what needs it is recorded in the storage, which cannot be reached from here; name it to have it dropped'

type Deps = Pick<Dependencies, 'cluster' | 'clusterNames'>

/**
 * Where the storage cannot be reached no rule can be followed: which snapshots need which others is recorded there. So nothing is planned; a cluster from
 * 4.2 on drops what a person names. Errors: Refused; StarRocksError.
 */
export async function planThroughCluster(
  deps: Deps,
  order: PruneOrder,
  why: StorageError,
  signal?: AbortSignal,
): Promise<PrunePlan & { notes: string[] }> {
  const { cluster } = deps.cluster(clusterOf(order, why))
  const found = await showSnapshots(cluster, order.repository, undefined, { signal, timeoutMs: 600_000 })
  const untouched = found.slice(0, MOST).map(({ label }) => ({ label, why: UNKNOWN }))
  return { delete: [], keep: [], leftovers: [], untouched, more: found.length - untouched.length, notes: [why.message] }
}

/** Drops the snapshots that were named, one by one. */
export async function dropThroughCluster(
  deps: Deps,
  order: PruneOrder,
  why: StorageError,
  signal?: AbortSignal,
): Promise<PruneResult> {
  const name = clusterOf(order, why)
  const { cluster } = deps.cluster(name)
  const { version } = await facts(cluster).capabilities()
  if (!hasSnapshotLifetime(version)) {
    throw refused(
      `${why.message}. StarRocks ${version.text} on ${name} cannot delete snapshots itself; from 4.2 on it can`,
    )
  }
  const { confirmed } = order
  if (!Array.isArray(confirmed))
    throw refused(`${why.message}. Without the storage only what is named by its label can be deleted`)
  const result: PruneResult = {
    ...(await planThroughCluster(deps, { ...order, cluster: name }, why, signal)),
    deleted: 0,
    bytes: 0,
    failures: [],
  }
  for (const label of confirmed) {
    signal?.throwIfAborted()
    const [jobs] = await clusterJobs(deps, [name], signal)
    const job = jobs && 'jobs' in jobs ? jobs.jobs.find((one) => one.label === label) : undefined
    if (job) {
      result.failures.push({ label, reason: job.what })
      continue
    }
    try {
      await cluster.execute(dropSnapshotStatement(version, { label, repository: order.repository }), {
        signal,
        timeoutMs: 3_600_000,
      })
      result.deleted++
    } catch (error) {
      signal?.throwIfAborted()
      if (!(error instanceof StarRocksError) || error.kind === 'Unreachable') throw error
      result.failures.push({ label, reason: error.message })
    }
  }
  return { ...result, untouched: result.untouched.filter(({ label }) => !confirmed.includes(label)) }
}

function clusterOf({ cluster }: PruneOrder, why: StorageError): string {
  if (cluster !== undefined) return cluster
  throw refused(`${why.message}. Name a cluster that has this repository: from 4.2 on it can drop snapshots itself`)
}
