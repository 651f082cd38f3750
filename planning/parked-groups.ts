import type { MigrationMemory } from './migration-memory.ts'
import { MOST_PARKED, type Parked, shortReason, withoutNames } from './parking.ts'

/**
 * Parked tables beyond those that are listed one by one, by what they wait for. Of each only a mark is kept: they are counted, not started again
 * before their time, and their number needs no more room than a payload has.
 */
export interface ParkedGroup {
  /** As the first of them says it. */
  reason: string
  needsApproval: boolean
  refused: boolean
  tables: number
  /** Marks of the tables, MARK characters each. */
  marks: string
  /** Milliseconds; then they are looked at again, and by a metadata difference where one found them. */
  retryAt: number
  /** Found by metadata differences, which alone can take them off. */
  byMetadata: boolean
}

const MARK = 6
const MOST_GROUPS = 20
/** Tables that a look may be told of in one payload. */
export const MOST_MARKED = 10_000
/** What waits for a person is looked at again only so often; what failed may have got better. */
const APPROVAL_S = 6 * 3600
const FAILED_S = 3600

type Memory = Pick<MigrationMemory, 'parked' | 'parkedMore'>

/**
 * A short mark of a table's name: 36 bits in base 64. Two names of ten thousand share one with a probability of one in a thousand; then a
 * table waits a while for another's reason, and is still counted as behind.
 */
export function markOfTable(table: string): string {
  let a = 0x811c9dc5
  let b = 0x1b873593
  for (let i = 0; i < table.length; i++) {
    const code = table.charCodeAt(i)
    a = Math.imul(a ^ code, 0x01000193)
    b = Math.imul(b ^ code, 0x85ebca6b) ^ (b >>> 13)
  }
  a ^= a >>> 15
  b ^= b >>> 16
  let mark = ''
  for (const bits of [a, a >>> 6, a >>> 12, b, b >>> 6, b >>> 12]) mark += ALPHABET[bits & 63]
  return mark
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** Parked tables, listed or only marked: all, or those of a kind. */
export function parkedCount(
  { parked, parkedMore = [] }: Memory,
  isMeant: (one: Pick<Parked, 'needsApproval' | 'refused' | 'byMetadata'>) => boolean = () => true,
): number {
  return Object.values(parked).filter(isMeant).length + markedCount({ parkedMore: parkedMore.filter(isMeant) })
}

export function markedCount({ parkedMore = [] }: Pick<Memory, 'parkedMore'>): number {
  return parkedMore.reduce((sum, group) => sum + group.tables, 0)
}

/** Whether there is room to list one more. */
export const canList = ({ parked }: Pick<Memory, 'parked'>) => Object.keys(parked).length < MOST_PARKED

/** Whether there is room to mark one more; without it, no table may be started that would have to be parked. */
export const canMark = (memory: Pick<Memory, 'parkedMore'>) => markedCount(memory) < MOST_MARKED

/** Parks a table by its mark alone. */
export function markParked(memory: Memory, table: string, why: Parked, nowMs: number): void {
  const groups = memory.parkedMore ?? []
  memory.parkedMore = groups
  const mark = markOfTable(table)
  if (groups.some((group) => hasMark(group, mark)) || !canMark(memory)) return
  const waits = why.needsApproval || why.refused
  const fitting = groups.filter((one) => isOfKind(one, why))
  let group = fitting.find((one) => alike(one, why)) ?? (groups.length >= MOST_GROUPS ? fitting[0] : undefined)
  if (!group) {
    group = {
      reason: shortReason(why.reason, 200),
      needsApproval: why.needsApproval,
      refused: why.refused,
      tables: 0,
      marks: '',
      retryAt: nowMs + (waits ? APPROVAL_S : FAILED_S) * 1000,
      byMetadata: why.byMetadata ?? false,
    }
    groups.push(group)
  }
  group.tables++
  group.marks += mark
}

/** Parks a table where there is room: in the list, or by its mark alone; never in both. */
export function listOrMark(memory: Memory, table: string, why: Parked, nowMs: number): void {
  if (memory.parked[table] || canList(memory)) {
    unmark(memory, table)
    memory.parked[table] = why
  } else markParked(memory, table, why, nowMs)
}

/**
 * Lists a table of which only the mark was kept, because somebody asks for it: what is found about it next stays in sight, and can be approved.
 * Undefined where there is no room.
 */
export function listMarked(memory: Memory, table: string, keep: (table: string) => boolean, nowMs: number) {
  const group = groupOf(memory, table)
  if (!group || !makeRoom(memory, keep, nowMs)) return undefined
  unmark(memory, table)
  const { reason, needsApproval, refused, byMetadata } = group
  const parked: Parked = { reason, attempts: 1, times: 1, needsApproval, refused, statements: [] }
  if (byMetadata) parked.byMetadata = true
  memory.parked[table] = parked
  return parked
}

/** Whether a table is parked by its mark. */
export function isMarked({ parkedMore = [] }: Pick<Memory, 'parkedMore'>, table: string): boolean {
  if (parkedMore.length === 0) return false
  const mark = markOfTable(table)
  return parkedMore.some((group) => hasMark(group, mark))
}

/** Takes the mark off again: the table was approved, is to be tried at once, or came to a good end. The group that it was in. */
export function unmark(memory: Pick<Memory, 'parkedMore'>, table: string): ParkedGroup | undefined {
  const mark = markOfTable(table)
  for (const group of memory.parkedMore ?? []) {
    const at = placeOf(group, mark)
    if (at < 0) continue
    group.marks = group.marks.slice(0, at) + group.marks.slice(at + MARK)
    group.tables--
    memory.parkedMore = memory.parkedMore?.filter((one) => one.tables > 0)
    return group
  }
  return undefined
}

/** The group in which a table is marked. */
export function groupOf({ parkedMore = [] }: Pick<Memory, 'parkedMore'>, table: string): ParkedGroup | undefined {
  const mark = markOfTable(table)
  return parkedMore.find((group) => hasMark(group, mark))
}

/** Marks taken off at once when the list has room again. */
const REFILL = 10
const ROOM = 50

/**
 * Groups whose time has come are forgotten: the next look finds their tables, and what is still wrong with them is found anew. When the list
 * has room, a few others are, too: so that what waits for a person comes back into sight. Looks do not see what a metadata difference found:
 * that stays until the next difference, which lists them as well.
 */
export function releaseDue(memory: Memory, nowMs: number): void {
  if (!memory.parkedMore || memory.parkedMore.length === 0) return
  memory.parkedMore = memory.parkedMore.filter((group) => group.byMetadata || group.retryAt > nowMs)
  if (Object.keys(memory.parked).length > MOST_PARKED - ROOM) return
  const group = memory.parkedMore.find((one) => !one.byMetadata)
  if (!group) return
  const taken = Math.min(REFILL, group.tables)
  group.marks = group.marks.slice(taken * MARK)
  group.tables -= taken
  if (group.tables === 0) memory.parkedMore = memory.parkedMore.filter((one) => one !== group)
}

/** Whether a metadata difference is due for marked tables that the last ones failed to align. */
export function isMarkedDue({ parkedMore = [] }: Pick<Memory, 'parkedMore'>, nowMs: number): boolean {
  return parkedMore.some((group) => failed(group) && group.retryAt <= nowMs)
}

/** A difference that may mend them starts now. */
export function postponeMarked({ parkedMore = [] }: Pick<Memory, 'parkedMore'>, nowMs: number): void {
  for (const group of parkedMore) if (failed(group)) group.retryAt = nowMs + FAILED_S * 1000
}

const failed = ({ byMetadata, needsApproval, refused }: ParkedGroup) => byMetadata && !needsApproval && !refused

/** Marks with one more; undefined once there are more of them than a payload has room for. */
export function withMark(marks: string | undefined, table: string): string | undefined {
  return marks === undefined || marks.length >= MOST_MARKED * MARK ? undefined : marks + markOfTable(table)
}

/** After a whole metadata difference: of what differences found, only these tables are still stuck, and those with these marks. */
export function keepStuck(memory: Pick<Memory, 'parkedMore'>, stuck: Iterable<string>, others = ''): void {
  if (!memory.parkedMore?.some((group) => group.byMetadata)) return
  const marks = new Set([...[...stuck].map(markOfTable), ...split(others)])
  for (const group of memory.parkedMore) {
    if (!group.byMetadata) continue
    const kept = split(group.marks).filter((mark) => marks.has(mark))
    group.marks = kept.join('')
    group.tables = kept.length
  }
  memory.parkedMore = memory.parkedMore.filter((group) => group.tables > 0)
}

/** Makes room in the list by keeping only the mark of a table that waits for a person anyway; an approval is more than a mark can keep. */
export function makeRoom(memory: Memory, keep: (table: string) => boolean, nowMs: number): boolean {
  if (canList(memory)) return true
  if (!canMark(memory)) return false
  for (const [table, why] of Object.entries(memory.parked)) {
    if (keep(table) || why.approved !== undefined || !(why.needsApproval || why.refused)) continue
    delete memory.parked[table]
    markParked(memory, table, why, nowMs)
    return true
  }
  return false
}

/** Tells whether a table is among these marks; for looks over many tables. */
export function markMatcher(marks: readonly string[]): (table: string) => boolean {
  if (marks.length === 0) return () => false
  const known = new Set<string>()
  for (const text of marks) for (const mark of split(text)) known.add(mark)
  return (table) => known.has(markOfTable(table))
}

const hasMark = (group: ParkedGroup, mark: string) => placeOf(group, mark) >= 0

function placeOf({ marks }: ParkedGroup, mark: string): number {
  for (let at = 0; at < marks.length; at += MARK) if (marks.startsWith(mark, at)) return at
  return -1
}

function split(marks: string): string[] {
  const found: string[] = []
  for (let at = 0; at < marks.length; at += MARK) found.push(marks.slice(at, at + MARK))
  return found
}

function isOfKind(group: ParkedGroup, why: Parked): boolean {
  return (
    group.needsApproval === why.needsApproval &&
    group.refused === why.refused &&
    group.byMetadata === (why.byMetadata ?? false)
  )
}

function alike(group: ParkedGroup, why: Parked): boolean {
  return withoutNames(group.reason) === withoutNames(shortReason(why.reason, 200))
}
