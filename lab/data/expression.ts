import { randomUUID } from 'node:crypto'
import type { LabValue } from '../model.ts'
import { calendarFunctions } from './calendar.ts'
import { LabDataError } from './errors.ts'

/** The small part of StarRocks' expressions that generated columns, defaults and partition expressions of the lab use. */
export type Expression =
  | { kind: 'literal'; value: LabValue }
  | { kind: 'column'; name: string }
  | { kind: 'interval'; unit: string; amount: Expression }
  | { kind: 'call'; name: string; args: Expression[] }
  | { kind: 'binary'; operator: string; left: Expression; right: Expression }

const parsed = new Map<string, Expression>()

/** @throws LabDataError when the text is beyond the lab */
export function parseExpression(text: string): Expression {
  const known = parsed.get(text)
  if (known) return known
  const parser = new ExpressionParser(tokens(text), text)
  const expression = parser.sum()
  parser.end()
  parsed.set(text, expression)
  return expression
}

const TOKEN =
  /\s*(?:(\d+(?:\.\d+)?)|'((?:[^'\\]|\\.|'')*)'|"((?:[^"\\]|\\.|"")*)"|`((?:[^`]|``)*)`|([\p{L}_$][\p{L}\p{N}_$]*)|(\|\||->|[-+*/%(),.]))/uy

type Token = { kind: 'number' | 'string' | 'quoted' | 'word' | 'sign'; text: string }

function tokens(text: string): Token[] {
  const found: Token[] = []
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < text.trimEnd().length) {
    const at = TOKEN.lastIndex
    const match = TOKEN.exec(text)
    if (!match) throw new LabDataError(`The lab cannot read the expression ${text} at ${at}`)
    if (match[1] !== undefined) found.push({ kind: 'number', text: match[1] })
    else if (match[2] !== undefined)
      found.push({ kind: 'string', text: match[2].replace(/''|\\(.)/gs, (s, c) => c ?? s[0]) })
    else if (match[3] !== undefined)
      found.push({ kind: 'string', text: match[3].replace(/""|\\(.)/gs, (s, c) => c ?? s[0]) })
    else if (match[4] !== undefined) found.push({ kind: 'quoted', text: match[4].replaceAll('``', '`') })
    else if (match[5] !== undefined) found.push({ kind: 'word', text: match[5] })
    else found.push({ kind: 'sign', text: match[6] ?? '' })
  }
  return found
}

class ExpressionParser {
  private at = 0
  private readonly tokens: Token[]
  private readonly text: string

  constructor(tokens: Token[], text: string) {
    this.tokens = tokens
    this.text = text
  }

  private take(sign: string): boolean {
    const token = this.tokens[this.at]
    if (token?.kind !== 'sign' || token.text !== sign) return false
    this.at++
    return true
  }

  private expect(sign: string): void {
    if (!this.take(sign)) throw new LabDataError(`The lab cannot read the expression ${this.text}: ${sign} expected`)
  }

  private takeWord(word: string): boolean {
    const token = this.tokens[this.at]
    if (token?.kind !== 'word' || token.text.toLowerCase() !== word) return false
    this.at++
    return true
  }

  end(): void {
    if (this.at < this.tokens.length) throw new LabDataError(`The lab cannot read all of the expression ${this.text}`)
  }

  sum(): Expression {
    let left = this.product()
    for (;;) {
      const operator = ['+', '-', '||'].find((sign) => this.take(sign))
      if (!operator) return left
      left = { kind: 'binary', operator, left, right: this.product() }
    }
  }

  private product(): Expression {
    let left = this.atom()
    for (;;) {
      const operator = ['*', '/', '%'].find((sign) => this.take(sign))
      if (!operator) return left
      left = { kind: 'binary', operator, left, right: this.atom() }
    }
  }

  private atom(): Expression {
    if (this.take('(')) {
      const inner = this.sum()
      this.expect(')')
      return inner
    }
    if (this.take('-'))
      return { kind: 'binary', operator: '-', left: { kind: 'literal', value: 0 }, right: this.atom() }
    if (this.takeWord('interval')) {
      const amount = this.atom()
      const unit = this.tokens[this.at++]?.text ?? ''
      return { kind: 'interval', unit: unit.toLowerCase(), amount }
    }
    const token = this.tokens[this.at++]
    if (!token || token.kind === 'sign') throw new LabDataError(`The lab cannot read the expression ${this.text}`)
    if (token.kind === 'number') return { kind: 'literal', value: Number(token.text) }
    if (token.kind === 'string') return { kind: 'literal', value: token.text }
    if (token.kind === 'word') {
      const word = token.text.toLowerCase()
      if (word === 'null') return { kind: 'literal', value: null }
      if (word === 'true' || word === 'false') return { kind: 'literal', value: word === 'true' }
      if (this.take('(')) return this.call(word)
      if (word === 'current_timestamp') return { kind: 'call', name: word, args: [] }
    }
    // `table`.`column`: the last part names the column.
    let name = token.text
    while (this.take('.')) name = this.tokens[this.at++]?.text ?? name
    return { kind: 'column', name }
  }

  private call(name: string): Expression {
    const args: Expression[] = []
    while (!this.take(')')) {
      args.push(this.sum())
      if (this.takeWord('as')) {
        const type: string[] = []
        while (this.tokens[this.at] && !(this.tokens[this.at]?.text === ')' && !type.includes('(')))
          type.push(this.tokens[this.at++]?.text ?? '')
        args.push({ kind: 'literal', value: type.join('') })
      }
      if (!this.take(',')) {
        this.expect(')')
        break
      }
    }
    return { kind: 'call', name, args }
  }
}

export interface EvaluationContext {
  column(name: string): LabValue
  /** Milliseconds of the cluster's clock, for now() and CURRENT_TIMESTAMP. */
  nowMs: number
}

/**
 * @returns the value; NULL when an argument is NULL, as most functions of StarRocks
 * @throws LabDataError for a function beyond the lab
 */
export function evaluate(expression: Expression, context: EvaluationContext): LabValue {
  switch (expression.kind) {
    case 'literal':
      return expression.value
    case 'column':
      return context.column(expression.name)
    case 'interval':
      throw new LabDataError('An INTERVAL stands only inside a function')
    case 'binary': {
      const left = evaluate(expression.left, context)
      const right = evaluate(expression.right, context)
      if (left === null || right === null) return null
      return arithmetic(expression.operator, left, right)
    }
    case 'call':
      return call(expression, context)
  }
}

const isWhole = (value: LabValue) => typeof value === 'bigint' || /^[+-]?\d+$/.test(String(value))

function arithmetic(operator: string, left: LabValue, right: LabValue): LabValue {
  if (operator === '||') return `${left}${right}`
  if (operator !== '/' && isWhole(left) && isWhole(right)) {
    const a = BigInt(String(left))
    const b = BigInt(String(right))
    if (operator === '+') return (a + b).toString()
    if (operator === '-') return (a - b).toString()
    if (operator === '*') return (a * b).toString()
    return b === 0n ? null : (a % b).toString()
  }
  const a = Number(left)
  const b = Number(right)
  if (operator === '+') return a + b
  if (operator === '-') return a - b
  if (operator === '*') return a * b
  if (b === 0) return null
  return operator === '/' ? a / b : a % b
}

function call(expression: Expression & { kind: 'call' }, context: EvaluationContext): LabValue {
  const { name } = expression
  if (name === 'utc_timestamp' || name === 'now' || name === 'current_timestamp')
    return new Date(context.nowMs).toISOString().slice(0, 19).replace('T', ' ')
  if (name === 'uuid') return randomUUID()
  if (name === 'uuid_numeric') return BigInt.asIntN(127, BigInt(`0x${randomUUID().replaceAll('-', '')}`)).toString()
  if (name === 'ifnull' || name === 'coalesce') {
    for (const arg of expression.args) {
      const value = evaluate(arg, context)
      if (value !== null) return value
    }
    return null
  }
  const args: LabValue[] = []
  for (const arg of expression.args) {
    if (arg.kind === 'interval') {
      args.push(evaluate(arg.amount, context), arg.unit)
      continue
    }
    args.push(evaluate(arg, context))
  }
  if (args.some((arg) => arg === null)) return null
  const act = textFunctions[name] ?? calendarFunctions[name]
  if (!act) throw new LabDataError(`No matching function with signature: ${name}`)
  return act(...args.map(String))
}

const textFunctions: Record<string, (...args: string[]) => LabValue> = {
  upper: (s = '') => s.toUpperCase(),
  lower: (s = '') => s.toLowerCase(),
  length: (s = '') => Buffer.byteLength(s),
  char_length: (s = '') => [...s].length,
  concat: (...parts) => parts.join(''),
  substr: substring,
  substring,
  left: (s = '', n = '0') => [...s].slice(0, Number(n)).join(''),
  abs: (n = '0') => n.replace(/^-/, ''),
  mod: (a = '0', b = '1') => arithmetic('%', a, b),
  crc32: (s = '') => [...Buffer.from(s)].reduce((sum, byte) => (sum * 31 + byte) % 4294967296, 7),
  cast: (value = '', type = '') =>
    /^(int|bigint|smallint|tinyint|largeint)/i.test(type) ? String(Math.trunc(Number(value))) : value,
  get_json_string: jsonField,
  get_json_int: jsonField,
  json_query: jsonField,
  json_string: (s = '') => s,
}

function substring(s = '', from = '1', count?: string): string {
  const characters = [...s]
  const start = Number(from) > 0 ? Number(from) - 1 : Math.max(0, characters.length + Number(from))
  return characters.slice(start, count === undefined ? undefined : start + Number(count)).join('')
}

function jsonField(json = '', path = ''): LabValue {
  try {
    let at: unknown = JSON.parse(json)
    for (const key of path
      .replace(/^\$\.?/, '')
      .split('.')
      .filter(Boolean))
      at = (at as Record<string, unknown> | null)?.[key]
    return at === undefined || at === null ? null : typeof at === 'object' ? JSON.stringify(at) : String(at)
  } catch {
    return null
  }
}
