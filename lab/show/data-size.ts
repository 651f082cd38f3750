import { bytesPerRow, countRows, tableBytes } from '../data/index.ts'
import type { LabDatabase, LabTable } from '../model.ts'
import { type LabCell, type LabResult, type LabSession, type LabSqlContext, table } from '../sql/context.ts'
import { analysisFailure, tableNotFound } from '../sql/errors.ts'
import { databaseName, findDatabase } from '../sql/resolve.ts'
import type { ObjectName } from '../sql/statements.ts'
import { byName, longSize, timeText } from './format.ts'
import { replicaCount } from './proc.ts'

export const rowsOfTable = (object: LabTable): number =>
  object.partitions
    .filter((p) => !p.temporary)
    .flatMap((p) => p.physical)
    .reduce((n, physical) => n + countRows(object, physical), 0)

const sizeText = (bytes: number): string => (bytes < 1024 ? `${bytes}.000 ` : longSize(bytes))

/** SHOW DATA [FROM t]. */
export const showData = (context: LabSqlContext, session: LabSession, name: ObjectName | undefined): LabResult => {
  const database = findDatabase(context.state, databaseName(session, name ?? { name: '' }))
  if (!name) {
    const rows = [...database.objects.values()]
      .filter((o) => o.kind === 'table')
      .map((o): LabCell[] => [o.name, sizeText(tableBytes(o)), String(replicaCount(o))])
    return table(['TableName', 'Size', 'ReplicaCount'], rows)
  }
  const object = database.objects.get(name.name)
  if (!object)
    throw context.profile.atLeast('3.3') ? tableNotFound(name.name) : analysisFailure(`Unknown table '${name.name}'`)
  if (object.kind !== 'table') return table(['TableName', 'IndexName', 'Size', 'ReplicaCount', 'RowCount'], [])
  const rows = rowsOfTable(object)
  const replicas = replicaCount(object) / object.indexes.length
  const indexes = object.indexes.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  const lines = indexes.map((index, i): LabCell[] => [
    i === 0 ? object.name : '',
    index.name,
    sizeText(tableBytes(object)),
    String(replicas),
    String(rows),
  ])
  lines.push(['', 'Total', sizeText(tableBytes(object) * indexes.length), String(replicas * indexes.length), ''])
  return table(['TableName', 'IndexName', 'Size', 'ReplicaCount', 'RowCount'], lines)
}

/** SHOW TABLE STATUS. */
export const showTableStatus = (context: LabSqlContext, database: LabDatabase): LabResult => {
  const result = byName(
    context,
    'table-status',
    [...database.objects.values()]
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
      .map((object) => {
        const own = object.kind === 'table' ? object : undefined
        const rows = own ? rowsOfTable(own) : 0
        return {
          Name: object.name,
          Engine: own
            ? 'StarRocks'
            : object.kind === 'external-table'
              ? object.engine
              : object.kind === 'view'
                ? 'VIEW'
                : 'MATERIALIZED_VIEW',
          Version: null,
          Row_format: own ? '' : null,
          Rows: own ? String(rows) : null,
          Avg_row_length: own ? String(rows > 0 ? bytesPerRow : 0) : null,
          Data_length: own ? String(tableBytes(own)) : null,
          Create_time: timeText(context, object.createdMs),
          Collation: own ? 'utf8_general_ci' : null,
          Comment: object.kind === 'external-table' ? '' : object.comment,
        }
      }),
  )
  return result
}
