import type { LabVersion } from '../model.ts'
import type { Cursor } from './cursor.ts'

/** Widths that SHOW CREATE TABLE prints behind integer types and DESC leaves out. */
const widths: Record<string, number> = { tinyint: 4, smallint: 6, int: 11, bigint: 20, largeint: 40 }

const plain = new Set([
  'boolean',
  'float',
  'double',
  'date',
  'datetime',
  'json',
  'hll',
  'bitmap',
  'percentile',
  'variant',
])
const aliases: Record<string, string> = { integer: 'int', timestamp: 'datetime', binary: 'varbinary', bool: 'boolean' }

/**
 * Reads a data type and answers it in the form that SHOW CREATE TABLE prints, e.g. `int(11)`, `decimal(10, 2)`, `array<varchar(10)>`.
 * Throws StarRocks' syntax error for a type that it does not know.
 */
export const parseDataType = (cursor: Cursor, version: LabVersion): string => {
  const token = cursor.next()
  const name = aliases[token.value.toLowerCase()] ?? token.value.toLowerCase()
  if (token.kind !== 'word') {
    cursor.index--
    throw cursor.unexpected('a legal identifier')
  }
  if (name === 'array') {
    cursor.expect('<')
    const item = parseDataType(cursor, version)
    cursor.expect('>')
    return `array<${item}>`
  }
  if (name === 'map') {
    cursor.expect('<')
    const key = parseDataType(cursor, version)
    cursor.expect(',')
    const value = parseDataType(cursor, version)
    cursor.expect('>')
    return `map<${key},${value}>`
  }
  if (name === 'struct') {
    cursor.expect('<')
    const fields = cursor.separated(() => {
      const field = cursor.next().value
      cursor.accept(':')
      return `${field} ${parseDataType(cursor, version)}`
    })
    cursor.expect('>')
    return `struct<${fields.join(', ')}>`
  }
  const numbers = cursor.accept('(') ? readNumbers(cursor) : []
  if (name in widths) {
    if (cursor.accept('UNSIGNED')) return `${name} unsigned`
    return `${name}(${widths[name]})`
  }
  if (plain.has(name)) return name
  if (name === 'string' || name === 'text') return 'varchar(65533)'
  if (name === 'varchar') return `varchar(${numbers[0] ?? 1})`
  if (name === 'char') return `char(${numbers[0] ?? 1})`
  if (name === 'varbinary') {
    if (numbers.length > 0) return `varbinary(${numbers[0]})`
    return version === '4.1' ? 'varbinary(1048576)' : 'varbinary'
  }
  if (/^(decimal|decimalv2|decimal32|decimal64|decimal128|numeric|number)$/.test(name)) {
    return `decimal(${numbers[0] ?? 10}, ${numbers[1] ?? 0})`
  }
  cursor.index--
  if (numbers.length === 0) {
    // Before 3.5 the grammar gives up at the unknown word, later it waits for its parentheses.
    if (version === '3.1' || version === '3.3') throw cursor.noViable(0)
    cursor.index++
    throw cursor.unexpected("'('")
  }
  throw cursor.unexpected('a legal identifier')
}

const readNumbers = (cursor: Cursor): string[] => {
  const numbers = cursor.separated(() => (cursor.accept('MAX') ? '1048576' : String(cursor.integer())))
  cursor.expect(')')
  return numbers
}

/** The form that DESC and index_schema print: no widths, no blank inside decimals. */
export const describedType = (type: string): string => (/^struct</.test(type) ? type : withoutWidths(type))

const withoutWidths = (type: string): string =>
  type
    .replace(/\b(tinyint|smallint|int|bigint|largeint)\(\d+\)/g, '$1')
    .replace(/decimal\((\d+), (\d+)\)/g, 'decimal($1,$2)')

/** The type's bare name in upper case, as Range texts show it: `[types: [DATE]; …`. */
export const typeName = (type: string): string => {
  const name = /^[a-z0-9_]+/.exec(type)?.[0]?.toUpperCase() ?? ''
  return name
}

/** The lowest value of a range partition's column, which an open lower end becomes. */
export const lowestValue = (type: string): string => {
  switch (typeName(type)) {
    case 'TINYINT':
      return '-128'
    case 'SMALLINT':
      return '-32768'
    case 'INT':
      return '-2147483648'
    case 'BIGINT':
      return '-9223372036854775808'
    case 'LARGEINT':
      return '-170141183460469231731687303715884105728'
    case 'DATE':
      return '0000-01-01'
    case 'DATETIME':
      return '0000-01-01 00:00:00'
    default:
      return ''
  }
}
