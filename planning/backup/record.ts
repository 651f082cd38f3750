import type { BackupRecord, LabelRecord, PartitionRecord, TableRecord } from '../../contract/backup/record.ts'
import { type Changes, own, samePhysical } from './changes.ts'
import type { DatabaseState, PartitionState, PhysicalVersions, TableState } from './database-state.ts'
import { type Part, SHADOW_PARTITION } from './parts.ts'

/** What a snapshot's own manifest says that it holds; views and functions are in it without versions. */
export interface SnapshotContent {
  tables: ReadonlyMap<string, { id: string; partitions: ReadonlyMap<string, PhysicalVersions> }>
}

/** Counted rows of partitions, valid for exactly these versions. */
export type RowCounts = ReadonlyMap<string, ReadonlyMap<string, { rows: string; physical: PhysicalVersions }>>

export type RecordHead = Omit<
  BackupRecord,
  'labels' | 'own' | 'tables' | 'materializedViews' | 'views' | 'functions' | 'movedMeanwhile' | 'format'
>

/** The record of a backup before its first snapshot: what it stands on. */
export function startRecord(head: RecordHead, baseline: BackupRecord | undefined): BackupRecord {
  return {
    format: 1,
    ...head,
    labels: [...(baseline?.labels ?? [])],
    own: 0,
    tables: {},
    materializedViews: {},
    views: {},
    functions: {},
    movedMeanwhile: [],
  }
}

export interface TakenSnapshot {
  label: LabelRecord
  part: Part
  content: SnapshotContent
  rows: RowCounts
  /** Of tables whose definition changed between the look and the snapshot: what is in it cannot be told. */
  uncertain: ReadonlySet<string>
}

/**
 * The record with one more snapshot. Ids and versions of what is in it are those of its manifest; partitions that were left out are as in the baseline, even
 * if they were written to since: the next backup compares with what is here.
 */
export function addSnapshot(
  record: BackupRecord,
  state: DatabaseState,
  changes: Changes,
  baseline: BackupRecord | undefined,
  taken: TakenSnapshot,
): BackupRecord {
  const at = record.labels.length
  const { part, content } = taken
  const tables = new Map(Object.entries(record.tables))
  for (const { name, partitions } of part.tables) {
    const table = state.tables.get(name)
    const held = content.tables.get(name)
    if (!table || !held) continue
    const before = partitions
      ? (tables.get(name) ?? untouched(table, changes, name, own(baseline?.tables, name)))
      : undefined
    const fingerprint = taken.uncertain.has(name) ? `uncertain since ${taken.label.label}` : table.fingerprint
    const whole = partitions ? (before?.whole ?? []) : [at]
    const mine = heldPartitions(table, held.partitions, at, taken.rows.get(name))
    tables.set(name, {
      ...tableRecord(table),
      id: held.id,
      fingerprint,
      whole,
      partitions: Object.fromEntries([...Object.entries(before?.partitions ?? {}), ...mine]),
    })
  }
  const views = part.materializedViews.flatMap((name) => {
    const view = state.materializedViews.get(name)
    const physical = [...(content.tables.get(name)?.partitions.values() ?? [])].flat()
    if (!view) return []
    const time = view.time !== undefined && samePhysical(view.physical, sorted(physical)) ? { time: view.time } : {}
    return [[name, { at, physical: sorted(physical), ...time, ddl: view.ddl }] as const]
  })
  return {
    ...record,
    id: taken.label.label,
    labels: [...record.labels, taken.label],
    own: record.own + 1,
    tables: Object.fromEntries(tables),
    materializedViews: { ...record.materializedViews, ...Object.fromEntries(views) },
    views: {
      ...record.views,
      ...Object.fromEntries(part.views.map((name) => [name, { at, ddl: state.views.get(name)?.ddl ?? '' }])),
    },
    functions: {
      ...record.functions,
      ...Object.fromEntries(part.functions.map((name) => [name, { at, ...state.functions.get(name) }])),
    },
  }
}

/**
 * The record with all that was left out because it is in earlier snapshots as it is now, and without the snapshots that nothing of it needs any more.
 * `state` and `changes`: of the last look.
 */
export function finishRecord(
  record: BackupRecord,
  state: DatabaseState,
  changes: Changes,
  baseline: BackupRecord | undefined,
): BackupRecord {
  const tables = new Map(Object.entries(record.tables))
  for (const [name, table] of state.tables) {
    if (!tables.has(name)) {
      const before = own(baseline?.tables, name)
      // What would have to be taken, but appeared too late for this backup, comes with the next.
      if (before && !changes.tables.has(name)) tables.set(name, untouched(table, changes, name, before))
    }
  }
  const kept = <T extends { at?: number }>(
    mine: Readonly<Record<string, T>>,
    before: Readonly<Record<string, T>> | undefined,
    now: ReadonlyMap<string, unknown>,
  ) =>
    Object.fromEntries([
      ...Object.entries(mine),
      ...[...now.keys()].flatMap((name) => {
        const known = own(before, name)
        return Object.hasOwn(mine, name) || !known ? [] : [[name, known] as const]
      }),
    ])
  return compactLabels({
    ...record,
    tables: Object.fromEntries(tables),
    materializedViews: kept(record.materializedViews, baseline?.materializedViews, state.materializedViews),
    views: kept(record.views, baseline?.views, state.views),
    functions: kept(record.functions, baseline?.functions, state.functions),
  })
}

/** Those of a table's partitions that are in earlier snapshots as they are now. */
function untouched(table: TableState, changes: Changes, name: string, before: TableRecord | undefined): TableRecord {
  const change = changes.tables.get(name)
  const wanted = change?.take === 'partitions' ? new Set(change.partitions) : new Set<string>()
  const partitions =
    !before || change?.take === 'whole'
      ? []
      : [...table.partitions].flatMap(([partition, now]) => {
          const known = own(before.partitions, partition)
          return wanted.has(partition) || !known ? [] : [[partition, withFacts(known, now)] as const]
        })
  const whole = change?.take === 'whole' ? [] : (before?.whole ?? [])
  return { ...tableRecord(table), whole, partitions: Object.fromEntries(partitions) }
}

const tableRecord = (table: TableState): Omit<TableRecord, 'whole' | 'partitions'> => ({
  id: table.id,
  partitioning: table.partitioning,
  fingerprint: table.fingerprint,
  ddl: table.ddl,
  ...(table.colocateGroup === undefined ? {} : { colocateGroup: table.colocateGroup }),
  ...(table.dynamic === undefined ? {} : { dynamic: table.dynamic }),
})

/** What can change without a new version comes from the cluster as it is now. */
function withFacts(known: PartitionRecord, now: PartitionState): PartitionRecord {
  const { replication, medium } = now
  return {
    ...known,
    ...(replication === undefined ? {} : { replication }),
    ...(medium === undefined ? {} : { medium }),
  }
}

function heldPartitions(
  table: TableState,
  held: ReadonlyMap<string, PhysicalVersions>,
  at: number,
  rows: ReadonlyMap<string, { rows: string; physical: PhysicalVersions }> | undefined,
): [string, PartitionRecord][] {
  return [...held].flatMap(([name, versions]): [string, PartitionRecord][] => {
    if (name === SHADOW_PARTITION) return []
    const physical = sorted(versions)
    const now = table.partitions.get(name)
    const counted = rows?.get(name)
    const record: PartitionRecord = { physical, at }
    if (now) {
      for (const key of ['value', 'list', 'buckets', 'replication', 'medium', 'bytes'] as const) {
        if (now[key] !== undefined) Object.assign(record, { [key]: now[key] })
      }
      // What was seen before belongs to other versions when something was written meanwhile.
      if (now.time !== undefined && samePhysical(now.physical, physical)) record.time = now.time
    }
    if (counted && samePhysical(counted.physical, physical)) record.rows = counted.rows
    return [[name, record]]
  })
}

const sorted = (physical: PhysicalVersions): [string, string][] =>
  [...physical]
    .map(([id, version]): [string, string] => [id, version])
    .sort(([a], [b]) => a.length - b.length || (a < b ? -1 : a > b ? 1 : 0))

/** Without the snapshots that nothing points to; those of this backup stay. So a long chain gets shorter by itself, and old ones can be deleted. */
export function compactLabels(record: BackupRecord): BackupRecord {
  const needed = new Set<number>()
  const inherited = record.labels.length - record.own
  for (let i = inherited; i < record.labels.length; i++) needed.add(i)
  for (const table of Object.values(record.tables)) {
    const partitions = Object.values(table.partitions)
    for (const { at } of partitions) needed.add(at)
    // Without partitions there is only the definition, and any snapshot of the whole table has it.
    const last = table.whole.at(-1)
    if (partitions.length === 0 && last !== undefined) needed.add(last)
  }
  for (const objects of [record.materializedViews, record.views, record.functions]) {
    for (const { at } of Object.values(objects)) if (at !== undefined) needed.add(at)
  }
  const kept = record.labels.flatMap((label, i): { label: LabelRecord; i: number }[] =>
    needed.has(i) ? [{ label, i }] : [],
  )
  const place = new Map(kept.map(({ i }, now) => [i, now]))
  const moved = (at: number) => place.get(at) ?? at
  const remap = <T extends { at?: number | undefined }>(objects: Readonly<Record<string, T>>) =>
    Object.fromEntries(
      Object.entries(objects).map(([name, one]) => [name, one.at === undefined ? one : { ...one, at: moved(one.at) }]),
    )
  return {
    ...record,
    labels: kept.map(({ label }) => label),
    tables: Object.fromEntries(
      Object.entries(record.tables).map(([name, table]) => [
        name,
        {
          ...table,
          whole: table.whole.flatMap((at) => place.get(at) ?? []),
          partitions: remap(table.partitions) as TableRecord['partitions'],
        },
      ]),
    ),
    materializedViews: remap(record.materializedViews),
    views: remap(record.views),
    functions: remap(record.functions),
  }
}

/** How many partitions a record tells of. */
export const countPartitions = (record: Pick<BackupRecord, 'tables'>) =>
  Object.values(record.tables).reduce((sum, table) => sum + Object.keys(table.partitions).length, 0)
