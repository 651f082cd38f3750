import { evaluate as evaluateCall } from '../data/index.ts'
import type { LabValue } from '../model.ts'
import { compareCells } from './compare-cells.ts'
import { analysisFailure } from './errors.ts'
import type { Expression, Query } from './expression.ts'
import { likePattern } from './like.ts'

export interface Evaluation {
  column(path: string[]): LabValue
  variable?(scope: string, name: string): LabValue
  /** Functions of the session, such as database(); undefined when it is none of them. */
  function?(name: string, args: LabValue[]): LabValue | undefined
  /** Rows of a subquery. */
  subquery?(query: Query): LabValue[][]
  nowMs?: number
}

const truth = (value: LabValue): boolean | null =>
  value === null ? null : !(value === false || value === 0 || value === 0n || value === '0' || value === '')

const flip = (value: boolean | null): LabValue => (value === null ? null : !value)

const compare = (op: string, a: LabValue, b: LabValue): LabValue => {
  if (op === '<=>') return a === null || b === null ? a === b : compareCells(asText(a), asText(b)) === 0
  if (a === null || b === null) return null
  const order = compareCells(asText(a), asText(b))
  switch (op) {
    case '=':
      return order === 0
    case '!=':
      return order !== 0
    case '<':
      return order < 0
    case '<=':
      return order <= 0
    case '>':
      return order > 0
    default:
      return order >= 0
  }
}

const asText = (value: LabValue): LabValue => (typeof value === 'boolean' ? (value ? 1 : 0) : value)

/** The value of an expression for one row. */
export const evaluateExpression = (expression: Expression, context: Evaluation): LabValue => {
  const of = (e: Expression): LabValue => evaluateExpression(e, context)
  switch (expression.kind) {
    case 'string':
      return expression.value
    case 'number':
      return expression.text
    case 'null':
      return null
    case 'boolean':
      return expression.value
    case 'column':
      return context.column(expression.path)
    case 'variable':
      return context.variable?.(expression.scope, expression.name) ?? null
    case 'unary':
      if (expression.op === 'NOT') return flip(truth(of(expression.arg)))
      return arithmetic(expression.op === '-' ? '-' : '+', '0', of(expression.arg))
    case 'binary': {
      if (expression.op === 'AND' || expression.op === 'OR')
        return logic(expression.op, truth(of(expression.left)), () => truth(of(expression.right)))
      const left = of(expression.left)
      const right = of(expression.right)
      if (['=', '!=', '<', '<=', '>', '>=', '<=>'].includes(expression.op)) return compare(expression.op, left, right)
      return arithmetic(expression.op, left, right)
    }
    case 'is-null':
      return (of(expression.arg) === null) !== expression.not
    case 'in':
      return isIn(expression, context)
    case 'between': {
      const value = of(expression.arg)
      const inside = logic('AND', truth(compare('>=', value, of(expression.low))), () =>
        truth(compare('<=', value, of(expression.high))),
      )
      return expression.not ? flip(truth(inside)) : inside
    }
    case 'like': {
      const value = of(expression.arg)
      const pattern = of(expression.pattern)
      if (value === null || pattern === null) return null
      const found = expression.regexp
        ? new RegExp(String(pattern)).test(String(value))
        : likePattern(String(pattern), 's').test(String(value))
      return found !== expression.not
    }
    case 'case': {
      for (const [when, then] of expression.whens) {
        const hit = expression.operand ? compare('=', of(expression.operand), of(when)) : of(when)
        if (truth(hit) === true) return of(then)
      }
      return expression.otherwise ? of(expression.otherwise) : null
    }
    case 'cast': {
      const value = of(expression.arg)
      if (value === null) return null
      if (/^(tinyint|smallint|int|bigint|largeint)/.test(expression.type)) return String(value).split('.')[0] ?? ''
      return String(value)
    }
    case 'call':
      return callFunction(expression, context)
    case 'list':
      return JSON.stringify(expression.items.map((e) => String(of(e))))
    case 'subquery':
      return context.subquery?.(expression.query)[0]?.[0] ?? null
    default:
      throw analysisFailure(`The lab cannot compute an expression of kind ${expression.kind} here`)
  }
}

const logic = (op: 'AND' | 'OR', left: boolean | null, right: () => boolean | null): LabValue => {
  const decisive = op === 'OR'
  if (left === decisive) return decisive
  const other = right()
  if (other === decisive) return decisive
  return left === null || other === null ? null : !decisive
}

/** The texts of lists that hold nothing else: some are long, and asked for each row. */
const textLists = new WeakMap<Expression[], ReadonlySet<string> | null>()

const textsOf = (list: Expression[]): ReadonlySet<string> | null => {
  let texts = textLists.get(list)
  if (texts === undefined) {
    texts = list.every((e) => e.kind === 'string')
      ? new Set(list.map((e) => (e.kind === 'string' ? e.value : '')))
      : null
    textLists.set(list, texts)
  }
  return texts
}

/** Compared as bytes, and not by what number it is. */
const isPlainText = (value: LabValue): value is string =>
  typeof value === 'string' && (value.trim() === '' || Number.isNaN(Number(value)))

const isIn = (expression: Extract<Expression, { kind: 'in' }>, context: Evaluation): LabValue => {
  const value = evaluateExpression(expression.arg, context)
  if (value === null) return null
  const texts = isPlainText(value) ? textsOf(expression.list) : null
  if (texts && isPlainText(value)) return texts.has(value) !== expression.not
  const items = expression.list.flatMap((e) =>
    e.kind === 'subquery'
      ? (context.subquery?.(e.query) ?? []).map((row) => row[0] ?? null)
      : [evaluateExpression(e, context)],
  )
  const found = items.some((item) => item !== null && compare('=', value, item) === true)
  if (found) return !expression.not
  return items.includes(null) ? null : expression.not
}

const arithmetic = (operator: string, left: LabValue, right: LabValue): LabValue => {
  if (left === null || right === null) return null
  const op = operator === 'DIV' ? '/' : operator === 'MOD' ? '%' : operator
  const literal = (value: LabValue) => ({ kind: 'literal' as const, value })
  const value = evaluateCall(
    { kind: 'binary', operator: op, left: literal(asText(left)), right: literal(asText(right)) },
    { column: () => null, nowMs: 0 },
  )
  return operator === 'DIV' && value !== null ? String(Math.trunc(Number(value))) : value
}

const callFunction = (expression: Extract<Expression, { kind: 'call' }>, context: Evaluation): LabValue => {
  if (expression.name === 'if') {
    const [condition, yes, no] = expression.args
    const chosen = condition && truth(evaluateExpression(condition, context)) === true ? yes : no
    return chosen ? evaluateExpression(chosen, context) : null
  }
  const args: LabValue[] = expression.args.flatMap((arg) =>
    arg.kind === 'interval' ? [evaluateExpression(arg.count, context), arg.unit] : [evaluateExpression(arg, context)],
  )
  const own = context.function?.(expression.name, args)
  if (own !== undefined) return own
  const result = evaluateCall(
    { kind: 'call', name: expression.name, args: args.map((value) => ({ kind: 'literal' as const, value })) },
    { column: () => null, nowMs: context.nowMs ?? 0 },
  )
  return result
}
