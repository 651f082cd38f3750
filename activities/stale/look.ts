import type { MigrationSpec } from '../../contract/index.ts'
import { joinTableName, splitTableName } from '../../contract/index.ts'
import type { LagLook } from '../../planning/lag-clock.ts'
import { createSelection } from '../../planning/selection.ts'
import { TableComparison, type TableLag, VersionIndex } from '../../planning/version-index.ts'
import type { StarRocksCluster } from '../../starrocks/index.ts'
import type { Dependencies } from '../dependencies.ts'
import { directory } from '../pollers/directory.ts'
import { epochsOf } from '../pollers/epochs.ts'
import { settleByColumns } from './altered.ts'
import { settleByMemory } from './lineage.ts'
import { listTables, type Tables } from './listings.ts'
import { readVersions, type Selected } from './read-versions.ts'
import { settleByRestores } from './restored.ts'

export interface LookOptions {
  signal?: AbortSignal
  /** List databases and tables anew, instead of believing listings that are some seconds old. */
  fresh?: boolean
  /** Read every table that an answer leaves out, and not some in each look: however long it takes, nothing stays unread. */
  whole?: boolean
  /** Told how far tables are behind. */
  clock?: LagLook
}

/** What one look found. */
export interface Look {
  lags: TableLag[]
  /** Tables of which neither statement told anything, by the cluster's name. */
  unread: Map<string, number>
  /** Tables were read one by one, more than a few. */
  slow: boolean
  /** Databases whose changes of columns cannot be listed, with the reason of the first. */
  unseenChanges?: { databases: number; reason: string }
}

/** With more databases than this, listing all of them anew is not for every look. */
const FEW_DATABASES = 20

/**
 * One look at both clusters: for every selected table what its copy lacks. The target is read first: a copy that advances in between then
 * looks older than it is and is looked at again, never newer.
 */
export async function lookAtTables(
  deps: Dependencies,
  spec: MigrationSpec,
  { signal, fresh = false, whole, clock }: LookOptions = {},
): Promise<Look> {
  const source = deps.cluster(spec.source).cluster
  const given = { signal, fresh, whole, clock, outdated: new Set<string>() }
  let found = await compareVersions(deps, spec, given)
  const unknown = notStrange(source, found.unknown)
  if (unknown.length > 0) {
    // Tables that no listing knows yet: so the listings are old, and only with new ones a look tells of all tables.
    for (const name of unknown) given.outdated.add(splitTableName(name).database)
    clock?.reset()
    found = await compareVersions(deps, spec, given)
    noteStrange(source, found.unknown)
  }
  const { comparisons, unread, slow } = found
  for (const comparison of comparisons.values()) comparison.finish()
  await settleByMemory(deps, spec, comparisons.values())
  const age = { maxAgeMs: listingAge(spec), fresh: found.fresh }
  await settleByRestores(deps, spec, source, comparisons, age)
  const unseenChanges = await settleByColumns(deps, spec, source, comparisons, age)
  const lags = [...comparisons.values()].map((comparison) => comparison.lag)
  if (clock) for (const lag of lags) if (lag.laggingPartitions > 0) clock.whole(lag.table)
  return { lags, unread, slow, ...(unseenChanges ? { unseenChanges } : {}) }
}

interface Versions {
  comparisons: Map<string, TableComparison>
  /** Source tables with partitions that are in no listing. */
  unknown: Set<string>
  unread: Map<string, number>
  slow: boolean
  /** All databases were listed anew. */
  fresh: boolean
}

async function compareVersions(
  deps: Dependencies,
  spec: MigrationSpec,
  { signal, fresh: wanted, whole, clock, outdated }: LookOptions & { outdated: ReadonlySet<string> },
): Promise<Versions> {
  const source = deps.cluster(spec.source).cluster
  const target = deps.cluster(spec.target).cluster
  const selection = createSelection(spec)
  const maxAgeMs = listingAge(spec)
  // A one-time migration ends by what is found; one that follows finds it with the next look.
  const few = spec.oneTime || (await countDatabases(source, selection, maxAgeMs)) <= FEW_DATABASES
  const fresh = wanted === true && few
  const quietMaxAgeMs = few ? maxAgeMs : Math.max(maxAgeMs, spec.intervals.metadata * 1500)
  const selected = await listTables(source, selection, { maxAgeMs, quietMaxAgeMs, fresh, outdated })
  const copies = new Map<string, Set<string>>()
  for (const [database, tables] of selected) {
    for (const table of tables.keys()) {
      const copy = selection.target(database, table)
      const names = copies.get(copy.database) ?? new Set()
      copies.set(copy.database, names.add(copy.table))
    }
  }
  const wantedCopies = {
    includesDatabase: (database: string) => copies.has(database),
    includes: (database: string, table: string) => copies.get(database)?.has(table) ?? false,
  }
  const existing = await listTables(target, wantedCopies, { maxAgeMs, quietMaxAgeMs, fresh })
  const unread = new Map<string, number>()
  const skipped = { source: new Map<string, number>(), target: new Map<string, number>() }
  const noteUnread = (side: 'source' | 'target') => (database: string, table: string, partitions: number) => {
    skipped[side].set(joinTableName(database, table), partitions)
    unread.set(spec[side], (unread.get(spec[side]) ?? 0) + 1)
  }
  let slow = false
  const onSlow = () => {
    slow = true
  }
  const index = new VersionIndex()
  for (const [database, tables] of existing) for (const table of tables.keys()) index.addTable(database, table)
  const onTarget = { signal, whole, onSlow, onUnread: noteUnread('target') }
  for await (const rows of readVersions(target, existingOrNew(existing, copies), onTarget)) {
    for (const row of rows) index.add(row.database, row.table, row.name, row)
  }

  const comparisons = new Map<string, TableComparison>()
  for (const [database, tables] of selected) {
    for (const table of tables.keys()) {
      const copy = selection.target(database, table)
      const full = joinTableName(database, table)
      comparisons.set(full, new TableComparison(full, index.get(copy.database, copy.table), clock))
    }
  }
  const epochs = epochsOf(source)
  const unknown = new Set<string>()
  const onUnknown = (database: string, table: string) => {
    if (selection.includes(database, table)) unknown.add(joinTableName(database, table))
  }
  const onSource = { signal, whole, onSlow, onUnknown, onUnread: noteUnread('source') }
  /** What is known of a table before any of its partitions. */
  const lookUp = (database: string, table: string) => {
    const copy = selection.target(database, table)
    return {
      database,
      table,
      copy: copy.table,
      // What the copy's partitions are at is not known: then neither is whether they are behind.
      skipped: skipped.target.has(joinTableName(copy.database, copy.table)),
      partitions: index.get(copy.database, copy.table),
      comparison: comparisons.get(joinTableName(database, table)),
    }
  }
  // Rows of a table mostly come together.
  let known: ReturnType<typeof lookUp> | undefined
  for await (const rows of readVersions(source, selected, onSource)) {
    for (const row of rows) {
      if (known?.database !== row.database || known.table !== row.table) known = lookUp(row.database, row.table)
      if (known.skipped) continue
      const formerEpochs = epochs.note(row)
      const from = formerEpochs.length === 0 ? row : { ...row, formerEpochs }
      // The only partition of an unpartitioned table is called like the table.
      const isRenamed = row.name === row.table && known.copy !== row.table && !known.partitions?.has(row.name)
      known.comparison?.add(isRenamed ? known.copy : row.name, from, Number(row.dataSizeBytes))
    }
  }
  for (const [full, comparison] of comparisons) {
    const { database, table } = splitTableName(full)
    const copy = selection.target(database, table)
    const open = skipped.source.get(full) ?? skipped.target.get(joinTableName(copy.database, copy.table))
    if (open !== undefined) comparison.unread(open)
  }
  return { comparisons, unknown, unread, slow, fresh }
}

/** Listings need a statement for each database, so they are kept for a few looks. */
const listingAge = (spec: MigrationSpec) => Math.min(spec.intervals.stale * 2000, 30_000)

/** Tables made since the listing are in the versions already; only databases that do not exist at all must not be asked for. */
function existingOrNew(existing: Tables, copies: ReadonlyMap<string, ReadonlySet<string>>): Selected {
  return new Map(
    [...copies]
      .filter(([database]) => existing.has(database))
      .map(([database, names]) => [
        database,
        new Map([...names].map((name) => [name, existing.get(database)?.get(name)])),
      ]),
  )
}

async function countDatabases(
  cluster: StarRocksCluster,
  selection: { includesDatabase(database: string): boolean },
  maxAgeMs: number,
): Promise<number> {
  const databases = await directory(cluster).databases(maxAgeMs)
  return [...databases].filter(([name, { system }]) => !system && selection.includesDatabase(name)).length
}

/** What is in no listing, however fresh, is no reason to list again. */
const strange = new WeakMap<StarRocksCluster, Set<string>>()
const MOST_STRANGE = 10_000

function notStrange(cluster: StarRocksCluster, names: ReadonlySet<string>): string[] {
  const known = strange.get(cluster)
  return [...names].filter((name) => !known?.has(name))
}

function noteStrange(cluster: StarRocksCluster, names: ReadonlySet<string>): void {
  const known = strange.get(cluster) ?? new Set<string>()
  strange.set(cluster, known)
  for (const name of names) if (known.size < MOST_STRANGE) known.add(name)
}
