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

/**
 * Writes a synchronous materialized view again from the text that SHOW MATERIALIZED VIEWS keeps, with the target's names. Undefined when
 * the text is not what its creator typed.
 */
export function writeSyncView(
  text: string,
  options: { readonly source: ObjectName; readonly rename?: Rename },
): string | undefined {
  const found =
    /^\s*CREATE\s+MATERIALIZED\s+VIEW\s+(?:IF\s+NOT\s+EXISTS\s+)?((?:`[^`]+`|[^\s`.(]+)(?:\s*\.\s*(?:`[^`]+`|[^\s`.(]+))*)\s+/i.exec(
      text,
    )
  if (!found) return undefined
  const { rename = keepNames, source } = options
  // The view lives in the table's database; its own name is the index's, which replication matches by name.
  const target = rename(source)
  const rest = text.slice(found[0].length).trim().replace(/;\s*$/, '')
  const name = quoteQualified(target.database, lastName(found[1] ?? ''))
  const query = /\bAS\s/i.exec(rest)
  if (!query) return undefined
  const head = rest.slice(0, query.index)
  const body = renameReferences(rest.slice(query.index + query[0].length), source.database, rename)
  return `CREATE MATERIALIZED VIEW ${name} ${head}AS ${body}`
}

function lastName(qualified: string): string {
  const quoted = /`([^`]+)`\s*$/.exec(qualified)
  return quoted?.[1] ?? qualified.split('.').at(-1)?.trim() ?? qualified
}
