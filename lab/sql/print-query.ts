import { columnsOf } from '../show/describe.ts'
import type { LabSession, LabSqlContext } from './context.ts'
import { analysisFailure, LabSqlError } from './errors.ts'
import type { Expression, Query, Relation, Select } from './expression.ts'
import { expressionSchema, type SchemaColumn } from './expression-schema.ts'
import { printExpression, printString } from './print-expression.ts'
import { databaseName } from './resolve.ts'

const quote = (name: string): string => `\`${name}\``

interface ScopeRelation {
  database?: string
  /** Alias, or the table's name. */
  name: string
  columns: SchemaColumn[]
}

type Scope = ScopeRelation[]
type CommonTables = ReadonlyMap<string, SchemaColumn[]>

export interface PrintedQuery {
  columns: SchemaColumn[]
  text: string
}

export interface QueryStyle {
  /** Whether columns bear their database too: views do, materialized views do not. */
  withDatabase: boolean
}

/**
 * Analyzes a query and prints it as frontends before 4.1 keep it: every column qualified, stars expanded, one clause a line.
 * Throws the analyzer's errors for tables and columns that are not there.
 */
export const printQuery = (
  context: LabSqlContext,
  session: LabSession,
  query: Query,
  style: QueryStyle,
  outer: CommonTables = new Map(),
): PrintedQuery => {
  const known = new Map(outer)
  const withTexts: string[] = []
  for (const cte of query.with) {
    const inner = printQuery(context, session, cte.query, style, known)
    const columns = inner.columns.map((c, i) => ({ ...c, name: cte.columns[i] ?? c.name }))
    known.set(cte.name.toLowerCase(), columns)
    withTexts.push(`${quote(cte.name)} (${columns.map((c) => quote(c.name)).join(', ')}) AS (${inner.text})`)
  }
  const printer = new QueryPrinter(context, session, style, known)
  const { columns, text, scope } = printer.body(query.body)
  const parts = [withTexts.length > 0 ? `WITH ${withTexts.join(', ')} ` : '', text]
  if (query.orderBy.length > 0) {
    const items = query.orderBy.map(
      ({ expression, descending }) =>
        `${printer.expression(expression, scope, columns)} ${descending ? 'DESC' : 'ASC'} `,
    )
    parts.push(` ORDER BY ${items.join(', ')}`)
  }
  if (query.limit !== undefined) parts.push(` LIMIT ${query.offset ? `${query.offset}, ` : ''}${query.limit}`)
  return { columns, text: parts.join('') }
}

class QueryPrinter {
  readonly #context: LabSqlContext
  readonly #session: LabSession
  readonly #style: QueryStyle
  readonly #known: CommonTables

  constructor(context: LabSqlContext, session: LabSession, style: QueryStyle, known: CommonTables) {
    this.#context = context
    this.#session = session
    this.#style = style
    this.#known = known
  }

  body(body: Query['body']): PrintedQuery & { scope: Scope } {
    if (body.kind === 'select') return this.#select(body)
    const left = this.body(body.left)
    const right = this.body(body.right)
    return { columns: left.columns, text: `${left.text} UNION ${body.all ? 'ALL ' : ''}${right.text}`, scope: [] }
  }

  expression(expression: Expression, scope: Scope, outputs: readonly SchemaColumn[] = []): string {
    return printExpression(expression, {
      column: (path) => {
        const found = this.#find(scope, path)
        if (!found) {
          const output =
            path.length === 1 ? outputs.find((c) => c.name.toLowerCase() === path[0]?.toLowerCase()) : undefined
          if (output) return quote(output.name)
          throw analysisFailure(`Column '${path.join('.')}' cannot be resolved`)
        }
        return this.#qualified(found.relation, found.column.name)
      },
      string: printString,
    })
  }

  #qualified(relation: ScopeRelation, column: string): string {
    const parts = [relation.name, column].map(quote)
    if (relation.database !== undefined && this.#style.withDatabase) parts.unshift(quote(relation.database))
    return parts.join('.')
  }

  #find(scope: Scope, path: string[]): { relation: ScopeRelation; column: SchemaColumn } | undefined {
    const name = path.at(-1)?.toLowerCase()
    const table = path.at(-2)?.toLowerCase()
    for (const relation of scope) {
      if (table !== undefined && relation.name.toLowerCase() !== table) continue
      const column = relation.columns.find((c) => c.name.toLowerCase() === name)
      if (column) return { relation, column }
    }
    return undefined
  }

  #select(select: Select): PrintedQuery & { scope: Scope } {
    const scope: Scope = []
    const from = select.from ? this.#relation(select.from, scope) : ''
    const column = (path: string[]): SchemaColumn => {
      const found = this.#find(scope, path)
      if (!found) throw analysisFailure(`Column '${path.join('.')}' cannot be resolved`)
      return found.column
    }
    const columns: SchemaColumn[] = []
    const items: string[] = []
    for (const item of select.items) {
      if (item.expression.kind === 'star') {
        const table = item.expression.path.at(-1)?.toLowerCase()
        for (const relation of scope) {
          if (table !== undefined && relation.name.toLowerCase() !== table) continue
          for (const c of relation.columns) {
            columns.push(c)
            items.push(this.#qualified(relation, c.name))
          }
        }
        continue
      }
      const text = this.expression(item.expression, scope)
      const bare =
        item.expression.kind === 'column' ? (item.expression.path.at(-1) ?? '') : this.#shownName(item.expression)
      columns.push({
        ...expressionSchema(item.expression, column),
        name: item.alias ?? (item.expression.kind === 'column' ? column(item.expression.path).name : bare),
      })
      items.push(item.alias !== undefined ? `${text} AS ${quote(item.alias)}` : text)
    }
    const lines = [`SELECT ${select.distinct ? 'DISTINCT ' : ''}${items.join(', ')}`]
    if (from !== '') lines.push(`FROM ${from}`)
    if (select.where) lines.push(`WHERE ${this.expression(select.where, scope)}`)
    if (select.groupBy.length > 0)
      lines.push(
        `GROUP BY ${select.groupBy.map((e) => this.expression(this.#alias(select, e, scope), scope)).join(', ')}`,
      )
    if (select.having) lines.push(`HAVING ${this.expression(select.having, scope, columns)}`)
    return { columns, text: lines.join('\n'), scope }
  }

  /** GROUP BY may name an output column. */
  #alias(select: Select, e: Expression, scope: Scope): Expression {
    if (e.kind !== 'column' || e.path.length !== 1 || this.#find(scope, e.path)) return e
    return select.items.find((item) => item.alias?.toLowerCase() === e.path[0]?.toLowerCase())?.expression ?? e
  }

  #shownName(expression: Expression): string {
    return printExpression(expression, { column: (path) => path.at(-1) ?? '' })
  }

  #relation(relation: Relation, scope: Scope): string {
    if (relation.kind === 'join') {
      const left = this.#relation(relation.left, scope)
      const right = this.#relation(relation.right, scope)
      if (relation.type === ',') return `${left} , ${right} `
      const on = relation.on ? ` ON ${this.expression(relation.on, scope)}` : ''
      return `${left} ${relation.type} ${right}${on}`
    }
    if (relation.kind === 'subquery') {
      const inner = printQuery(this.#context, this.#session, relation.query, this.#style, this.#known)
      scope.push({ name: relation.alias, columns: inner.columns })
      return `(${inner.text}) ${quote(relation.alias)}`
    }
    const common = relation.database === undefined ? this.#known.get(relation.name.toLowerCase()) : undefined
    const alias = relation.alias === undefined ? '' : ` AS ${quote(relation.alias)}`
    if (common) {
      scope.push({ name: relation.alias ?? relation.name, columns: common })
      return `${quote(relation.name)}${alias}`
    }
    const dbName = databaseName(this.#session, relation)
    const database = this.#context.state.databases.get(dbName)
    if (!database)
      throw new LabSqlError(
        5501,
        '3F000',
        `Getting analyzing error. Detail message: Unknown database '${dbName}'.`,
        'analysis',
      )
    const object = database.objects.get(relation.name)
    if (!object)
      throw new LabSqlError(
        5502,
        '42602',
        `Getting analyzing error. Detail message: Unknown table '${dbName}.${relation.name}'.`,
        'analysis',
      )
    const columns = columnsOf(object).filter((c) => !c.hidden)
    scope.push({ database: dbName, name: relation.alias ?? relation.name, columns })
    return `${quote(dbName)}.${quote(relation.name)}${alias}`
  }
}
