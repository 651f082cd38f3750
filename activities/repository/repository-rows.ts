import type { RepositoryRow } from '../../contract/backup/repository-api.ts'
import { type Repository as ClusterRepository, type StarRocksCluster, showRepositories } from '../../starrocks/index.ts'
import type { Dependencies, RepositoryHandle } from '../dependencies.ts'
import { mapConcurrently } from '../metadata/concurrency.ts'

/** A person waits for the answer; a store that is dead shall not keep it back. */
const REACH_MS = 20_000
const STORES_AT_ONCE = 8

/** The repositories of a cluster and those of the configuration, by name. Errors: StarRocksError. */
export async function repositoryRows(
  deps: Pick<Dependencies, 'repository' | 'repositoryNames'>,
  cluster: StarRocksCluster,
  signal?: AbortSignal,
): Promise<RepositoryRow[]> {
  const there = new Map((await showRepositories(cluster, { signal })).map((one) => [one.name, one]))
  const configured = new Set(deps.repositoryNames())
  const names = [...new Set([...there.keys(), ...configured])].sort()
  return mapConcurrently(names, STORES_AT_ONCE, async (name) => {
    const handle = configured.has(name) ? deps.repository(name) : undefined
    return { ...rowOf(name, there.get(name), handle), ...(handle ? { reachable: await reach(handle, signal) } : {}) }
  })
}

function rowOf(
  name: string,
  found: ClusterRepository | undefined,
  handle: RepositoryHandle | undefined,
): RepositoryRow {
  return {
    name,
    location: found?.location ?? handle?.location ?? '',
    readOnly: found?.readOnly ?? false,
    createdAt: found?.createTime ?? '',
    error: found?.error ?? '',
    configured: !found
      ? 'not on the cluster'
      : !handle
        ? 'not configured'
        : sameLocation(found.location, handle.location)
          ? 'same'
          : 'other location',
  }
}

/** Some versions take off the slash at the end. */
export const sameLocation = (a: string, b: string) => a.replace(/\/+$/, '') === b.replace(/\/+$/, '')

/** `yes`, or why the storage cannot be read from here. */
export async function reach(handle: RepositoryHandle, signal?: AbortSignal): Promise<string> {
  const limit = AbortSignal.timeout(REACH_MS)
  try {
    await handle.open(signal ? AbortSignal.any([signal, limit]) : limit)
    return 'yes'
  } catch (error) {
    signal?.throwIfAborted()
    if (limit.aborted) return `it did not answer within ${REACH_MS / 1000} s`
    return error instanceof Error ? error.message : String(error)
  }
}
