import type { LabColumn, LabTable, LabVersion } from '../model.ts'

/**
 * A snapshot holds no text of a table but what it consists of, which every release tells in its own words: 3.1 prints of every
 * table whether its index is persistent and its rows are in memory, others do not; tables of 3.1 know no fast schema evolution,
 * which only releases from 3.5 on say of them; 3.3 alone puts backticks around the columns of generated ones.
 * What a release refuses in CREATE TABLE, such as an index of primary keys that is not persistent, a snapshot brings in.
 */
export const propertiesOf = (version: LabVersion, table: LabTable): Map<string, string> => {
  const properties = new Map(table.properties)
  if (version === '3.1') return properties
  properties.delete('in_memory')
  if (table.keysType !== 'PRIMARY_KEYS') properties.delete('enable_persistent_index')
  if (version !== '3.3' && !properties.has('fast_schema_evolution')) properties.set('fast_schema_evolution', 'false')
  return properties
}

/** The columns of an index in the words of a release. */
export const columnsOf = (version: LabVersion, columns: readonly LabColumn[]): LabColumn[] =>
  columns.map((column) => {
    if (column.generated === undefined || column.hidden || version === '3.3') return column
    return { ...column, generated: column.generated.replace(/('(?:[^'\\]|\\.)*')|`([^`]+)`/g, '$1$2') }
  })
