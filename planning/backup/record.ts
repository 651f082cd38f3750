import type { BackupCursor } from '../../contract/backup/backup-api.ts'
import type { BackupRecord, LabelRecord, PartitionRecord, TableRecord } from '../../contract/backup/record.ts'
import { type Changes, hasManyPhysical, onlyTables, own, samePhysical, sortedPhysical, tableChange } from './changes.ts'
import type { DatabaseState, PartitionState, PhysicalVersions, TableState } from './database-state.ts'
import { type Part, SHADOW_PARTITION } from './parts.ts'

/** What a snapshot's own manifest says that it holds; views and functions are in it without versions. */
export interface SnapshotContent {
  tables: ReadonlyMap<string, { id: string; partitions: ReadonlyMap<string, PhysicalVersions> }>
}

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

/**
 * The record with one more snapshot, as it is planned: what it holds is told by `settleSnapshot` when it is there. Partitions that were left out are as in
 * the baseline, even if they are written to meanwhile: the next backup compares with what is here.
 */
export function planSnapshot(
  record: BackupRecord,
  state: DatabaseState,
  changes: Changes,
  baseline: BackupRecord | undefined,
  { label, part }: { label: string; part: Part },
): BackupRecord {
  const at = record.labels.length
  const tables = new Map(Object.entries(record.tables))
  for (const { name, partitions } of part.tables) {
    const table = state.tables.get(name)
    if (!table) continue
    const before = partitions
      ? (tables.get(name) ?? untouched(table, changes, name, own(baseline?.tables, name)))
      : undefined
    const names = partitions ?? [...table.partitions.keys()]
    tables.set(name, {
      ...tableRecord(table),
      whole: partitions ? (before?.whole ?? []) : [at],
      partitions: Object.fromEntries([
        ...Object.entries(before?.partitions ?? {}),
        ...names.flatMap((one): [string, PartitionRecord][] => {
          const now = table.partitions.get(one)
          return now ? [[one, partitionRecord(now, at)]] : []
        }),
      ]),
    })
  }
  const materializedViews = part.materializedViews.flatMap((name) => {
    const view = state.materializedViews.get(name)
    if (!view) return []
    const { physical, time, ddl } = view
    return [[name, { at, physical: copied(physical), ...(time === undefined ? {} : { time }), ddl }] as const]
  })
  const views = part.views.map((name) => [name, { at, ddl: state.views.get(name)?.ddl ?? '' }] as const)
  const functions = part.functions.map((name) => [name, { at, ...state.functions.get(name) }] as const)
  return {
    ...record,
    id: label,
    labels: [...record.labels, { label, timestamp: '' }],
    own: record.own + 1,
    tables: Object.fromEntries(tables),
    materializedViews: { ...record.materializedViews, ...Object.fromEntries(materializedViews) },
    views: { ...record.views, ...Object.fromEntries(views) },
    functions: { ...record.functions, ...Object.fromEntries(functions) },
  }
}

export interface SettledSnapshot {
  label: LabelRecord
  content: SnapshotContent
  /** Of tables that are taken whole, looked at after the snapshot: partitions that came in between are described by it. */
  after?: ReadonlyMap<string, ReadonlyMap<string, PartitionState>>
  /** Tables whose definition changed between the look and the snapshot: nothing is compared with what is in it. */
  uncertain?: ReadonlySet<string>
}

/** The record with its last snapshot as its manifest tells it: ids, versions, and which partitions a whole table really had. */
export function settleSnapshot(record: BackupRecord, settled: SettledSnapshot): BackupRecord {
  const at = record.labels.length - 1
  const { content, after, uncertain, label } = settled
  const tables = Object.entries(record.tables).map(([name, table]): [string, TableRecord] => {
    const whole = table.whole.includes(at)
    const mine = Object.values(table.partitions).some((partition) => partition.at === at)
    const held = content.tables.get(name)
    if ((!whole && !mine) || !held) return [name, table]
    const settle = (partition: string, physical: PhysicalVersions): [string, PartitionRecord] => [
      partition,
      settlePartition(
        { planned: own(table.partitions, partition), seen: after?.get(name)?.get(partition), at },
        sortedPhysical(physical),
      ),
    ]
    const partitions = [...held.partitions].filter(([one]) => one !== SHADOW_PARTITION)
    const others = Object.entries(table.partitions).filter(([, one]) => one.at !== at)
    return [
      name,
      {
        ...table,
        id: held.id,
        ...(uncertain?.has(name) ? { fingerprint: `uncertain since ${label.label}` } : {}),
        partitions: Object.fromEntries([
          ...others,
          ...partitions
            .filter(([one]) => whole || own(table.partitions, one)?.at === at)
            .map(([one, physical]) => settle(one, physical)),
        ]),
      },
    ]
  })
  const materializedViews = Object.entries(record.materializedViews).map(([name, view]) => {
    const held = content.tables.get(name)
    if (view.at !== at || !held) return [name, view] as const
    const physical = sortedPhysical([...held.partitions.values()].flat())
    if (samePhysical(physical, view.physical)) return [name, view] as const
    const { time: _, ...rest } = view
    return [name, { ...rest, physical }] as const
  })
  return {
    ...record,
    labels: record.labels.with(at, label),
    tables: Object.fromEntries(tables),
    materializedViews: Object.fromEntries(materializedViews),
  }
}

interface Looks {
  /** Before the snapshot, and after it. */
  planned: PartitionRecord | undefined
  seen: PartitionState | undefined
  at: number
}

function settlePartition(looks: Looks, physical: [string, string][]): PartitionRecord {
  const { planned, seen, at } = looks
  const { time: _, rows: __, ...rest } = describing(looks, physical) ?? { physical, at }
  const known = planned?.time
  // What was seen before belongs to other versions when something was written meanwhile.
  const time =
    planned && samePhysical(planned.physical, physical)
      ? known
      : seen && samePhysical(seen.physical, physical) && known?.[0] === seen.time?.[0]
        ? seen.time
        : undefined
  return {
    ...rest,
    physical,
    at,
    ...(time !== undefined ? { time } : {}),
  }
}

/**
 * Values, buckets and the like of the partition that is in the snapshot: one of its name may have been dropped and made anew between the looks. Undefined
 * where neither look was at that one, and they differ.
 */
function describing({ planned, seen, at }: Looks, physical: PhysicalVersions): PartitionRecord | undefined {
  const ids = new Set(physical.map(([id]) => id))
  const isIt = (one: { physical: PhysicalVersions }) => one.physical.some(([id]) => ids.has(id))
  if (planned && isIt(planned)) return planned
  if (!seen) return planned && { physical: planned.physical, at }
  const alike = planned?.value === seen.value
  const now = { ...partitionRecord(seen, at), ...(alike && planned?.list ? { list: planned.list } : {}) }
  // TRUNCATE and INSERT OVERWRITE change ids and nothing else.
  return isIt(seen) || (alike && planned?.buckets === seen.buckets) ? now : undefined
}

/**
 * The record with all that was left out because it is in earlier snapshots as it is now, and without the snapshots that nothing of it needs any more.
 * `state`: of the last look.
 */
export function finishRecord(
  record: BackupRecord,
  state: DatabaseState,
  baseline: BackupRecord | undefined,
): BackupRecord {
  const tables = new Map(Object.entries(record.tables))
  for (const [name, table] of state.tables) {
    if (!tables.has(name)) {
      const before = own(baseline?.tables, name)
      // Written to after its turn in a backup of several snapshots: as it was in the baseline; the next backup finds the difference.
      if (before && isHeld(table, before)) tables.set(name, untouched(table, undefined, name, before))
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
    materializedViews: {
      ...kept(record.materializedViews, baseline?.materializedViews, state.materializedViews),
      ...Object.fromEntries(
        [...(state.definitions?.materializedViews ?? [])].map(([name, { ddl }]) => [name, { ddl, physical: [] }]),
      ),
    },
    views: {
      ...kept(record.views, baseline?.views, state.views),
      ...Object.fromEntries(state.definitions?.views ?? []),
    },
    functions: kept(record.functions, baseline?.functions, state.functions),
  })
}

/**
 * Tables that were made, or made anew, when their turn in a backup of several snapshots had passed: neither the baseline nor a snapshot of this one
 * holds them. And those that changed names with one whose turn came later: that one would be held twice.
 */
export function lateTables(
  record: BackupRecord,
  state: DatabaseState,
  changes: Changes,
  baseline: BackupRecord | undefined,
  part: Part | undefined,
): Changes {
  const taken = new Set(part?.tables.map(({ name }) => name))
  const idOf = (name: string) => (taken.has(name) ? state.tables.get(name)?.id : own(record.tables, name)?.id)
  const ids = [...new Set([...Object.keys(record.tables), ...taken])].flatMap((name) => idOf(name) ?? [])
  const held = new Set<string>()
  const twice = new Set(ids.filter((id) => held.has(id) || !held.add(id)))
  return onlyTables(changes, (name) => {
    const table = state.tables.get(name)
    if (taken.has(name) || !table) return false
    const begun = own(record.tables, name)
    if (begun) return twice.has(begun.id) && !held.has(table.id)
    const before = own(baseline?.tables, name)
    return !(before && isHeld(table, before))
  })
}

const isSameTable = (table: TableState, before: TableRecord) =>
  table.id === before.id && table.fingerprint === before.fingerprint

/**
 * The earlier snapshots hold the table, at least as it was then. One that comes out of a single snapshot only is held as it is now, or not. A partition that
 * they do not know may have the rows of some that are gone: renamed, merged.
 */
const isHeld = (table: TableState, before: TableRecord) =>
  isSameTable(table, before) &&
  [...table.partitions.keys()].every((name) => own(before.partitions, name) !== undefined) &&
  (!hasManyPhysical(table) || tableChange(table, before).take === 'nothing')

/**
 * The table of which the next snapshot would take the rest, if it is another one now, has another definition, or is gone: the rest would not belong to
 * what the snapshots before hold of it. Nor may it have got several physical partitions in one: then it comes out of a single snapshot.
 */
export function brokenTable(
  record: BackupRecord,
  state: DatabaseState,
  after: BackupCursor['after'],
): string | undefined {
  if (after?.partition === undefined) return undefined
  const begun = own(record.tables, after.name)
  const table = state.tables.get(after.name)
  return begun && !(table && isSameTable(table, begun) && !hasManyPhysical(table)) ? after.name : undefined
}

/** As if no snapshot of this backup had begun with that table. */
export function withoutTable(record: BackupRecord, name: string): BackupRecord {
  const tables = Object.entries(record.tables).filter(([one]) => one !== name)
  return { ...record, tables: Object.fromEntries(tables) }
}

/** Those of a table's partitions that are in earlier snapshots as they are now. */
function untouched(
  table: TableState,
  changes: Changes | undefined,
  name: string,
  before: TableRecord | undefined,
): TableRecord {
  const change = changes?.tables.get(name)
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
  ...(table.partial ? { partial: true } : {}),
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

function partitionRecord(now: PartitionState, at: number): PartitionRecord {
  const record: PartitionRecord = { physical: copied(now.physical), at }
  for (const key of ['value', 'list', 'buckets', 'replication', 'medium', 'bytes', 'time'] as const) {
    if (now[key] !== undefined) Object.assign(record, { [key]: now[key] })
  }
  return record
}

const copied = (physical: PhysicalVersions): [string, string][] => physical.map(([id, version]) => [id, version])

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
