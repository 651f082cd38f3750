import { STEP_CODES, type StepKind } from './restore-basis.ts'
import { defaultReplicas, type PlannedObject, type PlannedTable, type RestoreOutline } from './restore-plan.ts'
import { needsPartitionsFirst, type TablePart } from './table-parts.ts'

/** A table with what one RESTORE gives to it. */
export interface PartOfTable {
  planned: PlannedTable
  part: TablePart
  /** The first of its parts: this RESTORE makes the table. */
  first: boolean
  /** Its partitions must be added before, since RESTORE adds none to this kind. */
  addFirst: boolean
}

export type RestorePlanStep =
  | { kind: 'create-database'; database: string; scratch: boolean }
  | { kind: 'clear'; tables: PlannedTable[] }
  | {
      kind: 'restore'
      /** Index into the labels. */
      label: number
      database: string
      replication?: number
      parts: PartOfTable[]
      objects: PlannedObject[]
    }
  | { kind: 'create-tables'; tables: PlannedTable[] }
  | { kind: 'backup'; part: number; tables: PlannedTable[] }
  | { kind: 'restore-again'; part: number; replication?: number; tables: PlannedTable[] }
  | { kind: 'verify'; tables: PlannedTable[] }
  /** Until it may be published. */
  | { kind: 'ask' }
  | { kind: 'swap' | 'rename-tables'; tables: PlannedTable[] }
  | { kind: 'rename-database'; tables: PlannedTable[] }
  | { kind: 'overwrite'; tables: PlannedTable[] }
  | { kind: 'replaced'; tables: PlannedTable[] }
  | { kind: 'views' | 'materialized-views'; objects: PlannedObject[] }
  | { kind: 'tend'; tables: PlannedTable[] }
  | { kind: 'drop-database' }
  | { kind: 'delete-snapshot'; parts: number }

type RestoreStep = Extract<RestorePlanStep, { kind: 'restore' }>

/** So much goes into one statement. */
const MOST_TABLES = 1_000
const MOST_PARTITIONS = 20_000
/** Tables of one short activity. */
const BATCH = 200

/** All steps, in order. */
export function restoreSteps(outline: RestoreOutline): RestorePlanStep[] {
  const { basis, tables, objects, spec } = outline
  const steps: RestorePlanStep[] = []
  const usesScratch = tables.some((table) => table.database === outline.scratch)
  const again = tables.filter((table) => table.again)
  const bare = basis.bare !== undefined
  if (usesScratch) steps.push({ kind: 'create-database', database: outline.scratch, scratch: true })
  const inTarget = tables.some((table) => table.database === outline.database || table.again)
  const withTarget = inTarget || objects.some((object) => object.database === outline.database)
  const target: RestorePlanStep[] =
    !basis.databaseExisted && outline.database !== '' && withTarget
      ? [{ kind: 'create-database', database: outline.database, scratch: false }]
      : []
  if (inTarget || !asks(outline)) steps.push(...target)

  const inPlace = tables.filter((table) => table.route === 'in-place')
  for (const batch of batches(inPlace)) steps.push({ kind: 'clear', tables: batch })
  const later = restoredLater(outline)
  const atOnce = objects.filter((object) => !later.includes(object))
  steps.push(...restores(outline, tables, atOnce))
  const empty = tables.filter((table) => table.parts.length === 0 && !bare)
  for (const batch of batches(empty)) steps.push({ kind: 'create-tables', tables: batch })
  const checkedFirst = tables.filter((table) => table.again || table.database === outline.scratch)
  for (const batch of batches(checkedFirst)) steps.push({ kind: 'verify', tables: batch })

  let passages = 0
  for (const [replication, group] of byReplication(again)) {
    for (const batch of inStatements(group.map((planned) => ({ planned, partitions: partitionCount(planned) })))) {
      passages++
      const moved = batch.map(({ planned }) => planned)
      steps.push({ kind: 'backup', part: passages, tables: moved })
      steps.push({ kind: 'restore-again', part: passages, replication, tables: moved })
    }
  }
  const checkedLast = tables.filter((table) => table.again || table.database !== outline.scratch)
  for (const batch of batches(checkedLast)) {
    steps.push({ kind: 'verify', tables: batch.map((table) => (table.again ? { ...table, ...table.again } : table)) })
  }

  if (spec.publish === 'never') return [...steps, ...drop()]
  const byText = objects.filter(
    (object) => object.label === undefined && (object.kind === 'view' || object.kind === 'materializedView'),
  )
  const unasked = byText.length > 0 && tables.every(({ route }) => route === 'leave')
  if (asks(outline) && (later.length > 0 || unasked)) {
    steps.push({ kind: 'ask' }, ...(inTarget ? [] : target), ...restores(outline, [], later))
  }
  const swapped = tables.filter((table) => table.route === 'swap' || table.route === 'rebackup-swap')
  for (const batch of batches(swapped)) steps.push({ kind: 'swap', tables: batch })
  const renamed = tables.filter((table) => table.route === 'rename' || table.route === 'rebackup')
  for (const batch of batches(renamed)) steps.push({ kind: 'rename-tables', tables: batch })
  if (outline.renames)
    steps.push({ kind: 'rename-database', tables: tables.filter((table) => table.as !== table.target) })
  const overwritten = tables.filter((table) => table.route === 'overwrite-partitions')
  for (const batch of batches(overwritten, overwrittenAtOnce(basis, overwritten.length)))
    steps.push({ kind: 'overwrite', tables: batch })

  if (byText.length > 0) steps.push({ kind: 'views', objects: byText })
  const live = tables.filter((table) => table.route !== 'leave')
  // Grants are read off what was replaced, so before that goes.
  if (!bare) for (const batch of batches(live)) steps.push({ kind: 'tend', tables: batch })
  for (const batch of batches(swapped)) steps.push({ kind: 'replaced', tables: batch })
  if (outline.renames && basis.databaseExisted) steps.push({ kind: 'replaced', tables: [] })
  // 3.3 deactivates materialized views once more when the replaced table is dropped: they come last.
  if (live.length > 0 || objects.some((object) => object.kind === 'materializedView')) {
    steps.push({
      kind: 'materialized-views',
      objects: objects.filter((object) => object.kind === 'materializedView'),
    })
  }
  return [...steps, ...drop()]

  function drop(): RestorePlanStep[] {
    const stays = tables.some(
      (table) =>
        table.route === 'leave' || (spec.publish === 'never' && table.database === outline.scratch && !table.again),
    )
    return [
      ...(usesScratch && !outline.renames && !stays ? [{ kind: 'drop-database' as const }] : []),
      ...(passages > 0 ? [{ kind: 'delete-snapshot' as const, parts: passages }] : []),
    ]
  }
}

const asks = ({ basis, spec }: RestoreOutline) => basis.asks === true && spec.mode === 'aside'

/** RESTORE gives views, functions and catalogs their own names at once: not before the restore may be published. */
export function restoredLater(outline: RestoreOutline): PlannedObject[] {
  const { objects, scratch, tables } = outline
  // Of a snapshot without a record everything comes at once, under its own name.
  if (!asks(outline) || tables.some(({ route }) => route === 'direct')) return []
  return objects.filter(({ label, database }) => label !== undefined && database !== scratch)
}

/** Each table has a step of its own, and so is noted right before its own first try. Restores that were begun by former versions have up to 20 in one. */
function overwrittenAtOnce({ steps }: RestoreOutline['basis'], tables: number): number {
  const begun = steps.split(STEP_CODES.overwrite).length - 1
  return begun > 0 && begun < tables ? 20 : 1
}

/** What the workflow knows of them. */
export const stepCodes = (steps: readonly RestorePlanStep[]): string =>
  steps.map((step) => STEP_CODES[step.kind]).join('')

export const isKind = <K extends StepKind>(
  step: RestorePlanStep,
  kind: K,
): step is Extract<RestorePlanStep, { kind: K }> => step.kind === kind

/** One RESTORE for what one snapshot gives to one database with one number of replicas. */
function restores(
  outline: Pick<RestoreOutline, 'spec' | 'basis'>,
  tables: readonly PlannedTable[],
  objects: readonly PlannedObject[],
): RestorePlanStep[] {
  const groups = new Map<string, RestoreStep>()
  const group = (label: number, database: string, replication: number | undefined) => {
    const key = JSON.stringify([label, database, replication])
    let found = groups.get(key)
    if (!found) {
      found = { kind: 'restore', label, database, replication, parts: [], objects: [] }
      groups.set(key, found)
    }
    return found
  }
  for (const planned of tables) {
    for (const [at, part] of planned.parts.entries()) {
      const exists = planned.route === 'in-place'
      const first = at === 0 && !exists
      group(part.label, planned.database, part.replication).parts.push({
        planned,
        part,
        first,
        addFirst: !first && needsPartitionsFirst(planned.table),
      })
    }
  }
  for (const object of objects) {
    if (object.label === undefined) continue
    // With the tables of the same snapshot where there are any: StarRocks connects a materialized view with base tables of its own job.
    const same = [...groups.values()].find(
      (candidate) => candidate.label === object.label && candidate.database === object.database,
    )
    ;(same ?? group(object.label, object.database, defaultReplicas(outline.spec, outline.basis))).objects.push(object)
  }
  // Where a table comes by several of them, its first part is the one with the fewest replicas.
  const split = new Set(
    tables.flatMap(({ parts }) =>
      parts.flatMap(({ label }, at) => (at > 0 && parts[at - 1]?.label === label ? [label] : [])),
    ),
  )
  const replicas = ({ label, replication = 0 }: RestoreStep) => (split.has(label) ? replication : 0)
  const ordered = [...groups.values()].sort(
    (a, b) => a.label - b.label || Number(isMade(b)) - Number(isMade(a)) || replicas(a) - replicas(b),
  )
  return ordered.flatMap((one) => {
    const cut = inStatements(one.parts.map((entry) => ({ ...entry, partitions: entry.part.names.length })))
    if (cut.length === 0) return [one]
    return cut.map((parts, at) => ({
      ...one,
      parts: parts.map(strip),
      objects: at === cut.length - 1 ? one.objects : [],
    }))
  })
}

const strip = ({ planned, part, first, addFirst }: PartOfTable): PartOfTable => ({ planned, part, first, addFirst })

/** Of two with the same label the one that makes tables comes first. */
const isMade = (step: RestoreStep) => step.parts.some((entry) => entry.first)

/** One RESTORE brings all of a table that is moved: none of its partitions gets fewer than it is meant to have. */
const mostReplicas = ({ parts }: PlannedTable): number => Math.max(...parts.map(({ replication }) => replication ?? 1))

function byReplication(tables: readonly PlannedTable[]): Map<number, PlannedTable[]> {
  const groups = new Map<number, PlannedTable[]>()
  for (const table of tables) {
    const key = mostReplicas(table)
    groups.set(key, [...(groups.get(key) ?? []), table])
  }
  return groups
}

const partitionCount = (planned: PlannedTable) => planned.only?.length ?? Object.keys(planned.table.partitions).length

function inStatements<T extends { partitions: number }>(entries: readonly T[]): T[][] {
  const cut: T[][] = []
  let partitions = 0
  for (const entry of entries) {
    const last = cut.at(-1)
    if (!last || last.length >= MOST_TABLES || partitions + entry.partitions > MOST_PARTITIONS) {
      cut.push([entry])
      partitions = entry.partitions
    } else {
      last.push(entry)
      partitions += entry.partitions
    }
  }
  return cut
}

function batches<T>(all: readonly T[], size = BATCH): T[][] {
  const found: T[][] = []
  for (let from = 0; from < all.length; from += size) found.push(all.slice(from, from + size))
  return found
}
