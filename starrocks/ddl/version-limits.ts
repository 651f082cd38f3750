import type { Table } from './model.ts'
import type { Refusal } from './refusals.ts'
import { atLeast, type DdlVersion } from './version.ts'

interface Limit {
  readonly since: readonly [number, number]
  /** What the table has that older versions do not take; undefined when it has none. */
  readonly find: (table: Table) => string | undefined
}

/** What CREATE TABLE of older lines refuses, each with the error that a frontend of the line before gave. */
const limits: readonly Limit[] = [
  // "only primary key support sort key"
  {
    since: [3, 3],
    find: (t) =>
      t.orderBy.length > 0 && t.keys?.type !== 'PRIMARY' ? 'ORDER BY on a table without primary key' : undefined,
  },
  // "Unsupported expr 'str2date(…)' in PARTITION BY clause."
  {
    since: [3, 3],
    find: (t) => (t.partitioning.kind === 'range-function' ? `PARTITION BY RANGE(${t.partitioning.text})` : undefined),
  },
  // "The list partition column does not support allow null currently"
  { since: [3, 3], find: nullableListColumn },
  // "Unexpected input ','", "Unsupported expr 'from_unixtime(…)' in PARTITION BY clause."
  { since: [3, 4], find: expressionTerm },
  // "Unexpected input 'NGRAMBF'", "… 'GIN'"
  { since: [3, 3], find: (t) => indexOfType(t, 'NGRAMBF') ?? indexOfType(t, 'GIN') },
  // "Unexpected input 'VECTOR'"
  { since: [3, 4], find: (t) => indexOfType(t, 'VECTOR') },
  // "Unexpected input '('" after CURRENT_TIMESTAMP
  {
    since: [3, 4],
    find: (t) =>
      columnWith(
        t,
        'CURRENT_TIMESTAMP with a precision',
        (c) => c.default.kind === 'now' && c.default.precision !== undefined,
      ),
  },
  // "Cannot add default value for type 'JSON'."
  {
    since: [4, 0],
    find: (t) =>
      columnWith(
        t,
        'a JSON default',
        (c) => c.default.kind === 'literal' && c.type.kind === 'scalar' && c.type.name === 'json',
      ),
  },
]

/** What of a table the target's version does not take. */
export function beyondVersion(table: Table, version: DdlVersion): Refusal[] {
  return limits.flatMap(({ since, find }) => {
    const found = atLeast(version, ...since) ? undefined : find(table)
    if (found === undefined) return []
    const reason = `it has ${found}, which exists from ${since.join('.')} on`
    return [
      { code: 'not-in-version' as const, reason, remedy: 'upgrade the target, or change the table on the source' },
    ]
  })
}

function nullableListColumn(table: Table): string | undefined {
  const { partitioning } = table
  const names =
    partitioning.kind === 'list'
      ? partitioning.columns
      : partitioning.kind === 'automatic-list'
        ? partitioning.terms.flatMap((term) => (term.kind === 'column' ? [term.name] : []))
        : []
  const nullable = table.columns.find((column) => column.nullable && names.includes(column.name))
  return nullable === undefined ? undefined : `the list partition column ${nullable.name}, which takes NULL`
}

function expressionTerm(table: Table): string | undefined {
  if (table.partitioning.kind !== 'automatic-list') return undefined
  const term = table.partitioning.terms.find((one) => one.kind === 'expression')
  return term?.kind === 'expression' ? `PARTITION BY ${term.text}` : undefined
}

function indexOfType(table: Table, type: string): string | undefined {
  const index = table.indexes.find((one) => one.type === type)
  return index === undefined ? undefined : `the ${type} index ${index.name}`
}

function columnWith(
  table: Table,
  what: string,
  has: (column: Table['columns'][number]) => boolean,
): string | undefined {
  const column = table.columns.find(has)
  return column === undefined ? undefined : `${what} in column ${column.name}`
}
