import { exactInteger, parseLossless } from './lossless-json.ts'

/** What a snapshot holds, from its `__info` object; one form for all versions. All ids and versions are exact. */
export interface Manifest {
  label: string
  /** Empty for snapshots of external catalogs. */
  database: string
  databaseId: bigint
  /** Milliseconds since the epoch, by the clock of the frontend that made it. */
  backupTime: number
  /** `succeed`. */
  result: string
  /** Also materialized views. */
  tables: Map<string, ManifestTable>
  /** Views by name with their ids; tables without any partition look the same. */
  views: Map<string, bigint>
}

export interface ManifestTable {
  id: bigint
  partitions: Map<string, ManifestPartition>
}

export interface ManifestPartition {
  /** Logical from 3.4, the physical one before. */
  id: bigint
  physical: ManifestPhysicalPartition[]
}

export interface ManifestPhysicalPartition {
  /** As SHOW PARTITIONS prints it. */
  id: bigint
  /** The visible version that was taken. */
  version: bigint
  indexes: ManifestIndex[]
}

export interface ManifestIndex {
  id: bigint
  name: string
  schemaHash: number
  tablets: bigint[]
  /** Names of files without md5, which versions before June 2024 list; absent where they do not. */
  files?: Map<bigint, string[]>
}

interface RawIndex {
  id: unknown
  schema_hash?: unknown
  tablets?: Record<string, string[]>
  tablets_order?: string[]
}

interface RawPhysical {
  id: unknown
  version: unknown
  indexes?: Record<string, RawIndex>
}

interface RawPartition extends RawPhysical {
  subPartitions?: Record<string, RawPhysical>
}

interface RawInfo {
  name?: unknown
  database?: unknown
  id?: unknown
  backup_time?: unknown
  backup_result?: unknown
  backup_objects?: Record<string, { id: unknown; partitions?: Record<string, RawPartition> }>
}

/** Reads the text of an `__info` object. Throws an Error that says what is missing for anything that is none. */
export function parseManifest(text: string): Manifest {
  const raw = parseLossless(text) as RawInfo | null
  if (raw === null || typeof raw !== 'object') throw new Error('it is no object')
  const { name, database, backup_objects: objects } = raw
  if (typeof name !== 'string') throw new Error('it has no name')
  if (objects === null || typeof objects !== 'object') throw new Error('it has no backup_objects')
  const manifest: Manifest = {
    label: name,
    database: typeof database === 'string' ? database : '',
    databaseId: raw.id === undefined ? 0n : exactInteger(raw.id),
    backupTime: Number(raw.backup_time ?? 0),
    result: String(raw.backup_result ?? ''),
    tables: new Map(),
    views: new Map(),
  }
  for (const [table, { id, partitions = {} }] of Object.entries(objects)) {
    const entries = Object.entries(partitions)
    if (entries.length === 0) manifest.views.set(table, exactInteger(id))
    else {
      const read = entries.map(([name, partition]) => [name, readPartition(partition)] as const)
      manifest.tables.set(table, { id: exactInteger(id), partitions: new Map(read) })
    }
  }
  return manifest
}

/**
 * From 3.4 tablets are always below `subPartitions` and `indexes` is empty; before, they are in `indexes` of the partition itself, and below
 * `subPartitions` only when there is more than one physical partition (BackupJobInfo.java).
 */
function readPartition(raw: RawPartition): ManifestPartition {
  const id = exactInteger(raw.id)
  const physical = Object.values(raw.subPartitions ?? {}).map(readPhysical)
  if (Object.keys(raw.indexes ?? {}).length > 0 && !physical.some((other) => other.id === id)) {
    physical.unshift(readPhysical(raw))
  }
  return { id, physical }
}

function readPhysical({ id, version, indexes = {} }: RawPhysical): ManifestPhysicalPartition {
  return {
    id: exactInteger(id),
    version: exactInteger(version),
    indexes: Object.entries(indexes).map(([name, index]) => readIndex(name, index)),
  }
}

function readIndex(name: string, { id, schema_hash, tablets = {}, tablets_order }: RawIndex): ManifestIndex {
  const listed = Object.entries(tablets).filter(([, files]) => files.length > 0)
  return {
    id: exactInteger(id),
    name,
    schemaHash: Number(schema_hash ?? 0),
    // The order is that of the buckets; older versions do not tell it.
    tablets: (tablets_order ?? Object.keys(tablets)).map(exactInteger),
    ...(listed.length > 0 ? { files: new Map(listed.map(([tablet, files]) => [BigInt(tablet), files])) } : {}),
  }
}
