import type { Column, Partitioning, PartitionTerm } from './model.ts'
import { unquoteString } from './quote.ts'
import { Scanner } from './scanner.ts'

// 3.3 to 4.0 keep the expression of an automatic list partitioning in hidden columns of this name, and print them.
const hidden = /^__generated_partition_column_\d+$/

/** Reads what follows PARTITION BY, up to the printed partitions or the next clause. */
export function readPartitioning(scanner: Scanner): Partitioning {
  if (scanner.takeWord('RANGE')) {
    const inside = scanner.balanced().trim()
    if (!inside.startsWith('`')) return { kind: 'range-function', text: inside }
    return { kind: 'range', columns: new Scanner(`(${inside})`).names() }
  }
  if (scanner.takeWord('LIST')) return { kind: 'list', columns: scanner.names() }
  if (scanner.sees('(')) return { kind: 'automatic-list', terms: readTerms(scanner.balanced()) }
  const text = scanner.until(/\n|\s+DISTRIBUTED BY|\s*;?\s*$/).trim()
  const terms = readTerms(text)
  const only = terms.length === 1 ? terms[0] : undefined
  return (only?.kind === 'expression' ? readAutomaticRange(only.text) : undefined) ?? { kind: 'automatic-list', terms }
}

function readTerms(text: string): PartitionTerm[] {
  const scanner = new Scanner(text)
  const terms: PartitionTerm[] = []
  do {
    const term = scanner.until(/,/).trim()
    const name = new Scanner(term)
    const isName = /^(`[^`]+`|[A-Za-z0-9_$\u0080-\uffff]+)$/.test(term)
    terms.push(isName ? { kind: 'column', name: name.name() } : { kind: 'expression', text: term })
  } while (scanner.take(','))
  return terms
}

/** Reads `date_trunc('day', dt)` and `time_slice(dt, 7, 'day', 'floor')`; undefined when it is neither with a plain column. */
export function readAutomaticRange(text: string): Extract<Partitioning, { kind: 'automatic-range' }> | undefined {
  const call = /^\s*(date_trunc|time_slice)\s*\(([\s\S]*)\)\s*$/i.exec(text)
  if (!call) return undefined
  const scanner = new Scanner(call[2] ?? '')
  const parts: string[] = []
  do parts.push(scanner.until(/,/).trim())
  while (scanner.take(','))
  if (call[1]?.toLowerCase() === 'date_trunc') {
    const [unit = '', column = ''] = parts
    if (!isColumn(column) || !unit.startsWith("'")) return undefined
    return {
      kind: 'automatic-range',
      function: 'date_trunc',
      column: bare(column),
      unit: unquoteString(unit).toLowerCase(),
      step: 1,
      text,
    }
  }
  const [column = '', second = '', third = ''] = parts
  const interval = /^INTERVAL\s+(\d+)\s+(\w+)$/i.exec(second)
  const step = Number(interval?.[1] ?? second)
  const unit = interval?.[2] ?? (third.startsWith("'") ? unquoteString(third) : third)
  if (!isColumn(column) || !Number.isInteger(step)) return undefined
  return { kind: 'automatic-range', function: 'time_slice', column: bare(column), unit: unit.toLowerCase(), step, text }
}

function isColumn(text: string): boolean {
  return /^(`[^`]+`|[A-Za-z_$\u0080-\uffff][A-Za-z0-9_$\u0080-\uffff]*)$/.test(text)
}

function bare(text: string): string {
  return text.replaceAll('`', '')
}

/** Puts the expressions of hidden partition columns where 4.1 prints them, and takes the columns away. */
export function foldHiddenColumns(
  columns: readonly Column[],
  partitioning: Partitioning,
): { columns: readonly Column[]; partitioning: Partitioning } {
  if (partitioning.kind !== 'automatic-list') return { columns, partitioning }
  const expressions = new Map<string, string>()
  for (const column of columns) {
    if (hidden.test(column.name) && column.generated !== undefined) expressions.set(column.name, column.generated)
  }
  if (expressions.size === 0) return { columns, partitioning }
  const terms = partitioning.terms.map((term): PartitionTerm => {
    const text = term.kind === 'column' ? expressions.get(term.name) : undefined
    return text === undefined ? term : { kind: 'expression', text }
  })
  return {
    columns: columns.filter((column) => !expressions.has(column.name)),
    partitioning: { kind: 'automatic-list', terms },
  }
}
