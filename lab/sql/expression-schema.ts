import type { LabColumn } from '../model.ts'
import { analysisFailure } from './errors.ts'
import type { Expression } from './expression.ts'

export interface SchemaColumn {
  name: string
  type: string
  nullable: boolean
}

export const plainColumn = (c: SchemaColumn, key = false): LabColumn => ({
  name: c.name,
  type: c.type,
  key,
  nullable: c.nullable,
  autoIncrement: false,
  comment: '',
})

const integerOf = (digits: string): string => {
  const value = BigInt(digits)
  return value < 128n ? 'tinyint(4)' : value < 32768n ? 'smallint(6)' : value < 2147483648n ? 'int(11)' : 'bigint(20)'
}

/** Type of an expression, as a frontend derives it for the columns of views, materialized views and CREATE TABLE AS. */
export const expressionSchema = (
  expression: Expression,
  column: (path: string[]) => SchemaColumn,
): Omit<SchemaColumn, 'name'> => {
  const of = (e: Expression | undefined) =>
    e ? expressionSchema(e, column) : { type: 'varchar(65533)', nullable: true }
  switch (expression.kind) {
    case 'column':
      return column(expression.path)
    case 'number':
      return { type: /^\d+$/.test(expression.text) ? integerOf(expression.text) : 'double', nullable: false }
    case 'string':
      return { type: `varchar(${Math.max(1, Buffer.byteLength(expression.value))})`, nullable: false }
    case 'boolean':
    case 'is-null':
      return { type: 'boolean', nullable: false }
    case 'cast':
      return { type: expression.type, nullable: true }
    case 'in':
    case 'between':
    case 'like':
      return { type: 'boolean', nullable: true }
    case 'unary':
      return expression.op === 'NOT' ? { type: 'boolean', nullable: true } : of(expression.arg)
    case 'binary': {
      if (['=', '!=', '<', '<=', '>', '>=', '<=>', 'AND', 'OR'].includes(expression.op))
        return { type: 'boolean', nullable: true }
      const left = of(expression.left)
      const right = of(expression.right)
      const either = `${left.type} ${right.type}`
      const type =
        expression.op === '/' || /double|float/.test(either)
          ? 'double'
          : /decimal/.test(either)
            ? 'decimal(38, 10)'
            : 'bigint(20)'
      return { type, nullable: left.nullable || right.nullable || expression.op === '/' }
    }
    case 'case':
      return { type: of(expression.whens[0]?.[1]).type, nullable: true }
    case 'call':
      return callSchema(expression, of)
    case 'null':
      return { type: 'boolean', nullable: true }
    case 'star':
      throw analysisFailure('Unexpected *')
    default:
      return { type: 'varchar(65533)', nullable: true }
  }
}

const callSchema = (
  call: Extract<Expression, { kind: 'call' }>,
  of: (e: Expression | undefined) => Omit<SchemaColumn, 'name'>,
): Omit<SchemaColumn, 'name'> => {
  const first = of(call.args[0]?.kind === 'star' ? undefined : call.args[0])
  switch (call.name) {
    case 'count':
      return { type: 'bigint(20)', nullable: false }
    case 'sum':
      if (/^decimal/.test(first.type)) return { type: first.type.replace(/\(\d+/, '(38'), nullable: true }
      return {
        type: /double|float/.test(first.type) ? 'double' : /largeint/.test(first.type) ? 'largeint(40)' : 'bigint(20)',
        nullable: true,
      }
    case 'min':
    case 'max':
    case 'any_value':
      return { type: first.type, nullable: true }
    case 'avg':
      return { type: 'double', nullable: true }
    case 'bitmap_union':
    case 'to_bitmap':
    case 'bitmap_agg':
      return { type: 'bitmap', nullable: true }
    case 'hll_union':
    case 'hll_hash':
      return { type: 'hll', nullable: true }
    case 'percentile_union':
      return { type: 'percentile', nullable: true }
    case 'date_trunc':
      return { type: of(call.args[1]).type === 'date' ? 'date' : 'datetime', nullable: true }
    case 'str2date':
    case 'to_date':
    case 'date':
    case 'current_date':
      return { type: 'date', nullable: true }
    case 'now':
    case 'utc_timestamp':
    case 'time_slice':
    case 'current_timestamp':
    case 'date_add':
    case 'date_sub':
      return { type: 'datetime', nullable: true }
    case 'length':
    case 'char_length':
      return { type: 'int(11)', nullable: true }
    case 'abs':
    case 'coalesce':
    case 'ifnull':
    case 'nullif':
      return { type: first.type, nullable: true }
    case 'year':
      return { type: 'smallint(6)', nullable: true }
    case 'month':
    case 'day':
    case 'hour':
      return { type: 'tinyint(4)', nullable: true }
    default:
      return { type: 'varchar(65533)', nullable: true }
  }
}
