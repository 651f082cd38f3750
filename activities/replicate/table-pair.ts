import { joinTableName, type MigrationSpec, splitTableName } from '../../contract/index.ts'
import { createSelection } from '../../planning/selection.ts'
import type { Capabilities, StarRocksCluster, Table } from '../../starrocks/index.ts'
import { isNativeTable, isSameCluster } from '../../starrocks/index.ts'
import type { ClusterHandle, Dependencies } from '../dependencies.ts'
import { busyTable, refused, stale } from '../failures.ts'
import { directory } from '../pollers/directory.ts'
import { facts } from '../pollers/facts.ts'
import { SAME_CLUSTER } from '../preflight/same-cluster.ts'

/** A table on one of the two clusters. */
export interface TableSide {
  handle: ClusterHandle
  cluster: StarRocksCluster
  capabilities: Capabilities
  database: string
  name: string
  /** `database.name` */
  full: string
  databaseId: bigint
  entry: Table
}

/** A source table and its copy. */
export interface TablePair {
  spec: MigrationSpec
  source: TableSide
  target: TableSide
}

/** Tables that start at the same time share listings this old; every id in them is checked again by whoever uses it. */
const LISTING_AGE_MS = 2_000

/**
 * Finds a table and its copy. Undefined when the source has it no more. Throws `Stale` (to be aligned) when there is no copy yet, `Busy`
 * while one of them is not in state NORMAL, `Refused` when one is no native table.
 */
export async function openTable(
  deps: Dependencies,
  spec: MigrationSpec,
  table: string,
): Promise<TablePair | undefined> {
  const from = splitTableName(table)
  const to = createSelection(spec).target(from.database, from.table)
  const [source, target] = await Promise.all([
    openSide(deps, spec.source, from.database, from.table),
    openSide(deps, spec.target, to.database, to.table),
  ])
  if (!source) return undefined
  await throwIfSame(spec, source, target)
  if (!target) {
    throw stale(`${joinTableName(to.database, to.table)} does not exist on ${spec.target} yet`, { align: true })
  }
  for (const side of [source, target]) {
    if (!isNativeTable(side.entry.type)) {
      throw refused(
        `${side.full} on ${side.cluster.name} is no native table (${side.entry.type}) and cannot be replicated`,
      )
    }
    if (side.entry.state !== 'NORMAL') {
      const doing = (STATES[side.entry.state] ?? `state ${side.entry.state}`).concat(` on ${side.cluster.name}`)
      throw busyTable(`${side.full}: ${doing}`)
    }
  }
  return { spec, source, target }
}

/** The preflight has seen to it; since then the worker may have been configured anew. */
async function throwIfSame(spec: MigrationSpec, source: TableSide, target: TableSide | undefined): Promise<void> {
  if (!target || spec.ignore.includes(SAME_CLUSTER)) return
  const [a, b] = await Promise.all([source.cluster.leader(), target.cluster.leader()])
  if (!isSameCluster([a], [b])) return
  throw refused(`${spec.source} and ${spec.target} are the same cluster: ${source.full} would be copied onto itself`)
}

const STATES: Record<string, string> = {
  SCHEMA_CHANGE: 'schema change running',
  ROLLUP: 'rollup being built',
  RESTORE: 'restore running',
  OPTIMIZE: 'optimize running',
}

async function openSide(
  deps: Dependencies,
  clusterName: string,
  database: string,
  name: string,
): Promise<TableSide | undefined> {
  const handle = deps.cluster(clusterName)
  const [capabilities, found] = await Promise.all([
    facts(handle.cluster).capabilities(),
    findTable(handle.cluster, database, name),
  ])
  if (!found) return undefined
  const { databaseId, table: entry } = found
  return {
    handle,
    cluster: handle.cluster,
    capabilities,
    database,
    name,
    full: joinTableName(database, name),
    databaseId,
    entry,
  }
}

async function findTable(cluster: StarRocksCluster, database: string, name: string) {
  const found = await directory(cluster).table(database, name, LISTING_AGE_MS)
  // A listing that is not quite fresh may miss what was made, or still say SCHEMA_CHANGE: that alone deserves a second look.
  if (found && found.table.state === 'NORMAL') return found
  return directory(cluster).table(database, name, 0)
}
