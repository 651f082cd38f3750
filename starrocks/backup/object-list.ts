import { quoteName } from '../quote.ts'
import type { Version } from '../version.ts'
import { hasNewGrammar, refused, takesMaterializedViews, unsupported } from './grammar.ts'
import type { RestoreObject, RestoreObjects, RestoreTable } from './objects.ts'

type ObjectChoice = Extract<RestoreObjects, { kind: 'objects' }>

/**
 * The list after ON: `(TABLE a PARTITION (p), VIEW b, ALL FUNCTIONS)`, below 3.4 `(a PARTITION (p), b)`.
 * Errors: `Unsupported` names what the version's grammar cannot express; `Refused` for an empty list or a name that comes twice.
 */
export function writeObjectList(version: Version, doing: 'back up' | 'restore', objects: ObjectChoice): string {
  const tables = objects.tables ?? []
  const materializedViews = (objects.materializedViews ?? []).map(named)
  const views = (objects.views ?? []).map(named)
  const functions = (objects.functions ?? []).map(named)
  const renamed = [...tables, ...materializedViews, ...views, ...functions].find((object) => aliasOf(object).length > 0)
  if (doing === 'back up' && renamed) {
    throw refused(`${renamed.name} cannot be renamed while it is backed up`, [renamed.name], 'Rename it when restoring')
  }
  // Below 3.4 names that differ only in case clash within one statement. An alias clashes with every name of it.
  const same = hasNewGrammar(version) ? (name: string) => name : (name: string) => name.toLowerCase()
  refuseTwice(
    [...tables, ...materializedViews, ...views].flatMap((object) => [object.name, ...aliasOf(object)]),
    same,
  )
  refuseTwice(
    functions.flatMap((object) => [object.name, ...aliasOf(object)]),
    same,
  )
  const items = hasNewGrammar(version)
    ? [
        ...(objects.allTables ? ['ALL TABLES'] : []),
        ...(objects.allMaterializedViews ? ['ALL MATERIALIZED VIEWS'] : []),
        ...(objects.allViews ? ['ALL VIEWS'] : []),
        ...(objects.allFunctions ? ['ALL FUNCTIONS'] : []),
        ...tables.map((table) => `TABLE ${writeTable(table)}`),
        ...materializedViews.map((view) => `MATERIALIZED VIEW ${writeNamed(view)}`),
        ...views.map((view) => `VIEW ${writeNamed(view)}`),
        ...functions.map((object) => `FUNCTION ${writeNamed(object)}`),
      ]
    : oldItems(version, doing, objects, tables, materializedViews, views, functions)
  if (items.length === 0) throw refused(`Nothing is named to ${doing}`)
  return `(${items.join(', ')})`
}

/** `name` or `name AS alias`. */
export function writeNamed(object: RestoreObject): string {
  return `${quoteName(object.name)}${asAlias(object)}`
}

export function named(object: RestoreObject | string): RestoreObject {
  return typeof object === 'string' ? { name: object } : object
}

/** Partition names, the shadow partition's too, stand in backticks: every version from 3.1 to 4.1 takes them so. */
function writeTable(table: RestoreTable): string {
  const { name, partitions } = table
  if (partitions?.length === 0) throw refused(`No partition of table ${name} is named`, [name])
  if (partitions) refuseTwice(partitions, (partition) => partition)
  const list = partitions ? ` PARTITION (${partitions.map(quoteName).join(', ')})` : ''
  return `${quoteName(name)}${list}${asAlias(table)}`
}

function asAlias(object: RestoreObject): string {
  return aliasOf(object)
    .map((alias) => ` AS ${quoteName(alias)}`)
    .join('')
}

/** StarRocks refuses `t AS t`. */
function aliasOf({ name, as }: RestoreObject): string[] {
  return as === undefined || as === name ? [] : [as]
}

function oldItems(
  version: Version,
  doing: 'back up' | 'restore',
  objects: ObjectChoice,
  tables: readonly RestoreTable[],
  materializedViews: readonly RestoreObject[],
  views: readonly RestoreObject[],
  functions: readonly RestoreObject[],
): string[] {
  if (objects.allTables || objects.allMaterializedViews || objects.allViews || objects.allFunctions) {
    throw unsupported(version, `${doing} all objects of a kind by one word`, [], 'Name each table')
  }
  const [view] = views
  if (view) {
    throw unsupported(version, `${doing} view ${view.name}`, [view.name], 'Leave views out, keep SHOW CREATE VIEW')
  }
  const [fn] = functions
  if (fn) {
    throw unsupported(version, `${doing} function ${fn.name}`, [fn.name], 'Leave functions out and create them by hand')
  }
  const [mv] = materializedViews
  if (mv && !takesMaterializedViews(version)) {
    throw unsupported(
      version,
      `${doing} materialized view ${mv.name}`,
      [mv.name],
      'Leave asynchronous materialized views out, keep SHOW CREATE MATERIALIZED VIEW',
    )
  }
  return [...tables.map(writeTable), ...materializedViews.map(writeNamed)]
}

function refuseTwice(names: readonly string[], same: (name: string) => string): void {
  const seen = new Map<string, string>()
  for (const name of names) {
    const other = seen.get(same(name))
    if (other !== undefined) {
      throw refused(
        other === name ? `${name} comes twice in one statement` : `${other} and ${name} clash in one statement`,
        [name],
        'Use one statement for each',
      )
    }
    seen.set(same(name), name)
  }
}
