import type { Bound, PartitionValues, PrintedPartition, Properties } from './model.ts'
import { readQuoted } from './partition-text.ts'
import { unescapeBackslashes } from './quote.ts'
import { readProperties } from './read-properties.ts'
import { Scanner } from './scanner.ts'

/** Reads the printed partitions of a range table, from the opening parenthesis to the one that closes it. */
export function readRangePartitions(scanner: Scanner): PrintedPartition[] {
  scanner.expect('(')
  const partitions: PrintedPartition[] = []
  while (!scanner.take(')')) {
    const name = readName(scanner, ' VALUES ')
    let values: PartitionValues
    if (scanner.takeWord('VALUES', 'LESS', 'THAN')) {
      values = {
        kind: 'range',
        lower: [],
        upper: scanner.takeWord('MAXVALUE') ? [{ kind: 'max' }] : readBounds(scanner),
      }
    } else {
      scanner.expectWord('VALUES')
      scanner.expect('[')
      const lower = readBounds(scanner)
      scanner.expect(',')
      const upper = readBounds(scanner)
      scanner.expect(')')
      values = { kind: 'range', lower, upper }
    }
    partitions.push({ name, values, properties: readOwnProperties(scanner) })
    scanner.take(',')
  }
  return partitions
}

function readOwnProperties(scanner: Scanner): Properties {
  return scanner.sees('(') ? readProperties(scanner) : {}
}

// `("a", "b")`, `(MAXVALUE)`; several open ends are printed without a comma: `(MAXVALUEMAXVALUE)`.
function readBounds(scanner: Scanner): Bound[] {
  const inside = new Scanner(scanner.balanced())
  const bounds: Bound[] = []
  while (!inside.atEnd()) {
    if (inside.take('MAXVALUE')) bounds.push({ kind: 'max' })
    else {
      const start = inside.position
      const end = inside.closingQuote(start)
      if (end < 0) inside.fail('expected a bound of a partition')
      bounds.push({ kind: 'value', text: unescapeBackslashes(inside.text.slice(start + 1, end)) })
      inside.position = end + 1
    }
    inside.take(',')
  }
  return bounds
}

// Names are printed without quotes, reserved words too; no frontend allows a blank in one.
function readName(scanner: Scanner, before: string): string {
  scanner.expectWord('PARTITION')
  if (scanner.sees('`')) return scanner.name()
  const end = scanner.text.indexOf(before, scanner.position)
  if (end < 0) scanner.fail('expected the values of a partition')
  const name = scanner.text.slice(scanner.position, end)
  scanner.position = end
  return name
}

/**
 * Reads the printed partitions of a list table. Values are printed without escapes, so a partition's end is where the next one begins
 * on its own line, or where the closing parenthesis stands on its own line.
 */
export function readListPartitions(scanner: Scanner, columns: number): PrintedPartition[] {
  scanner.expect('(')
  const partitions: PrintedPartition[] = []
  while (!scanner.take(')')) {
    const name = readName(scanner, ' VALUES IN ')
    scanner.expectWord('VALUES', 'IN')
    scanner.skipSpace()
    const start = scanner.position
    const ends = /\)(?=,\n\s*PARTITION |\n\)|\s*\("[a-z_.]+" = )/g
    ends.lastIndex = start
    const end = ends.exec(scanner.text)
    if (!end) scanner.fail(`the values of partition ${name} have no end`)
    scanner.position = end.index + 1
    const tuples = readQuoted(scanner.text.slice(start, scanner.position), columns)
    partitions.push({ name, values: { kind: 'list', tuples }, properties: readOwnProperties(scanner) })
    scanner.take(',')
  }
  return partitions
}
