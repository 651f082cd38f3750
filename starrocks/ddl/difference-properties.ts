import type { PropertyDecision } from './decide-properties.ts'
import type { Difference } from './difference.ts'
import type { Table } from './model.ts'
import { addedByTarget, isDynamicPartitionSetting, propertyRules } from './property-rules.ts'
import { quoteProperties, quoteQualified } from './quote.ts'
import type { ObjectName, TargetCluster } from './target.ts'
import { atLeast } from './version.ts'
import { alterSet } from './write-table.ts'

/**
 * Compares a copy's properties with those that it should have been given, not with the source's: what the run mode or the version does not
 * take, what waits for the cutover and what the operator wishes otherwise is no difference.
 */
export function compareProperties(
  source: Table,
  target: Table,
  decision: PropertyDecision,
  name: ObjectName,
  cluster: TargetCluster,
): Difference[] {
  const found: Difference[] = []
  for (const [property, wanted] of Object.entries(decision.create)) {
    const actual = target.properties[property]
    if (same(property, wanted, actual, cluster)) continue
    // At cutover the held back values are set: a copy that has them already is no different.
    if (actual !== undefined && actual === decision.atCutover[property]) continue
    const statements = alterStatements(name, property, wanted)
    const action = isFixed(property) ? ({ kind: 'report' } as const) : ({ kind: 'alter', statements } as const)
    found.push({ kind: 'property', path: `properties.${property}`, source: wanted, target: actual ?? '', action })
  }
  for (const [property, actual] of Object.entries(target.properties)) {
    if (Object.hasOwn(decision.create, property) || Object.hasOwn(source.properties, property)) continue
    if (addedByTarget.has(property) || isDynamicPartitionSetting(property)) continue
    if (isUsual(property, actual)) continue
    found.push({
      kind: 'property',
      path: `properties.${property}`,
      source: '',
      target: actual,
      action: targetOnly(property, name),
    })
  }
  return found
}

function alterStatements(name: ObjectName, property: string, wanted: string): string[] {
  if (property !== 'replication_num') return [alterSet(name, { [property]: wanted })]
  // For partitions to come, and for those that are there: plain SET is for unpartitioned tables only.
  const table = quoteQualified(name.database, name.name)
  const now = `ALTER TABLE ${table} MODIFY PARTITION (*) SET ${quoteProperties([[property, wanted]])}`
  return [alterSet(name, { 'default.replication_num': wanted }), now]
}

function targetOnly(property: string, name: ObjectName): Difference['action'] {
  const disabled = propertyRules.get(property)?.atCutover?.disabled
  if (disabled !== undefined) return { kind: 'alter', statements: [alterSet(name, { [property]: disabled })] }
  if (property === 'colocate_with' || property === 'bloom_filter_columns') {
    return { kind: 'alter', statements: [alterSet(name, { [property]: '' })] }
  }
  return { kind: 'report' }
}

function isUsual(property: string, value: string): boolean {
  return property.startsWith('flat_json.') || (property === 'dynamic_partition.enable' && value === 'false')
}

/** Properties that no ALTER TABLE SET changes; a difference is told, rows are right all the same. */
function isFixed(property: string): boolean {
  return [
    'compression',
    'storage_type',
    'fast_schema_evolution',
    'persistent_index_type',
    'storage_volume',
    'file_bundling',
  ].includes(property)
}

function same(property: string, wanted: string, actual: string | undefined, cluster: TargetCluster): boolean {
  if (actual === undefined) return isNotPrinted(property, wanted, cluster)
  if (wanted.toLowerCase() === actual.toLowerCase()) return true
  switch (property) {
    case 'bloom_filter_columns':
      return columnList(wanted) === columnList(actual)
    case 'unique_constraints':
      return constraintColumns(wanted) === constraintColumns(actual)
    // The frontend adds its own default level, or prints none.
    case 'compression':
      return (
        wanted.replace(/\(\d+\)$/, '') === actual.replace(/\(\d+\)$/, '') &&
        !(wanted.includes('(') && actual.includes('('))
      )
    default:
      return false
  }
}

// What a frontend takes and does not print back: defaults, and settings of a feature that is off.
function isNotPrinted(property: string, wanted: string, cluster: TargetCluster): boolean {
  if (property === 'fast_schema_evolution') return wanted === 'false' && !atLeast(cluster.version, 3, 5)
  if (property === 'dynamic_partition.enable') return wanted === 'false'
  return property === 'compression' && wanted === 'LZ4'
}

function columnList(value: string): string {
  return value
    .split(',')
    .map((column) => column.trim().toLowerCase())
    .sort()
    .join(',')
}

function constraintColumns(value: string): string {
  return value
    .split(';')
    .map((constraint) => columnList(constraint.replace(/[^,;]+\.([^.,;]+)(?=,|;|$)/g, '$1')))
    .sort()
    .join(';')
}
