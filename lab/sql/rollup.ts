import type { LabColumn, LabIndexMeta, LabTable } from '../model.ts'
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
    else if (metric) throw failure('Invalid column order. value should be after key')
    return { ...found }
  })
  if (table.keysType === 'DUP_KEYS') {
    // Without keys of its own, the leading columns become the rollup's keys.
    const keys =
      rollup.duplicateKeys.length > 0 ? rollup.duplicateKeys : columns.filter((c) => c.key).map((c) => c.name)
    for (const column of columns) column.key = keys.some((k) => k.toLowerCase() === column.name.toLowerCase())
    if (!columns.some((c) => c.key)) {
      for (const column of columns.slice(0, 3)) {
        if (/^(float|double|json|array|map|struct)/.test(column.type)) break
        column.key = true
      }
    }
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
