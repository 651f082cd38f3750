import type { Expression } from './expression.ts'

/** A string literal as a frontend prints it. */
export const printString = (value: string): string => `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`

export interface PrintOptions {
  /** How a column is written. */
  column: (path: string[]) => string
  /** How a string literal is written. */
  string?: (value: string) => string
}

/**
 * Prints an expression as StarRocks' AST-to-string does: operators with blanks, AND and OR operands in parentheses,
 * function names in lower case.
 */
export const printExpression = (expression: Expression, options: PrintOptions): string => {
  const print = (e: Expression): string => printExpression(e, options)
  const negated = (not: boolean): string => (not ? 'NOT ' : '')
  const operand = (e: Expression): string => (e.kind === 'binary' || e.kind === 'call' ? `(${print(e)})` : print(e))
  switch (expression.kind) {
    case 'string':
      return (options.string ?? printString)(expression.value)
    case 'number':
      return expression.text
    case 'null':
      return 'NULL'
    case 'boolean':
      return expression.value ? 'TRUE' : 'FALSE'
    case 'column':
      return options.column(expression.path)
    case 'star':
      return [...expression.path.map((p) => `\`${p}\``), '*'].join('.')
    case 'variable':
      return `@@${expression.scope === '' ? '' : `${expression.scope}.`}${expression.name}`
    case 'call': {
      if (expression.name === 'time_slice') return printTimeSlice(expression.args, print)
      const shown =
        (expression.name.startsWith('current_') && expression.name !== 'current_version') ||
        ['user', 'database', 'connection_id'].includes(expression.name)
      const name = shown ? expression.name.toUpperCase() : expression.name
      return `${name}(${expression.distinct ? 'DISTINCT ' : ''}${expression.args.map(print).join(', ')})`
    }
    case 'unary':
      return expression.op === 'NOT' ? `NOT (${print(expression.arg)})` : `${expression.op}${print(expression.arg)}`
    case 'binary':
      if (expression.op === 'AND' || expression.op === 'OR')
        return `${logical(expression.left, print)} ${expression.op} ${logical(expression.right, print)}`
      return `${operand(expression.left)} ${expression.op} ${operand(expression.right)}`
    case 'is-null':
      return `${operandOf(expression.arg, print)} IS ${negated(expression.not)}NULL`
    case 'in':
      return `${print(expression.arg)} ${negated(expression.not)}IN (${expression.list.map(print).join(', ')})`
    case 'between':
      return `${print(expression.arg)} ${negated(expression.not)}BETWEEN ${print(expression.low)} AND ${print(expression.high)}`
    case 'like':
      return `${print(expression.arg)} ${negated(expression.not)}${expression.regexp ? 'REGEXP' : 'LIKE'} ${print(expression.pattern)}`
    case 'case': {
      const whens = expression.whens.map(([when, then]) => ` WHEN ${operand(when)} THEN ${print(then)}`).join('')
      const head = expression.operand ? ` ${print(expression.operand)}` : ''
      return `CASE${head}${whens}${expression.otherwise ? ` ELSE ${print(expression.otherwise)}` : ''} END`
    }
    case 'cast':
      return `CAST(${print(expression.arg)} AS ${expression.type.replace(/\((?:\d+)\)$/, (m) => (/(int|large)/.test(expression.type) ? '' : m)).toUpperCase()})`
    case 'interval':
      return `INTERVAL ${print(expression.count)} ${expression.unit.toUpperCase()}`
    case 'list':
      return `(${expression.items.map(print).join(', ')})`
    case 'subquery':
      return '(subquery)'
  }
}

const logical = (e: Expression, print: (e: Expression) => string): string => `(${print(e)})`

const operandOf = (e: Expression, print: (e: Expression) => string): string =>
  e.kind === 'call' || e.kind === 'binary' ? `(${print(e)})` : print(e)

/** `time_slice(dt, INTERVAL 7 day)` is kept as `time_slice(dt, 7, 'day', 'floor')`. */
const printTimeSlice = (args: Expression[], print: (e: Expression) => string): string => {
  const [value, interval, boundary, third] = args
  if (interval?.kind === 'interval') {
    const side =
      boundary === undefined
        ? "'floor'"
        : boundary.kind === 'column'
          ? `'${boundary.path[0]?.toLowerCase()}'`
          : print(boundary)
    return `time_slice(${value ? print(value) : ''}, ${print(interval.count)}, '${interval.unit}', ${side})`
  }
  return `time_slice(${[value, interval, boundary, third]
    .filter((a) => a !== undefined)
    .map(print)
    .join(', ')})`
}
