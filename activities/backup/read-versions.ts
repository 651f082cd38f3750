import { sortedPhysical } from '../../planning/backup/changes.ts'
import type { PhysicalVersions } from '../../planning/backup/database-state.ts'
import { partitionsMetaBatches, type StarRocksCluster, StarRocksError } from '../../starrocks/index.ts'
import { timesOf } from './partition-facts.ts'

/** Up to so many tables are asked one by one: the frontend alone answers that, and tells everything at once. */
const FEW_TABLES = 200
/** What a backup does without. */
const WITHOUT = ['DATA_VERSION', 'VERSION_EPOCH', 'VERSION_TXN_TYPE', 'BUCKETS', 'ROW_COUNT'] as const

interface Versions {
  physical: PhysicalVersions
  time?: string
  bytes: number
}

/** What is known of partitions before any single table was asked. */
export interface PartitionVersions {
  /** `m`: all at once from information_schema.partitions_meta. `s`: not yet, SHOW PARTITIONS has to tell. */
  source: 'm' | 's'
  /** Undefined: not known, or the table is gone. */
  of(table: string): ReadonlyMap<string, Versions> | undefined
}

/** SHOW PARTITIONS tells of each table. */
export const ONE_BY_ONE: PartitionVersions = { source: 's', of: () => undefined }

/** Versions of all partitions of a large database by one statement, which a backend computes; else, and where none can, table by table later. */
export async function readVersions(
  cluster: StarRocksCluster,
  database: string,
  tables: readonly string[],
  signal?: AbortSignal,
): Promise<PartitionVersions> {
  if (tables.length <= FEW_TABLES) return ONE_BY_ONE
  type Rows = { id: bigint; visibleVersion: bigint; visibleVersionTime?: string; bytes: bigint }[]
  const wanted = new Map<string, Map<string, Rows>>(tables.map((name) => [name, new Map()]))
  try {
    for await (const rows of partitionsMetaBatches(cluster, { databases: [database], signal, without: WITHOUT })) {
      for (const row of rows) {
        const partitions = wanted.get(row.table)
        if (!partitions || row.temporary) continue
        const { id, visibleVersion, visibleVersionTime, dataSizeBytes } = row
        const one = { id, visibleVersion, ...(visibleVersionTime ? { visibleVersionTime } : {}), bytes: dataSizeBytes }
        const same = partitions.get(row.name)
        if (same) same.push(one)
        else partitions.set(row.name, [one])
      }
    }
  } catch (error) {
    if (error instanceof StarRocksError && (error.kind === 'BackendCannotAnswer' || error.kind === 'Unsupported')) {
      return ONE_BY_ONE
    }
    throw error
  }
  const known = new Map<string, ReadonlyMap<string, Versions>>()
  return {
    source: 'm',
    of(table) {
      const partitions = wanted.get(table)
      // Half an answer of backends that only just start: this table is asked by itself.
      if (!partitions || partitions.size === 0) return known.get(table)
      // What was read is let go, table by table.
      wanted.delete(table)
      const versions = new Map(
        [...partitions].map(([name, rows]) => {
          const time = timesOf('m', rows)
          return [
            name,
            {
              physical: sortedPhysical(rows.map(({ id, visibleVersion }) => [id, visibleVersion])),
              ...(time === undefined ? {} : { time }),
              bytes: Number(rows.reduce((sum, { bytes }) => sum + bytes, 0n)),
            },
          ] as const
        }),
      )
      known.set(table, versions)
      return versions
    },
  }
}
