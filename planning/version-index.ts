import type { StaleTable } from '../contract/replication.ts'
import type { LagLook } from './lag-clock.ts'
import {
  isOfPartition,
  isSameLineage,
  partitionVerdict,
  physicalKey,
  type RememberedCopy,
  type SourceVersion,
  type TargetVersion,
  versionOf,
} from './partition-verdict.ts'

/** Versions of the target's partitions by database, table and partition name. Kept small: there may be hundreds of thousands. */
export class VersionIndex {
  readonly #databases = new Map<string, Map<string, Map<string, TargetVersion>>>()
  /** Where the last partition went: those of a table mostly come together. */
  #last: { database: string; table: string; partitions: Map<string, TargetVersion> } | undefined

  add(database: string, table: string, partition: string, version: TargetVersion): void {
    const { visibleVersion, dataVersion, versionEpoch, txnType } = version
    const partitions = this.#table(database, table)
    // Only who has to be remembered for it is told apart by its id.
    const id = txnType === undefined ? { id: version.id } : {}
    partitions.set(nextKey(partitions, partition), { visibleVersion, dataVersion, versionEpoch, txnType, ...id })
  }

  /** The table exists, with or without partitions. */
  addTable(database: string, table: string): void {
    this.#table(database, table)
  }

  get(database: string, table: string): ReadonlyMap<string, TargetVersion> | undefined {
    return this.#databases.get(database)?.get(table)
  }

  #table(database: string, table: string): Map<string, TargetVersion> {
    const last = this.#last
    if (last?.database === database && last.table === table) return last.partitions
    let tables = this.#databases.get(database)
    if (!tables) {
      tables = new Map()
      this.#databases.set(database, tables)
    }
    let partitions = tables.get(table)
    if (!partitions) {
      partitions = new Map()
      tables.set(table, partitions)
    }
    this.#last = { database, table, partitions }
    return partitions
  }
}

/** Physical partitions of one name are counted; whether their order fits is looked at before they are sent. */
function nextKey(partitions: ReadonlyMap<string, unknown>, name: string): string {
  let place = 0
  while (partitions.has(physicalKey(name, place))) place++
  return physicalKey(name, place)
}

/** What one source table lacks on the target. */
export interface TableLag extends StaleTable {
  partitions: number
  unknownPartitions: number
  /** With rows, and without a twin at the source. */
  surplusPartitions: number
  totalBytes: number
  missing: boolean
  /** Highest versions. */
  sourceVersion: bigint
  targetVersion: bigint
}

/** Compares the partitions of one source table, one after the other, with what the index has of its copy. */
export class TableComparison {
  readonly lag: TableLag
  readonly #copy: ReadonlyMap<string, TargetVersion> | undefined
  readonly #clock: Pick<LagLook, 'behind'> | undefined
  readonly #seen = new Map<string, number>()
  /** Partitions of the copy that hold rows and have a twin at the source. */
  #matched = 0
  /** At the same version as the source, on a target that does not tell of which rows. */
  readonly #unproven: (Unproven & { bytes: number })[] = []

  /** `clock` is told how far each partition is behind. */
  constructor(table: string, copy: ReadonlyMap<string, TargetVersion> | undefined, clock?: Pick<LagLook, 'behind'>) {
    this.#copy = copy
    this.#clock = clock
    this.lag = {
      table,
      laggingPartitions: 0,
      bytes: 0,
      unfinished: copy === undefined,
      partitions: 0,
      unknownPartitions: 0,
      surplusPartitions: 0,
      totalBytes: 0,
      missing: copy === undefined,
      sourceVersion: 0n,
      targetVersion: 0n,
    }
  }

  add(name: string, source: SourceVersion, bytes: number): void {
    const { lag } = this
    const place = this.#seen.get(name) ?? 0
    this.#seen.set(name, place + 1)
    const key = physicalKey(name, place)
    const target = this.#copy?.get(key)
    if (target && versionOf(target) > 1n) this.#matched++
    const version = source.visibleVersion
    lag.partitions++
    lag.totalBytes += bytes
    if (version > lag.sourceVersion) lag.sourceVersion = version
    if (!target) {
      lag.laggingPartitions++
      lag.bytes += bytes
      // An empty partition that is not there yet makes no table unfinished.
      if (version > 1n) lag.unfinished = true
      return
    }
    const copied = versionOf(target)
    if (copied > lag.targetVersion) lag.targetVersion = copied
    // A target that does not tell types cannot prove that equal versions are equal rows.
    const provable = target.txnType !== undefined || copied <= 1n
    const verdict = partitionVerdict(source, target, provable ? undefined : { sourceId: source.id, version: copied })
    if (verdict.action === 'in-sync') {
      if (!provable) {
        lag.unknownPartitions++
        this.#unproven.push({ key, sourceId: source.id, version: copied, targetId: target.id, bytes })
      }
      return
    }
    lag.laggingPartitions++
    const fresh =
      copied <= 1n ||
      target.txnType === 'NORMAL' ||
      (target.versionEpoch !== undefined && !isSameLineage(source, target))
    lag.bytes += fresh || version <= copied ? bytes : Math.ceil(bytes * (Number(version - copied) / Number(version)))
    if (copied <= 1n) lag.unfinished = true
    else if (verdict.action === 'replicate') this.#clock?.behind(lag.table, name, version, copied)
  }

  /** The source has partitions of which it did not tell: nothing about them is known. */
  unread(partitions: number): void {
    const { lag } = this
    lag.partitions += partitions
    lag.unknownPartitions += partitions
    lag.unfinished = true
  }

  /** Whether only what is remembered can tell more. */
  get isUnproven(): boolean {
    return this.#unproven.length > 0
  }

  /** Whether what was copied before, as it is remembered, says the same as the versions. Without such partitions there is nothing to ask. */
  agrees(memory: ReadonlyMap<string, RememberedCopy>): boolean {
    return this.#unproven.every((partition) => isRemembered(partition, memory))
  }

  /**
   * Partitions that are not known as copies of these very source partitions lag, whatever their versions: the source's was emptied and filled
   * again, or somebody else wrote the rows. The others stay unknown, since nothing but our own word speaks for them.
   */
  settle(memory: ReadonlyMap<string, RememberedCopy>): void {
    const { lag } = this
    for (const partition of this.#unproven) {
      if (isRemembered(partition, memory)) continue
      lag.unknownPartitions--
      lag.laggingPartitions++
      lag.bytes += partition.bytes
    }
    this.#unproven.length = 0
  }

  /** After all of the source's partitions: what is left over on the target can still be read there. */
  finish(): void {
    let filled = 0
    for (const version of this.#copy?.values() ?? []) if (versionOf(version) > 1n) filled++
    this.lag.surplusPartitions = filled - this.#matched
  }

  /** Columns of the source changed since: which rows the copy still has right is not known before they are compared. */
  distrust(): void {
    this.lag.laggingPartitions = this.lag.partitions
    this.lag.unknownPartitions = 0
    this.#unproven.length = 0
  }
}

interface Unproven {
  key: string
  sourceId: bigint
  version: bigint
  targetId: bigint | undefined
}

function isRemembered(
  { key, sourceId, version, targetId }: Unproven,
  memory: ReadonlyMap<string, RememberedCopy>,
): boolean {
  const copy = memory.get(key)
  return copy?.sourceId === sourceId && copy.version === version && isOfPartition(copy, targetId)
}
