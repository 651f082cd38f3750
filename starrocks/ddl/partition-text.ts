import type { Bound, PartitionValues } from './model.ts'
import { DdlReadError } from './scanner.ts'

/**
 * Reads the Range text of SHOW PARTITIONS: `[types: [INT, DATE]; keys: [1, 0000-01-01]; ..types: [INT, DATE]; keys: [10, MAXVALUE]; )`.
 * Values of ranges are numbers and times only, so a comma always separates two. Throws DdlReadError.
 */
export function readRangeText(text: string): PartitionValues {
  const found = /^\[types: \[[^\]]*\]; keys: \[([^\]]*)\]; \.\.types: \[[^\]]*\]; keys: \[([^\]]*)\]; \)$/.exec(
    text.trim(),
  )
  if (!found) throw new DdlReadError('this is no Range text of SHOW PARTITIONS', text, 0)
  return { kind: 'range', lower: readKeys(found[1] ?? ''), upper: readKeys(found[2] ?? '') }
}

function readKeys(keys: string): Bound[] {
  return keys.split(',').map((key) => readBound(key.trim()))
}

function readBound(text: string): Bound {
  return text === 'MAXVALUE' ? { kind: 'max' } : { kind: 'value', text }
}

/**
 * Reads the List text of SHOW PARTITIONS. 3.5 and later print JSON, `[["a","b"]]`; 3.1 and 3.3 print `('a', 'b')` for one column and
 * `(('a', 'b'))` for several (or for one, where the partition came by itself), quotes and backslashes unescaped, so that only the number
 * of columns tells the shape. NULL is printed like the string: see null-list.ts. Throws DdlReadError.
 */
export function readListText(text: string, columns: number): PartitionValues {
  const trimmed = text.trim()
  const tuples = trimmed.startsWith('[') ? readJson(trimmed) : readQuoted(text, columns)
  if (tuples.some((tuple) => tuple.length !== columns)) {
    throw new DdlReadError(`a List text does not have ${columns} values in each tuple`, text, 0)
  }
  return { kind: 'list', tuples }
}

function readJson(text: string): (string | null)[][] {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    throw new DdlReadError('this is no List text of SHOW PARTITIONS', text, 0)
  }
  const isValue = (value: unknown): value is string | null => value === null || typeof value === 'string'
  if (!Array.isArray(parsed) || !parsed.every((tuple) => Array.isArray(tuple) && tuple.every(isValue))) {
    throw new DdlReadError('this is no List text of SHOW PARTITIONS', text, 0)
  }
  return parsed as (string | null)[][]
}

/** The same for the values that SHOW CREATE prints after VALUES IN, outer parentheses included. */
export function readQuoted(text: string, columns: number): string[][] {
  const trimmed = text.trim()
  if (trimmed.startsWith("(('") && trimmed.endsWith("'))")) {
    const tuples = trimmed.slice(3, -3).split("'), ('")
    return tuples.map((tuple) => (columns === 1 ? [tuple] : tuple.split("', '")))
  }
  if (columns === 1 && trimmed.startsWith("('") && trimmed.endsWith("')")) {
    return trimmed
      .slice(2, -2)
      .split("', '")
      .map((value) => [value])
  }
  throw new DdlReadError('this is no List text of SHOW PARTITIONS', text, 0)
}
