import type { LabDatabase, LabObject } from '../model.ts'
import type { LabResult, LabSqlContext } from '../sql/context.ts'
import { byName } from './format.ts'

/** SHOW INDEX FROM t. */
export const showIndex = (context: LabSqlContext, database: LabDatabase, object: LabObject): LabResult => {
  const indexes = object.kind === 'table' ? object.secondaryIndexes : []
  return byName(
    context,
    'indexes-of-table',
    indexes.map((index) => ({
      Table: `${database.name}.${object.name}`,
      Non_unique: '',
      Key_name: index.name,
      Seq_in_index: '',
      Column_name: index.columns.join(','),
      Collation: '',
      Cardinality: '',
      Sub_part: '',
      Packed: '',
      Null: '',
      Index_type: `${index.type}${index.properties.length > 0 ? `(${index.properties.map(([k, v]) => `"${k}" = "${v}"`).join(', ')})` : ''}`,
      Comment: index.comment,
    })),
  )
}
