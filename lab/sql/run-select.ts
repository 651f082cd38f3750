import { scanRows } from '../data/index.ts'
import type { LabDatabase, LabTable, LabValue } from '../model.ts'
import { aggregate, isAggregate } from './aggregate.ts'
import { compareCells } from './compare-cells.ts'
import type { LabCell, LabResult, LabResultColumn, LabSession, LabSqlContext } from './context.ts'
import { analysisFailure, LabSqlError } from './errors.ts'
import { evaluateExpression } from './evaluate.ts'
import type { Expression, Query, Relation, Select } from './expression.ts'
import { onObject } from './has-privilege.ts'
import { mentionedColumns } from './mentioned-columns.ts'
import { printExpression } from './print-expression.ts'
import { demand } from './privileges.ts'
import { databaseName, findPartitionByName } from './resolve.ts'
import { sessionFunction } from './session-functions.ts'
import { systemTableRows } from './system-table-rows.ts'
import { unknownVariable, variableValue } from './variables.ts'
import { wireTypeOf } from './wire-type.ts'

export interface Rows {
  columns: LabResultColumn[]
  /** Qualifier of each column (table or alias), for name resolution. */
  qualifiers: string[]
  rows: LabValue[][]
  /** Whether a backend had to compute them. */
  fromBackend: boolean
}

const unresolved = (path: string[]) => analysisFailure(`Column '${path.join('.')}' cannot be resolved`)

/** Rows of a SELECT as text, as the wire carries them. */
export const runSelect = (context: LabSqlContext, session: LabSession, query: Query): LabResult => {
  const result = queryRows(context, session, query)
  // A frontend alone analyzes and plans; without backends no row comes back.
  const rows = result.fromBackend && !context.backendsAnswer() ? [] : result.rows
  for (const row of rows) makeText(row)
  return { columns: result.columns, rows: rows as LabCell[][], affectedRows: 0 }
}

/** In place: a SELECT's rows are its own, and there may be hundreds of thousands. */
const makeText = (row: LabValue[]): void => {
  for (let place = 0; place < row.length; place++) {
    const value = row[place]
    if (typeof value === 'string' || value === null || value === undefined) continue
    row[place] = typeof value === 'boolean' ? (value ? '1' : '0') : String(value)
  }
}

export const queryRows = (
  context: LabSqlContext,
  session: LabSession,
  query: Query,
  ctes: ReadonlyMap<string, Rows> = new Map(),
): Rows => {
  const known = new Map(ctes)
  for (const { name, columns, query: inner } of query.with) {
    const rows = queryRows(context, session, inner, known)
    if (columns.length > 0) rows.columns = rows.columns.map((c, i) => ({ ...c, name: columns[i] ?? c.name }))
    known.set(name.toLowerCase(), { ...rows, qualifiers: rows.columns.map(() => name) })
  }
  return body(context, session, query.body, query, known)
}

const body = (
  context: LabSqlContext,
  session: LabSession,
  part: Query['body'],
  query: Query,
  ctes: ReadonlyMap<string, Rows>,
): Rows => {
  if (part.kind === 'select') return select(context, session, part, query, ctes)
  const inner: Query = { with: [], body: part.left, orderBy: [], start: 0, end: 0 }
  const left = body(context, session, part.left, inner, ctes)
  const right = body(context, session, part.right, inner, ctes)
  let rows = [...left.rows, ...right.rows]
  if (!part.all) rows = distinct(rows)
  if (query.orderBy.length > 0) {
    const column = (row: LabValue[]) => (path: string[]) => {
      const at = left.columns.findIndex((c) => c.name.toLowerCase() === path.at(-1)?.toLowerCase())
      if (at < 0) throw unresolved(path)
      return row[at] ?? null
    }
    rows = sorted(rows, query, (row, e) => evaluateExpression(e, { column: column(row) }))
  }
  return { ...left, rows: cut(rows, query), fromBackend: left.fromBackend || right.fromBackend }
}

const distinct = (rows: LabValue[][]): LabValue[][] => {
  const seen = new Set<string>()
  return rows.filter((row) => {
    const key = JSON.stringify(row.map((v) => (v === null ? null : String(v))))
    return !seen.has(key) && seen.add(key)
  })
}

const cut = (rows: LabValue[][], query: Query): LabValue[][] =>
  query.limit === undefined ? rows : rows.slice(query.offset ?? 0, (query.offset ?? 0) + query.limit)

const sorted = <T>(rows: T[], query: Query, value: (row: T, e: Expression) => LabValue): T[] =>
  rows.toSorted((a, b) => {
    for (const { expression, descending } of query.orderBy) {
      const order = compareCells(value(a, expression), value(b, expression))
      if (order !== 0) return descending ? -order : order
    }
    return 0
  })

const select = (
  context: LabSqlContext,
  session: LabSession,
  part: Select,
  query: Query,
  ctes: ReadonlyMap<string, Rows>,
): Rows => {
  const source = part.from
    ? relation(context, session, part.from, ctes, part.where, mentionedColumns(part, query))
    : undefined
  const input: Rows = source ?? { columns: [], qualifiers: [], rows: [[]], fromBackend: false }
  const places = new Map<string[], number>()
  const find = (path: string[]): number => {
    let place = places.get(path)
    if (place === undefined) {
      place = findColumn(input, path)
      places.set(path, place)
    }
    return place
  }
  const nowMs = context.state.now()
  const evaluation = (row: LabValue[]) => ({
    column: (path: string[]) => row[find(path)] ?? null,
    variable: (scope: string, name: string) => {
      const value = variableValue(context, session, scope, name)
      if (value === undefined) throw unknownVariable(name, 'analysis')
      return value
    },
    function: (name: string, args: LabValue[]) => sessionFunction(context, session, name, args),
    subquery: (inner: Query) => queryRows(context, session, inner, ctes).rows,
    nowMs,
  })
  const items = expandStars(part, input)
  const columns = items.map(({ expression, name }) => ({ name, type: wireTypeOf(expression, input.columns, find) }))
  const matching = part.where
    ? input.rows.filter((row) => {
        const value = evaluateExpression(part.where as Expression, evaluation(row))
        return value !== null && value !== false && value !== 0 && value !== '0'
      })
    : input.rows
  // 3.1 computes not even constants by itself.
  const fromBackend =
    context.profile.version === '3.1' ||
    input.fromBackend ||
    items.some(({ expression }) => mentions(expression, 'current_version'))
  const aliases = new Map(items.map(({ name, expression }) => [name.toLowerCase(), expression]))
  const resolveAlias = (e: Expression): Expression => {
    if (e.kind === 'number' && /^\d+$/.test(e.text)) return items[Number(e.text) - 1]?.expression ?? e
    if (e.kind !== 'column' || e.path.length !== 1) return e
    const alias = aliases.get((e.path[0] ?? '').toLowerCase())
    return alias && !hasColumn(input, e.path) ? alias : e
  }
  const grouped =
    part.groupBy.length > 0 || items.some(({ expression }) => isAggregate(expression)) || part.having !== undefined
  // Most questions take plain columns of every row, and some tables have hundreds of thousands of rows.
  if (!grouped && query.orderBy.length === 0 && !part.distinct && items.every((e) => e.expression.kind === 'column')) {
    const places = items.map(({ expression }) => (expression.kind === 'column' ? find(expression.path) : 0))
    const rows = cut(matching, query).map((row) => places.map((place) => row[place] ?? null))
    return { columns, qualifiers: columns.map(() => ''), rows, fromBackend }
  }
  let groups: LabValue[][][] = matching.map((row) => [row])
  if (grouped) {
    const keys = part.groupBy.map(resolveAlias)
    const byKey = new Map<string, LabValue[][]>()
    for (const row of matching) {
      const key = JSON.stringify(keys.map((e) => String(evaluateExpression(e, evaluation(row)))))
      const group = byKey.get(key)
      if (group) group.push(row)
      else byKey.set(key, [row])
    }
    groups = part.groupBy.length === 0 && byKey.size === 0 ? [[]] : [...byKey.values()]
  }
  const value = (group: LabValue[][], e: Expression): LabValue =>
    grouped ? aggregate(e, group, evaluation, input.columns.length) : evaluateExpression(e, evaluation(group[0] ?? []))
  if (part.having) {
    const having = part.having
    groups = groups.filter((g) => value(g, having) === true)
  }
  if (query.orderBy.length > 0) groups = sorted(groups, query, (g, e) => value(g, resolveAlias(e)))
  let rows = groups.map((g) => items.map(({ expression }) => value(g, expression)))
  if (part.distinct) rows = distinct(rows)
  return { columns, qualifiers: columns.map(() => ''), rows: cut(rows, query), fromBackend }
}

const mentions = (expression: Expression, name: string): boolean =>
  expression.kind === 'call' && expression.name === name

const hasColumn = (input: Rows, path: string[]): boolean =>
  input.columns.some((c) => c.name.toLowerCase() === path.at(-1)?.toLowerCase())

const findColumn = (input: Rows, path: string[]): number => {
  const name = path.at(-1)?.toLowerCase()
  const table = path.at(-2)?.toLowerCase()
  const at = input.columns.findIndex(
    (c, i) => c.name.toLowerCase() === name && (table === undefined || input.qualifiers[i]?.toLowerCase() === table),
  )
  if (at < 0) throw unresolved(path)
  return at
}

const expandStars = (part: Select, input: Rows): { expression: Expression; name: string }[] =>
  part.items.flatMap(({ expression, alias, text }) => {
    if (expression.kind !== 'star') {
      const name =
        alias ?? (expression.kind === 'column' ? (expression.path.at(-1) ?? '') : shownName(expression, text))
      return [{ expression, name }]
    }
    const table = expression.path.at(-1)?.toLowerCase()
    return input.columns.flatMap((c, i) => {
      const qualifier = input.qualifiers[i] ?? ''
      if (table !== undefined && qualifier.toLowerCase() !== table) return []
      return [
        {
          expression: { kind: 'column' as const, path: qualifier === '' ? [c.name] : [qualifier, c.name] },
          name: c.name,
        },
      ]
    })
  })

const shownName = (expression: Expression, text: string): string =>
  printable(expression) ? printExpression(expression, { column: (path) => path.at(-1) ?? '' }) : text

const printable = (expression: Expression): boolean => expression.kind !== 'subquery'

const relation = (
  context: LabSqlContext,
  session: LabSession,
  from: Relation,
  ctes: ReadonlyMap<string, Rows>,
  where?: Expression,
  mentioned?: ReadonlySet<string>,
): Rows => {
  if (from.kind === 'subquery') {
    const inner = queryRows(context, session, from.query, ctes)
    return { ...inner, qualifiers: inner.columns.map(() => from.alias) }
  }
  if (from.kind === 'join') return join(context, session, from, ctes)
  if (from.database === undefined) {
    const cte = ctes.get(from.name.toLowerCase())
    if (cte) return { ...cte, qualifiers: cte.columns.map(() => from.alias ?? from.name) }
  }
  const dbName = databaseName(session, from)
  const qualifier = from.alias ?? from.name
  const system = systemTableRows(context, session, dbName, from.name, where, mentioned)
  if (system) return { ...system, qualifiers: system.columns.map(() => qualifier), fromBackend: true }
  const database = context.state.databases.get(dbName)
  if (!database)
    throw new LabSqlError(
      5501,
      '3F000',
      `Getting analyzing error. Detail message: Unknown database '${dbName}'.`,
      'analysis',
    )
  const object = database.objects.get(from.name)
  if (!object) {
    throw new LabSqlError(
      5502,
      '42602',
      `Getting analyzing error. Detail message: Unknown table '${dbName}.${from.name}'.`,
      'analysis',
    )
  }
  demand(session, ['SELECT'], `TABLE ${from.name}`, onObject(database, object))
  if (object.kind === 'table' && object.state === 'RESTORE')
    throw analysisFailure("Table state is not NORMAL: 'RESTORING'", 5014)
  if (object.kind === 'table') return tableRows(context, database, object, from, where)
  if (object.kind === 'view') {
    const inner = context.queryView(object, dbName)
    return { ...inner, qualifiers: inner.columns.map(() => qualifier), fromBackend: true }
  }
  const columns = (object.kind === 'external-table' ? object.columns : object.schema).map((c) => ({
    name: c.name,
    type: 'VAR_STRING',
  }))
  return { columns, qualifiers: columns.map(() => qualifier), rows: [], fromBackend: true }
}

const tableRows = (
  context: LabSqlContext,
  database: LabDatabase,
  table: LabTable,
  from: Extract<Relation, { kind: 'table' }>,
  where: Expression | undefined,
): Rows => {
  void database
  const names = from.partitions?.map((name) => {
    const partition = findPartitionByName(context.state, table, name, false)
    if (!partition) throw analysisFailure(`Unknown partition '${name}' in table '${table.name}'`)
    return partition.name
  })
  const all = table.indexes[0]?.columns ?? []
  const shown = all.map((c, i) => ({ c, i })).filter(({ c }) => !c.hidden || !context.profile.atLeast('4.1'))
  const equals = where ? equalities(where) : undefined
  const rows: LabValue[][] = []
  for (const row of scanRows(table, { ...(names ? { partitions: names } : {}), ...(equals ? { equals } : {}) })) {
    rows.push(shown.length === all.length ? row : shown.map(({ i }) => row[i] ?? null))
  }
  return {
    columns: shown.map(({ c }) => ({ name: c.name, type: columnWireType(c.type) })),
    qualifiers: shown.map(() => from.alias ?? table.name),
    rows,
    fromBackend: true,
  }
}

/** MySQL wire type of a column type. */
export const columnWireType = (type: string): string => {
  const name = /^[a-z]+/.exec(type)?.[0] ?? ''
  const types: Record<string, string> = {
    boolean: 'CHAR',
    tinyint: 'CHAR',
    smallint: 'SHORT',
    int: 'LONG',
    bigint: 'LONGLONG',
    float: 'FLOAT',
    double: 'DOUBLE',
    decimal: 'NEWDECIMAL',
    date: 'DATE',
    datetime: 'DATETIME',
  }
  return types[name] ?? 'VAR_STRING'
}

/** Values that a WHERE clause demands by `column = literal` joined by AND. */
const equalities = (where: Expression): Map<string, LabValue> | undefined => {
  const found = new Map<string, LabValue>()
  const walk = (e: Expression): void => {
    if (e.kind !== 'binary') return
    if (e.op === 'AND') {
      walk(e.left)
      walk(e.right)
    } else if (e.op === '=' && e.left.kind === 'column') {
      if (e.right.kind === 'string') found.set((e.left.path.at(-1) ?? '').toLowerCase(), e.right.value)
      if (e.right.kind === 'number') found.set((e.left.path.at(-1) ?? '').toLowerCase(), e.right.text)
    }
  }
  walk(where)
  return found.size > 0 ? found : undefined
}

const join = (
  context: LabSqlContext,
  session: LabSession,
  from: Extract<Relation, { kind: 'join' }>,
  ctes: ReadonlyMap<string, Rows>,
): Rows => {
  const left = relation(context, session, from.left, ctes)
  const right = relation(context, session, from.right, ctes)
  const both: Rows = {
    columns: [...left.columns, ...right.columns],
    qualifiers: [...left.qualifiers, ...right.qualifiers],
    rows: [],
    fromBackend: left.fromBackend || right.fromBackend,
  }
  const on = from.on
  const hit = (row: LabValue[]): boolean => {
    if (!on) return true
    const value = evaluateExpression(on, {
      column: (path) => row[findColumn(both, path)] ?? null,
      nowMs: context.state.now(),
    })
    return value === true
  }
  for (const a of left.rows) {
    let found = false
    for (const b of right.rows) {
      const row = [...a, ...b]
      if (!hit(row)) continue
      found = true
      both.rows.push(row)
    }
    if (!found && from.type.startsWith('LEFT')) both.rows.push([...a, ...right.columns.map(() => null)])
  }
  return both
}
