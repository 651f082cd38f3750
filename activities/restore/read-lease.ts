import { SnapshotError, StorageError } from '../../repository/index.ts'
import type { Dependencies } from '../dependencies.ts'
import { protectSnapshots, releaseSnapshots } from '../repository/leases.ts'
import { createOwnRuns } from '../repository/own-runs.ts'
import type { RestoreInput } from './open-restore.ts'
import { repositoryOf } from './repository-of.ts'
import { refusedRestore, unreachableRestore } from './restore-failures.ts'

export type LeaseOrder = RestoreInput & {
  /** Labels that are read. */
  chain: string[]
  /** The workflow's id and run: when that is closed, nobody heeds the lease any more. */
  holder: string
  runId?: string
}

/** A repository that may only be read from here, or not at all. All else passes, or must not be passed over. */
const GOES_WITHOUT: ReadonlySet<StorageError['kind']> = new Set(['Denied', 'Unsupported'])

/** Attempts after which a storage that fails without saying why – it may be full – keeps nobody from reading what is in it. */
const PATIENCE = 4

/**
 * Says in the repository that these snapshots are read, so that nobody's retention deletes them meanwhile; holds for some days, and can be repeated to
 * prolong it. Where the repository cannot be written to from here it goes without, which is returned as a warning. Errors: Refused when they are
 * being deleted already; StorageError, and Unreachable where the store says no more than that it failed.
 */
export async function leaseSnapshots(
  deps: Dependencies,
  order: LeaseOrder,
  signal?: AbortSignal,
  attempt = 1,
): Promise<string[]> {
  const { spec, basis, chain, holder, runId } = order
  let deleting: string[]
  let gone: string | undefined
  try {
    const lease = {
      holder,
      runId,
      why: `restores backup ${basis.backup} to ${spec.cluster}`,
      labels: chain,
      records: basis.bare ? [] : [basis.backup],
      cluster: spec.cluster,
    }
    const repository = await repositoryOf(deps, spec.repository)
    const answer = await protectSnapshots(repository, lease, signal)
    deleting = answer.deleting
    // What was deleted between the check and the lease is not being deleted any more.
    for (const label of deleting.length > 0 ? [] : chain) {
      if ((await repository.lookAt(label, { signal })).state === 'missing') gone ??= label
    }
  } catch (error) {
    if (!(error instanceof StorageError)) throw error
    if (error.kind === 'Unknown' && attempt < PATIENCE)
      throw unreachableRestore(`The snapshots cannot be leased: ${error.message}`)
    if (!GOES_WITHOUT.has(error.kind) && error.kind !== 'Unknown') throw error
    return [`Nothing keeps the snapshots from being deleted by retention while they are restored: ${error.message}`]
  }
  if (deleting.length === 0 && gone === undefined) return []
  await releaseLease(deps, order)
  if (gone !== undefined) throw refusedRestore(`Snapshot ${gone}, which backup ${basis.backup} needs, is gone`)
  throw refusedRestore(
    `Backup ${basis.backup} needs snapshots that are being deleted (${deleting.slice(0, 3).join(', ')})`,
  )
}

/** Ends what `leaseSnapshots` began; does nothing where that was not possible. */
export async function releaseLease(
  deps: Dependencies,
  { spec, holder, runId }: Pick<LeaseOrder, 'spec' | 'holder' | 'runId'>,
): Promise<void> {
  try {
    const isOurs = createOwnRuns(deps.client, holder, runId)
    await releaseSnapshots(await repositoryOf(deps, spec.repository), holder, { isOurs })
  } catch (error) {
    // It runs out by itself.
    if (!(error instanceof StorageError) && !(error instanceof SnapshotError)) throw error
  }
}
