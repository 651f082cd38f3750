import { foreignKeysFor, uniqueConstraintsFor } from './constraints.ts'
import type { Properties, Table } from './model.ts'
import { isDynamicPartitionSetting, propertyRules } from './property-rules.ts'
import type { ObjectName, Placement, Rename, TargetCluster } from './target.ts'
import { atLeast, type DdlVersion, type RunMode } from './version.ts'

export interface DroppedProperty {
  readonly property: string
  readonly value: string
  readonly reason: string
}

export interface PropertyDecision {
  /** Properties of the CREATE TABLE statement, sorted by name. */
  readonly create: Properties
  /** Properties to set at cutover. */
  readonly atCutover: Properties
  /** Properties to set once every table exists. */
  readonly later: Properties
  readonly dropped: readonly DroppedProperty[]
}

export interface PropertyContext {
  readonly target: TargetCluster
  readonly placement?: Placement
  /** The source's name of the table, and how names change. */
  readonly source: ObjectName
  readonly rename: Rename
  /** Where the table comes from, as far as it is known. */
  readonly from?: { readonly version: DdlVersion; readonly runMode: RunMode }
  /** Names that the target did not know (see dropUnknownProperties). */
  readonly unknown?: ReadonlySet<string>
}

/** Decides what becomes of each property of a source table on the target: written, written later, set at cutover, or left out. */
export function decideProperties(table: Table, context: PropertyContext): PropertyDecision {
  const create = new Map<string, string>()
  const atCutover = new Map<string, string>()
  const later = new Map<string, string>()
  const dropped: DroppedProperty[] = []
  for (const [property, value] of Object.entries(table.properties)) {
    const reason = reasonToDrop(table, property, value, context)
    if (reason !== undefined) {
      if (reason !== '') dropped.push({ property, value, reason })
      continue
    }
    const { atCutover: rule } = propertyRules.get(property) ?? {}
    if (property === 'foreign_key_constraints') later.set(property, foreignKeysFor(value, context.rename))
    else if (rule && value !== rule.unless) {
      atCutover.set(property, value)
      if (rule.disabled !== undefined) create.set(property, rule.disabled)
    } else create.set(property, valueFor(property, value, context))
  }
  if (hasHiddenSlowEvolution(table, context)) create.set('fast_schema_evolution', 'false')
  place(table, context, create)
  return { create: sorted(create), atCutover: sorted(atCutover), later: sorted(later), dropped }
}

// 3.2 to 3.4 print fast_schema_evolution only where it is on; later versions turn it on where nothing is said.
function hasHiddenSlowEvolution(table: Table, { from, target, unknown }: PropertyContext): boolean {
  if (
    from?.runMode !== 'shared_nothing' ||
    target.runMode !== 'shared_nothing' ||
    unknown?.has('fast_schema_evolution')
  )
    return false
  const silent = atLeast(from.version, 3, 2) && !atLeast(from.version, 3, 5)
  return silent && atLeast(target.version, 3, 2) && table.properties.fast_schema_evolution === undefined
}

function sorted(entries: ReadonlyMap<string, string>): Properties {
  return Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
}

/** Why a property is left out; an empty text when there is nothing to tell; undefined when it is kept. */
function reasonToDrop(table: Table, property: string, value: string, context: PropertyContext): string | undefined {
  const { version, runMode } = context.target
  if (context.unknown?.has(property)) return 'the target does not know it'
  if (isDynamicPartitionSetting(property)) return undefined
  const rule = propertyRules.get(property)
  if (!rule) return 'it is not known to be understood by the target'
  if (rule.never !== undefined) return isMeaningless(property, value) ? '' : rule.never
  if (rule.primaryOnly && table.keys?.type !== 'PRIMARY') return ''
  if (rule.mode && rule.mode !== runMode) return reasonOfMode(property, value, runMode)
  if (rule.since && !atLeast(version, ...rule.since)) return `it exists from ${rule.since.join('.')} on`
  if (property === 'storage_volume')
    return context.placement?.storageVolume === undefined ? 'the target chooses its default volume' : ''
  return undefined
}

function isMeaningless(property: string, value: string): boolean {
  return (
    (property === 'in_memory' && value === 'false') || property === 'storage_format' || property === 'binlog_version'
  )
}

const usual: Properties = { replicated_storage: 'true', fast_schema_evolution: 'true', storage_medium: 'HDD' }

function reasonOfMode(property: string, value: string, runMode: string): string {
  if (usual[property] === value || property.startsWith('datacache.') || property === 'storage_volume') return ''
  return `a ${runMode.replace('_', '-')} cluster has no such property`
}

function valueFor(property: string, value: string, context: PropertyContext): string {
  if (property === 'unique_constraints') return uniqueConstraintsFor(value)
  // ZSTD(3): the level is printed and taken from 3.3 on.
  if (property === 'compression' && !atLeast(context.target.version, 3, 3)) return value.replace(/\(\d+\)$/, '')
  return value
}

// The operator's wishes, last.
function place(table: Table, context: PropertyContext, create: Map<string, string>): void {
  const { placement = {}, target } = context
  const set = (property: string, value: string) => {
    if (!context.unknown?.has(property)) create.set(property, value)
  }
  if (placement.replicationNum !== undefined) set('replication_num', String(placement.replicationNum))
  if (target.runMode === 'shared_data' && placement.storageVolume !== undefined)
    set('storage_volume', placement.storageVolume)
  if (table.keys?.type !== 'PRIMARY') return
  if (placement.persistentIndex !== undefined) set('enable_persistent_index', String(placement.persistentIndex))
  if (target.runMode !== 'shared_data') return
  if (create.get('enable_persistent_index') === undefined) set('enable_persistent_index', 'true')
  if (atLeast(target.version, 3, 3)) set('persistent_index_type', placement.persistentIndexType ?? 'CLOUD_NATIVE')
}
