import { StarRocksError } from './errors/starrocks-error.ts'

/** Where each column stands; shared by all rows of one answer. Names are compared without regard to case. */
export class ColumnIndex {
  readonly names: readonly string[]
  readonly #places = new Map<string, number>()

  constructor(names: readonly string[]) {
    this.names = names
    // Of two columns with one name the first wins, as in every MySQL client. Under the name as it was answered as well: most ask by just that,
    // and are not to miss first.
    for (const [place, name] of names.entries()) {
      const key = name.toLowerCase()
      const first = this.#places.get(key) ?? place
      this.#places.set(key, first).set(name, first)
    }
  }

  placeOf(name: string): number | undefined {
    return this.#places.get(name) ?? this.#places.get(name.toLowerCase())
  }
}

/**
 * One row of an answer. Every cell is text or null, exactly as the frontend sent it, so 64-bit numbers lose nothing.
 * Columns are addressed by name, never by place: versions and private builds add, drop and reorder them.
 */
export class Row {
  readonly #index: ColumnIndex
  readonly #cells: readonly (string | null)[]

  constructor(index: ColumnIndex, cells: readonly (string | null)[]) {
    this.#index = index
    this.#cells = cells
  }

  get columns(): readonly string[] {
    return this.#index.names
  }

  get cells(): readonly (string | null)[] {
    return this.#cells
  }

  /** Where this column stands in every row of the same answer: for those who read very many. */
  placeOf(name: string): number | undefined {
    return this.#index.placeOf(name)
  }

  has(name: string): boolean {
    return this.#index.placeOf(name) !== undefined
  }

  /** The cell; null when it is NULL or when there is no such column. */
  get(name: string): string | null {
    const place = this.#index.placeOf(name)
    return place === undefined ? null : (this.#cells[place] ?? null)
  }

  /** The cell; undefined when it is NULL or when there is no such column. */
  text(name: string): string | undefined {
    return this.get(name) ?? undefined
  }

  /** The cell of a column that must be there. Errors: `UnexpectedAnswer` when the column is missing or NULL. */
  required(name: string): string {
    const value = this.get(name)
    if (value !== null) return value
    const what = this.has(name) ? `NULL in column ${name}` : `no column ${name}`
    throw new StarRocksError({
      kind: 'UnexpectedAnswer',
      detail: `The frontend's answer has ${what}; its columns are ${this.columns.join(', ')}`,
    })
  }

  /** A 64-bit integer, exact. Errors: `UnexpectedAnswer` when missing or not a whole number. */
  bigint(name: string): bigint {
    return wholeNumber(name, this.required(name))
  }

  /** A 64-bit integer, or undefined when the column is missing, NULL or empty. */
  optionalBigint(name: string): bigint | undefined {
    return optionalWholeNumber(name, this.get(name))
  }

  /** A small integer (ports, counts). Errors: `UnexpectedAnswer` when missing or not a safe whole number. */
  int(name: string): number {
    return toInt(name, this.required(name))
  }

  optionalInt(name: string): number | undefined {
    const value = this.get(name)
    return value === null || value === '' ? undefined : toInt(name, value)
  }

  /** true, 1, yes in any case; false for everything else, also for a missing column. */
  flag(name: string): boolean {
    return /^(true|1|yes)$/i.test(this.get(name) ?? '')
  }

  optionalFlag(name: string): boolean | undefined {
    return this.get(name) === null ? undefined : this.flag(name)
  }

  /** The row as a plain object under the columns' own names. */
  toObject(): Record<string, string | null> {
    return Object.fromEntries(this.columns.map((name, place) => [name, this.#cells[place] ?? null]))
  }
}

/** What a statement answered. Statements without a result have no columns and no rows. */
export interface ResultSet {
  columns: readonly string[]
  rows: Row[]
  affectedRows: number
}

/** Builds an answer from plain cells; what sessions and tests share. */
export function resultSet(
  columns: readonly string[],
  cells: readonly (readonly (string | null)[])[],
  affectedRows = 0,
): ResultSet {
  const index = new ColumnIndex(columns)
  return { columns, rows: cells.map((row) => new Row(index, row)), affectedRows }
}

/** A cell of this column as a 64-bit integer, exact. Errors: `UnexpectedAnswer` when it is no whole number. */
export function wholeNumber(name: string, value: string): bigint {
  if (/^\s*-?\d+\s*$/.test(value)) return BigInt(value)
  throw new StarRocksError({
    kind: 'UnexpectedAnswer',
    detail: `Column ${name} should hold a whole number, not ${value}`,
  })
}

/** The same; undefined when there is none. */
export function optionalWholeNumber(name: string, value: string | null | undefined): bigint | undefined {
  return value === null || value === undefined || value === '' ? undefined : wholeNumber(name, value)
}

function toInt(name: string, value: string): number {
  const number = Number(value)
  if (value.trim() !== '' && Number.isSafeInteger(number)) return number
  throw new StarRocksError({
    kind: 'UnexpectedAnswer',
    detail: `Column ${name} should hold a whole number, not ${value}`,
  })
}
