import type { BackupRecord, TableRecord } from '../../contract/backup/record.ts'
import type { RestoreRoute } from '../../contract/backup/restore-api.ts'
import type { RestoreSpec } from '../../contract/backup/restore-spec.ts'
import { own } from '../backup/changes.ts'
import { type Choice, type ChosenObject, chooseObjects } from './choose-objects.ts'
import { chooseRoute, type RouteChoice } from './choose-route.ts'
import { flagAt } from './flags.ts'
import type { RestoreBasis } from './restore-basis.ts'
import { asideName, scratchName } from './restore-names.ts'
import { type TablePart, tableParts } from './table-parts.ts'

export interface PlannedTable extends RouteChoice {
  name: string
  target: string
  table: TableRecord
  /** Chosen ones only. */
  only?: string[]
  parts: TablePart[]
  /** Where it is put together: database and name. */
  database: string
  as: string
  /** Where it is restored to once more, out of a snapshot made for that. */
  again?: { database: string; as: string }
}

export interface PlannedObject {
  kind: 'materializedView' | 'view' | 'function' | 'catalog'
  name: string
  target: string
  /** Index into the labels where a snapshot restores it; otherwise its definition is run. */
  label?: number
  /** Where the snapshot restores it to. */
  database: string
}

/** Everything that a restore will do, as far as it can be known beforehand; without its order, which `restoreSteps` gives. */
export interface RestoreOutline {
  record: BackupRecord
  spec: RestoreSpec
  basis: RestoreBasis
  choice: Choice
  database: string
  scratch: string
  /** The scratch database takes the target's name. */
  renames: boolean
  tables: PlannedTable[]
  objects: PlannedObject[]
  notRestored: { object: string; reason: string }[]
  /** Why it cannot be done at all. */
  problems: string[]
}

/** A snapshot without a record is taken as it is: nothing is known of kinds and definitions, so nothing is run that needs them. */
export function outlineRestore(record: BackupRecord, spec: RestoreSpec, basis: RestoreBasis): RestoreOutline {
  const choice = chooseObjects(record, spec)
  const { database } = choice
  const scratch = scratchName(database, basis.hash)
  const notRestored: { object: string; reason: string }[] = []
  const taken = (at: number) => flagAt(basis.taken, at)
  const tableObjects = choice.objects.flatMap((object, at) => (object.kind === 'table' ? [{ object, at }] : []))
  const withParts = tableObjects.flatMap(({ object: asked, at }) => {
    const table = own(record.tables, asked.name)
    if (!table) return []
    const object = taken(at) ? ofPartialTable(asked, table) : asked
    const exists = spec.mode === 'in-place' && taken(at)
    const options = { exists, replicas: replicasOf(spec, basis, exists) }
    const parts = (together: boolean) => tableParts(record, table, object.partitions, { ...options, together })
    return [{ object, taken: taken(at), table, parts }]
  })
  const anyTaken = choice.objects.some((object, at) => object.kind !== 'function' && taken(at))
  const tables = withParts.map(({ object, taken: isTaken, table, parts: partsOf }): PlannedTable => {
    const together = partsOf(true)
    const route = chooseRoute({
      spec,
      basis,
      choice,
      object,
      taken: isTaken,
      snapshots: together.length,
      anyTaken,
    })
    const parts = BY_ONE_RESTORE.has(route.route) ? together : partsOf(false)
    return {
      ...route,
      name: object.name,
      target: object.target,
      table,
      only: object.partitions,
      parts,
      ...places(route.route, object, database, scratch, basis.hash, parts.length),
    }
  })
  const renames = tables.some((table) => table.route === 'rename-database')
  const apart = renames || (spec.publish === 'never' && tables.some((table) => table.database === scratch))
  const around = { database, scratch, apart, tables: tables.length > 0, notRestored }
  const objects = choice.objects.flatMap((object, at): PlannedObject[] => {
    if (object.kind === 'table') return []
    return plannedObject(record, spec, basis, object, taken(at), around)
  })
  const problems = [
    ...choice.missing.map((what) => `the backup holds no ${what}`),
    ...tables
      .filter((table) => table.route === 'in-place' && table.target !== table.name)
      .map(
        (table) =>
          `${table.name} cannot be restored in place over ${table.target}: StarRocks restores over a table of the same name only; restore it aside`,
      ),
  ]
  return { record, spec, basis, choice, database, scratch, renames, tables, objects, notRestored, problems }
}

/** What holds only some partitions of a table never takes the live one's place: as if these had been named. */
const ofPartialTable = (object: ChosenObject, table: TableRecord): ChosenObject =>
  table.partial && !object.partitions ? { ...object, partitions: Object.keys(table.partitions) } : object

/** By these all partitions get the same number of replicas in the end: one RESTORE gives no others. */
const BY_ONE_RESTORE: ReadonlySet<RestoreRoute> = new Set(['rename', 'swap', 'rebackup', 'rebackup-swap'])

/**
 * Replicas of new partitions: as asked for, else as recorded, but never more than there are backends. Over a table that is there: as recorded, for those
 * that exist keep theirs.
 */
const replicasOf = (spec: RestoreSpec, basis: RestoreBasis, exists: boolean) => (recorded: number | undefined) =>
  exists && recorded !== undefined ? recorded : defaultReplicas(spec, basis, recorded)

/** StarRocks takes 3 where none are given, whatever the snapshot had, and fails where there are fewer backends. */
export const defaultReplicas = (
  spec: Pick<RestoreSpec, 'replicationNumber'>,
  { backends }: Pick<RestoreBasis, 'backends'>,
  recorded = 3,
) => Math.min(spec.replicationNumber ?? recorded, Math.max(1, backends))

function places(
  route: RestoreRoute,
  object: ChosenObject,
  database: string,
  scratch: string,
  hash: string,
  parts: number,
): Pick<PlannedTable, 'database' | 'as' | 'again'> {
  switch (route) {
    case 'direct':
    case 'in-place':
      return { database, as: object.target }
    case 'rename':
    case 'swap':
      return { database, as: asideName(object.target, hash) }
    case 'rebackup':
    case 'rebackup-swap':
      return { database: scratch, as: object.name, again: { database, as: asideName(object.target, hash) } }
    case 'overwrite-partitions':
      return { database: scratch, as: object.name }
    // To a table that was restored under another name StarRocks adds nothing: such a one is renamed when it is complete.
    case 'leave':
    case 'rename-database':
      return { database: scratch, as: parts > 1 ? object.name : object.target }
  }
}

interface ObjectContext {
  database: string
  scratch: string
  /** Nothing of it gets to the live database: all stays, or takes the name, in the scratch one. */
  apart: boolean
  /** Tables are restored with it. */
  tables: boolean
  notRestored: { object: string; reason: string }[]
}

function plannedObject(
  record: BackupRecord,
  spec: RestoreSpec,
  basis: RestoreBasis,
  object: ChosenObject,
  taken: boolean,
  { database, scratch, apart, tables, notRestored }: ObjectContext,
): PlannedObject[] {
  const { kind, name, target } = object
  if (kind === 'table') return []
  const leave = (reason: string): PlannedObject[] => {
    notRestored.push({ object: `${WORDS[kind]} ${name}`, reason })
    return []
  }
  const planned: PlannedObject = { kind, name, target, database: apart ? scratch : database }
  // In a database that takes the place of another nothing is taken.
  const inTheWay = taken && !apart
  const never = spec.publish === 'never'
  if (never && !apart) return leave('nothing is to be published, and it would have its own name at once')
  switch (kind) {
    case 'catalog':
      if (!basis.newGrammar)
        return leave('this version restores no external catalogs: create it by CREATE EXTERNAL CATALOG')
      if (taken) return leave(`there is an external catalog ${target}: drop it, or give another name`)
      return [{ ...planned, label: record.labels.length - 1, database: '' }]
    case 'function': {
      const known = own(record.functions, name)
      if (inTheWay) return leave(`function ${name} exists: drop it first`)
      if (!basis.newGrammar) return leave('this version restores no functions: create it by CREATE FUNCTION')
      if (known?.at === undefined) return leave('no snapshot holds it: create it by CREATE FUNCTION')
      return [{ ...planned, label: known.at }]
    }
    case 'view': {
      const known = own(record.views, name)
      // Its text is run rather than restored: RESTORE replaces a view of the same name before anything else has succeeded.
      if (known?.ddl) return never ? leave(UNPUBLISHED) : [planned]
      if (inTheWay) return leave(`its definition is not known here, and RESTORE would drop the existing view at once`)
      if (known?.at === undefined || !basis.newGrammar)
        return leave('no snapshot holds it, and its definition is not known')
      return [{ ...planned, label: known.at }]
    }
    case 'materializedView': {
      const known = own(record.materializedViews, name)
      if (inTheWay)
        return leave('it exists: it is activated and refreshed from what is restored; drop it first to restore it')
      // Beside tables that have other names meanwhile it would not find what it reads.
      const finds = database === record.database && !apart && target === name && !tables
      if (known?.at !== undefined && (finds || !known.ddl) && spec.mode !== 'in-place')
        return [{ ...planned, label: known.at }]
      if (!known?.ddl) return leave('no snapshot holds it, and its definition is not known')
      return never ? leave(UNPUBLISHED) : [planned]
    }
  }
}

const UNPUBLISHED = 'nothing is to be published: it is made by its definition when tables have their names'

const WORDS = { materializedView: 'materialized view', view: 'view', function: 'function', catalog: 'external catalog' }
