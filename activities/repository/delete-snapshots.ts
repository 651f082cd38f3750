import type { Repository, StorageError } from '../../repository/index.ts'
import { dropSnapshotStatement, hasSnapshotLifetime } from '../../starrocks/index.ts'
import type { Dependencies } from '../dependencies.ts'
import { facts } from '../pollers/facts.ts'

export interface Deleted {
  /** Nothing of it is left. */
  gone: boolean
  /** It can be restored from as before. */
  whole: boolean
  reason?: string
  /** Older versions of its objects take space until the bucket's own rules remove them. */
  hidden: number
}

/**
 * Deletes a snapshot, its manifest first. Where this process may read but not delete, a cluster from 4.2 on is asked to. Errors: StorageError where the
 * store as a whole fails, so that it is worth to come again; whatever concerns single objects is in the result.
 */
export async function deleteSnapshot(
  deps: Pick<Dependencies, 'cluster' | 'clusterNames'>,
  repository: Repository,
  label: string,
  cluster: string | undefined,
  signal?: AbortSignal,
): Promise<Deleted> {
  // biome-ignore lint/suspicious/noThenProperty: what follows the snapshot; nothing, since the record goes after all of its snapshots
  const result = await repository.deleteSnapshot(label, { signal, then: [] })
  signal?.throwIfAborted()
  if (result.stopped?.concernsWholeStore) throw result.stopped
  const errors = [...(result.stopped ? [result.stopped] : []), ...result.failures.map(({ error }) => error)]
  if (errors.length === 0 && result.failed === 0) return { gone: true, whole: false, hidden: result.hidden }
  let reason = summary(errors, result.failed)
  if (errors.some(({ kind }) => kind === 'Denied')) {
    const dropped = await dropOnCluster(deps, repository.name, label, cluster, signal)
    if (dropped === true) return { gone: true, whole: false, hidden: result.hidden }
    if (dropped) reason += `; ${dropped}`
  }
  const { state } = await repository.lookAt(label, { signal })
  return { gone: false, whole: state === 'complete', reason, hidden: result.hidden }
}

function summary(errors: readonly StorageError[], failed: number): string {
  const first = errors[0]?.message ?? 'unknown'
  return failed > 1 ? `${first} (and ${failed - 1} more objects)` : first
}

/** True when it is gone; undefined where no cluster can; why not, otherwise. */
async function dropOnCluster(
  deps: Pick<Dependencies, 'cluster' | 'clusterNames'>,
  repository: string,
  label: string,
  name: string | undefined,
  signal?: AbortSignal,
): Promise<true | string | undefined> {
  if (name === undefined || !deps.clusterNames().includes(name)) return undefined
  const { cluster } = deps.cluster(name)
  try {
    const { version } = await facts(cluster).capabilities()
    if (!hasSnapshotLifetime(version)) return undefined
    await cluster.execute(dropSnapshotStatement(version, { label, repository }), { signal, timeoutMs: 3_600_000 })
    return true
  } catch (error) {
    signal?.throwIfAborted()
    return `DROP SNAPSHOT on ${name}: ${error instanceof Error ? error.message : String(error)}`
  }
}
