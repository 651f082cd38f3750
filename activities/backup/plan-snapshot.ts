import type { BackupCursor } from '../../contract/backup/backup-api.ts'
import type { SnapshotLimits } from '../../contract/backup/objects.ts'
import type { BackupRecord } from '../../contract/backup/record.ts'
import { type Changes, findChanges, hasManyPhysical, onlyTables } from '../../planning/backup/changes.ts'
import { isEmptyPart, nextPart, type Part, partitionList } from '../../planning/backup/parts.ts'
import {
  brokenTable,
  finishRecord,
  lateTables,
  planSnapshot,
  startRecord,
  withoutTable,
} from '../../planning/backup/record.ts'
import { selectObjects } from '../../planning/backup/select.ts'
import type { BackupObjects } from '../../starrocks/backup/objects.ts'
import { listTables } from '../../starrocks/index.ts'
import { directory } from '../pollers/directory.ts'
import { clusterId } from '../snapshot-jobs/index.ts'
import { refusedBackup } from './backup-failures.ts'
import { type BackupRun, isScheduled, type LeftOut } from './backup-run.ts'
import { externalCatalogs } from './external-catalogs.ts'
import { filterWarnings, refusedWarnings } from './filter-warnings.ts'
import { lastHeld, missedBackups } from './missed-backups.ts'
import { type DatabaseReading, readDatabase, UNMATCHED } from './read-database.ts'
import { recordsToCompare } from './records-to-compare.ts'

/** What planning needs of a run. */
export type PlanningRun = Pick<BackupRun, 'side' | 'input' | 'objects' | 'signal' | 'now' | 'label' | 'deps'>

/** A database in which tables are made faster than they are backed up has to end somewhere. */
const MOST_PARTS = 1_000
const UNTAKEN = 'it was made, or made anew, after its turn; the next backup takes it'

export interface PlannedSnapshot {
  /** What BACKUP takes; undefined when there is nothing to take. */
  objects: BackupObjects | undefined
  part: Part
  /** As it will be if the snapshot holds what is planned; its last label is this snapshot's, if there is one. */
  record: BackupRecord
  /** No further snapshot comes after it. */
  last: boolean
  /** See BackupCursor. */
  late: boolean
  warnings: string[]
  /** Tables that are taken whole although there is something to compare with. */
  whole: { table: string; why: string }[]
}

/** Looks at the database as it is now, compares it with the baseline, and says what the next snapshot takes. */
export async function planNext(run: PlanningRun, leftOut: readonly LeftOut[]): Promise<PlannedSnapshot> {
  if (run.input.database === '') return planCatalogs(run)
  const { side, input, signal } = run
  const { spec, database } = input
  const found = await directory(side.cluster).database(database)
  if (!found) throw refusedBackup(`${spec.cluster} has no database ${database}`)
  const listed = await listTables(side.cluster, found.id, { signal })
  const left = new Map(leftOut.map(({ object, reason }) => [object, reason]))
  const ids = { databaseId: String(found.id), clusterId: await clusterId(side.cluster) }
  const records = recordsToCompare(run, ids.clusterId)
  const missed = await missedBackups(run, records.previous)
  const options = {
    side,
    databaseId: found.id,
    spec,
    database,
    now: run.now,
    missed: missed.of,
    leftOut: left,
    signal,
  }
  const reading = await readDatabase(options, listed)
  const baseline = await records.baseline()
  const changes = findChanges(reading.state, baseline)
  const names = listed.map(({ name }) => name)
  const partial = selectObjects(spec.objects).complete(database, names) ? {} : { partial: true }
  const before = { ...(await recordSoFar(run, ids, baseline, reading)), ...partial }
  const broken = brokenTable(before, reading.state, input.cursor.after)
  const sofar = broken === undefined ? before : withoutTable(before, broken)
  const { part, last, late } = await choosePart(run, reading, changes, sofar, { baseline, broken })
  const empty = isEmptyPart(part)
  const planned = empty ? sofar : planSnapshot(sofar, reading.state, changes, baseline, { label: run.label, part })
  const record = last ? finishRecord(planned, reading.state, baseline) : planned
  const untaken = last ? [...reading.state.tables.keys()].filter((name) => !Object.hasOwn(record.tables, name)) : []
  const lacks = left.size + reading.refused.size + reading.unmatched.length + untaken.length > 0
  const previous = lacks ? await records.previous() : undefined
  return {
    objects: empty ? undefined : objectsOf(part, reading),
    part,
    record: last ? withLacking(record, { names, left, reading, untaken, previous }) : record,
    last,
    late,
    warnings: [
      ...filterWarnings(reading, { spec, database, now: run.now, previous, missed }),
      ...reading.warnings,
      ...refusedWarnings(reading, database, previous),
      ...(broken === undefined ? [] : [`${database}.${broken} ${whatBroke(reading, broken)}`]),
      ...untaken.map((name) => `${database}.${name} is not in this backup: ${UNTAKEN}`),
    ],
    whole: baseline
      ? part.tables.flatMap(({ name, partitions }) =>
          partitions ? [] : [{ table: name, why: changes.tables.get(name)?.why ?? '' }],
        )
      : [],
  }
}

function whatBroke({ state, refused }: DatabaseReading, name: string): string {
  const table = state.tables.get(name)
  if (table && hasManyPhysical(table)) return 'got more physical partitions between two snapshots; it is taken whole'
  if (table) return 'was replaced or altered between two snapshots; it is taken whole'
  return `was ${refused.has(name) ? 'altered' : 'dropped'} between two snapshots; it is not in this backup`
}

/** With what was to be in it, is not, and was in an earlier one. */
function withLacking(
  record: BackupRecord,
  {
    names,
    left,
    reading,
    untaken,
    previous,
  }: {
    names: readonly string[]
    left: ReadonlyMap<string, string>
    reading: Pick<DatabaseReading, 'unmatched' | 'refused'>
    untaken: readonly string[]
    previous: BackupRecord | undefined
  },
): BackupRecord {
  const told = untaken.map((object) => ({ object, reason: UNTAKEN }))
  const notIncluded = [...record.notIncluded, ...told]
  if (!previous) return { ...record, notIncluded }
  const absent = [
    ...reading.refused,
    ...reading.unmatched.map((name) => [name, UNMATCHED] as const),
    ...untaken.map((name) => [name, UNTAKEN] as const),
    // What was dropped is not missed.
    ...[...left].filter(([name]) => names.includes(name)),
  ]
  const lacking = absent.flatMap(([name, reason]) => {
    const since = Object.hasOwn(record.tables, name) ? undefined : lastHeld(previous, name)
    return since === undefined ? [] : [[name, { reason, since }] as const]
  })
  return { ...record, notIncluded, ...(lacking.length === 0 ? {} : { lacking: Object.fromEntries(lacking) }) }
}

/** `broken`: a table whose snapshots so far count no more. `late`: for what comes after it, see BackupCursor. */
async function choosePart(
  { input }: PlanningRun,
  reading: DatabaseReading,
  changes: Changes,
  sofar: BackupRecord,
  { baseline, broken }: { baseline: BackupRecord | undefined; broken: string | undefined },
): Promise<{ part: Part; last: boolean; late: boolean }> {
  const { spec, cursor } = input
  const { state } = reading
  const rest = (part: Part | undefined) => lateTables(sofar, state, changes, baseline, part)
  const next = async (turn: Changes, limits: SnapshotLimits, after?: BackupCursor['after']) => {
    await reading.detail(inReach(turn, limits, after))
    return nextPart(state, turn, limits, after)
  }
  // A table that is cut could not be told from one that is done.
  const uncut = { ...spec.snapshot, partitions: 0, bytes: 0 }
  if (cursor.late) {
    const part = await next(rest(undefined), uncut)
    return { part, last: !part.more || input.part >= MOST_PARTS, late: true }
  }
  const again = onlyTables(changes, (name) => name === broken)
  // What was replaced between two snapshots is not cut again: it may be replaced all the time.
  const alone = again.tables.size > 0 ? await next(again, uncut) : undefined
  const following = await next(changes, spec.snapshot, alone ? alone.last : cursor.after)
  const part = alone ? { ...alone, more: !isEmptyPart(following) } : following
  if (part.more || cursor.labels.length === 0) return { part, last: !part.more, late: false }
  const left = rest(part)
  if (left.tables.size === 0 || input.part >= MOST_PARTS) return { part, last: true, late: false }
  if (!isEmptyPart(part)) return { part, last: false, late: true }
  const extra = await next(left, uncut)
  return { part: extra, last: !extra.more, late: true }
}

/** Only of what can be in this snapshot more is read: of a database of ten thousand tables that is cut, not of all. */
function inReach({ tables }: Changes, limits: SnapshotLimits, after: BackupCursor['after']): string[] {
  if (after && after.kind !== 'table') return []
  const names = [...tables.keys()].sort(compare).filter((name) => after === undefined || name >= after.name)
  return limits.tables > 0 ? names.slice(0, limits.tables + 1) : names
}

/** Of whole tables, too, names are given: a new table that comes in between would be in the snapshot and not in the record. */
function objectsOf(part: Part, { state }: DatabaseReading): BackupObjects {
  return {
    kind: 'objects',
    tables: part.tables.map(({ name, partitions }) => {
      const table = state.tables.get(name)
      return partitions && table ? { name, partitions: partitionList(table, partitions) } : { name }
    }),
    materializedViews: part.materializedViews,
    views: part.views,
    functions: part.functions,
  }
}

/** The record of the snapshots before this one, which is in their intents, or a new one. */
async function recordSoFar(
  run: PlanningRun,
  ids: Pick<BackupRecord, 'databaseId' | 'clusterId'>,
  baseline: BackupRecord | undefined,
  { notIncluded }: DatabaseReading,
): Promise<BackupRecord> {
  const { input, objects, side } = run
  const last = input.cursor.labels.at(-1)
  if (last !== undefined && objects) {
    const intent = await objects.intent(last, { signal: run.signal })
    if (!intent) throw refusedBackup(`what was noted of snapshot ${last} has been deleted; start the backup again`)
    const known = new Set(intent.record.notIncluded.map(({ object }) => object))
    return {
      ...intent.record,
      notIncluded: [...intent.record.notIncluded, ...notIncluded.filter(({ object }) => !known.has(object))],
    }
  }
  const base = baseline && { base: baseline.base ?? baseline.id }
  return startRecord(headOf(run, side.version.text, { ...ids, ...base, notIncluded }), baseline)
}

function headOf(
  run: PlanningRun,
  version: string,
  more: { databaseId?: string; clusterId?: string; base?: string; notIncluded: LeftOut[] },
) {
  const { input, deps, label } = run
  const { spec, database, kind, set, baseline, startedAt, dueAt } = input
  return {
    id: label,
    repository: spec.repository,
    cluster: spec.cluster,
    database,
    ...more,
    name: spec.name,
    set,
    kind,
    ...(baseline === undefined ? {} : { baseline }),
    startedAt: new Date(startedAt).toISOString(),
    finishedAt: new Date(deps.clock.now()).toISOString(),
    ...(spec.ttl === undefined ? {} : { ttl: spec.ttl }),
    ...(isScheduled(spec) ? { due: new Date(dueAt).toISOString() } : {}),
    version,
    catalogs: [] as string[],
  }
}

async function planCatalogs(run: PlanningRun): Promise<PlannedSnapshot> {
  const { names, missing } = await externalCatalogs(run.side.cluster, run.input.spec.objects, run.signal)
  const notIncluded = missing.map((object) => ({ object, reason: 'there is no such external catalog' }))
  const empty: Part = {
    tables: [],
    materializedViews: [],
    views: [],
    functions: [],
    partitions: 0,
    bytes: 0,
    more: false,
  }
  const record = startRecord(headOf(run, run.side.version.text, { notIncluded }), undefined)
  if (names.length === 0)
    return { objects: undefined, part: empty, record, last: true, late: false, warnings: [], whole: [] }
  return {
    objects: { kind: 'catalogs', names },
    part: empty,
    record: { ...record, catalogs: names, labels: [{ label: run.label, timestamp: '' }], own: 1 },
    last: true,
    late: false,
    warnings: missing.map((name) => `There is no external catalog ${name}`),
    whole: [],
  }
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
