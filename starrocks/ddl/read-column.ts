import { scanDataType } from './data-type.ts'
import type { Column, ColumnDefault, Doubt, Index } from './model.ts'
import { readPrintedComment, readPrintedDefault } from './printed-default.ts'
import { readProperties } from './read-properties.ts'
import type { Scanner } from './scanner.ts'

export interface ReadColumnOptions {
  /** Exact texts of literal defaults by column name, from DESC or information_schema; null means that DESC shows none. */
  readonly defaults?: ReadonlyMap<string, string | null>
  /** Whether the version that printed the text is known to escape defaults (3.5 and later). */
  readonly escapesDefaults: boolean
}

// After an item of the column list comes the next one, or the end of the list.
export const endOfItem = /\s*,\n|\s*\n?\)/

const aggregations =
  /^(SUM|MIN|MAX|REPLACE_IF_NOT_NULL|REPLACE|HLL_UNION|BITMAP_UNION|PERCENTILE_UNION|AGG_STATE_UNION|NONE)\b/i

/** Reads one column of a CREATE TABLE text, the scanner at its name. */
export function readColumn(scanner: Scanner, options: ReadColumnOptions, doubts: Doubt[]): Column {
  const name = scanner.name()
  const type = scanDataType(scanner)
  let aggregation: string | undefined
  let nullable = true
  let autoIncrement = false
  let generated: string | undefined
  let columnDefault: ColumnDefault = { kind: 'none' }
  let comment = ''
  for (;;) {
    scanner.skipSpace()
    const found = aggregations.exec(scanner.text.slice(scanner.position, scanner.position + 24))
    if (found) {
      scanner.position += found[0].length
      if (found[0].toUpperCase() !== 'NONE') aggregation = found[0].toUpperCase()
    } else if (scanner.takeWord('NOT', 'NULL')) nullable = false
    else if (scanner.takeWord('NULL')) nullable = true
    else if (scanner.takeWord('KEY')) continue
    else if (scanner.takeWord('AUTO_INCREMENT')) autoIncrement = true
    else if (scanner.takeWord('DEFAULT')) columnDefault = readDefault(scanner, name, options, doubts)
    else if (scanner.takeWord('AS')) generated = scanner.until(/\s+COMMENT ["']/).trim()
    else if (scanner.takeWord('COMMENT')) {
      comment = readPrintedComment(scanner, endOfItem)
      break
    } else break
  }
  return { name, type, aggregation, nullable, default: columnDefault, autoIncrement, generated, comment }
}

function readDefault(scanner: Scanner, column: string, options: ReadColumnOptions, doubts: Doubt[]): ColumnDefault {
  if (scanner.takeWord('NULL')) return { kind: 'none' }
  if (scanner.takeWord('CURRENT_TIMESTAMP')) {
    if (!scanner.sees('(')) return { kind: 'now' }
    const precision = Number(scanner.balanced())
    return precision > 0 ? { kind: 'now', precision } : { kind: 'now' }
  }
  if (scanner.sees('(')) return { kind: 'expression', text: scanner.balanced().trim() }
  if (scanner.sees("'")) return { kind: 'literal', value: scanner.string() }
  if (!scanner.sees('"')) return { kind: 'expression', text: scanner.until(/\s+COMMENT "/).trim() }
  const known = options.defaults?.get(column) ?? undefined
  const read = readPrintedDefault(scanner.text, scanner.position, { known, escaped: options.escapesDefaults })
  if (!read) scanner.fail(`the default of column ${column} has no end`)
  scanner.position = read.next
  if (read.doubt === 'ambiguous-default') {
    const message = `the printed default of column ${column} can be read in two ways; the answer of DESC decides`
    doubts.push({ kind: 'ambiguous-default', column, message })
  } else if (read.doubt === 'default-disagrees') {
    const message = `DESC and SHOW CREATE TABLE show different defaults for column ${column}`
    doubts.push({ kind: 'default-disagrees', column, message })
  }
  return { kind: 'literal', value: read.value }
}

/** Reads `INDEX name (columns) USING TYPE(properties) COMMENT '…'`, the scanner after INDEX. The comment is printed unescaped. */
export function readIndex(scanner: Scanner): Index {
  scanner.skipSpace()
  const quoted = scanner.sees('`')
  const name = quoted
    ? scanner.name()
    : scanner.text.slice(scanner.position, scanner.text.indexOf(' (', scanner.position))
  if (!quoted) scanner.position += name.length
  const columns = scanner.names()
  const type = scanner.takeWord('USING') ? scanner.word().toUpperCase() : 'BITMAP'
  const properties = scanner.sees('(') ? readProperties(scanner) : {}
  if (!scanner.takeWord('COMMENT')) return { name, columns, type, properties, comment: '' }
  if (scanner.sees('"')) return { name, columns, type, properties, comment: scanner.string() }
  const start = scanner.position + 1
  // A materialized view's list ends on the same line.
  const rest = /',\n {2}INDEX |'\n\)|'\)\n(?:COMMENT|PARTITION|DISTRIBUTED|ORDER|REFRESH)\b/g
  rest.lastIndex = start
  const end = rest.exec(scanner.text)
  if (!end) scanner.fail(`the comment of index ${name} has no end`)
  scanner.position = end.index + 1
  return { name, columns, type, properties, comment: scanner.text.slice(start, end.index) }
}
