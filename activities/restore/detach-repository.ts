import { SnapshotError, StorageError } from '../../repository/index.ts'
import type { Dependencies } from '../dependencies.ts'
import { leasesOf, readLeaseInfo } from '../repository/leases.ts'
import { createOwnRuns } from '../repository/own-runs.ts'
import { createWriters, holderOf } from '../repository/writers.ts'
import { attachRepository, dropFrom } from './attach-repository.ts'
import { repositoryOf } from './repository-of.ts'

export interface DetachOrder {
  cluster: string
  repository: string
  /** The workflow's id. */
  holder: string
  runId?: string
}

/**
 * Forgets a repository that was attached for one restore; what is stored stays. Another restore may have found it there and count on it: it says so in the
 * repository before it begins. Looked for before and after; in doubt it stays. Returns why it stays, for people.
 */
export async function detachRepository(
  deps: Dependencies,
  order: DetachOrder,
  signal?: AbortSignal,
): Promise<string[]> {
  const before = await whoUses(deps, order, signal)
  if (before) return [stays(order, before)]
  const { cluster } = deps.cluster(order.cluster)
  const why = await dropFrom(cluster, order.repository)
  if (why !== undefined) return [stays(order, why)]
  const since = await whoUses(deps, order, signal)
  if (!since) return []
  await attachRepository(cluster, deps.repository(order.repository))
  return [stays(order, since)]
}

const stays = ({ cluster, repository }: DetachOrder, why: string) =>
  `repository ${repository} stays attached to ${cluster}: ${why}. When nobody needs it: starferry repo drop ${repository} --cluster ${cluster}`

/** Who else restores from it to this cluster, or why that cannot be told; undefined when nobody does. */
async function whoUses(
  deps: Dependencies,
  { cluster, repository: name, holder, runId }: DetachOrder,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const writerOf = createWriters(deps.client)
  const isOurs = createOwnRuns(deps.client, holder, runId)
  try {
    const repository = await repositoryOf(deps, name)
    for (const lease of await leasesOf(repository).list('read', { signal })) {
      const known = readLeaseInfo(lease)
      if (known.cluster !== cluster) continue
      if (known.holder === holder && (known.runId === undefined || (await isOurs(known.runId)))) continue
      const writer = await holderOf(known, writerOf)
      if (writer === 'open' || (writer === 'unknown' && !lease.expired)) return `${known.holder} ${known.why}`
    }
    return undefined
  } catch (error) {
    if (!(error instanceof StorageError) && !(error instanceof SnapshotError) && !(error instanceof SyntaxError))
      throw error
    return `whether another restore uses it cannot be told (${error.message})`
  }
}
