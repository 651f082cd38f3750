import type { LabColumn, LabIndexMeta } from '../model.ts'

/** A column as backends know it. */
export interface StoredColumn {
  name: string
  uniqueId: number
}

/**
 * Frontends alone know of a new name (ALTER TABLE … RENAME COLUMN, from 3.3 on): backends keep the one that the column was made under, and find
 * its values in files by an id. Ids count from 0; a column that comes later gets the next one, whatever its place.
 */
export function storedColumns(columns: readonly LabColumn[]): StoredColumn[] {
  return columns.map(({ name, stored, uniqueId }, place) => ({ name: stored ?? name, uniqueId: uniqueId ?? place }))
}

/** Before columns come or go: those that are there keep their ids. */
export function numberColumns(index: LabIndexMeta): void {
  for (const [place, column] of index.columns.entries()) column.uniqueId ??= place
  index.nextUniqueId ??= index.columns.length
}

/**
 * The source's columns under the target's names, as a target's backends read the source's files (replication_utils.h, calc_column_unique_id_map):
 * columns are matched by their stored names, and files are rewritten with the target's ids; where the ids of all that match agree, files are taken
 * as they are. What finds no column of the target keeps a name that nothing has.
 */
export function asRead(source: readonly LabColumn[], target: readonly LabColumn[]): LabColumn[] {
  const to = storedColumns(target)
  const byName = new Map(to.map((column) => [column.name.toLowerCase(), column.uniqueId]))
  const from = storedColumns(source).map(({ name, uniqueId }) => ({ uniqueId, twin: byName.get(name.toLowerCase()) }))
  const convert = from.some(({ uniqueId, twin }) => twin !== undefined && twin !== uniqueId)
  return source.map((column, place) => {
    const read = convert ? from[place]?.twin : from[place]?.uniqueId
    const at = to.findIndex(({ uniqueId }) => uniqueId === read)
    return { ...column, name: target[at]?.name ?? `\0${column.name}` }
  })
}
