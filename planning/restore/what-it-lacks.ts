import type { BackupRecord } from '../../contract/backup/record.ts'
import type { RestoreSpec } from '../../contract/backup/restore-spec.ts'
import { own } from '../backup/changes.ts'
import { expandBraces, globMatcher } from '../glob.ts'
import { chooseObjects } from './choose-objects.ts'

/** Nothing is named: the whole database is meant. */
export const isUnnamed = ({
  tables,
  materializedViews,
  views,
  functions,
  catalogs,
  partitions,
}: Pick<RestoreSpec, 'tables' | 'materializedViews' | 'views' | 'functions' | 'catalogs' | 'partitions'>): boolean =>
  [tables, materializedViews, views, functions, catalogs, Object.keys(partitions)].every(({ length }) => length === 0)

/**
 * Why a backup does not hold all that is asked for, in words that follow "it"; empty when it does. Whoever names no backup wants the newest that does: one
 * of a part, or one that had to leave something out, would take the place of what it never had.
 */
export function whatItLacks(record: BackupRecord, spec: RestoreSpec): string[] {
  const whole = isUnnamed(spec)
  const { missing, objects } = chooseObjects(record, spec)
  const lacks = missing.map((what) => `holds no ${what}`)
  if (whole && record.partial) lacks.push(`is of a part of ${record.database} only`)
  if (whole && record.labels.length === 0) lacks.push('holds nothing')
  const asked = [...spec.tables, ...spec.materializedViews, ...spec.views].flatMap(expandBraces).map(globMatcher)
  for (const name of Object.keys(record.lacking ?? {}))
    if (whole || asked.some((match) => match(name))) lacks.push(`lacks ${name}, which a backup before it has`)
  for (const { kind, name, partitions } of objects) {
    if (kind === 'table' && !whole && !partitions && own(record.tables, name)?.partial)
      lacks.push(`holds only some partitions of ${name}`)
  }
  return [...new Set(lacks)]
}
