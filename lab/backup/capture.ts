import { baseIndex, scanTablet } from '../data/index.ts'
import type { LabDatabase, LabPartition, LabState, LabTable, LabTablet, LabValue } from '../model.ts'
import { commonError, JobFailure, notFound } from './job-failure.ts'
import type { TabletPath } from './layout.ts'
import { shadowName, shadowOf } from './shadow-partition.ts'
import type { SnapshotMeta, SnapshotObject } from './snapshot-meta.ts'
import { viewStorage } from './view-storage.ts'

/** What a BACKUP statement chose of a database; names in the order of the statement. */
export interface BackupSelection {
  objects: { name: string; partitions?: string[] }[]
  /** Ids of functions. */
  functions: bigint[]
  /** Names of external catalogs, for a backup of these. */
  catalogs?: string[]
}

/** The snapshot of one tablet, on the backend that keeps the chosen replica. */
export interface CapturedTablet {
  path: TabletPath
  backendId: bigint
  version: bigint
  schemaHash: number
  rows: LabValue[][]
}

export interface CapturedSnapshot {
  meta: SnapshotMeta
  tablets: CapturedTablet[]
}

/**
 * The step of PENDING: definitions and rows of everything that was chosen, all of this instant.
 * @throws JobFailure
 */
export const captureDatabase = (
  state: LabState,
  database: LabDatabase,
  selection: BackupSelection,
): CapturedSnapshot => {
  const snapshot: CapturedSnapshot = { meta: { tblNameMap: new Map(), functions: [], catalogs: [] }, tablets: [] }
  for (const { name, partitions } of selection.objects) {
    const object = captureObject(state, database, name, partitions)
    snapshot.meta.tblNameMap.set(name, object)
    if (object.kind === 'view') continue
    const source = database.objects.get(name)
    const table =
      source?.kind === 'table' ? source : source?.kind === 'materialized-view' ? viewStorage(state, source) : undefined
    if (table) captureTablets(state, database, table, new Set(partitions ?? chosenNames(object)), snapshot.tablets)
  }
  snapshot.meta.functions = (database.functions ?? []).filter((one) => selection.functions.includes(one.id))
  return snapshot
}

const chosenNames = (object: SnapshotObject): string[] => {
  if (object.kind === 'view') return []
  return (object.kind === 'table' ? object.table : object.storage).partitions.map((partition) => partition.name)
}

const captureObject = (
  state: LabState,
  database: LabDatabase,
  name: string,
  partitions: string[] | undefined,
): SnapshotObject => {
  const object = database.objects.get(name)
  if (!object) throw notFound(`table ${name} does not exist`)
  if (object.kind === 'view') return { kind: 'view', view: { ...object } }
  if (object.kind === 'external-table')
    throw new JobFailure('UNSUPPORTED', `Table: ${name} can not support backup restore, type: ${object.engine}`)
  if (object.kind === 'materialized-view') {
    const storage = viewStorage(state, object)
    return { kind: 'materialized-view', view: object, storage: withoutRows(storage, storage.partitions) }
  }
  return { kind: 'table', table: withoutRows(object, choosePartitions(state, object, partitions)) }
}

/** All partitions and the shadow partition, or those that were named. @throws JobFailure */
const choosePartitions = (state: LabState, table: LabTable, names: string[] | undefined): LabPartition[] => {
  const all = table.partitions.filter((partition) => !partition.temporary)
  const shadow = shadowOf(state, table)
  if (!names) return shadow ? [shadow, ...all] : all
  return names.map((name) => {
    const found =
      name === shadowName ? shadow : all.find((partition) => partition.name.toLowerCase() === name.toLowerCase())
    if (!found) throw notFound(`partition ${name} does not exist  in table${table.name}`)
    return found
  })
}

const withoutRows = (table: LabTable, partitions: readonly LabPartition[]): LabTable => ({
  ...table,
  shadow: undefined,
  partitions: partitions.map((partition) => ({
    ...partition,
    physical: partition.physical.map((physical) => ({
      ...physical,
      tablets: new Map(
        [...physical.tablets].map(([index, tablets]) => [
          index,
          tablets.map(({ id }): LabTablet => ({ id, replicas: [], rows: [] })),
        ]),
      ),
    })),
  })),
})

const captureTablets = (
  state: LabState,
  database: LabDatabase,
  table: LabTable,
  names: ReadonlySet<string>,
  into: CapturedTablet[],
): void => {
  const base = baseIndex(table)
  const lower = new Set([...names].map((name) => name.toLowerCase()))
  const shadow = table.shadow === 'missing' ? undefined : table.shadow
  for (const partition of [...(shadow ? [shadow] : []), ...table.partitions]) {
    if (partition.temporary || !lower.has(partition.name.toLowerCase())) continue
    for (const physical of partition.physical) {
      for (const index of table.indexes) {
        for (const tablet of physical.tablets.get(index.id) ?? []) {
          into.push({
            path: {
              databaseId: database.id,
              tableId: table.id,
              physicalId: physical.id,
              indexId: index.id,
              tabletId: tablet.id,
            },
            backendId: chooseReplica(state, tablet, physical.visibleVersion),
            version: physical.visibleVersion,
            schemaHash: index.schemaHash,
            // Rollups keep no rows of their own.
            rows: index.id === base.id ? [...scanTablet(tablet, physical.dataVersion)] : [],
          })
        }
      }
    }
  }
}

/** A replica that is whole, on a backend that lives. */
const chooseReplica = (state: LabState, tablet: LabTablet, version: bigint): bigint => {
  const alive = new Set(state.nodes.filter((node) => node.alive).map((node) => node.id))
  const found = tablet.replicas.find(
    (replica) =>
      alive.has(replica.backendId) && !replica.bad && replica.version >= version && replica.lastFailedVersion < 0n,
  )
  if (!found)
    throw commonError(`failed to choose replica to make snapshot for tablet ${tablet.id}. visible version: ${version}`)
  return found.backendId
}
