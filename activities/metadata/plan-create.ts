import {
  type NullMeaning,
  nullKey,
  printedNulls,
  type Table,
  writePartitions,
  writeTable,
} from '../../starrocks/ddl/index.ts'
import { quoteName } from '../../starrocks/index.ts'
import { sameValues } from './ask-nulls.ts'
import type { Pair } from './pair.ts'
import { planIndexes } from './plan-indexes.ts'
import type { TableFacts, TablePartition } from './read-table.ts'
import type { Step, TablePlan } from './steps.ts'

/** What a plan needs to know beside the table itself. */
export interface PlanContext {
  pair: Pair
  /** An operator approved the table's destructive statements, and that undecidable NULL partitions are NULL. */
  approved: boolean
  /** What the source's printed NULLs are. */
  nulls: ReadonlyMap<string, NullMeaning>
  /** The same of the copy. */
  targetNulls?: ReadonlyMap<string, NullMeaning>
  /** Why columns are not to be changed in place; see whyMadeAgain. */
  madeAgain?: string
  /** Properties that this target has called unknown before. */
  unknownProperties: ReadonlySet<string>
  /** Databases that the target has. */
  targetDatabases: ReadonlySet<string>
}

/** The plan for a table that the target lacks; `first` are steps to run before, e.g. the drop of a former one. */
export function planCreate(source: TableFacts, context: PlanContext, first: Step[] = []): TablePlan {
  const { pair } = context
  const name = pair.rename(source.entry)
  const partitions = planPartitions(source, source.partitions, context, tableBuckets(source.model, source.partitions))
  if (partitions.refuse) return { action: 'refuse', reason: partitions.refuse, steps: [], undo: [], notes: [] }

  const rollups = source.definitions.flatMap((definition) => (definition.kind === 'rollup' ? [definition.rollup] : []))
  const indexes = planIndexes(source, name, pair)
  if (indexes.refuse) return { action: 'refuse', reason: indexes.refuse, steps: [], undo: [], notes: [] }
  const write = (unknownProperties: ReadonlySet<string>) =>
    writeTable(source.model, {
      target: pair.writeFor,
      source: source.entry,
      rename: pair.rename,
      placement: pair.placement,
      from: pair.source,
      buckets: tableBuckets(source.model, source.partitions),
      rollups,
      unknownProperties,
    })
  const written = write(context.unknownProperties)
  const createTable: Step = {
    kind: 'create-table',
    statement: written.statements.join(';\n'),
    write: (unknown) => write(unknown).statements.join(';\n'),
  }
  const createDatabase: Step[] = context.targetDatabases.has(name.database)
    ? []
    : [{ kind: 'sql', statement: `CREATE DATABASE IF NOT EXISTS ${quoteName(name.database)}` }]
  const steps: Step[] = [
    ...first,
    ...createDatabase,
    createTable,
    ...partitions.steps,
    ...indexes.syncViews,
    ...written.deferred.map((statement): Step => ({ kind: 'try', statement, what: 'foreign keys' })),
  ]
  const notes = [
    ...written.warnings,
    ...storageMedia(source, pair),
    ...written.dropped.map(({ property, value, reason }) => `property ${property} = ${value} is left out: ${reason}`),
  ]
  const undo = written.undo.map((change) => change.statement)
  if (partitions.ask) return { action: 'approve', reason: partitions.ask, steps, undo, notes }
  return { action: 'create', steps, undo, notes }
}

/**
 * Partitions of one table can lie on several media: some were cooled down, or placed by hand. What of these the target has is not known, and a partition
 * for a medium that is not there cannot be made: so they go where the table's own property says.
 */
function storageMedia({ partitions }: TableFacts, { source, target }: Pair): string[] {
  if (source.runMode !== 'shared_nothing' || target.runMode !== 'shared_nothing') return []
  const counts = new Map<string, number>()
  for (const { shape } of partitions) {
    if (shape.storageMedium) counts.set(shape.storageMedium, (counts.get(shape.storageMedium) ?? 0) + 1)
  }
  if (counts.size < 2) return []
  const which = [...counts].map(([medium, count]) => `${count} on ${medium}`).join(', ')
  return [`its partitions lie on several storage media (${which}); the copies all lie where the table's property says`]
}

/**
 * The bucket number that the table is created with: the printed one, else that of its only partition, or of most partitions of an automatic table,
 * because createPartition gives every partition the table's own.
 */
export function tableBuckets(model: Table, partitions: readonly TablePartition[]): number | undefined {
  const printed = model.distribution?.kind === 'other' ? undefined : model.distribution?.buckets
  if (printed !== undefined && model.partitioning.kind !== 'none') return printed
  const counts = new Map<number, number>()
  for (const { shape } of partitions) counts.set(shape.buckets, (counts.get(shape.buckets) ?? 0) + 1)
  const [most] = [...counts].sort((a, b) => b[1] - a[1])
  return most?.[0] ?? printed
}

/** A load that needs as many partitions at once is nothing unusual for a frontend. */
const VALUES_PER_CALL = 30

export interface PartitionSteps {
  steps: Step[]
  /** The first partition that cannot be made, and why. */
  refuse?: string
  /** Something only a person can decide; `steps` hold what would be done on approval. */
  ask?: string
}

/** The steps that make partitions of a table whose target has `buckets` as its own bucket number. */
export function planPartitions(
  source: TableFacts,
  wanted: readonly TablePartition[],
  context: PlanContext,
  buckets: number | undefined,
): PartitionSteps {
  if (source.model.partitioning.kind === 'none') return { steps: [] }
  const { pair } = context
  const plan = (nulls: ReadonlyMap<string, NullMeaning>) =>
    writePartitions(
      source.model,
      wanted.map((partition) => partition.shape),
      {
        target: pair.writeFor,
        name: pair.rename(source.entry),
        placement: pair.placement,
        tableBuckets: buckets,
        nulls,
      },
    )
  let planned = plan(context.nulls)
  const asked = planned.find(({ verdict }) => verdict.how === 'ask')
  let ask: string | undefined
  if (asked?.verdict.how === 'ask') {
    const twins = sameValues(source).find(({ keys }) => keys.every((key) => !context.nulls.has(key)))
    if (twins) {
      const names = twins.partitions.join(' and ')
      return {
        steps: [],
        refuse: `partitions ${names} show NULL, one is NULL and one the string 'NULL', and both are empty; insert one row into either on the source`,
      }
    }
    const assumed = assumeNull(source, context.nulls)
    planned = plan(assumed)
    if (!context.approved) {
      ask = `${asked.verdict.reason}; StarRocks tells only of one with rows. Approve to make it NULL, or insert one row into it on the source`
    }
  }
  const steps: Step[] = []
  const byCall: { partition: string; value: string }[] = []
  const afterwards: Step[] = []
  for (const { partition, verdict } of planned) {
    if (verdict.how === 'refuse') return { steps: [], refuse: `partition ${partition.name}: ${verdict.reason}` }
    if (verdict.how === 'ask') return { steps: [], refuse: verdict.reason }
    if (verdict.how === 'sql') steps.push({ kind: 'sql', statement: verdict.statement })
    else {
      byCall.push({ partition: partition.name, value: verdict.value })
      if (verdict.rebucket) {
        afterwards.push({ kind: 'sql', statement: verdict.rebucket }, { kind: 'settle', what: 'OPTIMIZE' })
      }
    }
  }
  for (let at = 0; at < byCall.length; at += VALUES_PER_CALL) {
    const some = byCall.slice(at, at + VALUES_PER_CALL)
    steps.push({
      kind: 'create-partitions',
      partitions: some.map(({ partition }) => partition),
      values: some.map(({ value }) => value),
    })
  }
  return { steps: [...steps, ...afterwards], ask }
}

/** Every printed NULL that nobody could decide, taken for NULL. */
function assumeNull(source: TableFacts, known: ReadonlyMap<string, NullMeaning>): ReadonlyMap<string, NullMeaning> {
  const nulls = new Map(known)
  for (const { shape } of source.partitions) {
    for (const { tuple, column } of printedNulls(source.model, shape)) {
      const key = nullKey(shape.name, tuple, column)
      if (!nulls.has(key)) nulls.set(key, 'null')
    }
  }
  return nulls
}
