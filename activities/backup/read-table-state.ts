import { samePhysical } from '../../planning/backup/changes.ts'
import type { PartitionState, TableState } from '../../planning/backup/database-state.ts'
import type { FilteredPartition } from '../../planning/backup/partition-filter.ts'
import { readTable, type Table as TableModel } from '../../starrocks/ddl/index.ts'
import { indexSchemas, listPartitions, type PartitionRow, showCreate, type Table } from '../../starrocks/index.ts'
import type { InventoryEntry } from '../metadata/inventory.ts'
import { groupPartitions, isUnreadable } from '../metadata/read-table.ts'
import { fingerprint } from './fingerprint.ts'
import { boundsOf, listValues, partitionStates } from './partition-facts.ts'
import type { ReadOptions } from './read-database.ts'
import type { PartitionVersions } from './read-versions.ts'

export interface TableReading {
  state: TableState
  /** For partition filters; empty where there is none. */
  bounds: FilteredPartition[]
  /** Fills in what SHOW PARTITIONS tells, into `table`. */
  detail(table: TableState): Promise<void>
}

/** A table as it is now. Errors: `NotFound` when it is gone. */
export async function readTableState(
  side: ReadOptions['side'],
  { database, databaseId, spec, signal }: ReadOptions,
  entry: Table,
  versions: PartitionVersions,
): Promise<TableReading> {
  const { name } = entry
  const known = spec.objects.partitions ? undefined : versions.of(name)
  const [{ text }, indexes, rows] = await Promise.all([
    showCreate(side.cluster, database, name, { signal }),
    indexSchemas(side.cluster, databaseId, entry.id, { signal }),
    known ? undefined : listPartitions(side.cluster, database, name, { signal }),
  ])
  const model = modelOf(text, side)
  const partitions = rows ? partitionStates(rows) : new Map<string, PartitionState>(known)
  const properties = model?.properties ?? {}
  const state: TableState = {
    id: String(entry.id),
    partitioning: model ? partitioningOf(model) : partitioningByType(entry.partitionType),
    fingerprint: fingerprint(model ?? text, indexes),
    ddl: text,
    partitions,
    random: model?.distribution?.kind === 'random',
    partial: false,
    ...(properties.colocate_with ? { colocateGroup: properties.colocate_with } : {}),
    ...(properties['dynamic_partition.enable']?.toLowerCase() === 'true' ? { dynamic: true } : {}),
  }
  const isDetailed = rows !== undefined
  const isList = /list/.test(state.partitioning)
  // Neither models nor rows of ten thousand tables are kept for the few that are taken.
  const kept = isList ? rows : undefined
  return {
    state,
    bounds: spec.objects.partitions ? boundsNow(model, rows, partitions) : [],
    async detail(table) {
      const now = isDetailed ? kept : await listPartitions(side.cluster, database, name, { signal })
      const states = isDetailed ? partitions : partitionStates(now ?? [])
      const again = isList ? modelOf(text, side) : undefined
      const lists = again
        ? await listValues(
            side,
            inventoryOf(database, databaseId, entry),
            again,
            groupPartitions(again, now ?? []),
            signal,
          )
        : new Map<string, (string | null)[][]>()
      const target = table.partitions as Map<string, PartitionState>
      for (const [partition, detailed] of states) {
        const before = target.get(partition)
        // Of a table that is taken in part, only those parts; else also what came in between.
        if (!before && table.partial) continue
        const list = lists.get(partition)
        // Times of one origin are compared with each other only.
        const time = before && samePhysical(before.physical, detailed.physical) ? before.time : undefined
        target.set(partition, {
          ...detailed,
          ...(list ? { list } : {}),
          ...(isDetailed ? {} : { time }),
        })
      }
    },
  }
}

function boundsNow(
  model: TableModel | undefined,
  rows: readonly PartitionRow[] | undefined,
  partitions: ReadonlyMap<string, PartitionState>,
): FilteredPartition[] {
  return model && rows ? boundsOf(groupPartitions(model, rows)) : [...partitions.keys()].map((name) => ({ name }))
}

function inventoryOf(database: string, databaseId: bigint, entry: Table): InventoryEntry {
  const { id, name, type, state, indexCount, partitionCount, replicaCount } = entry
  const full = `${database}.${name}`
  return { database, databaseId, name, full, id, kind: 'table', type, state, indexCount, partitionCount, replicaCount }
}

function modelOf(text: string, { version }: ReadOptions['side']): TableModel | undefined {
  try {
    return readTable(text, { version })
  } catch (error) {
    // Printed in a way that cannot be read: the text itself is compared.
    if (isUnreadable(error)) return undefined
    throw error
  }
}

function partitioningOf({ partitioning }: TableModel): TableState['partitioning'] {
  return partitioning.kind === 'range-function' ? 'range' : partitioning.kind
}

function partitioningByType(type: string): TableState['partitioning'] {
  if (type.startsWith('EXPR_RANGE')) return 'automatic-range'
  if (type === 'RANGE') return 'range'
  return type === 'LIST' ? 'list' : 'none'
}
