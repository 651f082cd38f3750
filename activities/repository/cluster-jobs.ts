import { isJobOver, showBackups, showRestores } from '../../starrocks/index.ts'
import type { Dependencies } from '../dependencies.ts'
import { mapConcurrently } from '../metadata/concurrency.ts'

export interface RunningJob {
  label: string
  /** For people. */
  what: string
}

/** Backups and restores that run on a cluster now, or why that is not known. */
export type ClusterJobs = { cluster: string; jobs: RunningJob[] } | { cluster: string; unknown: string }

/** The clusters where a job may run that uses a repository. */
export const clustersOf = (deps: Pick<Dependencies, 'clusterNames' | 'repository'>, repository: string) =>
  deps.clusterNames().filter((name) => deps.repository(repository).clusters?.includes(name) ?? true)

/** One cluster that does not answer must not keep the others waiting. */
const TIMEOUT_MS = 20_000
const CLUSTERS_AT_ONCE = 8

/** Of these clusters, asked now. Errors: only the signal's reason. */
export function clusterJobs(
  deps: Pick<Dependencies, 'cluster'>,
  clusters: readonly string[],
  signal?: AbortSignal,
): Promise<ClusterJobs[]> {
  return mapConcurrently(clusters, CLUSTERS_AT_ONCE, async (name): Promise<ClusterJobs> => {
    try {
      const { cluster } = deps.cluster(name)
      const options = { signal, timeoutMs: TIMEOUT_MS }
      const [backups, restores] = await Promise.all([
        showBackups(cluster, undefined, options),
        showRestores(cluster, undefined, options),
      ])
      const jobs = [...backups, ...restores]
        .filter((job) => !isJobOver(job))
        .map(({ kind, label, database, state }) => ({
          label,
          what: `${kind === 'backup' ? 'written' : 'read'} by a ${kind} of ${database || 'external catalogs'} on ${name} (${state})`,
        }))
      return { cluster: name, jobs }
    } catch (error) {
      signal?.throwIfAborted()
      return { cluster: name, unknown: `cluster ${name}: ${error instanceof Error ? error.message : String(error)}` }
    }
  })
}

/** As long as a known answer may serve, and one that a cluster does not answer: it costs its whole time-out. */
const AGE_MS = 5_000
const UNKNOWN_AGE_MS = 120_000

/** Asks again only what is no longer fresh, or was asked before `since` (of performance.now()): what is not known holds everything up in any case. */
export function rememberedJobs(
  deps: Pick<Dependencies, 'cluster'>,
  clusters: readonly string[],
  signal?: AbortSignal,
): (since?: number) => Promise<ClusterJobs[]> {
  const known = new Map<string, { at: number; jobs: ClusterJobs }>()
  return async (since = 0) => {
    const asked = performance.now()
    const due = clusters.filter((name) => {
      const last = known.get(name)
      if (!last) return true
      return 'unknown' in last.jobs ? asked - last.at > UNKNOWN_AGE_MS : asked - last.at > AGE_MS || last.at < since
    })
    for (const jobs of await clusterJobs(deps, due, signal)) {
      // What does not answer costs its whole time-out: that counts from its end.
      known.set(jobs.cluster, { at: 'unknown' in jobs ? performance.now() : asked, jobs })
    }
    return clusters.flatMap((name) => known.get(name)?.jobs ?? [])
  }
}
