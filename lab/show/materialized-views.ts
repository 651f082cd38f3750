import type { LabColumn, LabDatabase, LabMaterializedView, LabTable } from '../model.ts'
import type { LabCell, LabResult, LabSession, LabSqlContext } from '../sql/context.ts'
import { onObject } from '../sql/has-privilege.ts'
import { holds } from '../sql/privileges.ts'
import { rowsOfTable } from './data-size.ts'
import { byName, timeText } from './format.ts'
import { partitionType } from './partition-type.ts'

const common = (database: LabDatabase): Record<string, LabCell> => ({
  database_name: database.name,
  is_active: 'true',
  inactive_reason: '',
  partition_type: 'UNPARTITIONED',
  task_id: '0',
  task_name: '',
  last_refresh_duration: '0.000',
  last_refresh_state: '',
  last_refresh_force_refresh: 'false',
  last_refresh_start_partition: '',
  last_refresh_end_partition: '',
  last_refresh_base_refresh_partitions: '',
  last_refresh_mv_refresh_partitions: '',
  last_refresh_error_code: '',
  last_refresh_error_message: '',
  extra_message: '',
  query_rewrite_status: '',
  creator: '',
})

const activity = (context: LabSqlContext, view: LabMaterializedView): Record<string, LabCell> => {
  const last = view.refreshes.at(-1)
  return {
    is_active: String(view.active),
    inactive_reason: view.inactiveReason,
    ...(last
      ? {
          last_refresh_state: 'SUCCESS',
          last_refresh_start_time: timeText(context, last.startedMs),
          last_refresh_finished_time: timeText(context, last.finishedMs),
          last_refresh_duration: ((last.finishedMs - last.startedMs) / 1000).toFixed(3),
        }
      : { last_refresh_start_time: null, last_refresh_finished_time: timeText(context, view.createdMs) }),
  }
}

/** What a frontend makes up as the text of a plain rollup. It cannot be run again. */
const rollupText = (table: LabTable, columns: LabColumn[], name: string): string => {
  const usual = table.keysType === 'UNIQUE_KEYS' ? 'REPLACE' : 'NONE'
  const items = columns.map((c) => (c.key ? c.name : `${c.aggregation ?? usual}(${c.name})`))
  const keys = columns.filter((c) => c.key).map((c) => c.name)
  return `create materialized view ${name} as select ${items.join(',')} from ${table.name} group by ${keys.join(',')}`
}

/** Of what was typed, frontends leave out line breaks and tabs: words of two lines become one. */
const onOneLine = (text: string): string => text.replaceAll(/[\n\t]/g, '').replaceAll(/ +/g, ' ')

/** SHOW MATERIALIZED VIEWS: asynchronous ones, and every rollup. */
export const showMaterializedViews = (
  context: LabSqlContext,
  session: LabSession,
  database: LabDatabase,
): LabResult => {
  const rows: Record<string, LabCell>[] = []
  for (const object of database.objects.values()) {
    if (object.kind === 'materialized-view' && holds(session, 'ANY', onObject(database, object))) {
      const manual = /REFRESH (DEFERRED |IMMEDIATE )?MANUAL/.test(object.text)
      rows.push({
        ...common(database),
        ...activity(context, object),
        id: String(object.id),
        name: object.name,
        refresh_type: manual ? 'MANUAL' : 'ASYNC',
        partition_type: /^PARTITION BY/m.test(object.text) ? 'RANGE' : 'UNPARTITIONED',
        task_name: `mv-${object.id}`,
        rows: '0',
        text: object.text,
      })
    }
    if (object.kind !== 'table') continue
    for (const index of object.indexes.slice(1)) {
      rows.push({
        ...common(database),
        id: String(index.id),
        name: index.name,
        refresh_type: 'ROLLUP',
        partition_type: partitionType(object),
        last_refresh_start_time: null,
        last_refresh_finished_time: null,
        rows: String(rowsOfTable(object)),
        text:
          index.definition === undefined ? rollupText(object, index.columns, index.name) : onOneLine(index.definition),
      })
    }
  }
  return byName(
    context,
    'materialized-views',
    rows.sort((a, b) => ((a.name ?? '') < (b.name ?? '') ? -1 : 1)),
  )
}
