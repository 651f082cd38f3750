import type { LabColumn, LabPartitioning } from '../model.ts'
import type { LabProfile } from '../profiles/profile.ts'
import { typeName } from './data-type.ts'
import { analysisFailure, failure, LabSqlError } from './errors.ts'
import type { Expression } from './expression.ts'
import { columnPrinter } from './make-columns.ts'
import { printExpression } from './print-expression.ts'
import type { PartitionClause } from './statements.ts'

const failureAt = (place: string, message: string): LabSqlError =>
  new LabSqlError(1064, 'HY000', `Getting syntax error ${place}. Detail message: ${message}.`, 'syntax')

const argumentText = (e: Expression | undefined): string => (e?.kind === 'string' ? e.value.toLowerCase() : '')

const columnOf = (expression: Expression): string | undefined => {
  if (expression.kind === 'column') return expression.path.at(-1)
  if (expression.kind === 'call') return expression.args.map(columnOf).find((c) => c !== undefined)
  return undefined
}

/** Units of date_trunc() whose tables are range tables; the others make list tables with a generated column. */
const rangeUnits = new Set(['minute', 'hour', 'day', 'month', 'year'])

export interface ResolvedPartitioning {
  partitioning: LabPartitioning
  /** Columns that the frontend adds for expressions of list tables. */
  hidden: LabColumn[]
}

/** What a PARTITION BY clause makes of a table. */
export const resolvePartitioning = (
  profile: LabProfile,
  clause: PartitionClause | undefined,
  columns: readonly LabColumn[],
): ResolvedPartitioning => {
  if (!clause) return { partitioning: { kind: 'none', columns: [] }, hidden: [] }
  const find = (name: string): LabColumn => {
    const found = columns.find((c) => c.name.toLowerCase() === name.toLowerCase())
    if (!found) throw analysisFailure(`Partition column[${name}] does not exist in column list`)
    return found
  }
  if (clause.kind === 'range') return rangeBy(profile, clause, find)
  if (clause.kind === 'list') {
    const names = clause.expressions.map((e) => find(columnOf(e) ?? '').name)
    return { partitioning: { kind: 'list', columns: names }, hidden: [] }
  }
  return byExpressions(profile, clause, find)
}

const rangeBy = (
  profile: LabProfile,
  clause: PartitionClause,
  find: (name: string) => LabColumn,
): ResolvedPartitioning => {
  const [first] = clause.expressions
  if (first?.kind === 'call') {
    const known = ['str2date', 'from_unixtime', 'from_unixtime_ms']
    if (!known.includes(first.name) || profile.version === '3.1')
      throw failureAt(clause.places[0] ?? '', `Unsupported expr '${clause.texts[0] ?? ''}' in PARTITION BY clause`)
    const name = find(columnOf(first) ?? '').name
    return {
      partitioning: { kind: 'range', columns: [name], expression: printExpression(first, columnPrinter(false)) },
      hidden: [],
    }
  }
  const names = clause.expressions.map((e) => {
    const column = find(columnOf(e) ?? '')
    const type = typeName(column.type)
    if (!/^(TINYINT|SMALLINT|INT|BIGINT|LARGEINT|DATE|DATETIME)$/.test(type))
      throw failure(`Column[${column.name}] type[${type}] cannot be a range partition key.`)
    return column.name
  })
  return { partitioning: { kind: 'range', columns: names }, hidden: [] }
}

const byExpressions = (
  profile: LabProfile,
  clause: PartitionClause,
  find: (name: string) => LabColumn,
): ResolvedPartitioning => {
  const [only] = clause.expressions
  if (clause.expressions.length === 1 && only?.kind === 'call' && isRangeExpression(only)) {
    const name = find(columnOf(only) ?? '').name
    return {
      partitioning: {
        kind: 'expression-range',
        columns: [name],
        expression: printExpression(only, columnPrinter(false)),
      },
      hidden: [],
    }
  }
  if (profile.atLeast('3.5') && only?.kind === 'call' && clause.expressions.length === 1 && only.name === 'str2date') {
    throw analysisFailure('Only support date_trunc and time_slice as partition expression')
  }
  const hidden: LabColumn[] = []
  const names = clause.expressions.map((expression, i) => {
    if (expression.kind === 'column') return find(expression.path.at(-1) ?? '').name
    if (!profile.atLeast('3.5') || expression.kind !== 'call')
      throw failureAt(clause.places[i] ?? '', `Unsupported expr '${clause.texts[i] ?? ''}' in PARTITION BY clause`)
    const name = `__generated_partition_column_${hidden.length}`
    hidden.push({
      name,
      type: expressionType(expression, find),
      key: false,
      nullable: true,
      autoIncrement: false,
      generated: printExpression(expression, columnPrinter(true)),
      comment: '',
      hidden: true,
    })
    return name
  })
  return { partitioning: { kind: 'automatic-list', columns: names }, hidden }
}

const isRangeExpression = (call: Extract<Expression, { kind: 'call' }>): boolean => {
  if (call.name === 'time_slice') return true
  return call.name === 'date_trunc' && rangeUnits.has(argumentText(call.args[0])) && call.args[1]?.kind === 'column'
}

/** Type of a generated partition column, from the function. */
const expressionType = (call: Extract<Expression, { kind: 'call' }>, find: (name: string) => LabColumn): string => {
  switch (call.name) {
    case 'date_trunc': {
      const argument = call.args[1]
      if (argument?.kind === 'column')
        return typeName(find(argument.path.at(-1) ?? '').type) === 'DATE' ? 'date' : 'datetime'
      return argument?.kind === 'call' && argument.name === 'str2date' ? 'date' : 'datetime'
    }
    case 'str2date':
    case 'to_date':
    case 'date':
      return 'date'
    case 'from_unixtime':
    case 'substr':
    case 'substring':
    case 'date_format':
      return 'varchar(1048576)'
    case 'year':
      return 'smallint(6)'
    case 'mod':
    case 'month':
    case 'day':
      return 'tinyint(4)'
    default:
      return 'varchar(1048576)'
  }
}

/** Unit of an automatic range table's expression: `day` of date_trunc('day', d), `hour` of time_slice(d, 2, 'hour', 'floor'). */
export const automaticUnit = (partitioning: LabPartitioning): string | undefined => {
  if (partitioning.kind !== 'expression-range') return undefined
  return (
    /^date_trunc\('(\w+)'/.exec(partitioning.expression ?? '')?.[1] ??
    /^time_slice\(.*, '(\w+)', '\w+'\)$/.exec(partitioning.expression ?? '')?.[1]
  )
}
