import {
  DdlReadError,
  definitionsOfIndexes,
  type IndexDefinition,
  readPartitionRow,
  readTable as readTableText,
  type SourcePartition,
  type Table,
  type TableIndex,
} from '../../starrocks/ddl/index.ts'
import {
  columnDefaults,
  describeAll,
  listMaterializedViews,
  listPartitions,
  type MaterializedView,
  type PartitionRow,
  showCreate,
} from '../../starrocks/index.ts'
import type { InventoryEntry } from './inventory.ts'
import type { Side } from './pair.ts'

/** One logical partition: its shape, and the physical ones behind it. */
export interface TablePartition {
  shape: SourcePartition
  rows: PartitionRow[]
}

/** Everything of a table that its copy must have, rows aside. */
export interface TableFacts {
  entry: InventoryEntry
  /** SHOW CREATE TABLE, as printed. */
  text: string
  model: Table
  partitions: TablePartition[]
  /** Base index, rollups and synchronous materialized views; empty when there is only the base. */
  indexes: TableIndex[]
  /** How each index beside the base is made. */
  definitions: IndexDefinition[]
}

/**
 * Reads a table: SHOW CREATE TABLE and SHOW PARTITIONS; DESC where a printed default can be read in two ways; DESC ALL and SHOW MATERIALIZED
 * VIEWS where it has rollups. Errors: `NotFound` when it is gone, DdlReadError.
 */
export async function readTable(side: Side, entry: InventoryEntry, signal?: AbortSignal): Promise<TableFacts> {
  const { database, name } = entry
  const [{ text }, rows] = await Promise.all([
    showCreate(side.cluster, database, name, { signal }),
    listPartitions(side.cluster, database, name, { signal }),
  ])
  const model = await readModel(side, entry, text, signal)
  return { entry, text, model, partitions: groupPartitions(model, rows), ...(await readIndexes(side, entry, signal)) }
}

/** Only what the printed text says, with exact defaults from DESC where it can be read in two ways. What stays in doubt is for refusals(). */
export async function readModel(side: Side, entry: InventoryEntry, text: string, signal?: AbortSignal): Promise<Table> {
  const model = readTableText(text, { version: side.version })
  if (!model.doubts.some((doubt) => doubt.kind === 'ambiguous-default')) return model
  const defaults = await columnDefaults(side.cluster, entry.database, entry.name, { signal })
  return readTableText(text, {
    version: side.version,
    defaults: new Map(defaults.map(({ column, value }) => [column, value])),
  })
}

/** Physical partitions by their name, in the frontend's order. */
export function groupPartitions(model: Pick<Table, 'partitioning'>, rows: readonly PartitionRow[]): TablePartition[] {
  const byName = new Map<string, TablePartition>()
  for (const row of rows) {
    const known = byName.get(row.name)
    if (known) known.rows.push(row)
    else byName.set(row.name, { shape: shapeOf(model, row), rows: [row] })
  }
  return [...byName.values()]
}

/** Errors: DdlReadError. */
export function shapeOf(model: Pick<Table, 'partitioning'>, row: PartitionRow): SourcePartition {
  return readPartitionRow(model, {
    PartitionName: row.name,
    Range: row.rangeText,
    List: row.listText,
    Buckets: String(row.buckets),
    ReplicationNum: row.replicationNum === undefined ? undefined : String(row.replicationNum),
    DistributionKey: row.distributionKey,
    StorageMedium: row.storageMedium,
  })
}

async function readIndexes(
  side: Side,
  { database, name, indexCount }: InventoryEntry,
  signal?: AbortSignal,
): Promise<Pick<TableFacts, 'indexes' | 'definitions'>> {
  if (indexCount <= 1) return { indexes: [], definitions: [] }
  const [described, views] = await Promise.all([
    describeAll(side.cluster, database, name, { signal }),
    listMaterializedViews(side.cluster, database, { signal }),
  ])
  const indexes: TableIndex[] = described
  return { indexes, definitions: definitionsOfIndexes({ database, name }, indexes, rollupTexts(views)) }
}

/** Name and text of what is an index of its table. */
export const rollupTexts = (views: readonly MaterializedView[]) =>
  views.filter((view) => view.refreshType === 'ROLLUP').map((view) => [view.name, view.text] as const)

/** Whether the printed text is none that can be read: this one table cannot be copied. */
export const isUnreadable = (error: unknown): error is Error => error instanceof DdlReadError
