import type { LabSqlContext } from '../sql/context.ts'

/** Tables of the system databases that the lab can answer from; undefined for a database of users. */
export const systemTableNames = (context: LabSqlContext, database: string): string[] | undefined => {
  if (database === 'information_schema') return Object.keys(context.profile.informationSchema).sort()
  return database === 'sys' || database === '_statistics_' ? [] : undefined
}
