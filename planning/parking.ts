import type { ParkedTable } from '../contract/migration-api.ts'
import type { Approvals } from './approval.ts'
import { byteLength } from './byte-length.ts'

/** A table that waits after failures, for an approval, or for something that holds it. */
export interface Parked {
  reason: string
  attempts: number
  /** How often it was parked in a row: the pauses grow with it. */
  times: number
  /** How often in a row it only waited for something that holds it. */
  waited?: number
  /** Milliseconds; unset: waits for a person, or for the next metadata difference. */
  retryAt?: number
  needsApproval: boolean
  /** No retry can help as things are. */
  refused: boolean
  statements: string[]
  /** What an approval has to answer; unset: not asked yet, or asked by a version that did not say. */
  question?: string
  /** The question that was approved. It lives and dies with this entry: an approval is for what was shown, once. */
  approved?: string
  /** Found by the metadata difference, which takes it off the list again. */
  byMetadata?: boolean
  /** Milliseconds; of what the metadata difference could not do: when the migration starts the next one because of it. */
  alignAt?: number
}

const LONGEST_PAUSE_S = 3600
const LONGEST_REASON = 300
export const MOST_PARKED = 500

/** Seconds until a table that was parked `times` in a row is tried again. */
export function parkSeconds(first: number, times: number): number {
  return Math.min(first * 2 ** Math.min(Math.max(times - 1, 0), 20), Math.max(LONGEST_PAUSE_S, first))
}

export function shortReason(reason: string | undefined, length = LONGEST_REASON): string {
  const text = (reason ?? 'no reason given').replaceAll(/\s+/g, ' ').trim()
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`
}

/** Tables whose pause is over, the longest waiting first. */
export function dueTables(parked: Iterable<[string, Parked]>, nowMs: number): string[] {
  return [...parked]
    .filter(([, table]) => table.retryAt !== undefined && table.retryAt <= nowMs)
    .sort(([, a], [, b]) => (a.retryAt ?? 0) - (b.retryAt ?? 0))
    .map(([name]) => name)
}

/** When the next pause is over, in milliseconds; undefined when none is running. */
export function nextDue(parked: Iterable<[string, Parked]>): number | undefined {
  let next: number | undefined
  for (const [, { retryAt, alignAt }] of parked) {
    for (const at of [retryAt, alignAt]) if (at !== undefined && (next === undefined || at < next)) next = at
  }
  return next
}

/** Whether a metadata difference is due for something that the last ones could not do. */
export function isAlignmentDue(parked: Iterable<Parked>, nowMs: number): boolean {
  for (const { alignAt } of parked) if (alignAt !== undefined && alignAt <= nowMs) return true
  return false
}

/** A difference that may mend them starts now; when it does not, they are due again after their pause. */
export function postponeAlignments(parked: Record<string, Parked>, first: number, nowMs: number): void {
  for (const one of Object.values(parked)) {
    if (one.alignAt !== undefined && one.alignAt <= nowMs) one.alignAt = nowMs + parkSeconds(first, one.times) * 1000
  }
}

/** Questions that were approved, of those that wait for the metadata difference. */
export function approvedByMetadata(parked: Record<string, Parked>): Approvals {
  const waiting = Object.entries(parked).filter(([, one]) => one.byMetadata && one.approved !== undefined)
  return Object.fromEntries(waiting.map(([table, one]) => [table, one.approved ?? '']))
}

/** What an approval given before is worth after the next look: nothing when that asks something else. */
export function stillApproved(before: Parked | undefined, question: string | undefined): Pick<Parked, 'approved'> {
  const approved = before?.approved
  return approved === undefined || (question !== undefined && question !== approved) ? {} : { approved }
}

export function describeParked(table: string, parked: Parked): ParkedTable {
  const { reason, attempts, needsApproval, statements } = parked
  const retryAt = parked.retryAt ?? parked.alignAt
  return {
    table,
    reason,
    attempts,
    ...(retryAt === undefined ? {} : { retryAt: new Date(retryAt).toISOString() }),
    needsApproval,
    statements,
  }
}

/** Well under Temporal's limit of 2 MB for an answer. */
const LONGEST_LIST = 1_000_000

/** As much of each as an answer has room for: of statements the first, then shorter reasons. */
export function withinPayload(list: ParkedTable[], longest = LONGEST_LIST): ParkedTable[] {
  const fits = (some: ParkedTable[]) => byteLength(JSON.stringify(some)) <= longest
  if (fits(list)) return list
  const shorter = list.map((one) => ({ ...one, statements: firstOf(one.statements) }))
  return fits(shorter)
    ? shorter
    : shorter.map((one) => ({ ...one, reason: shortReason(one.reason, 100), statements: [] }))
}

const MORE = /^-- and (\d+) more$/

/** The first, and how many there are beside it: an approval is for all of them. */
export function firstOf(statements: readonly string[], length = 200): string[] {
  const [first, ...others] = statements
  if (first === undefined) return []
  const more = others.reduce((sum, statement) => sum + Number(MORE.exec(statement)?.[1] ?? 1), 0)
  return [shortReason(first, length), ...(more > 0 ? [`-- and ${more} more`] : [])]
}

/** Numbers and names do not make reasons different. */
export const withoutNames = (reason: string) => reason.replaceAll(/\d+|`[^`]*`|'[^']*'|\S+\.\S+/g, '#')

/** Reasons with the number of tables that have them, the most frequent first. */
export function groupReasons(
  reasons: Iterable<{ reason: string; tables: number }>,
  most: number,
): { reason: string; tables: number }[] {
  const groups = new Map<string, { reason: string; tables: number }>()
  for (const { reason, tables } of reasons) {
    const key = withoutNames(reason)
    const group = groups.get(key)
    if (group) group.tables += tables
    else groups.set(key, { reason: shortReason(reason, 200), tables })
  }
  return [...groups.values()].sort((a, b) => b.tables - a.tables).slice(0, most)
}
