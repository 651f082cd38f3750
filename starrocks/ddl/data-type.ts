import { quoteName } from './quote.ts'
import { Scanner } from './scanner.ts'

export type DataType =
  | { readonly kind: 'scalar'; readonly name: string; readonly parameters: readonly string[] }
  | { readonly kind: 'array'; readonly item: DataType }
  | { readonly kind: 'map'; readonly key: DataType; readonly value: DataType }
  | { readonly kind: 'struct'; readonly fields: readonly StructField[] }

export interface StructField {
  readonly name: string
  readonly type: DataType
}

/** Display widths that say nothing about the type. */
const widths = new Set(['tinyint', 'smallint', 'int', 'bigint', 'largeint', 'boolean'])

/** Reads a type at the scanner's position, e.g. `decimal(38, 10)`, `struct<x int(11), y array<date>>`. */
export function scanDataType(scanner: Scanner): DataType {
  const name = scanner.word().toLowerCase()
  if (name === 'array' && scanner.take('<')) {
    const item = scanDataType(scanner)
    scanner.expect('>')
    return { kind: 'array', item }
  }
  if (name === 'map' && scanner.take('<')) {
    const key = scanDataType(scanner)
    scanner.expect(',')
    const value = scanDataType(scanner)
    scanner.expect('>')
    return { kind: 'map', key, value }
  }
  if (name === 'struct' && scanner.take('<')) {
    const fields: StructField[] = []
    do {
      const field = scanStructFieldName(scanner)
      fields.push({ name: field, type: scanDataType(scanner) })
      if (scanner.takeWord('COMMENT')) skipString(scanner)
    } while (scanner.take(','))
    scanner.expect('>')
    return { kind: 'struct', fields }
  }
  const parameters = scanner.sees('(') ? splitParameters(scanner.balanced()) : []
  if (name === 'integer') return { kind: 'scalar', name: 'int', parameters: [] }
  return { kind: 'scalar', name, parameters: widths.has(name) ? [] : parameters }
}

/** Reads a whole type, as DESC prints it. Throws DdlReadError. */
export function readDataType(text: string): DataType {
  const scanner = new Scanner(text)
  const type = scanDataType(scanner)
  if (!scanner.atEnd()) scanner.fail('a type is followed by something unknown')
  return type
}

// Field names are printed without quotes: everything up to the blank before the type, so that `a-b int` is read as well.
function scanStructFieldName(scanner: Scanner): string {
  if (scanner.sees('`')) return scanner.name()
  const found = /^[^\s<>,()]+/.exec(scanner.text.slice(scanner.position))
  if (!found) scanner.fail('expected the name of a struct field')
  scanner.position += found[0].length
  // 2.5 and 3.x also print `name:type`.
  return found[0].endsWith(':') ? found[0].slice(0, -1) : found[0]
}

function skipString(scanner: Scanner): void {
  scanner.skipSpace()
  const end = scanner.closingQuote(scanner.position)
  if (end < 0) scanner.fail('a comment has no end')
  scanner.position = end + 1
}

function splitParameters(inside: string): string[] {
  return inside
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
}

/** The type as a CREATE TABLE statement takes it; names of struct fields are quoted. */
export function writeDataType(type: DataType): string {
  switch (type.kind) {
    case 'array':
      return `array<${writeDataType(type.item)}>`
    case 'map':
      return `map<${writeDataType(type.key)},${writeDataType(type.value)}>`
    case 'struct':
      return `struct<${type.fields.map((field) => `${quoteName(field.name)} ${writeDataType(field.type)}`).join(', ')}>`
    default:
      return type.parameters.length > 0 ? `${type.name}(${type.parameters.join(', ')})` : type.name
  }
}

/**
 * The one text that equal types share. Sees through what frontends print in two ways: DECIMAL64(10,2) for decimal(10,2) inside arrays,
 * varbinary for varbinary(1048576).
 */
export function canonicalDataType(type: DataType): string {
  switch (type.kind) {
    case 'array':
      return `array<${canonicalDataType(type.item)}>`
    case 'map':
      return `map<${canonicalDataType(type.key)},${canonicalDataType(type.value)}>`
    case 'struct':
      return `struct<${type.fields.map((field) => `${quoteName(field.name)} ${canonicalDataType(field.type)}`).join(',')}>`
    default:
      return canonicalScalar(type.name, type.parameters)
  }
}

function canonicalScalar(name: string, parameters: readonly string[]): string {
  if (name === 'varbinary' && parameters.length === 0) return 'varbinary(1048576)'
  const precision = Number(parameters[0])
  const width =
    precision <= 9 ? 'decimal32' : precision <= 18 ? 'decimal64' : precision <= 38 ? 'decimal128' : 'decimal256'
  // Only where the width is the one that the precision gives by itself: an explicit DECIMAL128(9, 2) is another type.
  const canonical = name === width ? 'decimal' : name
  return parameters.length > 0 ? `${canonical}(${parameters.join(',')})` : canonical
}
