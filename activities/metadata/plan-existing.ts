import { asSeen } from '../../planning/approval.ts'
import { mayDiscard, type Ownership, tableOwnership, whyNotOurs } from '../../planning/schema-ownership.ts'
import {
  alterSet,
  comparePartitions,
  type Difference,
  difference,
  foreignKeysFor,
  isSameForeignKeys,
  nullKey,
  type ObjectName,
  printedNulls,
  type Table,
} from '../../starrocks/ddl/index.ts'
import { type PartitionRow, quoteName, quoteQualified } from '../../starrocks/index.ts'
import type { Pair } from './pair.ts'
import { planColumnChange } from './plan-columns.ts'
import { type PlanContext, planCreate, planPartitions, tableBuckets } from './plan-create.ts'
import { planIndexChanges } from './plan-indexes.ts'
import type { TableFacts, TablePartition } from './read-table.ts'
import { type DiscardStep, refusePlan, type Step, type TablePlan } from './steps.ts'

/** What makes an existing table of the target the source's copy again. */
export function planExisting(source: TableFacts, target: TableFacts, context: PlanContext): TablePlan {
  const { pair } = context
  const name = pair.rename(source.entry)
  const found = tableDifferences(source, target, context)
  const fatal = found.filter((one) => one.action.kind === 'recreate')
  const columns = columnSteps(source, target, fatal, name, context)
  if (fatal.length > 0 && !columns) {
    const why = [describe(fatal), ...(context.madeAgain ? [context.madeAgain] : [])]
    return planRecreate(source, target, context, why.join('; '))
  }
  const whole = wholeTableReason(source, target) ?? ownLife(target.model)
  if (whole) return planRecreate(source, target, context, whole)

  const alters = alterSteps(source, target, found, context)
  const indexes = planIndexChanges(source, target, pair)
  if (indexes.refuse) return refusePlan(indexes.refuse)
  const partitions = planPartitionChanges(source, target, context, name)
  if (partitions.refuse) return refusePlan(partitions.refuse)

  const fresh = planCreate(source, context)
  const switchOff: Step[] = makesPartitions(target.model)
    ? [{ kind: 'sql', statement: alterSet(name, { 'dynamic_partition.enable': 'false' }) }]
    : []
  const steps = [...switchOff, ...(columns ?? []), ...alters, ...indexes.steps, ...partitions.steps]
  const why = [...(columns ? [describe(fatal)] : []), ...indexes.why, ...partitions.why]
  const notes = [...fresh.notes, ...indexes.dropped]
  const plan = { steps, undo: fresh.undo, notes, blocked: partitions.blocked }
  const [index] = indexes.dropped
  const ownership = tableOwnership(target.partitions.flatMap(({ rows }) => rows))
  const allowed = isAllowed(ownership, context.approved, pair.spec.allow.recreateOnSchemaChange)
  if (index !== undefined && !mayDiscard(ownership, allowed)) {
    const reason = `an index would be dropped of a table that a replication did not write: ${index}`
    return { action: 'approve', reason, ...plan, steps: [...steps, ...(plan.blocked?.steps ?? [])], blocked: undefined }
  }
  // An approval is for everything that is shown, so everything is shown that it allows.
  if (partitions.ask) {
    const asked = [...steps, ...(plan.blocked?.steps ?? [])]
    return { action: 'approve', reason: partitions.ask, ...plan, steps: asked, blocked: undefined }
  }
  if (steps.length === 0 && plan.blocked)
    return { action: 'approve', ...plan.blocked, undo: plan.undo, notes: plan.notes }
  if (steps.length === 0) return { action: 'none', ...plan }
  return { action: 'alter', reason: why.length > 0 ? why.slice(0, 3).join('; ') : undefined, ...plan }
}

/** Differences of the tables themselves, partitions and rollups aside. */
export function tableDifferences(source: TableFacts, target: TableFacts, context: PlanContext): Difference[] {
  const { pair } = context
  return difference(source.model, target.model, {
    target: pair.writeFor,
    source: source.entry,
    rename: pair.rename,
    placement: pair.placement,
    from: pair.source,
    buckets: tableBuckets(source.model, source.partitions),
    unknownProperties: context.unknownProperties,
  })
}

/** The differences that this migration ends; the rest is the operator's choice (`sync`), or of no consequence. */
export function isWanted(one: Difference, sync: PlanContext['pair']['spec']['sync']): boolean {
  if (one.action.kind !== 'alter') return one.action.kind === 'recreate'
  if (one.kind === 'bitmap-index') return sync.bitmapIndexes
  if (one.path === 'properties.dynamic_partition.enable') return false
  if (one.kind === 'property') return sync.tableProperties
  return one.kind !== 'comment' && one.kind !== 'column-comment' ? true : sync.tableProperties
}

function alterSteps(
  source: TableFacts,
  target: TableFacts,
  found: readonly Difference[],
  context: PlanContext,
): Step[] {
  const { sync } = context.pair.spec
  const steps = found.flatMap((one): Step[] => {
    if (one.action.kind !== 'alter' || !isWanted(one, sync)) return []
    if (one.kind === 'bitmap-index') {
      return one.action.statements.flatMap((statement): Step[] => [
        { kind: 'sql', statement },
        { kind: 'settle', what: 'COLUMN' },
      ])
    }
    return one.action.statements.map((statement) => ({ kind: 'try', statement, what: one.path }))
  })
  return [...steps, ...foreignKeySteps(source, target, context)]
}

/** Foreign keys are set last, and again until the table that they name is there. */
function foreignKeySteps(source: TableFacts, target: TableFacts, context: PlanContext): Step[] {
  if (!lacksForeignKeys(source, target, context.pair)) return []
  return planCreate(source, context).steps.filter((step) => step.kind === 'try' && step.what === 'foreign keys')
}

/** None, or, where properties are synchronized, others. */
export function lacksForeignKeys(
  source: Pick<TableFacts, 'model'>,
  target: Pick<TableFacts, 'model'>,
  { rename, spec }: Pick<Pair, 'rename' | 'spec'>,
): boolean {
  const { foreign_key_constraints: wanted } = source.model.properties
  const { foreign_key_constraints: actual } = target.model.properties
  if (wanted === undefined) return false
  return (
    actual === undefined || (spec.sync.tableProperties && !isSameForeignKeys(foreignKeysFor(wanted, rename), actual))
  )
}

function columnSteps(
  source: TableFacts,
  target: TableFacts,
  fatal: readonly Difference[],
  name: ObjectName,
  context: PlanContext,
): Step[] | undefined {
  if (fatal.length !== 1 || fatal[0]?.kind !== 'columns' || context.madeAgain) return undefined
  // A dropped column takes values with it. What an operator is shown, and approves, is to make the table again.
  const { pair } = context
  const rows = target.partitions.flatMap((partition) => partition.rows)
  const allowed = pair.spec.allow.recreateOnSchemaChange
  if (!mayDiscard(tableOwnership(rows), allowed)) return undefined
  return planColumnChange(source.model, target.model, name, pair.target, { allowed, of: rows.map(asSeen) })
}

/** Properties by which a target would drop partitions of a copy by itself, and which are not simply switched off. */
const TIME_TO_LIVE = ['partition_ttl', 'partition_ttl_number', 'partition_live_number', 'partition_retention_condition']

function ownLife({ properties }: Table): string | undefined {
  const found = TIME_TO_LIVE.find((property) => !/^(|-1|INVALID)$/i.test(properties[property] ?? ''))
  return found && `the copy has ${found} = ${properties[found]}, by which the target would drop partitions by itself`
}

/** While it is on, the target makes and drops partitions by itself; the source's value is set again at cutover. */
export const makesPartitions = ({ properties }: Pick<Table, 'properties'>): boolean =>
  properties['dynamic_partition.enable'] === 'true'

export const livesByItself = (model: Table): boolean => makesPartitions(model) || ownLife(model) !== undefined

/** What no change of single partitions mends. */
function wholeTableReason(source: TableFacts, target: TableFacts): string | undefined {
  if (source.model.partitioning.kind !== 'none') return undefined
  const [from] = source.partitions
  const [to] = target.partitions
  if (!from || !to) return undefined
  if (to.rows.length > 1) return `the copy has ${to.rows.length} physical partitions instead of 1`
  if (from.shape.buckets !== to.shape.buckets) {
    return `the copy has ${to.shape.buckets} buckets instead of ${from.shape.buckets}`
  }
  return undefined
}

function planRecreate(source: TableFacts, target: TableFacts, context: PlanContext, why: string): TablePlan {
  const { pair, approved } = context
  const name = pair.rename(source.entry)
  const rows = target.partitions.flatMap((partition) => partition.rows)
  const ownership = tableOwnership(rows)
  const allowed = isAllowed(ownership, approved, pair.spec.allow.recreateOnSchemaChange)
  const plan = planCreate(source, context, [dropTable(name, allowed, rows)])
  if (plan.action === 'refuse') return plan
  if (!mayDiscard(ownership, allowed)) {
    const reason = `${whyNotOurs(ownership, 'the table on the target', rows)}; it would have to be made again because ${why}`
    return { ...plan, action: 'approve', reason }
  }
  return plan.action === 'create' ? { ...plan, action: 'recreate', reason: why } : plan
}

/**
 * Whether others' rows may be discarded. An approval is for rows that were seen and shown: what is a copy now, and is written to by a load before
 * the act, is not among them.
 */
const isAllowed = (ownership: Ownership, approved: boolean, byClass: boolean): boolean =>
  byClass || (approved && !mayDiscard(ownership, false))

/** Copies are dropped for good; what a load wrote goes to the recycle bin, from where RECOVER TABLE brings it back. */
function dropTable(name: ObjectName, allowed: boolean, rows: readonly PartitionRow[]): Step {
  const forGood = mayDiscard(tableOwnership(rows), false)
  const statement = `DROP TABLE IF EXISTS ${quoteQualified(name.database, name.name)}${forGood ? ' FORCE' : ''}`
  return { kind: 'discard', statement, allowed, of: rows.map(asSeen) }
}

interface PartitionChanges {
  steps: Step[]
  why: string[]
  refuse?: string
  ask?: string
  /** Partitions with rows of others: everything else goes on without them. */
  blocked?: { reason: string; steps: Step[] }
}

function planPartitionChanges(
  source: TableFacts,
  target: TableFacts,
  context: PlanContext,
  name: ObjectName,
): PartitionChanges {
  const none: PartitionChanges = { steps: [], why: [] }
  if (source.model.partitioning.kind === 'none') return none
  const shapes = (partitions: readonly TablePartition[]) => partitions.map((partition) => partition.shape)
  const compared = comparePartitions(shapes(source.partitions), shapes(target.partitions))
  const bySource = new Map(source.partitions.map((partition) => [partition.shape.name, partition]))
  const byTarget = new Map(target.partitions.map((partition) => [partition.shape.name, partition]))
  const different = new Map(compared.different.map(({ name: partition, reason }) => [partition, reason]))
  for (const { partition, reason } of otherNulls(source, context)) different.set(partition, reason)
  for (const [partition, { rows }] of byTarget) {
    if (rows.length > 1 && bySource.has(partition)) {
      different.set(partition, `it has ${rows.length} physical partitions instead of 1`)
    }
  }

  const { allow } = context.pair.spec
  const drops: Step[] = []
  const kept: { reason: string; partition: string; step: Step }[] = []
  const drop = (partition: string, byClass: boolean, why: string, more: Pick<DiscardStep, 'unlessAt'> = {}) => {
    const rows = byTarget.get(partition)?.rows ?? []
    const ownership = tableOwnership(rows)
    const allowed = isAllowed(ownership, context.approved, byClass)
    const statement = dropPartition(name, partition, mayDiscard(ownership, false))
    const step: Step = { kind: 'discard', partition, allowed, statement, of: rows.map(asSeen), ...more }
    if (mayDiscard(ownership, allowed)) drops.push(step)
    else kept.push({ partition, step, reason: `${whyNotOurs(ownership, 'the target', rows)}, and ${why}` })
  }
  for (const partition of compared.targetOnly) {
    drop(partition, allow.dropTargetOnlyPartitions, `partition ${partition} is not on the source`, {
      unlessAt: [source.entry],
    })
  }
  for (const [partition, why] of different) {
    drop(partition, allow.resetDivergedPartitions, `partition ${partition} must be made again: ${why}`)
  }

  const held = new Set(kept.map(({ partition }) => partition))
  const from = (names: Iterable<string>) => [...names].flatMap((partition) => bySource.get(partition) ?? [])
  const wanted = from([...compared.missing, ...[...different.keys()].filter((partition) => !held.has(partition))])
  const buckets = target.model.distribution?.kind === 'other' ? undefined : target.model.distribution?.buckets
  const added = planPartitions(source, wanted, context, buckets)
  const why = [
    ...(compared.missing.length > 0 ? [`${compared.missing.length} partitions are missing`] : []),
    ...(compared.targetOnly.length > 0 ? [`${compared.targetOnly.length} partitions are not on the source`] : []),
    ...[...different].map(([partition, reason]) => `partition ${partition}: ${reason}`),
  ]
  const [first] = kept
  const later = planPartitions(source, from(held), context, buckets)
  const blocked = first && { reason: first.reason, steps: [...kept.map(({ step }) => step), ...later.steps] }
  return { steps: [...drops, ...added.steps], why, refuse: added.refuse ?? later.refuse, ask: added.ask, blocked }
}

/** Partitions that print alike, one holding NULL and the other the string. Only known where both have rows. */
function otherNulls(source: TableFacts, { nulls, targetNulls }: PlanContext): { partition: string; reason: string }[] {
  return source.partitions.flatMap(({ shape }) => {
    const printed = printedNulls(source.model, shape).map(({ tuple, column }) => nullKey(shape.name, tuple, column))
    const other = printed.some(
      (key) => nulls.has(key) && targetNulls?.has(key) && nulls.get(key) !== targetNulls.get(key),
    )
    return other ? [{ partition: shape.name, reason: "one side's NULL is the string 'NULL'" }] : []
  })
}

function dropPartition(name: ObjectName, partition: string, forGood: boolean): string {
  const table = quoteQualified(name.database, name.name)
  return `ALTER TABLE ${table} DROP PARTITION IF EXISTS ${quoteName(partition)}${forGood ? ' FORCE' : ''}`
}

/** Differences in words, the most telling first. */
export function describe(differences: readonly Difference[]): string {
  return differences
    .slice(0, 3)
    .map(({ path, source, target }) => `${path} is ${target || 'missing'} instead of ${source || 'absent'}`)
    .join('; ')
}
