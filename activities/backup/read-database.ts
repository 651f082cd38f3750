import type { BackupSpec } from '../../contract/backup/policy.ts'
import type {
  DatabaseState,
  MaterializedViewState,
  PartitionState,
  TableState,
} from '../../planning/backup/database-state.ts'
import { selectObjects } from '../../planning/backup/select.ts'
import { type TakenPartitions, takePartitions } from '../../planning/backup/take-partitions.ts'
import { fullTextIndex } from '../../planning/backup-preflight/full-text.ts'
import { hasNewGrammar, takesMaterializedViews } from '../../starrocks/backup/grammar.ts'
import { isMaterializedView, listPartitions, showCreate, type Table } from '../../starrocks/index.ts'
import { failsWithFullText } from '../backup-preflight/checks/full-text.ts'
import { mapConcurrently } from '../metadata/concurrency.ts'
import { isNotFound } from '../metadata/failure.ts'
import type { Side } from '../metadata/pair.ts'
import { objectKind } from './object-kind.ts'
import { partitionStates, timesOf } from './partition-facts.ts'
import { readFunctions } from './read-functions.ts'
import { readTableState, type TableReading } from './read-table-state.ts'
import { type PartitionVersions, readVersions } from './read-versions.ts'

export interface ReadOptions {
  side: Side
  databaseId: bigint
  spec: BackupSpec
  database: string
  /** `YYYY-MM-DD HH:MM:SS` in the policy's time zone, for partition filters. */
  now: string
  /** When backups of a table were due that were not made, in the same form. */
  missed?(table: string): readonly string[]
  /** `why` by name: not to be looked at at all. */
  leftOut: ReadonlyMap<string, string>
  signal?: AbortSignal
}

export interface DatabaseReading {
  state: DatabaseState
  /** What the spec wants and no snapshot can hold, and what it leaves out by kind. */
  notIncluded: { object: string; reason: string }[]
  /** Tables of which the partition filter takes nothing. */
  unmatched: string[]
  /** Tables that StarRocks cannot upload as they are now, and why. */
  refused: Map<string, string>
  /** By table: what is taken besides, see `takePartitions`. */
  madeUp: Map<string, Pick<TakenPartitions, 'madeUp' | 'without'>>
  warnings: string[]
  /** Reads what only those need that are going to be taken: exact versions, values, buckets. */
  detail(tables: readonly string[]): Promise<void>
}

export const UNMATCHED = 'none of its partitions is among those that the backup takes'

/** Statements side by side: as many as there are connections. */
const WIDTH = 4

/** Everything of a database that a backup is to hold, as it is now. */
export async function readDatabase(options: ReadOptions, listed: readonly Table[]): Promise<DatabaseReading> {
  const { side, spec, database, signal, leftOut } = options
  const wanted = selectObjects(spec.objects)
  const notIncluded: DatabaseReading['notIncluded'] = [...leftOut].map(([object, reason]) => ({ object, reason }))
  const warnings: string[] = []
  const unmatched: string[] = []
  const refused: DatabaseReading['refused'] = new Map()
  const madeUp: DatabaseReading['madeUp'] = new Map()
  const chosen = listed.filter(
    (entry) => wanted.object(database, entry.name) && wanted.kind(objectKind(entry)) && !leftOut.has(entry.name),
  )
  const olap: Table[] = []
  const views: Table[] = []
  const materialized: Table[] = []
  const definitions: Table[] = []
  for (const entry of chosen) {
    const reason = whyNot(entry, options)
    if (reason) {
      notIncluded.push({ object: entry.name, reason })
      if (isDefinition(entry, spec)) definitions.push(entry)
    } else if (entry.type === 'OLAP') olap.push(entry)
    else if (entry.type === 'VIEW') views.push(entry)
    else materialized.push(entry)
  }

  const versions = await readVersions(
    side.cluster,
    database,
    [...olap, ...materialized].map(({ name }) => name),
    signal,
  )
  const noFullText = failsWithFullText(side.version) && !spec.ignore.includes('full-text-index')
  const readings = new Map<string, TableReading>()
  const tables = new Map<string, TableState>()
  await mapConcurrently(olap, WIDTH, async (entry) => {
    const reading = await unlessGone(() => readTableState(side, options, entry, versions))
    if (!reading) return
    if (noFullText && fullTextIndex(reading.state.ddl) === 'directory') {
      // Its files would fail to be uploaded until the job times out, and all others with them.
      refused.set(entry.name, 'StarRocks cannot upload tables with a full-text (GIN) index')
      return
    }
    readings.set(entry.name, reading)
    tables.set(entry.name, reading.state)
  })
  for (const [object, reason] of refused) notIncluded.push({ object, reason })
  for (const { name } of olap) {
    const reading = readings.get(name)
    if (!reading || !spec.objects.partitions) continue
    const missed = options.missed?.(name) ?? []
    const taken = takePartitions(reading.bounds, spec.objects.partitions, options.now, missed)
    const { names, ignored } = taken
    if (taken.madeUp.length > 0 || taken.without.length > 0) madeUp.set(name, taken)
    if (ignored) warnings.push(`${database}.${name} is taken whole: ${ignored}`)
    if (names.length === reading.state.partitions.size) continue
    if (names.length === 0) {
      tables.delete(name)
      unmatched.push(name)
      notIncluded.push({ object: name, reason: UNMATCHED })
      continue
    }
    const kept = new Map(names.flatMap((one) => pick(reading.state.partitions, one)))
    tables.set(name, { ...reading.state, partial: true, partitions: kept })
  }

  const materializedViews = new Map<string, MaterializedViewState>()
  await mapConcurrently(materialized, WIDTH, async ({ name }) => {
    const view = await unlessGone(() => readMaterializedView(options, name, versions))
    if (view) materializedViews.set(name, view)
    else notIncluded.push({ object: name, reason: 'it was dropped while the database was read' })
  })
  const viewStates = await readDefinitions(options, views)
  const functions = wanted.functions(database)
    ? await readFunctions(side, database, (name) => wanted.function(database, name), notIncluded, signal)
    : new Map()

  const state: DatabaseState = {
    tables: inOrder(tables, listed),
    materializedViews: inOrder(materializedViews, listed),
    views: inOrder(viewStates, listed),
    functions,
    definitions: {
      views: await readDefinitions(
        options,
        definitions.filter(({ type }) => type === 'VIEW'),
      ),
      materializedViews: await readDefinitions(
        options,
        definitions.filter(({ type }) => type !== 'VIEW'),
      ),
    },
  }
  return {
    state,
    notIncluded,
    unmatched,
    refused,
    madeUp,
    warnings,
    detail: async (names) => {
      await mapConcurrently(names, WIDTH, async (name) => {
        const table = state.tables.get(name)
        const reading = readings.get(name)
        if (table && reading) await reading.detail(table)
      })
    },
  }
}

function whyNot(entry: Table, { side, spec }: ReadOptions): string | undefined {
  const { version } = side
  switch (entry.type) {
    case 'OLAP':
      return undefined
    case 'CLOUD_NATIVE':
    case 'CLOUD_NATIVE_MATERIALIZED_VIEW':
      return 'StarRocks cannot back up tables of shared-data clusters'
    case 'VIEW':
      if (!spec.objects.views) return 'views are left out; their DDL is in the companion file'
      return hasNewGrammar(version)
        ? undefined
        : `StarRocks ${version.text} cannot back up views; their DDL is in the companion file`
  }
  if (!isMaterializedView(entry.type)) return `an external table (${entry.type}) has no data in StarRocks`
  if (spec.objects.materializedViews === 'none') return 'materialized views are left out'
  if (spec.objects.materializedViews === 'definition')
    return 'materialized views are kept as DDL in the companion file only'
  return takesMaterializedViews(version)
    ? undefined
    : `StarRocks ${version.text} cannot back up materialized views; their DDL is in the companion file`
}

/** Of what is in no snapshot, but is wanted: a restore makes it by its statement. */
function isDefinition(entry: Table, { objects }: BackupSpec): boolean {
  if (entry.type === 'VIEW') return objects.views
  return isMaterializedView(entry.type) && objects.materializedViews !== 'none'
}

async function readDefinitions(
  { side, database, signal }: ReadOptions,
  entries: readonly Table[],
): Promise<Map<string, { ddl: string }>> {
  const found = new Map<string, { ddl: string }>()
  await mapConcurrently(entries, WIDTH, async ({ name }) => {
    const created = await unlessGone(() => showCreate(side.cluster, database, name, { signal }))
    if (created) found.set(name, { ddl: created.text })
  })
  return found
}

async function readMaterializedView(
  { side, database, signal }: ReadOptions,
  name: string,
  versions: PartitionVersions,
): Promise<MaterializedViewState> {
  const { text } = await showCreate(side.cluster, database, name, { signal })
  const rows = await listPartitions(side.cluster, database, name, { signal })
  const partitions = partitionStates(rows)
  const physical = [...partitions.values()].flatMap((one) => [...one.physical])
  const time = versions.source === 's' ? timesOf('s', rows) : undefined
  return {
    physical: physical.sort(([a], [b]) => a.length - b.length || (a < b ? -1 : 1)),
    ...(time === undefined ? {} : { time }),
    ddl: text,
    bytes: [...partitions.values()].reduce((sum, { bytes }) => sum + bytes, 0),
    partitions: partitions.size,
  }
}

/** Undefined when it was dropped while others were read. */
export async function unlessGone<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read()
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

const pick = (partitions: ReadonlyMap<string, PartitionState>, name: string): [string, PartitionState][] => {
  const found = partitions.get(name)
  return found ? [[name, found]] : []
}

function inOrder<T>(found: ReadonlyMap<string, T>, listed: readonly Table[]): Map<string, T> {
  return new Map(
    listed.flatMap(({ name }) => {
      const one = found.get(name)
      return one === undefined ? [] : [[name, one] as const]
    }),
  )
}
