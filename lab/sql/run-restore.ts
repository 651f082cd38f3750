import type { RestoreSelection, SnapshotInfo } from '../backup/index.ts'
import type { LabDatabase } from '../model.ts'
import { inStringHashOrder } from '../show/java-hash.ts'
import { done, type LabResult, type LabSession, type LabSqlContext } from './context.ts'
import type { Cursor } from './cursor.ts'
import { analysisFailureAt, failure } from './errors.ts'
import { onDatabase, onObject, onSystem } from './has-privilege.ts'
import { parseRestore } from './parse-snapshot-statement.ts'
import { demand } from './privileges.ts'
import { catalogsId, demandIdle, refuseByFault, submitFailure } from './run-backup.ts'
import { type RestoreProperties, restoreProperties } from './snapshot-properties.ts'
import type { SnapshotObjectItem, SnapshotStatement } from './snapshot-statement.ts'

/** RESTORE, the word read. The job is taken when this returns. */
export const runRestore = async (context: LabSqlContext, session: LabSession, cursor: Cursor): Promise<LabResult> => {
  const statement = parseRestore(cursor, context.profile.atLeast('3.5'))
  demand(session, ['REPOSITORY'], 'SYSTEM', onSystem)
  checkDuplicates(statement.items ?? [])
  const properties = restoreProperties(context, statement.properties)
  demandPrivileges(context, session, statement)
  if (!context.state.repositories.has(statement.repository))
    throw submitFailure(`Repository ${statement.repository} does not exist`)
  if (statement.catalogs) return restoreCatalogs(context, session, statement, properties)
  const named = statement.databaseAlias ?? statement.database ?? statement.prefix ?? oldDatabase(context, session)
  // Older releases look at the target before the snapshot; from 3.4 on one that cannot be read leaves the target unmade.
  const early = named === undefined || context.profile.atLeast('3.5') ? undefined : target(context, named)
  refuseByFault(context, 'restore', named ?? '')
  if (early) demandIdle(context.snapshots, early.id)
  const info = await readInfo(context, statement, properties.timestamp)
  const snapshotDatabase = info.database
  if (named === undefined && snapshotDatabase === '')
    return restoreCatalogs(context, session, { ...statement, catalogs: {} }, properties)
  const database = early ?? target(context, named ?? snapshotDatabase)
  if (statement.database !== undefined && statement.database !== snapshotDatabase)
    throw submitFailure(`target database: ${statement.database} is not existed in snapshot`)
  demandIdle(context.snapshots, database.id)
  const selection = choose(context, statement, info)
  await checkFunctions(context, statement, selection)
  demandIdle(context.snapshots, database.id)
  context.snapshots.submitRestore(
    {
      ...newJob(context, session, statement, properties),
      databaseId: database.id,
      databaseName: database.name,
      objects: shownObjects(selection, info),
      names: selection.objects.map(({ alias }) => alias),
    },
    selection,
    { databaseId: BigInt(info.id), databaseName: snapshotDatabase },
  )
  return done()
}

const newJob = (
  context: LabSqlContext,
  session: LabSession,
  statement: SnapshotStatement,
  properties: RestoreProperties,
) => ({
  kind: 'restore' as const,
  id: -1n,
  label: statement.label,
  timestamp: properties.timestamp,
  repository: statement.repository,
  state: 'PENDING' as const,
  allowLoad: properties.allowLoad,
  replicationNum: properties.replicationNum,
  names: [] as string[],
  createdMs: context.state.now(),
  unfinished: new Map<bigint, bigint>(),
  progress: new Map(),
  errors: new Map<bigint, string>(),
  status: { code: 'OK', message: '' },
  timeoutMs: properties.timeoutMs,
  user: session.user.name,
})

/** Before 3.4 the session's database stands in for one that is not named. */
const oldDatabase = (context: LabSqlContext, session: LabSession): string | undefined =>
  context.profile.atLeast('3.5') ? undefined : (session.database ?? '')

/** The database to restore into: made when it is missing from 3.4 on, whatever becomes of the statement after that. */
const target = (context: LabSqlContext, name: string): LabDatabase => {
  const { state } = context
  const found = state.databases.get(name)
  if (found) return found
  if (!context.profile.atLeast('3.5')) throw failure(`Unknown database '${name}'`, 5501, '3F000')
  const made: LabDatabase = { id: state.nextId(), name, objects: new Map(), properties: new Map(), functions: [] }
  state.databases.set(name, made)
  return made
}

const checkDuplicates = (items: readonly SnapshotObjectItem[]): void => {
  const names = new Set<string>()
  const aliases = new Set<string>()
  for (const item of items) {
    if (item.name === undefined || item.kind === 'function') continue
    if (names.has(item.name)) throw analysisFailureAt(item.place, `Duplicated table: ${item.name}`)
    names.add(item.name)
    if (item.temporary) throw submitFailure('Do not support restoring temporary partitions')
    if (item.alias === undefined) continue
    if (aliases.has(item.alias)) throw analysisFailureAt(item.place, `Duplicated alias name: ${item.alias}`)
    aliases.add(item.alias)
  }
}

const demandPrivileges = (context: LabSqlContext, session: LabSession, statement: SnapshotStatement): void => {
  if (statement.catalogs) {
    demand(session, ['CREATE EXTERNAL CATALOG'], 'SYSTEM', onSystem)
    return
  }
  const name = statement.databaseAlias ?? statement.database ?? statement.prefix
  const database = name === undefined ? undefined : context.state.databases.get(name)
  if (!statement.items) {
    demand(session, ['CREATE DATABASE'], 'CATALOG default_catalog', { type: 'CATALOG', catalog: 'default_catalog' })
    return
  }
  if (!database) return
  demand(session, ['CREATE TABLE'], `DATABASE ${database.name}`, onDatabase(database))
  for (const item of statement.items) {
    const object = item.name === undefined ? undefined : database.objects.get(item.name)
    if (object?.kind === 'table') demand(session, ['INSERT'], `TABLE ${object.name}`, onObject(database, object))
  }
}

const readInfo = async (
  context: LabSqlContext,
  statement: SnapshotStatement,
  timestamp: string,
): Promise<SnapshotInfo> => {
  try {
    const content = await context.snapshots.files(statement.repository).readInfo(statement.label, timestamp)
    return JSON.parse(content.toString()) as SnapshotInfo
  } catch (error) {
    throw submitFailure(
      `Failed to get info of snapshot '${statement.label}' because: ${(error as Error).message}. Maybe specified wrong backup timestamp`,
    )
  }
}

const choose = (context: LabSqlContext, statement: SnapshotStatement, info: SnapshotInfo): RestoreSelection => {
  const inSnapshot = (name: string) => info.backup_objects[name]
  const { items } = statement
  const partitionsOf = (name: string): string[] => Object.keys(inSnapshot(name)?.partitions ?? {})
  if (!items) {
    return {
      objects: Object.keys(info.backup_objects).map((name) => ({
        name,
        alias: name,
        partitions: partitionsOf(name),
      })),
      functions: context.profile.atLeast('3.5') ? 'all' : [],
    }
  }
  const objects = new Map<string, RestoreSelection['objects'][number]>()
  for (const item of items) {
    if (item.kind === 'function') continue
    if (item.name === undefined) {
      // Which of them are tables and which views the manifest does not say; views have no partitions.
      for (const name of Object.keys(info.backup_objects)) {
        const isView = partitionsOf(name).length === 0
        if (objects.has(name) || isView !== (item.kind === 'view')) continue
        objects.set(name, { name, alias: name, partitions: partitionsOf(name) })
      }
      continue
    }
    const { name } = item
    if (!inSnapshot(name)) throw submitFailure(`Table ${name} does not exist in snapshot ${statement.label}`)
    for (const partition of item.partitions ?? []) {
      if (!partitionsOf(name).includes(partition))
        throw submitFailure(`Partition ${partition} of table ${name} does not exist in snapshot ${statement.label}`)
    }
    objects.set(name, { name, alias: item.alias ?? name, partitions: item.partitions ?? partitionsOf(name) })
  }
  const named = items.filter((item) => item.kind === 'function')
  const functions = named.some((item) => item.name === undefined)
    ? ('all' as const)
    : named.map((item) => ({ name: item.name ?? '', alias: item.alias ?? item.name ?? '' }))
  return { objects: [...objects.values()], functions }
}

/** Functions stand in no manifest: the definitions are read for them. */
const checkFunctions = async (
  context: LabSqlContext,
  statement: SnapshotStatement,
  selection: RestoreSelection,
): Promise<void> => {
  if (selection.functions === 'all' || selection.functions.length === 0) return
  const { functions } = await readMeta(context, statement)
  for (const { name } of selection.functions) {
    if (!functions.some((one) => one.name.toLowerCase() === name.toLowerCase()))
      throw submitFailure(`Can not find restore function: ${name}`)
  }
}

const readMeta = async (context: LabSqlContext, statement: SnapshotStatement) => {
  try {
    return await context.snapshots.readMeta(statement.repository, statement.label)
  } catch (error) {
    throw submitFailure((error as Error).message)
  }
}

/** `t1 PARTITIONS [p1, p2], t2`, in the order of Java's maps; the partition of an unpartitioned table goes without saying. */
const shownObjects = (selection: RestoreSelection, info: SnapshotInfo): string =>
  inStringHashOrder(selection.objects, (object) => object.name)
    .map(({ name, partitions }) => {
      const own = Object.keys(info.backup_objects[name]?.partitions ?? {})
      if (own.length === 0 || (own.length === 1 && own[0] === name)) return name
      return `${name} PARTITIONS [${inStringHashOrder(partitions, (partition) => partition).join(', ')}]`
    })
    .join(', ')

const restoreCatalogs = async (
  context: LabSqlContext,
  session: LabSession,
  statement: SnapshotStatement,
  properties: RestoreProperties,
): Promise<LabResult> => {
  refuseByFault(context, 'restore', '')
  demandIdle(context.snapshots, catalogsId)
  const info = await readInfo(context, statement, properties.timestamp)
  if (info.database !== '')
    throw submitFailure(`This is not a snapshot for external catalog restore, snapshot: ${statement.label}`)
  const known = (await readMeta(context, statement)).catalogs.map(({ name }) => name)
  const chosen: { name: string; alias?: string }[] = statement.catalogs?.names ?? known.map((name) => ({ name }))
  for (const { name } of chosen) if (!known.includes(name)) throw submitFailure(`Can not find restore catalog: ${name}`)
  demandIdle(context.snapshots, catalogsId)
  context.snapshots.submitRestore(
    { ...newJob(context, session, statement, properties), databaseId: catalogsId, databaseName: '', objects: '' },
    {
      objects: [],
      functions: [],
      catalogs: chosen.map(({ name, alias }) => ({ name, alias: alias ?? name })),
    },
    { databaseId: catalogsId, databaseName: '' },
  )
  return done()
}
