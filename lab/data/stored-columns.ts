import type { LabColumn, LabHeard, LabIndexMeta, LabPhysicalPartition, LabTable, LabTablet } from '../model.ts'

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
 * The source's columns under the target's names, as a target's backends read the source's files (replication_utils.h, calc_column_unique_id_map): the
 * columns that the source's tablet has heard of are matched by their stored names, and files are rewritten with the target's ids; where the ids of all that
 * match agree, files are taken as they are. What finds no column of the target keeps a name that nothing has.
 */
export function asRead(
  source: readonly LabColumn[],
  target: readonly LabColumn[],
  heard: readonly StoredColumn[] = storedColumns(source),
): LabColumn[] {
  const to = storedColumns(target)
  const byName = new Map(to.map((column) => [column.name.toLowerCase(), column.uniqueId]))
  const matched = heard.map(({ name, uniqueId }) => ({ uniqueId, twin: byName.get(name.toLowerCase()) }))
  const convert = matched.some(({ uniqueId, twin }) => twin !== undefined && twin !== uniqueId)
  const read = new Map(matched.map(({ uniqueId, twin }) => [uniqueId, convert ? twin : uniqueId]))
  const ids = storedColumns(source)
  return source.map((column, place) => {
    const id = read.get(ids[place]?.uniqueId ?? -1)
    const at = to.findIndex(({ uniqueId }) => uniqueId === id)
    return { ...column, name: target[at]?.name ?? `\0${column.name}` }
  })
}

/** A light change is about to come: tablets hear of it when they are loaded. */
export function keepHeard(table: LabTable, index: LabIndexMeta): void {
  for (const partition of table.partitions) {
    for (const physical of partition.physical) {
      for (const tablet of physical.tablets.get(index.id) ?? []) tablet.heard = heardBy(index, physical, tablet)
    }
  }
}

/** The state of the columns that a tablet's backend knows of. */
export function heardBy(index: LabIndexMeta, physical: LabPhysicalPartition, { heard }: LabTablet): LabHeard {
  const at = physical.visibleVersion
  if (heard?.at === at) return heard
  return { at, schemaVersion: index.schemaVersion, columns: storedColumns(index.columns) }
}
