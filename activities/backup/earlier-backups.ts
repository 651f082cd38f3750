import { repositoryKeys } from '../../contract/backup/record.ts'
import type { RecordHead } from '../../planning/backup/head.ts'
import { labelStem } from '../../planning/backup/label.ts'
import { isUnreadable } from '../../repository/index.ts'
import type { RepositoryObjects } from '../repository/repository-objects.ts'
import { damageOfSnapshots } from '../repository/snapshot-damage.ts'

/** How far back it is looked for a full one. */
const MOST = 400

/** Records that cannot be read, of which each is told. */
const MOST_TOLD = 10

/** How labels go on after their stem. */
const TIME = /^\d{8}T\d{9}_/

export interface Series {
  cluster: string
  database: string
  /** Of the policy. */
  name: string
  prefix: string
}

/**
 * Backups of the same policy, database and cluster, newest first, back to the last full one. Those being deleted do not count. A record that cannot be read
 * is named in `rejected`, whosever it is: that cannot be told. `last`: the newest of all or, where a time is given, of those that were due before it. What the cluster deletes by itself is nothing to build on. `alone`: no baseline is looked for.
 */
export async function earlierBackups(
  objects: RepositoryObjects,
  { cluster, database, name, prefix }: Series,
  unless: (record: RecordHead) => Promise<string | undefined>,
  { dueBefore, alone = false, signal }: { dueBefore?: number; alone?: boolean; signal?: AbortSignal } = {},
): Promise<{ earlier: RecordHead[]; rejected: string[]; last?: RecordHead }> {
  const { own } = objects.repository
  const stem = repositoryKeys.record(objects.repository.name, labelStem(prefix, database)).slice(own.directory.length)
  const begin = stem.replace(/\.json\.gz$/, '')
  const ids: string[] = []
  for await (const { key } of own.list(begin, { signal })) {
    // shop_eu begins like shop, and is none of its series.
    if (TIME.test(key.slice(begin.length))) ids.push(key.replace(/^.*\//, '').replace(/\.json\.gz$/, ''))
  }
  // They begin alike and go on with the time: their order is that of time.
  const doomed = await objects.deleting({ signal })
  const earlier: RecordHead[] = []
  const rejected: string[] = []
  let seen = 0
  let unreadable = 0
  let full = alone
  let last: RecordHead | undefined
  for (const id of ids.sort().reverse()) {
    if (doomed.has(id)) continue
    let record: RecordHead | undefined
    try {
      record = await objects.head(id, { signal })
    } catch (error) {
      if (!isUnreadable(error)) throw error
      if (++unreadable <= MOST_TOLD) rejected.push(`record ${id} is passed over: ${error.message}`)
      continue
    }
    if (!record || record.cluster !== cluster || record.database !== database || record.name !== name) continue
    if (++seen > MOST) break
    const why = await unless(record).catch((error: unknown) => {
      if (isUnreadable(error)) return error.message
      throw error
    })
    if (why) {
      rejected.push(`backup ${id} is not built upon: ${why}`)
      continue
    }
    // It holds nothing: neither a baseline nor a backup.
    if (record.labels.length === 0) continue
    if (!full && record.ttl === undefined) {
      earlier.push(record)
      full = record.kind === 'full'
    }
    if (dueBefore === undefined || (record.due !== undefined && Date.parse(record.due) < dueBefore)) last ??= record
    if (full && last) break
  }
  return { earlier, rejected, ...(last ? { last } : {}) }
}

/** Why nothing may be built on a backup; undefined when all of its snapshots are there. */
export function damageOf(objects: RepositoryObjects, signal?: AbortSignal) {
  const damage = damageOfSnapshots(objects, signal)
  return async (record: RecordHead): Promise<string | undefined> => {
    const verified = await objects.verification(record.id, { signal })
    if (verified && !verified.ok) return 'its verification found damage'
    return damage(
      record.labels.map((label, i) => ({ label, timestamp: '', infoMd5: record.md5?.[i], size: record.sizes?.[i] })),
    )
  }
}

/** Why nothing may be built on a backup, when it is of a cluster that is not this one: the same ids and versions are other rows there. */
export function otherCluster(
  { cluster, clusterId }: Pick<RecordHead, 'cluster' | 'clusterId'>,
  now: string | undefined,
): string | undefined {
  if (now === undefined || clusterId === undefined || clusterId === now) return undefined
  return `it is of another cluster, ClusterId ${clusterId}; ${cluster} is ClusterId ${now} now`
}
