import type { LabDatabase, LabMaterializedView, LabState } from '../model.ts'
import type { RestoredPlaces } from './job-tools.ts'
import { newTable, type PartitionMove } from './place-restored.ts'
import type { SnapshotMaterializedView } from './snapshot-meta.ts'

const quoted = (database: string, name: string): string => `\`${database}\`.\`${name}\``

/**
 * A materialized view, inactive until its base tables are found: where this frontend restored them to last, or under their names.
 * Its text then names them where they are.
 */
export const restoreMaterializedView = (
  state: LabState,
  object: SnapshotMaterializedView,
  options: {
    alias: string
    database: LabDatabase
    originDatabase: string
    replicationNum: number
    restoredPlaces: RestoredPlaces
  },
): { view: LabMaterializedView; moves: PartitionMove[] } => {
  const { alias, restoredPlaces } = options
  const { table, moves } = newTable(state, object.storage, {
    alias,
    partitions: object.storage.partitions.map((partition) => partition.name),
    replicationNum: options.replicationNum,
    keepColocate: false,
  })
  let { text, definition } = object.view
  text = text.replace(`\`${object.view.name}\``, `\`${alias}\``)
  const baseIds: bigint[] = []
  let missing = false
  for (const [, database = '', name = ''] of definition.matchAll(/`([^`]+)`\.`([^`]+)`(?!\.)/g)) {
    const known = state.databases.get(database)?.objects.has(name) || restoredPlaces.has(`${database}.${name}`)
    if (!known && !(database === options.originDatabase)) continue
    const place = restoredPlaces.get(`${database}.${name}`) ?? { database, name }
    const base = state.databases.get(place.database)?.objects.get(place.name)
    if (!base) missing = true
    else baseIds.push(base.id)
    text = text.replaceAll(quoted(database, name), quoted(place.database, place.name))
    definition = definition.replaceAll(quoted(database, name), quoted(place.database, place.name))
  }
  const view: LabMaterializedView = {
    ...object.view,
    id: table.id,
    name: alias,
    text,
    definition,
    properties: new Map(object.view.properties).set('replication_num', String(options.replicationNum)),
    createdMs: state.now(),
    active: !missing,
    inactiveReason: missing
      ? `Set the materialized view ${alias} inactive in backup because it's in backup and will be activated after restore if possible`
      : '',
    baseIds: [...new Set(baseIds)],
    formerBaseIds: [],
    refreshes: [],
  }
  return { view, moves }
}
