import { writeDataType } from './data-type.ts'
import type { Column, ColumnDefault, Distribution, Index } from './model.ts'
import { quoteDouble, quoteName, quoteProperties, quoteString } from './quote.ts'
import { quoteColumns } from './sql-tokens.ts'

/** A column as CREATE TABLE takes it. `names` are the table's columns, which an expression may use. */
export function writeColumn(column: Column, names: readonly string[]): string {
  const parts = [quoteName(column.name), writeDataType(column.type)]
  if (column.aggregation !== undefined) parts.push(column.aggregation)
  parts.push(column.nullable ? 'NULL' : 'NOT NULL')
  if (column.autoIncrement) parts.push('AUTO_INCREMENT')
  const value = writeDefault(column.default)
  if (value !== undefined) parts.push(`DEFAULT ${value}`)
  if (column.generated !== undefined) parts.push(`AS ${quoteColumns(column.generated, names)}`)
  parts.push(`COMMENT ${quoteString(column.comment)}`)
  return parts.join(' ')
}

function writeDefault(value: ColumnDefault): string | undefined {
  switch (value.kind) {
    case 'none':
      return undefined
    case 'literal':
      return quoteString(value.value)
    case 'now':
      return value.precision === undefined ? 'CURRENT_TIMESTAMP' : `CURRENT_TIMESTAMP(${value.precision})`
    default:
      return `(${value.text})`
  }
}

/** An index as CREATE TABLE takes it. */
export function writeIndex(index: Index): string {
  const properties = Object.entries(index.properties)
  const suffix = properties.length > 0 ? ` ${quoteProperties(properties)}` : ''
  return `INDEX ${quoteName(index.name)} ${writeNames(index.columns)} USING ${index.type}${suffix} COMMENT ${quoteDouble(index.comment)}`
}

export function writeNames(names: readonly string[]): string {
  return `(${names.map(quoteName).join(', ')})`
}

/** `DISTRIBUTED BY HASH(…) BUCKETS n`; `buckets` replaces the model's own number. */
export function writeDistribution(distribution: Distribution, buckets = distributionBuckets(distribution)): string {
  const suffix = buckets === undefined ? '' : ` BUCKETS ${buckets}`
  if (distribution.kind === 'hash') return `DISTRIBUTED BY HASH${writeNames(distribution.columns)}${suffix}`
  if (distribution.kind === 'random') return `DISTRIBUTED BY RANDOM${suffix}`
  throw new TypeError(`distribution ${distribution.text} cannot be written`)
}

function distributionBuckets(distribution: Distribution): number | undefined {
  return distribution.kind === 'other' ? undefined : distribution.buckets
}
