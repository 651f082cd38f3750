import type { BackupRecord, PartitionRecord, TableRecord } from '../../contract/backup/record.ts'
import type {
  DatabaseState,
  MaterializedViewState,
  PartitionState,
  PhysicalVersions,
  TableState,
} from './database-state.ts'

/** What of a table goes into a snapshot. `parts`: these partitions, the others are in earlier snapshots as they are now. */
export type TableChange =
  | { take: 'nothing' }
  | { take: 'whole'; why: string }
  | { take: 'partitions'; partitions: string[]; why: string }

/** What goes into the snapshots of a backup, by name. Objects that are not in it are as they were in the baseline. */
export interface Changes {
  tables: Map<string, Exclude<TableChange, { take: 'nothing' }>>
  materializedViews: string[]
  views: string[]
  functions: string[]
}

/** Of the tables only these, and nothing else. */
export function onlyTables({ tables }: Changes, wanted: (name: string) => boolean): Changes {
  const kept = [...tables].filter(([name]) => wanted(name))
  return { tables: new Map(kept), materializedViews: [], views: [], functions: [] }
}

/**
 * What differs from the baseline: by id and version of every physical partition, never by time. Without a baseline, everything. Only a record is compared
 * with, whose versions are what its snapshots really hold: what was written while the former backup ran is seen here, at the latest.
 */
export function findChanges(now: DatabaseState, baseline: BackupRecord | undefined): Changes {
  const changes: Changes = { tables: new Map(), materializedViews: [], views: [], functions: [] }
  for (const [name, table] of now.tables) {
    const change = tableChange(table, own(baseline?.tables, name))
    if (change.take !== 'nothing') changes.tables.set(name, change)
  }
  for (const [name, view] of now.materializedViews) {
    if (viewChanged(view, own(baseline?.materializedViews, name))) changes.materializedViews.push(name)
  }
  for (const [name, { ddl }] of now.views) {
    const before = own(baseline?.views, name)
    if (before?.at === undefined || before.ddl !== ddl) changes.views.push(name)
  }
  for (const [name, { ddl }] of now.functions) {
    const before = own(baseline?.functions, name)
    if (before?.at === undefined || before.ddl !== ddl) changes.functions.push(name)
  }
  return changes
}

export function tableChange(now: TableState, before: TableRecord | undefined): TableChange {
  const all = (why: string): TableChange =>
    now.partial ? partitionsOf([...now.partitions.keys()], why) : { take: 'whole', why }
  if (!before) return all('not in an earlier backup')
  if (now.id !== before.id) return all('another table has this name since the last backup')
  if (now.fingerprint !== before.fingerprint) return all('its definition changed')
  const changed = [...now.partitions].filter(([name, partition]) => !isSame(partition, own(before.partitions, name)))
  if (changed.length === 0) {
    const held = now.partitions.size > 0 || before.whole.length > 0 || now.partial
    return held ? { take: 'nothing' } : all('it has no partitions')
  }
  if (changed.length === now.partitions.size) return all('all of its partitions changed')
  // A partition of several physical ones can be restored into a new table only, and so all of them come out of one snapshot.
  if (hasManyPhysical(now)) return all('it is distributed at random and has partitions of several physical ones')
  return partitionsOf(
    changed.map(([name]) => name),
    `${changed.length} of ${now.partitions.size} partitions changed`,
  )
}

/** Whether a table can be restored from one snapshot only: never partition by partition over itself. */
export function hasManyPhysical(table: TableState): boolean {
  return table.random && [...table.partitions.values()].some(({ physical }) => physical.length > 1)
}

const partitionsOf = (partitions: string[], why: string): TableChange =>
  partitions.length === 0 ? { take: 'nothing' } : { take: 'partitions', partitions, why }

function isSame(now: PartitionState, before: PartitionRecord | undefined): boolean {
  return before !== undefined && samePhysical(now.physical, before.physical) && sameTime(now.time, before.time)
}

function viewChanged(
  now: MaterializedViewState,
  before: BackupRecord['materializedViews'][string] | undefined,
): boolean {
  if (before?.at === undefined || before.ddl !== now.ddl) return true
  return !samePhysical(now.physical, before.physical) || !sameTime(now.time, before.time)
}

export function samePhysical(a: PhysicalVersions, b: PhysicalVersions): boolean {
  if (a.length !== b.length) return false
  // Both are sorted by id.
  return a.every(([id, version], i) => id === b[i]?.[0] && version === b[i]?.[1])
}

/**
 * Times of different origin say nothing. One that was not known at the backup, and is now, counts as another: what was written to while it was backed
 * up, restored in place and loaded again may have its former version, and nothing else would tell.
 */
function sameTime(now: string | undefined, before: string | undefined): boolean {
  if (now === undefined) return true
  if (before === undefined) return false
  return now[0] !== before[0] || now === before
}

/** Names come from users: `constructor` is one of them, too. */
export function own<T>(record: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return record !== undefined && Object.hasOwn(record, name) ? record[name] : undefined
}

/** Ids as text by their number, so that equal sets of physical partitions are equal texts. */
export function sortedPhysical(physical: Iterable<readonly [bigint | string, bigint | string]>): [string, string][] {
  return [...physical]
    .map(([id, version]): [string, string] => [String(id), String(version)])
    .sort(([a], [b]) => a.length - b.length || (a < b ? -1 : a > b ? 1 : 0))
}
