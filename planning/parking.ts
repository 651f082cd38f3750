import type { ParkedTable } from '../contract/migration-api.ts'

/** A table that waits after failures, for an approval, or for something that holds it. */
export interface Parked {
  reason: string
  attempts: number
  /** How often it was parked in a row: the pauses grow with it. */
  times: number
  /** Milliseconds; unset: waits for a person, or for the next metadata difference. */
  retryAt?: number
  needsApproval: boolean
  /** No retry can help as things are. */
  refused: boolean
  statements: string[]
  /** Found by the metadata difference, which takes it off the list again. */
  byMetadata?: boolean
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
  for (const [, { retryAt }] of parked)
    if (retryAt !== undefined && (next === undefined || retryAt < next)) next = retryAt
  return next
}

export function describeParked(table: string, parked: Parked): ParkedTable {
  const { reason, attempts, retryAt, needsApproval, statements } = parked
  return {
    table,
    reason,
    attempts,
    ...(retryAt === undefined ? {} : { retryAt: new Date(retryAt).toISOString() }),
    needsApproval,
    statements,
  }
}

/** Reasons with the number of tables that have them, the most frequent first; numbers and names in them do not make them different. */
export function groupReasons(
  reasons: Iterable<{ reason: string; tables: number }>,
  most: number,
): { reason: string; tables: number }[] {
  const groups = new Map<string, { reason: string; tables: number }>()
  for (const { reason, tables } of reasons) {
    const key = reason.replaceAll(/\d+|`[^`]*`|'[^']*'|\S+\.\S+/g, '#')
    const group = groups.get(key)
    if (group) group.tables += tables
    else groups.set(key, { reason: shortReason(reason, 200), tables })
  }
  return [...groups.values()].sort((a, b) => b.tables - a.tables).slice(0, most)
}
