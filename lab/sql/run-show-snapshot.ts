import { briefInfo, SnapshotFileError, type SnapshotInfo } from '../backup/index.ts'
import { type LabCell, type LabResult, type LabSession, type LabSqlContext, table } from './context.ts'
import type { Cursor } from './cursor.ts'
import { analysisFailure } from './errors.ts'
import type { Expression } from './expression.ts'
import { onSystem } from './has-privilege.ts'
import { parseExpression } from './parse-expression.ts'
import { parseQuery } from './parse-query.ts'
import { demand } from './privileges.ts'
import { demandRepository, storeFailure } from './run-backup.ts'

interface SnapshotFilter {
  label?: string
  labels?: string[]
  timestamp?: string
}

/** Snapshots that are listed at once. */
const SIDE_BY_SIDE = 16

/** SHOW SNAPSHOT ON repository [WHERE …]; both words read. */
export const showSnapshot = async (context: LabSqlContext, session: LabSession, cursor: Cursor): Promise<LabResult> => {
  cursor.expect('ON')
  const name = cursor.identifier()
  const where = cursor.accept('WHERE') ? parseExpression(cursor, context.profile.version, parseQuery) : undefined
  cursor.end()
  demand(session, ['REPOSITORY'], 'SYSTEM', onSystem)
  const filter = where ? readFilter(where) : {}
  demandRepository(context, name)
  try {
    if (filter.label !== undefined && filter.timestamp !== undefined)
      return await details(context, name, filter.label, filter.timestamp)
    const files = context.snapshots.files(name)
    const known = filter.label === undefined ? await files.labels() : [filter.label]
    const labels = filter.labels ? known.filter((label) => filter.labels?.includes(label)) : known
    const rows: LabCell[][] = []
    for (let i = 0; i < labels.length; i += SIDE_BY_SIDE) {
      const some = labels.slice(i, i + SIDE_BY_SIDE)
      const times = await Promise.all(some.map((label) => files.timestamps(label)))
      some.forEach((label, at) => {
        const found = times[at] ?? []
        rows.push([label, found.join('\n'), found.length > 0 ? 'OK' : 'ERROR: no snapshot'])
      })
    }
    return table(['Snapshot', 'Timestamp', 'Status'], rows)
  } catch (error) {
    return storeFailure(context, name, error)
  }
}

const details = async (
  context: LabSqlContext,
  repository: string,
  label: string,
  timestamp: string,
): Promise<LabResult> => {
  const columns = ['Snapshot', 'Timestamp', 'Database', 'Details', 'Status']
  try {
    const content = await context.snapshots.files(repository).readInfo(label, timestamp)
    const info = JSON.parse(content.toString()) as SnapshotInfo
    return table(columns, [[label, timestamp, info.database, briefInfo(info), 'OK']])
  } catch (error) {
    if (!(error instanceof SnapshotFileError || error instanceof SyntaxError)) throw error
    return table(columns, [[label, timestamp, null, null, `Failed to get info: ${error.message}`]])
  }
}

const refusal = () =>
  analysisFailure(
    "Where clause should looks like: SNAPSHOT = 'your_snapshot_name' [AND TIMESTAMP = '2018-04-18-19-19-10']",
  )

/** `SNAPSHOT = 's'`, `SNAPSHOT IN (…)`, `SNAPSHOT = 's' AND TIMESTAMP = 't'`. */
const readFilter = (where: Expression): SnapshotFilter => {
  if (where.kind === 'binary' && where.op.toUpperCase() === 'AND')
    return { ...readFilter(where.left), ...readFilter(where.right) }
  if (where.kind === 'binary' && where.op === '=') {
    const column = columnOf(where.left)
    const value = textOf(where.right)
    if (column === 'snapshot') return { label: value }
    if (column === 'timestamp') return { timestamp: value }
  }
  if (where.kind === 'in' && !where.not && columnOf(where.arg) === 'snapshot') return { labels: where.list.map(textOf) }
  throw refusal()
}

const columnOf = (expression: Expression): string | undefined =>
  expression.kind === 'column' ? expression.path.at(-1)?.toLowerCase() : undefined

const textOf = (expression: Expression): string => {
  if (expression.kind === 'string') return expression.value
  throw refusal()
}
