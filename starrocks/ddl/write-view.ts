import type { DroppedProperty } from './decide-properties.ts'
import { materializedViewProperties } from './materialized-view-properties.ts'
import type { MaterializedView, Refresh, View, ViewColumn } from './model.ts'
import { quoteName, quoteProperties, quoteQualified, quoteString } from './quote.ts'
import { renameReferences } from './references.ts'
import { keepNames, type ObjectName, type Placement, type Rename, type TargetCluster } from './target.ts'
import { atLeast } from './version.ts'
import { writeDistribution, writeIndex, writeNames } from './write-column.ts'

export interface WriteViewOptions {
  readonly target: TargetCluster
  /** The source's name of the view. */
  readonly source: ObjectName
  readonly rename?: Rename
  readonly placement?: Placement
  /** Names that the target called unknown in an earlier try. */
  readonly unknownProperties?: ReadonlySet<string>
}

export interface WrittenView {
  readonly statement: string
  readonly dropped: readonly DroppedProperty[]
  readonly warnings: readonly string[]
}

/** Writes CREATE VIEW with the target's names. SECURITY exists from 3.5 on; NONE, which says nothing, is not written. */
export function writeView(view: View, options: WriteViewOptions): WrittenView {
  const { rename = keepNames, source, target } = options
  const name = rename(source)
  const warnings: string[] = []
  const parts = [`CREATE VIEW ${quoteQualified(name.database, name.name)}${writeViewColumns(view.columns)}`]
  if (view.comment !== '') parts.push(`COMMENT ${quoteString(view.comment)}`)
  if (view.security === 'INVOKER') {
    if (atLeast(target.version, 3, 5)) parts.push('SECURITY INVOKER')
    else warnings.push('SECURITY INVOKER is not known to the target: whoever may read the view reads its tables')
  }
  parts.push(`AS ${renameReferences(view.query, source.database, rename)}`)
  return { statement: parts.join('\n'), dropped: [], warnings }
}

function writeViewColumns(columns: readonly ViewColumn[], indexes: readonly string[] = []): string {
  if (columns.length === 0) return ''
  const texts = columns.map(({ name, comment }) =>
    comment === '' ? quoteName(name) : `${quoteName(name)} COMMENT ${quoteString(comment)}`,
  )
  return ` (${[...texts, ...indexes].join(', ')})`
}

/**
 * Writes CREATE MATERIALIZED VIEW with the target's names, always DEFERRED: a refresh at once would read base tables that are still being
 * copied. Its rows are not copied; the first refresh makes them.
 */
export function writeMaterializedView(view: MaterializedView, options: WriteViewOptions): WrittenView {
  const { rename = keepNames, source } = options
  const name = rename(source)
  const { create, dropped } = materializedViewProperties(view, options)
  const parts = [
    `CREATE MATERIALIZED VIEW ${quoteQualified(name.database, name.name)}${writeViewColumns(view.columns, view.indexes.map(writeIndex))}`,
  ]
  if (view.comment !== '' && view.comment !== 'MATERIALIZED_VIEW') parts.push(`COMMENT ${quoteString(view.comment)}`)
  if (view.partitionBy !== undefined) parts.push(`PARTITION BY (${view.partitionBy})`)
  if (view.distribution) parts.push(writeDistribution(view.distribution))
  if (view.orderBy.length > 0) parts.push(`ORDER BY ${writeNames(view.orderBy)}`)
  if (view.refresh) parts.push(writeRefresh(view.refresh))
  if (Object.keys(create).length > 0) parts.push(`PROPERTIES ${quoteProperties(Object.entries(create))}`)
  parts.push(`AS ${renameReferences(view.query, source.database, rename)}`)
  return { statement: parts.join('\n'), dropped, warnings: [] }
}

function writeRefresh(refresh: Refresh): string {
  const start = refresh.start === undefined ? '' : ` START(${quoteString(refresh.start)})`
  const every = refresh.every === undefined ? '' : ` EVERY(INTERVAL ${refresh.every})`
  return `REFRESH DEFERRED ${refresh.scheme}${start}${every}`
}
