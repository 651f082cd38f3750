import type { Column, ListValue, Partitioning, Table } from './model.ts'
import { quoteName, quoteQualified, quoteString } from './quote.ts'
import type { SourcePartition } from './source-partition.ts'
import type { ObjectName } from './target.ts'
import { atLeast, type DdlVersion } from './version.ts'

/** What a printed NULL of a list partition is. */
export type NullMeaning = 'null' | 'string'

/** A printed NULL that may be the string: which tuple and which column of it. */
export interface PrintedNull {
  readonly tuple: number
  readonly column: number
}

/** A statement for the source, and what its answer means. */
export interface NullQuestion {
  readonly partition: string
  readonly at: PrintedNull
  /** EXPLAIN: answered by the frontend alone. Only a partition with data (version above 1) gives an answer. */
  readonly statement: string
  /** What it means when pruning keeps the partition; the other meaning when it prunes it. */
  readonly whenKept: NullMeaning
}

/**
 * The printed NULLs of a list partition that could be the string 'NULL'. In a column that is no string, or takes no NULL, the printed
 * text has one meaning only; an expression may give a string, so it is asked about.
 */
export function printedNulls(table: Table, partition: SourcePartition): PrintedNull[] {
  if (partition.values?.kind !== 'list') return []
  const found: PrintedNull[] = []
  partition.values.tuples.forEach((tuple, tupleAt) => {
    tuple.forEach((value, column) => {
      if (value === 'NULL' && meaningByType(table, column) === undefined) found.push({ tuple: tupleAt, column })
    })
  })
  return found
}

/** What a printed NULL in this column means whatever the data; undefined when only the cluster knows. */
export function meaningByType(table: Table, at: number): NullMeaning | undefined {
  const column = columnAt(table, at)
  if (!column) return isTimeTerm(table.partitioning, at) ? 'null' : undefined
  const isString = column.type.kind === 'scalar' && /^(varchar|char|string)$/.test(column.type.name)
  if (!isString) return 'null'
  return column.nullable ? undefined : 'string'
}

// Terms that give a time: 'NULL' is no value of them.
function isTimeTerm(partitioning: Partitioning, at: number): boolean {
  const term = partitioning.kind === 'automatic-list' ? partitioning.terms[at] : undefined
  return term?.kind === 'expression' && /^\s*(date_trunc|time_slice|str2date|str_to_date|to_date)\s*\(/i.test(term.text)
}

function columnAt(table: Table, at: number): Column | undefined {
  const name = columnNames(table.partitioning)[at]
  return name === undefined
    ? undefined
    : table.columns.find((column) => column.name.toLowerCase() === name.toLowerCase())
}

function columnNames(partitioning: Partitioning): readonly (string | undefined)[] {
  if (partitioning.kind === 'list') return partitioning.columns
  if (partitioning.kind !== 'automatic-list') return []
  return partitioning.terms.map((term) => (term.kind === 'column' ? term.name : undefined))
}

/**
 * The question that tells NULL from 'NULL', by what EXPLAIN's pruning keeps. 3.5 and 4.1, and several columns on 3.3: IS NULL keeps a
 * NULL partition. One column on 3.3: only `= 'NULL'` tells, and keeps the string. 3.1 allows no NULL at all, so there is no question.
 * Undefined when there is nothing to ask this way: a partition term that is an expression.
 */
export function nullListQuestion(
  table: Table,
  name: ObjectName,
  partition: SourcePartition,
  at: PrintedNull,
  version: DdlVersion,
): NullQuestion | undefined {
  if (partition.values?.kind !== 'list') return undefined
  const columns = columnNames(table.partitioning)
  const column = columns[at.column]
  const tuple = partition.values.tuples[at.tuple]
  if (column === undefined || !tuple || columns.includes(undefined)) return undefined
  const byString = !atLeast(version, 3, 4) && columns.length === 1
  const asked = byString ? `${quoteName(column)} = 'NULL'` : `${quoteName(column)} IS NULL`
  const others = partition.values.tuples.length > 1 ? otherConditions(columns, tuple, at.column) : []
  const from = `${quoteQualified(name.database, name.name)} PARTITION(${quoteName(partition.name)})`
  return {
    partition: partition.name,
    at,
    statement: `EXPLAIN SELECT * FROM ${from} WHERE ${[asked, ...others].join(' AND ')}`,
    whenKept: byString ? 'string' : 'null',
  }
}

// In a partition of several tuples the other values single out the one that is asked about; other printed NULLs cannot.
function otherConditions(
  columns: readonly (string | undefined)[],
  tuple: readonly ListValue[],
  asked: number,
): string[] {
  const conditions: string[] = []
  columns.forEach((column, at) => {
    const value = tuple[at]
    if (at !== asked && column !== undefined && typeof value === 'string' && value !== 'NULL') {
      conditions.push(`${quoteName(column)} = ${quoteString(value)}`)
    }
  })
  return conditions
}

/** Reads the lines of EXPLAIN: whether pruning kept a partition; undefined when the plan shows neither. */
export function readPruning(explainRows: Iterable<string>): 'kept' | 'pruned' | undefined {
  for (const line of explainRows) {
    if (/\b\d+:EMPTYSET\b/.test(line)) return 'pruned'
    const partitions = /\bpartitions=(\d+)\/\d+/.exec(line)
    if (partitions) return partitions[1] === '0' ? 'pruned' : 'kept'
  }
  return undefined
}

/** The meaning of a printed NULL, from the question and the lines of its answer. */
export function answerNullQuestion(question: NullQuestion, explainRows: Iterable<string>): NullMeaning | undefined {
  const pruning = readPruning(explainRows)
  if (pruning === undefined) return undefined
  if (pruning === 'kept') return question.whenKept
  return question.whenKept === 'null' ? 'string' : 'null'
}
