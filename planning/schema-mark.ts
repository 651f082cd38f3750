import type { Table } from '../starrocks/ddl/index.ts'

/**
 * The state of a source table's columns that a copy was made under. Columns are compared by name and definition, and that does not tell one
 * that was replaced: after ADD x, DROP v, RENAME x TO v everything is printed as before, while partitions that no load wrote since keep their
 * ids, epochs and versions, and their copies the old values of v.
 *
 * Base index only: every other index holds what follows from its columns, and is compared by its own.
 */
export interface SchemaMark {
  /** Id of the base index. A heavy change (tablets are written anew) gives it another one. */
  index: bigint
  /** SchemaVersion of the base index: one more with every ALTER TABLE that adds, drops or changes columns or their indexes. Renaming leaves it. */
  version: number
  /** Digest of what the definition shows of columns and their indexes. */
  definition: string
}

/** For reports and job ids: letters, digits and `-`. */
export const writeMark = ({ index, version, definition }: SchemaMark): string =>
  `${index.toString(36)}-${version.toString(36)}-${definition}`

/** Undefined when the text is no mark: of a version that wrote none, or another's. */
export function readMark(text: string | undefined): SchemaMark | undefined {
  const match = /^([0-9a-z]{1,13})-([0-9a-z]{1,6})-([0-9a-f]{8})$/.exec(text ?? '')
  if (!match?.[1] || !match[2] || !match[3]) return undefined
  let index = 0n
  for (const digit of match[1]) index = index * 36n + BigInt(Number.parseInt(digit, 36))
  return { index, version: Number.parseInt(match[2], 36), definition: match[3] }
}

/** No column came, went or changed in between. */
export const isSameSchema = (a: Omit<SchemaMark, 'definition'>, b: Omit<SchemaMark, 'definition'>): boolean =>
  a.index === b.index && a.version === b.version

/**
 * Whether what is seen accounts for what moved: exactly one ALTER TABLE came between, and it shows. With two, one may be the visible addition and
 * the other what hides a replacement (ADD (x, y), DROP v, RENAME x TO v looks like ADD y), however many columns differ.
 *
 * That the copy got the visible change in a way that keeps its rows true is for who changes the target to see to.
 */
export const isExplained = (before: SchemaMark, now: SchemaMark): boolean =>
  now.version === before.version + 1 && now.definition !== before.definition

/** A finished change of columns, as it is listed: the job's id, and the base index as the change left it. */
export interface ColumnChange {
  id: bigint
  indexId?: bigint
  schemaVersion?: number
}

/** Whether a mark was taken after this change. Ids of jobs and indexes come from one sequence, so an index younger than the job knows of it. */
export function coversChange(mark: SchemaMark, { id, indexId, schemaVersion }: ColumnChange): boolean {
  if (indexId === undefined || schemaVersion === undefined) return false
  return mark.index === indexId ? mark.version >= schemaVersion : mark.index > id
}

/** Everything in a definition whose change moves the SchemaVersion; comments and other properties do not. */
export function definitionText({ columns, keys, orderBy, indexes, properties }: Table): string {
  return JSON.stringify([
    columns.map(({ comment: _, ...column }) => column),
    keys,
    orderBy,
    indexes.map(({ name, columns: indexed, type, properties: details }) => [name, indexed, type, details]),
    properties.bloom_filter_columns,
    properties.bloom_filter_fpp,
  ])
}
