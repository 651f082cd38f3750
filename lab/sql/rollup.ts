import type { LabColumn, LabIndexMeta, LabTable } from '../model.ts'
import { chooseKeys } from './choose-keys.ts'
import type { LabSqlContext } from './context.ts'
import { failure } from './errors.ts'
import { schemaHash, shortKeyColumnCount } from './schema-hash.ts'
import type { RollupDefinition } from './statements.ts'

/** Schema of a rollup: columns of the base table, keys first. */
export const makeRollup = (
  context: LabSqlContext,
  table: LabTable,
  rollup: RollupDefinition,
  id: bigint,
): LabIndexMeta => {
  const base = table.indexes[0]
  if (table.indexes.some((i) => i.name === rollup.name)) throw failure(`Rollup index[${rollup.name}] already exists`)
  let metric = false
  const columns = rollup.columns.map((name): LabColumn => {
    const found = base?.columns.find((c) => c.name.toLowerCase() === name.toLowerCase())
    if (!found) throw failure(`Column[${name}] does not exist`)
    if (!found.key) metric = true
    else if (metric && table.keysType !== 'DUP_KEYS') throw failure('Invalid column order. value should be after key')
    return { ...found }
  })
  if (table.keysType === 'DUP_KEYS') {
    // Without keys of its own, the leading columns become the rollup's keys.
    const keys = rollup.duplicateKeys.map((k) => k.toLowerCase())
    for (const column of columns) column.key = keys.includes(column.name.toLowerCase())
    if (keys.length === 0) chooseKeys(columns)
  }
  void context
  return {
    id,
    name: rollup.name,
    columns,
    schemaVersion: 0,
    schemaHash: schemaHash(columns, 0),
    shortKeyColumnCount: shortKeyColumnCount(columns.filter((c) => c.key)),
    keysType: table.keysType,
  }
}
