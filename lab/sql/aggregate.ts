import type { LabValue } from '../model.ts'
import { compareCells } from './compare-cells.ts'
import { type Evaluation, evaluateExpression } from './evaluate.ts'
import type { Expression } from './expression.ts'

const names = new Set([
  'count',
  'sum',
  'min',
  'max',
  'avg',
  'bit_xor',
  'bitmap_union',
  'group_concat',
  'any_value',
  'bitxor',
])

/** Whether an expression holds an aggregate function. */
export const isAggregate = (expression: Expression): boolean => {
  switch (expression.kind) {
    case 'call':
      return names.has(expression.name) || expression.args.some(isAggregate)
    case 'binary':
      return isAggregate(expression.left) || isAggregate(expression.right)
    case 'unary':
    case 'cast':
    case 'is-null':
      return isAggregate(expression.arg)
    default:
      return false
  }
}

/** Sum of texts without loss: integers exactly, decimals by their scale, floats as such. */
const sum = (values: string[]): LabValue => {
  if (values.length === 0) return null
  if (values.every((v) => /^[+-]?\d+$/.test(v))) return values.reduce((n, v) => n + BigInt(v), 0n).toString()
  if (values.every((v) => /^[+-]?\d+(\.\d+)?$/.test(v))) {
    const scale = Math.max(...values.map((v) => v.split('.')[1]?.length ?? 0))
    const units = values.reduce((n, v) => {
      const [whole = '0', fraction = ''] = v.replace(/^[+-]/, '').split('.')
      const unit = BigInt(whole + fraction.padEnd(scale, '0'))
      return v.startsWith('-') ? n - unit : n + unit
    }, 0n)
    const text = (units < 0n ? -units : units).toString().padStart(scale + 1, '0')
    return `${units < 0n ? '-' : ''}${text.slice(0, -scale)}.${text.slice(-scale)}`
  }
  return values.reduce((n, v) => n + Number(v), 0)
}

/** The value of an expression over a group of rows; outside aggregate functions the group's first row counts. */
export const aggregate = (
  expression: Expression,
  group: LabValue[][],
  evaluation: (row: LabValue[]) => Evaluation,
  width: number,
): LabValue => {
  if (expression.kind !== 'call' || !names.has(expression.name)) {
    if (!isAggregate(expression)) {
      const row = group[0] ?? Array<LabValue>(width).fill(null)
      return evaluateExpression(expression, evaluation(row))
    }
    const literal = (e: Expression): Expression => {
      if (!isAggregate(e)) return e
      const value = aggregate(e, group, evaluation, width)
      return value === null ? { kind: 'null' } : { kind: 'string', value: String(value) }
    }
    const replaced: Expression =
      expression.kind === 'binary'
        ? { ...expression, left: literal(expression.left), right: literal(expression.right) }
        : expression.kind === 'call'
          ? { ...expression, args: expression.args.map(literal) }
          : expression.kind === 'unary' || expression.kind === 'cast' || expression.kind === 'is-null'
            ? { ...expression, arg: literal(expression.arg) }
            : expression
    return evaluateExpression(replaced, evaluation(group[0] ?? Array<LabValue>(width).fill(null)))
  }
  const [arg] = expression.args
  if (expression.name === 'count' && (arg === undefined || arg.kind === 'star')) return String(group.length)
  let values = group
    .map((row) => (arg ? evaluateExpression(arg, evaluation(row)) : null))
    .filter((v) => v !== null)
    .map((v) => (typeof v === 'boolean' ? (v ? '1' : '0') : String(v)))
  if (expression.distinct) values = [...new Set(values)]
  switch (expression.name) {
    case 'count':
      return String(values.length)
    case 'sum':
      return sum(values)
    case 'min':
      return values.reduce<LabValue>((a, b) => (a === null || compareCells(b, a) < 0 ? b : a), null)
    case 'max':
      return values.reduce<LabValue>((a, b) => (a === null || compareCells(b, a) > 0 ? b : a), null)
    case 'avg':
      return values.length === 0 ? null : Number(sum(values)) / values.length
    case 'bit_xor':
    case 'bitxor':
      return values.reduce((n, v) => n ^ BigInt(v), 0n).toString()
    case 'group_concat':
      return values.length === 0 ? null : values.join(', ')
    default:
      return values[0] ?? null
  }
}
