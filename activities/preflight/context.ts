import type { Finding } from '../../contract/index.ts'
import {
  type Backend,
  type ComputeNode,
  type FrontendSetting,
  frontendSettings,
  type PartitionMeta,
  partitionsMeta,
  partitionsOfTables,
  StarRocksError,
} from '../../starrocks/index.ts'
import type { Dependencies } from '../dependencies.ts'
import type { Inventory, InventoryEntry } from '../metadata/inventory.ts'
import type { Side } from '../metadata/pair.ts'
import type { PlanningSession } from '../metadata/plan-table.ts'

/** Nodes that hold or cache data: backends, or compute nodes of a shared-data cluster. */
export type DataNode = Backend | ComputeNode

export interface SideContext {
  side: Side
  inventory: Inventory
  settings: ReadonlyMap<string, FrontendSetting>
  backends: Backend[]
  nodes: DataNode[]
  /** Of each table, by full name. */
  sizes: ReadonlyMap<string, TableSize>
}

/** What the partitions of a table add up to. */
export interface TableSize {
  bytes: bigint
  partitions: number
  mostBuckets: number
  /** Of all partitions. */
  buckets: number
  /** Of the largest partition: a job takes at least one. */
  mostBytes: bigint
  replicas: number
  /** Names of physical partitions, repeated where a partition has several. Only kept where that tells something. */
  oddNames?: string[]
}

/** What all checks look at; read once. */
export interface PreflightContext {
  deps: Dependencies
  session: PlanningSession
  source: SideContext
  target: SideContext
  /** Selected source tables that hold rows of their own. */
  tables: InventoryEntry[]
  signal?: AbortSignal
}

/** One question about the two clusters. Throws only when a cluster cannot be talked to. */
export type Check = (context: PreflightContext) => Promise<Finding[]> | Finding[]

export async function readContext(
  deps: Dependencies,
  session: PlanningSession,
  signal?: AbortSignal,
): Promise<PreflightContext> {
  const { pair } = session
  const tables = [...session.source.of('table')].filter((entry) => pair.selection.includes(entry.database, entry.name))
  const copies = tables.flatMap((entry) => {
    const name = pair.rename(entry)
    return session.target.get(name.database, name.name) ?? []
  })
  const [source, target] = await Promise.all([
    readSide(pair.source, session.source, tables, signal),
    readSide(pair.target, session.target, copies, signal),
  ])
  return { deps, session, source, target, tables, signal }
}

async function readSide(
  side: Side,
  inventory: Inventory,
  tables: readonly InventoryEntry[],
  signal?: AbortSignal,
): Promise<SideContext> {
  const [settings, backends, computeNodes, sizes] = await Promise.all([
    frontendSettings(side.cluster, { signal }),
    side.cluster.backends(),
    side.cluster.computeNodes(),
    readSizes(side, tables, signal),
  ])
  return { side, inventory, settings, backends, nodes: [...backends, ...computeNodes], sizes }
}

/** Sizes by one statement a cluster, or SHOW PARTITIONS of each table where no backend answers. */
async function readSizes(
  side: Side,
  tables: readonly InventoryEntry[],
  signal?: AbortSignal,
): Promise<Map<string, TableSize>> {
  const wanted = new Map(tables.map((entry) => [entry.full, entry]))
  if (wanted.size === 0) return new Map()
  const tally = new Tally(wanted)
  try {
    const databases = [...new Set(tables.map((entry) => entry.database))]
    const expectRows = tables.some((entry) => entry.partitionCount > 0)
    for await (const row of partitionsMeta(side.cluster, { databases, expectRows, signal })) {
      if (!row.temporary) tally.add(`${row.database}.${row.table}`, row)
    }
  } catch (error) {
    if (!(error instanceof StarRocksError) || ['Unreachable', 'NotLeader', 'Denied'].includes(error.kind)) throw error
    tally.clear()
    const names = tables.map(({ database, name }) => ({ database, table: name }))
    for await (const { table, partitions } of partitionsOfTables(side.cluster, names, { signal })) {
      for (const row of partitions ?? []) tally.add(`${table.database}.${table.table}`, row)
    }
  }
  return tally.sizes
}

class Tally {
  readonly sizes = new Map<string, TableSize>()
  readonly #wanted: ReadonlyMap<string, InventoryEntry>
  #names: { table: string; seen: Map<string, string> } | undefined

  constructor(wanted: ReadonlyMap<string, InventoryEntry>) {
    this.#wanted = wanted
  }

  clear(): void {
    this.sizes.clear()
    this.#names = undefined
  }

  add(full: string, row: Pick<PartitionMeta, 'name' | 'buckets' | 'dataSizeBytes'>): void {
    const entry = this.#wanted.get(full)
    if (!entry) return
    let size = this.sizes.get(full)
    if (!size) {
      size = { bytes: 0n, partitions: 0, mostBuckets: 0, buckets: 0, mostBytes: 0n, replicas: entry.replicaCount }
      this.sizes.set(full, size)
    }
    size.bytes += row.dataSizeBytes
    size.partitions++
    size.mostBuckets = Math.max(size.mostBuckets, row.buckets)
    size.buckets += row.buckets
    if (row.dataSizeBytes > size.mostBytes) size.mostBytes = row.dataSizeBytes
    // Rows of one table come together; two names that differ only in case, or not at all, are kept.
    if (this.#names?.table !== full) this.#names = { table: full, seen: new Map() }
    const folded = row.name.toLowerCase()
    const other = this.#names.seen.get(folded)
    if (other !== undefined) size.oddNames = [...(size.oddNames ?? []), other, row.name].slice(0, 20)
    else this.#names.seen.set(folded, row.name)
  }
}

/** Whole number of a frontend setting. */
export function numberOf(settings: ReadonlyMap<string, FrontendSetting>, key: string): number | undefined {
  const value = Number(settings.get(key)?.value ?? Number.NaN)
  return Number.isFinite(value) ? value : undefined
}
