import type { LabColumn, LabTable } from '../model.ts'
import type { LabSqlContext } from './context.ts'
import { analysisFailure } from './errors.ts'
import type { IndexDefinition } from './statements.ts'

/** An index of CREATE TABLE or CREATE INDEX, with the defaults that its type brings. */
export const makeSecondaryIndex = (
  context: LabSqlContext,
  index: IndexDefinition,
  columns: readonly LabColumn[],
): LabTable['secondaryIndexes'][number] => {
  const { state, profile } = context
  const names = index.columns.map((name) => {
    const found = columns.find((c) => c.name.toLowerCase() === name.toLowerCase())
    if (!found) throw analysisFailure(`index column does not exist in table. invalid column: ${name}`)
    return found.name
  })
  const enabled = (key: string): boolean => state.config.get(key)?.value === 'true'
  if (index.type === 'GIN' && !enabled('enable_experimental_gin')) {
    throw analysisFailure(
      'The inverted index is disabled, enable it by setting FE config `enable_experimental_gin` to true',
    )
  }
  if (index.type === 'VECTOR' && state.runMode === 'shared_data') {
    throw analysisFailure('The vector index does not support shared data mode')
  }
  if (index.type === 'VECTOR' && !enabled('enable_experimental_vector')) {
    throw analysisFailure(
      'The vector index is disabled, enable it by setting FE config `enable_experimental_vector` to true',
    )
  }
  const properties = new Map(index.properties.map(([key, value]) => [key.toLowerCase(), value]))
  if (index.type === 'NGRAMBF') {
    if (!properties.has('case_sensitive')) properties.set('case_sensitive', 'true')
    if (!properties.has('gram_num')) properties.set('gram_num', '2')
    if (!properties.has('bloom_filter_fpp')) properties.set('bloom_filter_fpp', '0.05')
  }
  if (index.type === 'GIN' && profile.atLeast('3.5') && !properties.has('imp_lib')) {
    properties.set('imp_lib', state.runMode === 'shared_data' ? 'builtin' : 'clucene')
  }
  const sorted = [...properties].sort(([a], [b]) => (a < b ? -1 : 1))
  return { name: index.name, columns: names, type: index.type, properties: sorted, comment: index.comment }
}
