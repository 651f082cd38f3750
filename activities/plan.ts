import { randomUUID } from 'node:crypto'
import type { DoctorResult, MigrationSpec, PlanInput, PlanItem, PlanPage, PlanTotals } from '../contract/index.ts'
import { check, migrationSpecSchema } from '../contract/index.ts'
import { settingsToChange } from '../planning/preflight-settings.ts'
import { shorten } from '../planning/schema-outcome.ts'
import type { TableLag } from '../planning/version-index.ts'
import { quoteProperties, quoteQualified } from '../starrocks/index.ts'
import { refused } from './failures.ts'
import { mapConcurrently } from './metadata/concurrency.ts'
import { isNotFound } from './metadata/failure.ts'
import type { InventoryEntry } from './metadata/inventory.ts'
import { type PlannedTable, type PlanningSession, planTable } from './metadata/plan-table.ts'
import { planViews, type ViewPlan } from './metadata/plan-views.ts'
import type { Sessions } from './metadata/session.ts'
import { type Step, statementsOf, type TablePlan } from './metadata/steps.ts'
import { dropViewStatement, mayDropTargetOnly, targetOnlyObjects } from './metadata/target-only.ts'
import { setBounded } from './set-bounded.ts'

/** A page must fit through a workflow. */
const PAGE_BYTES = 40_000
/** Of the statements of an item: more of them, and longer ones, go on in the next item, on another page if need be. */
const ITEM_BYTES = 20_000
/** Unless every statement is asked for. */
const STATEMENTS_PER_ITEM = 6
const LONGEST_STATEMENT = 1_500
const DEFAULT_LIMIT = 200
/** Tables planned ahead of knowing whether they fit. */
const BATCH = 8

/** Everything that a plan has to say, in the order of the pages. */
type Subject =
  | { key: string; kind: 'setting'; item: PlanItem }
  | { key: string; kind: 'table'; entry: InventoryEntry; lag?: TableLag }
  | { key: string; kind: 'view'; item: PlanItem }
  | { key: string; kind: 'target-only'; entry: InventoryEntry }

/** The look at both clusters that the pages of one plan share. */
interface Look {
  session: PlanningSession
  subjects: Subject[]
}

/** Looks remembered at once: of 10,000 tables each takes some megabytes. Nobody may ever ask for the last page of one. */
const MOST_LOOKS = 4

/**
 * Remembers what there is to say, by the id that the cursor of a plan carries: a page that comes to another worker looks anew, and goes on with no look of
 * an earlier plan.
 */
export class Plans {
  readonly #subjects = new Map<string, Subject[]>()
  readonly #sessions: Sessions
  readonly #lags: (spec: MigrationSpec, signal: AbortSignal) => Promise<readonly TableLag[]>

  /** `lags` tells what copies lack that are there already. */
  constructor(sessions: Sessions, lags: (spec: MigrationSpec, signal: AbortSignal) => Promise<readonly TableLag[]>) {
    this.#sessions = sessions
    this.#lags = lags
  }

  async look(id: string, spec: MigrationSpec, doctor: DoctorResult | undefined, signal: AbortSignal): Promise<Look> {
    const known = this.#subjects.get(id)
    const session = await this.#sessions.open(spec, { fresh: known === undefined, signal })
    const subjects = known ?? (await listSubjects(session, doctor, await this.#lags(spec, signal)))
    setBounded(this.#subjects, id, subjects, MOST_LOOKS)
    return { session, subjects }
  }

  forget(id: string): void {
    this.#subjects.delete(id)
  }
}

/**
 * One page of what a migration would do: create, alter, recreate, drop, replicate, refuse, and which settings it would change. Reads only. A first page
 * (no `after`) looks anew at both clusters and brings the findings; the following ones go on with that look. The last one has the totals of all.
 */
export async function planPage(
  plans: Plans,
  preflight: (spec: MigrationSpec, signal: AbortSignal) => Promise<DoctorResult>,
  input: PlanInput,
  signal: AbortSignal,
): Promise<PlanPage> {
  const spec = specOf(input.spec)
  const doctor = input.after === undefined ? await preflight(spec, signal) : undefined
  const findings = doctor?.findings ?? []
  const totals = noTotals()
  // Without facts not even the clusters could be looked at.
  if (doctor && Object.keys(doctor.facts).length === 0) return { items: [], totals, findings }
  const { look = randomUUID(), key: from, begun } = readCursor(input.after, totals)
  const { session, subjects } = await plans.look(look, spec, doctor, signal)
  let place = from === undefined ? 0 : placeAfter(subjects, from)
  // Another worker may have found another object in its place.
  let taken = begun && begun.key === subjects[place]?.key ? begun.taken : 0

  const items: PlanItem[] = []
  let bytes = bytesOf(findings)
  const limit = Math.min(input.limit ?? DEFAULT_LIMIT, 1_000)
  let full = false
  while (place < subjects.length && !full) {
    const batch = subjects.slice(place, place + BATCH)
    const done = await mapConcurrently(batch, 4, (subject) => itemsOf(session, subject))
    for (const [at, some] of done.entries()) {
      const parts = some.flatMap((item) => (input.sql ? inParts(item) : [shortened(item)]))
      for (const part of parts.slice(taken)) {
        const size = bytesOf(part)
        full = items.length >= limit || (items.length > 0 && bytes + size > PAGE_BYTES)
        if (full) break
        items.push(part)
        bytes += size
        taken++
      }
      if (full) break
      add(totals, batch[at], some)
      place++
      taken = 0
    }
  }
  const open = subjects[place]
  if (open) {
    const begin = taken > 0 ? { key: open.key, taken } : undefined
    return { items, totals, next: writeCursor(subjects[place - 1]?.key ?? '', totals, look, begin), findings }
  }
  plans.forget(look)
  return { items, totals, findings }
}

const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value))

/** What was the last of the page before may be gone when another worker looks. Empty: not even the first was told whole. */
function placeAfter(subjects: readonly Subject[], from: string): number {
  const known = subjects.findIndex(({ key }) => key === from)
  if (known >= 0) return known + 1
  // Views stand in the order in which they are made: rather all of them once more than one never.
  const before = from.startsWith('2 ') ? '2 ' : from
  const next = subjects.findIndex(({ key }) => key > before)
  return next < 0 ? subjects.length : next
}

/** An object that was told in part: of how many items. */
interface Begun {
  key: string
  taken: number
}

/** Where the next page begins, what the pages so far add up to, and of which look: so that no page depends on what a worker remembers. */
function writeCursor(key: string, totals: PlanTotals, look: string, begun: Begun | undefined): string {
  return JSON.stringify([key, totals, look, ...(begun ? [begun] : [])])
}

function readCursor(
  after: string | undefined,
  totals: PlanTotals,
): { key?: string; look?: string; begun?: Begun | undefined } {
  if (after === undefined) return {}
  try {
    // Workers of former versions name no look.
    const [key, before, look, begun] = JSON.parse(after) as [string, Partial<PlanTotals>, string?, Begun?]
    for (const name of Object.keys(totals) as (keyof PlanTotals)[]) totals[name] = Number(before[name] ?? 0)
    return { key, look, begun }
  } catch {
    throw refused('`after` is none of a page of this plan: give the `next` of the page before')
  }
}

async function listSubjects(
  session: PlanningSession,
  doctor: DoctorResult | undefined,
  found: readonly TableLag[],
): Promise<Subject[]> {
  const { pair } = session
  const lags = new Map(found.map((lag) => [lag.table, lag]))
  const changes = settingsToChange(doctor?.findings ?? []).filter((change) => / becomes /.test(change.reason))
  const settings = changes.map(
    (change): Subject => ({
      key: `0 ${change.key}`,
      kind: 'setting',
      item: {
        object: change.key,
        kind: 'setting',
        action: 'set',
        reason: change.reason,
        statements: [`ADMIN SET FRONTEND CONFIG ${quoteProperties([[change.key, change.value]])}`],
      },
    }),
  )
  const tables = [...session.source.entries.values()]
    .filter((entry) => entry.kind === 'table' || entry.kind === 'external table')
    .filter((entry) => pair.selection.includes(entry.database, entry.name))
    .sort((a, b) => (a.full < b.full ? -1 : 1))
    .map((entry): Subject => ({ key: `1 ${entry.full}`, kind: 'table', entry, lag: lags.get(entry.full) }))
  const targetOnly = targetOnlyObjects(session).map(
    (entry): Subject => ({ key: `3 ${entry.full}`, kind: 'target-only', entry }),
  )
  return [...settings, ...tables, ...(await viewSubjects(session)), ...targetOnly]
}

const VIEW_ACTIONS: Record<ViewPlan['action'], PlanItem['action']> = {
  none: 'keep',
  create: 'create',
  recreate: 'recreate',
  approve: 'recreate',
  refuse: 'refuse',
}

async function viewSubjects(session: PlanningSession): Promise<Subject[]> {
  const plans = await planViews(session)
  return plans
    .filter((plan) => plan.action !== 'none')
    .map((plan): Subject => {
      const name = session.pair.rename(plan.entry)
      const item: PlanItem = {
        ...objectOf(plan.entry.full, `${name.database}.${name.name}`),
        kind: plan.entry.kind === 'view' ? 'view' : 'materialized view',
        action: VIEW_ACTIONS[plan.action],
        reason: plan.reason,
        statements: plan.statements(session.unknownProperties),
        ...(plan.action === 'approve' ? { needsApproval: true } : {}),
      }
      return { key: `2 ${plan.entry.full}`, kind: 'view', item }
    })
}

async function itemsOf(session: PlanningSession, subject: Subject): Promise<PlanItem[]> {
  if (subject.kind === 'setting' || subject.kind === 'view') return [subject.item]
  if (subject.kind === 'target-only') return [targetOnlyItem(session, subject.entry)]
  try {
    return tableItems(session, subject, await planTable(session, subject.entry))
  } catch (error) {
    if (isNotFound(error)) return []
    throw error
  }
}

function targetOnlyItem(session: PlanningSession, entry: InventoryEntry): PlanItem {
  const allowed = mayDropTargetOnly(session, entry)
  const isTable = entry.kind === 'table'
  return {
    object: entry.full,
    kind: entry.kind === 'view' || entry.kind === 'materialized view' ? entry.kind : 'table',
    action: allowed ? 'drop' : 'keep',
    reason: 'it is on the target only',
    statements: [
      isTable ? `DROP TABLE IF EXISTS ${quoteQualified(entry.database, entry.name)}` : dropViewStatement(entry),
    ],
    ...(allowed ? {} : { needsApproval: true }),
  }
}

const ACTIONS: Record<TablePlan['action'], PlanItem['action']> = {
  none: 'keep',
  create: 'create',
  alter: 'alter',
  recreate: 'recreate',
  refuse: 'refuse',
  wait: 'keep',
  approve: 'recreate',
}

function tableItems(
  session: PlanningSession,
  { entry, lag }: Extract<Subject, { kind: 'table' }>,
  planned: PlannedTable,
): PlanItem[] {
  const { plan, source, target } = planned
  const name = session.pair.rename(entry)
  const object = objectOf(entry.full, `${name.database}.${name.name}`)
  const items: PlanItem[] = []
  const destroys = plan.steps.some((step) => step.kind === 'discard' && step.partition === undefined)
  if (plan.action !== 'none') {
    const reason = [plan.reason, ...plan.notes].filter(Boolean).join('; ')
    items.push({
      ...object,
      kind: 'table',
      action: plan.action === 'approve' ? (destroys ? 'recreate' : target ? 'alter' : 'create') : ACTIONS[plan.action],
      ...(reason === '' ? {} : { reason: shorten(reason, 500) }),
      statements: statementsOf(plan.steps),
      ...(plan.action === 'approve' ? { needsApproval: true } : {}),
    })
    items.push(...partitionDrops(object, plan.steps, plan.action === 'approve'))
    items.push(...partitionDrops(object, plan.blocked?.steps ?? [], true))
  }
  if (source && plan.action !== 'refuse') {
    const rows = source.partitions.flatMap((partition) => partition.rows)
    const everything = {
      partitions: source.partitions.length,
      bytes: rows.reduce((sum, row) => sum + Number(row.dataSizeBytes), 0),
    }
    // What is made, or made again, holds nothing of what a look found.
    const isNew = target === undefined || destroys || lag === undefined
    const { partitions, bytes } = isNew ? everything : { partitions: lag.laggingPartitions, bytes: lag.bytes }
    if (isNew || partitions > 0) items.push({ ...object, kind: 'table', action: 'replicate', partitions, bytes })
  }
  return items
}

/** Partitions that would be dropped, one item each: they are what an operator must see first. */
function partitionDrops(
  object: Pick<PlanItem, 'object' | 'targetName'>,
  steps: readonly Step[],
  approval: boolean,
): PlanItem[] {
  return steps.flatMap((step) =>
    step.kind === 'discard' && step.partition !== undefined
      ? [
          {
            ...object,
            kind: 'partition' as const,
            action: 'drop' as const,
            reason: `partition ${step.partition} is not the source's`,
            statements: [step.statement],
            ...(approval ? { needsApproval: true } : {}),
          },
        ]
      : [],
  )
}

const objectOf = (source: string, target: string) => ({
  object: source,
  ...(source === target ? {} : { targetName: target }),
})

function shortened(item: PlanItem): PlanItem {
  const { statements } = item
  if (statements === undefined) return item
  const shown = statements.slice(0, STATEMENTS_PER_ITEM).map((statement) => shorten(statement, LONGEST_STATEMENT))
  const more = statements.length - shown.length
  return { ...item, statements: more > 0 ? [...shown, `-- and ${more} more`] : shown }
}

/** The item with all of its statements, as several where they are too long for one. */
function inParts(item: PlanItem): PlanItem[] {
  const parts: PlanItem[] = []
  let open: PlanItem = { ...item, ...(item.statements ? { statements: [] } : {}) }
  let bytes = 0
  const { object, targetName, kind, action } = item
  const goOn = (continued: NonNullable<PlanItem['continued']>) => {
    parts.push(open)
    open = { object, ...(targetName === undefined ? {} : { targetName }), kind, action, continued, statements: [] }
    bytes = 0
  }
  for (const statement of item.statements ?? []) {
    if (bytes > 0 && bytes + bytesOf(statement) > ITEM_BYTES) goOn('statements')
    for (const [at, piece] of pieces(statement).entries()) {
      if (at > 0) goOn('statement')
      open.statements?.push(piece)
      bytes += bytesOf(piece)
    }
  }
  return [...parts, open]
}

/** Most statements are one piece. Never cuts a character in two. */
function pieces(statement: string): string[] {
  if (bytesOf(statement) <= ITEM_BYTES) return [statement]
  const found: string[] = []
  let piece = ''
  let bytes = 0
  for (const character of statement) {
    const size = bytesOf(character) - 2
    if (bytes + size > ITEM_BYTES) {
      found.push(piece)
      piece = ''
      bytes = 0
    }
    piece += character
    bytes += size
  }
  return [...found, piece]
}

function noTotals(): PlanTotals {
  return {
    tables: 0,
    create: 0,
    alter: 0,
    recreate: 0,
    drop: 0,
    refuse: 0,
    replicateTables: 0,
    replicatePartitions: 0,
    replicateBytes: 0,
    needsApproval: 0,
  }
}

function add(totals: PlanTotals, subject: Subject | undefined, items: readonly PlanItem[]): void {
  if (subject?.kind === 'table') totals.tables++
  for (const { action, needsApproval, partitions, bytes } of items) {
    if (needsApproval) totals.needsApproval++
    if (COUNTED.has(action)) totals[action as 'create']++
    if (action !== 'replicate') continue
    totals.replicateTables++
    totals.replicatePartitions += partitions ?? 0
    totals.replicateBytes += bytes ?? 0
  }
}

const COUNTED: ReadonlySet<PlanItem['action']> = new Set(['create', 'alter', 'recreate', 'drop', 'refuse'])

/** The input as the workflow got it, checked: unknown keys and bad values are named. */
function specOf(input: unknown): MigrationSpec {
  try {
    return check(migrationSpecSchema, input, 'spec')
  } catch (error) {
    throw refused(error instanceof Error ? error.message : String(error))
  }
}
