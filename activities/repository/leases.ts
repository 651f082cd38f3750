import { randomUUID } from 'node:crypto'
import type { RepositoryLease } from '../../contract/backup/repository-api.ts'
import { type HeldLease, type Lease, Leases, type Repository } from '../../repository/index.ts'
import { objectsOf } from './repository-objects.ts'

/** A restore may wait for days; when its workflow is closed before, nobody heeds the lease any more. */
const READ_SECONDS = 3 * 86_400
/** Of whoever deletes. Should it die, the next one waits so long. */
const WRITE_SECONDS = 120
const LONGEST_GAP_MS = 300_000

export const leasesOf = (repository: Repository) => new Leases(repository.own, repository.store)

/**
 * Keeps snapshots from being deleted until `releaseSnapshots`, for three days at most; again before that to prolong it. Returns the ids of
 * the records among them that are being deleted already: then nothing may be read, and something else must be chosen. Errors: StorageError.
 */
export async function protectSnapshots(
  repository: Repository,
  lease: RepositoryLease,
  signal?: AbortSignal,
): Promise<{ deleting: string[] }> {
  // An id of its own each time: an attempt whose answer was lost, and the next one, both protect.
  const id = `${lease.holder}~${randomUUID()}`
  await leasesOf(repository).acquire('read', id, leaseInfo(lease), READ_SECONDS, { signal })
  // Looked at after it was written; who deletes does it the other way round.
  return { deleting: overlap(lease, await objectsOf(repository).deleting({ signal })) }
}

/**
 * Ends the protection by one holder, as far as its own runs began it: `isOurs` tells these. A workflow of another Temporal may have the same id, and its lease is
 * none of ours. A lease that names no run is of the holder, whichever that is. None is no error.
 */
export async function releaseSnapshots(
  repository: Repository,
  holder: string,
  { isOurs = async () => false, signal }: { isOurs?: (runId: string) => Promise<boolean>; signal?: AbortSignal } = {},
): Promise<void> {
  const leases = leasesOf(repository)
  const ours: Lease[] = []
  for (const lease of await leases.list('read', { signal })) {
    if (!lease.id.startsWith(`${holder}~`)) continue
    const { runId } = lease.info
    if (runId === undefined || (await isOurs(runId))) ours.push(lease)
  }
  await leases.remove(ours, { signal })
}

function leaseInfo({ holder, runId, why, labels, records = [], cluster }: RepositoryLease): Record<string, string> {
  const lists = { labels: JSON.stringify(labels), records: JSON.stringify(records) }
  const known = { ...(runId === undefined ? {} : { runId }), ...(cluster === undefined ? {} : { cluster }) }
  return { holder, why, ...lists, ...known }
}

/** Errors: SyntaxError for one that is damaged; who meets it does not know what it protects, and deletes nothing. */
export function readLeaseInfo({ info, id }: Lease): RepositoryLease {
  return {
    holder: info.holder ?? id,
    why: info.why ?? 'somebody works with it',
    labels: JSON.parse(info.labels ?? '[]') as string[],
    records: JSON.parse(info.records ?? '[]') as string[],
    ...(info.runId === undefined ? {} : { runId: info.runId }),
    ...(info.cluster === undefined ? {} : { cluster: info.cluster }),
  }
}

/**
 * The right to delete in this repository, of which there is one. `heldBy` when somebody else has it. The same workflow takes it from an attempt before, whose
 * worker was given up: should that one be alive, it finds out before it deletes anything more.
 */
export function acquireDeleting(repository: Repository, holder: string, signal?: AbortSignal) {
  const info = leaseInfo({ holder, why: 'deletes backups', labels: [] })
  const takes = (lease: Lease) => holder !== '' && lease.info.holder === holder
  return leasesOf(repository).acquire('write', 'retention', info, WRITE_SECONDS, { signal, takes })
}

/** Those of the records being deleted that a lease is about. */
function overlap({ labels, records = [] }: RepositoryLease, doomed: ReadonlyMap<string, readonly string[]>): string[] {
  const needed = new Set([...labels, ...records])
  return [...doomed].flatMap(([id, own]) => ([id, ...own].some((one) => needed.has(one)) ? [id] : []))
}

/**
 * Does the work while the lease is renewed. `lost` is told once somebody else may have it. A process, or a whole machine, that stood still goes on before it
 * is told, and its clocks may not know: so `sure`, which is called right before whatever must not happen twice, asks the store, and throws.
 */
export async function whileRenewed<T>(
  held: HeldLease,
  lost: (why: Error) => void,
  work: (sure: () => Promise<void>) => Promise<T>,
): Promise<T> {
  const lasts = held.lease.ttlSeconds * 1000
  let until = performance.now() + lasts
  let renewing: Promise<boolean> | undefined
  /** One at a time: two writes of ours would each find the other's. Throws when the store cannot be asked. */
  const renew = () => {
    renewing ??= (async () => {
      const asked = performance.now()
      const kept = await held.renew()
      if (kept) until = asked + lasts
      return kept
    })().finally(() => {
      renewing = undefined
    })
    return renewing
  }
  const taken = () => new Error(`the lease ${held.lease.id} was lost to somebody else`)
  const beat = async () => {
    try {
      if (!(await renew())) lost(taken())
    } catch {
      // A store that is away for a moment. Once the lease may have run out somebody else may have it.
      if (performance.now() >= until) lost(new Error(`the lease ${held.lease.id} could not be renewed in time`))
    }
  }
  const timer = setInterval(() => void beat(), Math.min(lasts / 6, LONGEST_GAP_MS))
  try {
    return await work(async () => {
      // One that is under way was perhaps answered before we stood still.
      await renewing?.catch(() => undefined)
      if (!(await renew())) throw taken()
    })
  } finally {
    clearInterval(timer)
  }
}
