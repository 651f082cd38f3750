/** What a source's metadata tells of a partition. */
export interface SourceVersion {
  /** Physical id. It changes when the partition is truncated, overwritten, swapped or made again. */
  id: bigint
  /**
   * The version that is compared and sent: by it the source's nodes find the rows. The data version does not name them: compaction in a shared-data
   * cluster, whose files are called by visible versions, does not move it, and 3.3 leaves it where it was when a partition is restored in place.
   */
  visibleVersion: bigint
  /** Lineage of the data; missing before 3.3.2. */
  versionEpoch?: bigint
  /** Epochs that this very partition is known to have had before, with nothing but loads in between. */
  formerEpochs?: readonly bigint[]
}

/** What a target's metadata tells of a copy. */
export interface TargetVersion {
  /** Physical id: another one is another partition, emptied or made again since. */
  id?: bigint
  visibleVersion: bigint
  dataVersion?: bigint
  versionEpoch?: bigint
  /** What wrote it last; missing before 3.3.2. */
  txnType?: 'NORMAL' | 'REPLICATION'
}

/** What starferry itself remembers of a copy on a target that does not: the source partition, the version that it confirmed, and the target's partition. */
export interface RememberedCopy {
  sourceId: bigint
  version: bigint
  /** Unset: told by a version that did not write it down. */
  targetId?: bigint
}

/** What a partition is remembered by: its name, and which of the physical ones of that name it is, by ascending id. */
export const physicalKey = (name: string, place: number): string => (place === 0 ? name : `${name}\0${place}`)

/** Whether what is remembered is about this very partition of the target: another one may have the same name and version. */
export const isOfPartition = ({ targetId }: RememberedCopy, id: bigint | undefined): boolean =>
  targetId === undefined || id === undefined || targetId === id

/**
 * - `in-sync`: the target's metadata (or, on old targets, ours) proves it
 * - `replicate`: send it; the target takes what it lacks
 * - `reset`: the copy is not of this source partition: empty it, then send
 * - `foreign`: holds rows that a replication did not write, or of unknown origin: only an operator may discard them
 */
export type Verdict =
  | { action: 'in-sync' }
  | { action: 'replicate'; full: boolean }
  | { action: 'reset'; reason: string }
  | { action: 'foreign'; reason: string }

/** The version of what was sent to a copy. Compaction in a shared-data cluster moves the visible version, and not the data's. */
export function versionOf(partition: { visibleVersion: bigint; dataVersion?: bigint }): bigint {
  return partition.dataVersion ?? partition.visibleVersion
}

/**
 * The epoch to send, and to find again in the target's metadata. A source before 3.3.2 has none: there the partition's id takes its place.
 * It changes whenever the data's lineage does (truncate, overwrite, swap, drop and add), so the target's own metadata remembers durably
 * which source partition it is a copy of. Real epochs are about 60 bits of time and never meet ids.
 */
export function epochToSend(source: SourceVersion): bigint {
  return source.versionEpoch !== undefined && source.versionEpoch > 0n ? source.versionEpoch : source.id
}

/**
 * Whether the copy's rows are those of this very source partition. Beside its epoch, two others prove that:
 * - its id: what was copied before the source was upgraded to 3.3.2 carries it, and an upgrade keeps ids. Truncating or overwriting does not
 * - an epoch that the same partition had before: frontends make up epochs of partitions that are older than 3.3.2 when they load their image,
 *   each its own, until one is in an image. So another leader may show others for all of them at once.
 */
export function isSameLineage(source: SourceVersion, target: Pick<TargetVersion, 'versionEpoch'>): boolean {
  const epoch = target.versionEpoch
  if (epoch === undefined) return false
  return epoch === epochToSend(source) || epoch === source.id || (source.formerEpochs?.includes(epoch) ?? false)
}

/** Decides about one partition. Pure; nobody but this function says that a partition is in sync. */
export function partitionVerdict(source: SourceVersion, target: TargetVersion, remembered?: RememberedCopy): Verdict {
  const from = source.visibleVersion
  const to = versionOf(target)
  if (target.txnType === undefined) return withoutEpochs(source, from, to, target.id, remembered)
  if (target.txnType === 'NORMAL') {
    if (to <= 1n) return from <= 1n ? { action: 'in-sync' } : { action: 'replicate', full: true }
    return { action: 'foreign', reason: `a load wrote to it (version ${to})` }
  }
  if (!isSameLineage(source, target)) {
    return {
      action: 'reset',
      reason: 'the source partition was truncated, overwritten or made again since it was copied',
    }
  }
  if (to > from) {
    return { action: 'reset', reason: `the copy is at version ${to}, the source only at ${from}: it went back in time` }
  }
  return to === from ? { action: 'in-sync' } : { action: 'replicate', full: to <= 1n }
}

/**
 * The verdict when nothing that was copied so far can be believed, whatever the versions say. What is empty stays as it is, and what others
 * wrote is still theirs.
 */
export function distrusted(verdict: Verdict, target: TargetVersion, reason: string): Verdict {
  const holdsCopy = versionOf(target) > 1n && (verdict.action === 'in-sync' || verdict.action === 'replicate')
  return holdsCopy ? { action: 'reset', reason } : verdict
}

/** Targets before 3.3.2 do not tell what wrote a partition last, so a copy is one only while it stands where we left it. */
function withoutEpochs(
  source: SourceVersion,
  from: bigint,
  to: bigint,
  id: bigint | undefined,
  remembered: RememberedCopy | undefined,
): Verdict {
  if (to <= 1n) return from <= 1n ? { action: 'in-sync' } : { action: 'replicate', full: true }
  if (!remembered) {
    return { action: 'foreign', reason: `it holds rows (version ${to}) and this target does not tell what wrote them` }
  }
  if (remembered.version !== to) {
    return {
      action: 'foreign',
      reason: `it is at version ${to}, not ${remembered.version} as it was left: a load wrote to it`,
    }
  }
  if (!isOfPartition(remembered, id)) {
    return {
      action: 'foreign',
      reason: `it was emptied or made again since it was copied, and holds rows (version ${to})`,
    }
  }
  if (remembered.sourceId !== source.id) {
    return {
      action: 'reset',
      reason: 'the source partition was truncated, overwritten or made again since it was copied',
    }
  }
  if (to > from) {
    return { action: 'reset', reason: `the copy is at version ${to}, the source only at ${from}: it went back in time` }
  }
  return to === from ? { action: 'in-sync' } : { action: 'replicate', full: false }
}
