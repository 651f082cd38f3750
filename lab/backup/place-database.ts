import type { LabDatabase, LabFunction, LabObject, LabState, LabTable } from '../model.ts'
import { checkStates, checkTable, checkView, DaemonTrips, partitionNamed } from './check-existing.ts'
import type { RestoredPlaces } from './job-tools.ts'
import { checkHosts, existingPartition, newPartition, newTable, type PartitionMove } from './place-restored.ts'
import type { RestoreSelection } from './restore-selection.ts'
import { restoreMaterializedView } from './restore-view.ts'
import { shadowName } from './shadow-partition.ts'
import type { SnapshotMeta } from './snapshot-meta.ts'

/** What a restore put into the target before any data came, so that it can be taken out again. */
export interface Placement {
  moves: PartitionMove[]
  /** Tables that were there and are blocked. */
  blocked: LabTable[]
  created: { name: string; object: LabObject }[]
  functions: LabFunction[]
}

/**
 * The step of PENDING: checks everything against what is there, blocks the tables, registers new ones and new partitions, replaces
 * views, adds functions.
 * @throws JobFailure, DaemonTrips; nothing is placed then, but tables may stay blocked after the latter
 */
export const placeDatabase = (
  state: LabState,
  database: LabDatabase,
  selection: RestoreSelection,
  meta: SnapshotMeta,
  options: { replicationNum: number; originDatabase: string; restoredPlaces: RestoredPlaces },
): Placement => {
  const { replicationNum } = options
  const blocked = checkStates(state.version, database, selection, meta)
  const placement: Placement = { moves: [], blocked, created: [], functions: [] }
  for (const table of blocked) table.state = 'RESTORE'
  try {
    for (const { name, alias, partitions } of selection.objects) {
      const object = meta.tblNameMap.get(name)
      if (object?.kind === 'view') checkView(database, alias)
      if (object?.kind !== 'table') continue
      const existing = blocked.find((table) => table.name === alias)
      if (existing) checkTable(existing, object.table, partitions, replicationNum)
      else checkHosts(state, replicationNum, alias)
    }
  } catch (error) {
    for (const table of blocked) table.state = 'NORMAL'
    throw error
  }
  for (const { name, alias, partitions } of selection.objects) {
    const object = meta.tblNameMap.get(name)
    const existing = blocked.find((table) => table.name === alias)
    if (object?.kind === 'table' && existing) tripOnPhysicalPartitions(existing, object.table, partitions)
  }
  for (const { name, alias, partitions } of selection.objects) {
    const object = meta.tblNameMap.get(name)
    if (object?.kind !== 'table') continue
    const existing = blocked.find((table) => table.name === alias)
    if (existing) placeExisting(state, existing, object.table, partitions, replicationNum, placement)
    else {
      const { table, moves } = newTable(state, object.table, {
        alias,
        partitions,
        replicationNum,
        keepColocate: state.config.get('enable_colocate_restore')?.value === 'true',
      })
      placement.moves.push(...moves)
      register(database, alias, table, placement)
    }
    options.restoredPlaces.set(`${options.originDatabase}.${name}`, { database: database.name, name: alias })
  }
  placeViews(state, database, selection, meta, placement)
  for (const { name, alias } of selection.objects) {
    const object = meta.tblNameMap.get(name)
    if (object?.kind !== 'materialized-view') continue
    const existing = database.objects.get(alias)
    // One that works is left alone without a word.
    if (existing?.kind === 'materialized-view' && existing.active) continue
    checkHosts(state, replicationNum, alias)
    const { view, moves } = restoreMaterializedView(state, object, { ...options, alias, database })
    placement.moves.push(...moves)
    register(database, alias, view, placement)
  }
  placeFunctions(state, database, selection, meta, placement)
  return placement
}

const register = (database: LabDatabase, name: string, object: LabObject, placement: Placement): void => {
  database.objects.set(name, object)
  placement.created.push({ name, object })
}

/** Several physical partitions for one that is not there: the daemon fails, and its next round finds the table blocked. */
const tripOnPhysicalPartitions = (existing: LabTable, wanted: LabTable, partitions: readonly string[]): void => {
  for (const source of wanted.partitions) {
    if (source.physical.length < 2 || !partitions.includes(source.name) || partitionNamed(existing, source.name))
      continue
    throw new DaemonTrips(`Partition ${source.name} has several physical partitions`)
  }
}

const placeExisting = (
  state: LabState,
  existing: LabTable,
  wanted: LabTable,
  partitions: readonly string[],
  replicationNum: number,
  placement: Placement,
): void => {
  if (wanted.nextAutoIncrement > existing.nextAutoIncrement) existing.nextAutoIncrement = wanted.nextAutoIncrement
  for (const name of partitions) {
    const source = wanted.partitions.find((partition) => partition.name === name)
    if (!source) continue
    const own = partitionNamed(existing, name)
    placement.moves.push(
      own
        ? existingPartition(existing, wanted, own, source)
        : newPartition(state, existing, wanted, source, replicationNum),
    )
  }
}

/** Views are dropped and made anew before anything is fetched; their text keeps naming the database that it named. */
const placeViews = (
  state: LabState,
  database: LabDatabase,
  selection: RestoreSelection,
  meta: SnapshotMeta,
  placement: Placement,
): void => {
  for (const { name, alias } of selection.objects) {
    const object = meta.tblNameMap.get(name)
    if (object?.kind !== 'view') continue
    register(database, alias, { ...object.view, id: state.nextId(), name: alias, createdMs: state.now() }, placement)
  }
}

const placeFunctions = (
  state: LabState,
  database: LabDatabase,
  selection: RestoreSelection,
  meta: SnapshotMeta,
  placement: Placement,
): void => {
  for (const one of meta.functions) {
    const chosen =
      selection.functions === 'all'
        ? { alias: one.name }
        : selection.functions.find((f) => f.name.toLowerCase() === one.name.toLowerCase())
    if (!chosen) continue
    const same = (other: LabFunction): boolean =>
      other.name === chosen.alias && other.argumentTypes.join() === one.argumentTypes.join()
    if (database.functions.some(same)) continue
    const added = { ...one, id: -state.nextId(), name: chosen.alias }
    database.functions.push(added)
    placement.functions.push(added)
  }
}

/** Takes a placement out again; tables that were there are free. Replaced views are lost. */
export const undoPlacement = (database: LabDatabase | undefined, placement: Placement): void => {
  for (const { name, object } of placement.created)
    if (database?.objects.get(name) === object) database.objects.delete(name)
  for (const { table, partition, existed } of placement.moves) {
    if (existed || placement.created.some(({ object }) => object === table)) continue
    if (partition.name === shadowName) table.shadow = 'missing'
    else table.partitions = table.partitions.filter((one) => one !== partition)
  }
  for (const table of placement.blocked) table.state = 'NORMAL'
  if (database) database.functions = database.functions.filter((one) => !placement.functions.includes(one))
}
