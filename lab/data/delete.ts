import { randomUUID } from 'node:crypto'
import type { LabDatabase, LabPartition, LabState, LabTable, LabValue } from '../model.ts'
import { LabDataError } from './errors.ts'
import { renewPartition } from './insert.ts'
import { baseIndex } from './route.ts'
import { endRow } from './tablet.ts'
import { publishLoad, recordLoad } from './version.ts'

/**
 * DELETE: rows for which `matches` holds end at a new version. Every partition that the statement covers goes on by one version,
 * also one without such a row, as a delete predicate is published to all of them.
 * @returns rows deleted
 */
export function deleteRows(
  state: LabState,
  db: LabDatabase,
  table: LabTable,
  matches: (values: LabValue[]) => boolean,
  partitions?: readonly string[],
): number {
  const names = partitions && new Set(partitions.map((name) => name.toLowerCase()))
  let deleted = 0
  for (const partition of table.partitions) {
    if (partition.temporary || (names && !names.has(partition.name.toLowerCase()))) continue
    for (const physical of partition.physical) {
      const version = publishLoad(state, physical)
      for (const tablet of physical.tablets.get(baseIndex(table).id) ?? []) {
        for (const row of tablet.rows.filter((one) => one.until === undefined && matches(one.values))) {
          endRow(tablet, row, version)
          deleted++
        }
      }
    }
  }
  recordLoad(state, db.id, `delete_${randomUUID()}`, [table.id])
  return deleted
}

/** TRUNCATE: the named partitions, or all, get new ids, a new epoch and version 1. */
export function truncate(state: LabState, table: LabTable, partitions?: readonly string[]): void {
  for (const partition of choose(table, partitions)) renewPartition(state, table, partition)
}

function choose(table: LabTable, names?: readonly string[]): LabPartition[] {
  if (!names) return table.partitions.filter((one) => !one.temporary)
  return names.map((name) => {
    const found = table.partitions.find((one) => !one.temporary && one.name.toLowerCase() === name.toLowerCase())
    if (!found) throw new LabDataError(`Partition ${name} does not exist`)
    return found
  })
}
