import { randomUUID } from 'node:crypto'
import type {
  LabDatabase,
  LabPartition,
  LabPhysicalPartition,
  LabState,
  LabTable,
  LabTablet,
  LabValue,
} from '../model.ts'
import { LabDataError } from './errors.ts'
import { createPhysicalPartition } from './partition.ts'
import { baseIndex, bucketOf, columnPositions, findPartition, partitionValues, writablePhysical } from './route.ts'
import { RowBuilder } from './row-builder.ts'
import { addRow } from './tablet.ts'
import { publishLoad, publishVisible, recordLoad } from './version.ts'

export interface InsertOptions {
  /** Makes the automatic partition for the values of the partition columns; without it such rows are refused. */
  createPartition?: (values: LabValue[]) => LabPartition
  /** `INSERT INTO t PARTITION (…)` and `TEMPORARY PARTITION (…)`. */
  partitions?: readonly string[]
  temporary?: boolean
  /** INSERT OVERWRITE: the named partitions, or all, are replaced by new ones at version 2. */
  overwrite?: boolean
  /** Of all partitions, only those that get rows are replaced. */
  dynamic?: boolean
  label?: string
}

/**
 * Loads rows: defaults, AUTO_INCREMENT and generated columns are filled in, rows find their partition and bucket, the
 * model's rule applies (append, upsert, aggregate), every partition that the load covers publishes one version: all of the table, or
 * those it names.
 * @param columns names given in the statement, or undefined for all columns that can be given, in order
 * @param rows a value each; undefined is DEFAULT
 * @throws LabDataError with StarRocks' text; nothing is loaded then
 */
export function insertRows(
  state: LabState,
  db: LabDatabase,
  table: LabTable,
  columns: readonly string[] | undefined,
  rows: readonly (readonly (LabValue | undefined)[])[],
  options: InsertOptions = {},
): { rows: number; txnId: bigint; label: string } {
  if (table.state === 'RESTORE') throw new LabDataError(`Cannot write RESTORE state table "${table.name}"`)
  const builder = new RowBuilder(state, table, columns)
  const built = rows.map((row) => builder.build(row))
  const candidates = chooseCandidates(table, options)
  const placed = built.map((row) => ({ row, partition: place(table, row, candidates, options) }))
  builder.commit()
  const touched = options.overwrite
    ? overwritten(
        state,
        table,
        placed.map((one) => one.partition),
        options,
      )
    : published(state, [...candidates, ...placed.map((one) => one.partition)])
  const positions = columnPositions(baseIndex(table).columns)
  for (const { row, partition } of placed) {
    const physical = writablePhysical(partition)
    const tablets = physical.tablets.get(baseIndex(table).id) ?? []
    const tablet = tabletFor(table, row, tablets, positions)
    addRow(table, tablet, row, touched.get(physical) ?? physical.dataVersion)
  }
  const label = options.label ?? `insert_${randomUUID()}`
  const partitionIds = [...touched.keys()].map(({ id }) => id)
  const transaction = recordLoad(state, db.id, label, [table.id], partitionIds)
  return { rows: rows.length, txnId: transaction.id, label }
}

function chooseCandidates(table: LabTable, options: InsertOptions): LabPartition[] {
  const temporary = options.temporary === true
  const all = table.partitions.filter((one) => one.temporary === temporary)
  if (!options.partitions) return all
  return options.partitions.map((name) => {
    const found = all.find((one) => one.name.toLowerCase() === name.toLowerCase())
    if (!found) throw new LabDataError(`Unknown partition '${name}' in table '${table.name}'`)
    return found
  })
}

function place(
  table: LabTable,
  row: readonly LabValue[],
  candidates: LabPartition[],
  options: InsertOptions,
): LabPartition {
  const values = partitionValues(table, row)
  const found = findPartition(table, values, candidates)
  if (found) return found
  if (!options.createPartition || options.partitions) throw new LabDataError('Insert has filtered data')
  const made = options.createPartition(values)
  if (!candidates.includes(made)) candidates.push(made)
  return made
}

/** Every partition that the load covers goes on by one version, also one that none of its rows fell into. */
function published(state: LabState, partitions: readonly LabPartition[]): Map<LabPhysicalPartition, bigint> {
  const versions = new Map<LabPhysicalPartition, bigint>()
  for (const partition of new Set(partitions)) {
    const physical = writablePhysical(partition)
    versions.set(physical, publishLoad(state, physical))
  }
  return versions
}

/** Replaced partitions have new ids and epochs and stand at version 2, whatever came before. */
function overwritten(
  state: LabState,
  table: LabTable,
  used: LabPartition[],
  options: InsertOptions,
): Map<LabPhysicalPartition, bigint> {
  const replaced = options.partitions
    ? chooseCandidates(table, options)
    : table.partitions.filter((one) => !one.temporary && options.dynamic !== true)
  const versions = new Map<LabPhysicalPartition, bigint>()
  for (const partition of new Set([...replaced, ...used])) {
    const fresh = renewPartition(state, table, partition)
    fresh.dataVersion = 2n
    publishVisible(state, fresh, 2n)
    versions.set(fresh, 2n)
  }
  return versions
}

/** Gives a partition new ids and empty tablets at version 1, as TRUNCATE does; name, range and bucket count stay. */
export function renewPartition(state: LabState, table: LabTable, partition: LabPartition): LabPhysicalPartition {
  partition.id = state.nextId()
  const separate = state.version !== '3.1' && state.version !== '3.3'
  const fresh = createPhysicalPartition(state, table, { ...partition, id: separate ? state.nextId() : partition.id })
  partition.physical = [fresh]
  return fresh
}

const turns = new WeakMap<LabTable, number>()

function tabletFor(
  table: LabTable,
  row: readonly LabValue[],
  tablets: readonly LabTablet[],
  positions: Map<string, number>,
): LabTablet {
  let bucket: number
  if (table.distribution.kind === 'random') {
    bucket = (turns.get(table) ?? 0) % tablets.length
    turns.set(table, bucket + 1)
  } else {
    bucket = bucketOf(table, row, tablets.length, positions)
  }
  const tablet = tablets[bucket]
  if (!tablet) throw new LabDataError(`Table ${table.name} has no tablet for bucket ${bucket}`)
  return tablet
}
