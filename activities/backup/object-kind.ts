import type { ObjectKind } from '../../contract/backup/objects.ts'
import { isMaterializedView, type Table } from '../../starrocks/index.ts'

/** As what a spec counts something that SHOW PROC lists with the tables. */
export function objectKind({ type }: Pick<Table, 'type'>): ObjectKind {
  if (type === 'VIEW') return 'views'
  return isMaterializedView(type) ? 'materializedViews' : 'tables'
}
