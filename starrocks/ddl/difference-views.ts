import { canonicalQuery, readsStar } from './canonical-query.ts'
import type { Difference, DifferenceAction, DifferenceKind } from './difference.ts'
import { materializedViewProperties } from './materialized-view-properties.ts'
import type { MaterializedView, View, ViewColumn } from './model.ts'
import { dependencies, renameReferences } from './references.ts'
import { keepNames, type ObjectName, type Placement, type Rename, type TargetCluster } from './target.ts'
import { atLeast, type DdlVersion } from './version.ts'
import { writeNames } from './write-column.ts'

export interface ViewContext {
  readonly target: TargetCluster
  readonly sourceVersion?: DdlVersion
  readonly source: ObjectName
  readonly rename?: Rename
  readonly placement?: Placement
  readonly unknownProperties?: ReadonlySet<string>
}

const recreate: DifferenceAction = { kind: 'recreate' }

/** What differs between a view or a materialized view of the source and its copy. Neither holds copied rows: both may be made again. */
export function viewDifference(
  source: View | MaterializedView,
  target: View | MaterializedView,
  context: ViewContext,
): Difference[] {
  const found: Difference[] = []
  const check = (kind: DifferenceKind, path: string, a: string, b: string, action = recreate) => {
    if (a !== b) found.push({ kind, path, source: a, target: b, action })
  }
  check('engine', 'kind', source.kind, target.kind)
  check('columns', 'columns', columnsText(source.columns), columnsText(target.columns))
  check('comment', 'comment', plainComment(source.comment), plainComment(target.comment))
  found.push(...queryDifference(source, target, context))
  if (source.kind === 'view' && target.kind === 'view') {
    const wanted = atLeast(context.target.version, 3, 5) ? (source.security ?? 'NONE') : 'NONE'
    check('security', 'security', wanted, target.security ?? 'NONE')
  }
  if (source.kind === 'materialized-view' && target.kind === 'materialized-view')
    found.push(...ownDifferences(source, target, context))
  return found
}

function columnsText(columns: readonly ViewColumn[]): string {
  return JSON.stringify(columns.map(({ name, comment }) => [name.toLowerCase(), comment]))
}

function plainComment(comment: string): string {
  return comment === 'MATERIALIZED_VIEW' || comment === 'VIEW' ? '' : comment
}

function queryDifference(
  source: View | MaterializedView,
  target: View | MaterializedView,
  context: ViewContext,
): Difference[] {
  const { rename = keepNames } = context
  const renamed = renameReferences(source.query, context.source.database, rename)
  const database = rename(context.source).database
  const wanted = canonicalQuery(renamed, database)
  const actual = canonicalQuery(target.query, database)
  if (wanted === actual) return []
  // From 4.1 on the typed text is printed, before it the analyzed one, in which a star is its columns: what is selected cannot be compared as
  // text, so what it is read from, and under which conditions, must do.
  const expanded = readsStar(renamed) !== readsStar(target.query)
  const sameSource =
    JSON.stringify(tables(renamed, database)) === JSON.stringify(tables(target.query, database)) &&
    fromOn(wanted) === fromOn(actual)
  const action: DifferenceAction = expanded && sameSource ? { kind: 'report' } : recreate
  return [{ kind: 'query', path: 'query', source: renamed, target: target.query, action }]
}

function fromOn(canonical: string): string {
  const at = canonical.indexOf(' from ')
  return at < 0 ? canonical : canonical.slice(at)
}

function tables(query: string, database: string): string[] {
  return dependencies(query, database)
    .map((name) => JSON.stringify([name.database, name.name]))
    .sort()
}

function ownDifferences(source: MaterializedView, target: MaterializedView, context: ViewContext): Difference[] {
  const found: Difference[] = []
  const check = (kind: DifferenceKind, path: string, a: string, b: string) => {
    if (a !== b) found.push({ kind, path, source: a, target: b, action: recreate })
  }
  check('partitioning', 'partitionBy', plain(source.partitionBy), plain(target.partitionBy))
  check(
    'distribution',
    'distribution',
    JSON.stringify(source.distribution ?? null),
    JSON.stringify(target.distribution ?? null),
  )
  check('order-by', 'orderBy', writeNames(source.orderBy), writeNames(target.orderBy))
  // DEFERRED is starferry's own, and no version prints IMMEDIATE.
  const refresh = (view: MaterializedView) =>
    JSON.stringify([view.refresh?.scheme, view.refresh?.start, view.refresh?.every?.toUpperCase()])
  check('refresh', 'refresh', refresh(source), refresh(target))
  const { create } = materializedViewProperties(source, context)
  for (const [property, wanted] of Object.entries(create)) {
    const actual = target.properties[property]
    if (actual === wanted || (actual === undefined && property === 'storage_medium' && wanted === 'HDD')) continue
    found.push({
      kind: 'property',
      path: `properties.${property}`,
      source: wanted,
      target: actual ?? '',
      action: recreate,
    })
  }
  return found
}

function plain(text: string | undefined): string {
  return canonicalQuery(text ?? '', '')
}
