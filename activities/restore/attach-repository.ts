import { createRepositoryStatement, dropRepositoryStatement } from '../../starrocks/backup/repository-statements.ts'
import { showRepositories } from '../../starrocks/backup/show-repositories.ts'
import { type StarRocksCluster, StarRocksError } from '../../starrocks/index.ts'
import type { RepositoryHandle } from '../dependencies.ts'
import { refusedRestore } from './restore-failures.ts'

/** A store that does not answer holds a lock over all repositories of the cluster meanwhile. */
const TIMEOUT_MS = 120_000

export interface RepositoryOnCluster {
  writable: boolean
  /** It was not there before. */
  attached: boolean
  /** It was there when it was looked for once more: whether a try before made it cannot be told, so it stays. */
  perhaps?: true
}

/** Whether the cluster has the repository, at the place that is configured; undefined when it has not. Errors: Refused for another place of the same name. */
export async function repositoryOn(
  cluster: StarRocksCluster,
  handle: RepositoryHandle,
): Promise<Pick<RepositoryOnCluster, 'writable'> | undefined> {
  const found = (await showRepositories(cluster)).find(({ name }) => name === handle.name)
  if (!found) return undefined
  const bare = (location: string) => location.replace(/\/+$/, '')
  if (bare(found.location) !== bare(handle.location)) {
    throw refusedRestore(
      `Cluster ${cluster.name} has a repository ${handle.name} at ${found.location}; the worker's configuration puts it at ${handle.location}`,
    )
  }
  if (found.error !== undefined) {
    throw refusedRestore(`Cluster ${cluster.name} cannot use repository ${handle.name}: ${found.error}`)
  }
  return { writable: !found.readOnly }
}

/** Makes the repository known to the cluster, read-only, when it is not. Can be repeated; `again`: a try before this one may have made it. */
export async function attachRepository(
  cluster: StarRocksCluster,
  handle: RepositoryHandle,
  again = false,
): Promise<RepositoryOnCluster> {
  const found = await repositoryOn(cluster, handle)
  if (found) return { ...found, attached: false, ...(again && !found.writable ? { perhaps: true } : {}) }
  const { name, location, properties } = handle
  try {
    await cluster.execute(createRepositoryStatement({ name, location, properties, readOnly: true }), {
      timeoutMs: TIMEOUT_MS,
    })
  } catch (error) {
    if (!(error instanceof StarRocksError) || !(await repositoryOn(cluster, handle))) throw error
  }
  return { writable: false, attached: true }
}

/** Makes the cluster forget the repository; what is stored stays. Returns why that could not be. */
export async function dropFrom(cluster: StarRocksCluster, name: string): Promise<string | undefined> {
  try {
    await cluster.execute(dropRepositoryStatement(name))
    return undefined
  } catch (error) {
    if (!(error instanceof StarRocksError)) throw error
    if (error.kind === 'NotFound') return undefined
    return error.message
  }
}
