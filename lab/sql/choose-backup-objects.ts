import { type BackupSelection, isAutomaticTable, shadowName } from '../backup/index.ts'
import { viewStorage } from '../backup/view-storage.ts'
import type { LabDatabase, LabObject, LabTable } from '../model.ts'
import type { LabSession, LabSqlContext } from './context.ts'
import { analysisFailure, analysisFailureAt, failure } from './errors.ts'
import { objectTypeOf, onObject } from './has-privilege.ts'
import { demand } from './privileges.ts'
import type { SnapshotObjectItem } from './snapshot-statement.ts'

const refusal = (text: string) => failure(text, 5064, '42000')

/**
 * What a BACKUP means: objects by name, materialized views after their base tables; functions. Everything that is refused while the
 * statement is analyzed is refused here.
 */
export const chooseBackupObjects = (
  context: LabSqlContext,
  session: LabSession,
  database: LabDatabase,
  items: readonly SnapshotObjectItem[] | undefined,
): BackupSelection => {
  const chosen = new Map<string, { name: string; partitions?: string[] }>()
  const functions: bigint[] = []
  const whole = items === undefined
  const all = (kind: SnapshotObjectItem['kind']): boolean =>
    whole ? true : (items ?? []).some((item) => item.name === undefined && item.kind === kind)
  for (const item of items ?? []) {
    if (item.name === undefined) continue
    if (item.kind === 'function') functions.push(...functionsNamed(context, database, item.name))
    else chooseNamed(context, database, item, chosen)
  }
  for (const object of database.objects.values()) {
    if (chosen.has(object.name)) continue
    const wanted =
      object.kind === 'view'
        ? all('view')
        : object.kind === 'materialized-view'
          ? all('materialized-view') && takesViews(context)
          : all('table')
    if (wanted) chosen.set(object.name, { name: object.name })
  }
  if (all('function') && context.profile.atLeast('3.5')) functions.push(...database.functions.map((one) => one.id))
  // Functions that are named count, those that ALL stands for do not.
  const named = (items ?? []).some((item) => item.kind === 'function' && item.name !== undefined)
  if (chosen.size === 0 && !named) throw analysisFailure(`Database: ${database.name} is empty`)
  for (const { name } of chosen.values()) {
    const object = database.objects.get(name)
    if (!object) continue
    if (object.kind === 'table') checkList(context, object)
    demand(session, ['EXPORT'], `${objectTypeOf(object)} ${name}`, onObject(database, object))
  }
  return { objects: inOrder(database, chosen), functions: [...new Set(functions)] }
}

/** From 3.3 on materialized views are left out of whole databases, unless a setting says otherwise. */
const takesViews = (context: LabSqlContext): boolean =>
  context.profile.version === '3.1' ||
  context.state.config.get('enable_backup_materialized_view')?.value.toLowerCase() === 'true'

const functionsNamed = (context: LabSqlContext, database: LabDatabase, name: string): bigint[] => {
  const found = database.functions.filter((one) => one.name.toLowerCase() === name.toLowerCase())
  if (found.length > 0) return found.map((one) => one.id)
  const shown = context.profile.version === '3.5' ? `${database.name}.${name}` : name
  throw analysisFailure(`Invalid backup function(s), function name: ${shown}`, 5064, '42000')
}

const chooseNamed = (
  context: LabSqlContext,
  database: LabDatabase,
  item: SnapshotObjectItem,
  chosen: Map<string, { name: string; partitions?: string[] }>,
): void => {
  const name = item.name ?? ''
  const object = database.objects.get(name)
  if (!object) throw analysisFailure(`Incorrect table name '${name}'`)
  if (chosen.has(name)) throw analysisFailureAt(item.place, `Duplicated table: ${name}`)
  if (object.kind === 'table') {
    checkList(context, object)
    if (item.temporary) throw analysisFailureAt(item.partitionPlace, 'Do not support backing up temp partitions')
    for (const partition of item.partitions ?? []) {
      if (partition === shadowName && isAutomaticTable(object) && object.shadow !== 'missing') continue
      if (object.partitions.some((one) => !one.temporary && one.name.toLowerCase() === partition.toLowerCase()))
        continue
      throw analysisFailureAt(item.partitionPlace, `partition[${partition}] does not exist  in table${name}`)
    }
  }
  chosen.set(name, { name, ...(item.partitions ? { partitions: item.partitions } : {}) })
}

const checkList = (context: LabSqlContext, table: LabTable): void => {
  if (!context.profile.atLeast('3.5') && /list/.test(table.partitioning.kind))
    throw analysisFailure('List partition table does not support backup/restore job')
}

/** By name; a materialized view comes after the tables that it reads. */
const inOrder = (
  database: LabDatabase,
  chosen: ReadonlyMap<string, { name: string; partitions?: string[] }>,
): { name: string; partitions?: string[] }[] => {
  const done = new Map<string, { name: string; partitions?: string[] }>()
  const take = (name: string): void => {
    const item = chosen.get(name)
    if (!item || done.has(name)) return
    const object = database.objects.get(name)
    if (object?.kind === 'materialized-view')
      for (const base of database.objects.values()) if (object.baseIds.includes(base.id)) take(base.name)
    done.set(name, item)
  }
  for (const name of [...chosen.keys()].sort()) take(name)
  return [...done.values()]
}

/** What the frontend refuses when it takes the statement up. */
export const checkBackupObjects = (context: LabSqlContext, database: LabDatabase, selection: BackupSelection): void => {
  for (const { name } of selection.objects) {
    const object = database.objects.get(name)
    if (!object) continue
    checkKind(context, object)
    const storage = object.kind === 'materialized-view' ? viewStorage(context.state, object) : object
    if (storage.kind === 'table' && storage.partitions.some((partition) => partition.temporary))
      throw refusal('Do not support backing up table with temp partitions')
  }
}

const checkKind = (context: LabSqlContext, object: LabObject): void => {
  if (context.state.runMode === 'shared_data' && object.kind === 'table')
    throw refusal(`Table: ${object.name} can not support backup restore, type: CLOUD_NATIVE`)
  if (object.kind === 'table') return
  const { version } = context.profile
  if (object.kind === 'external-table') {
    if (context.profile.atLeast('3.5'))
      throw refusal(`Table: ${object.name} can not support backup restore, type: ${object.engine.toUpperCase()}`)
    throw failure(`Table '${object.name}' is not a OLAP table`, 5503, '42000')
  }
  const old = version === '3.1' || (version === '3.3' && object.kind === 'view')
  if (old) throw failure(`Table '${object.name}' is not a OLAP table`, 5503, '42000')
}
