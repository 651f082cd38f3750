import { byteLength } from './byte-length.ts'
import type { MigrationMemory } from './migration-memory.ts'
import { markParked } from './parked-groups.ts'
import { firstOf, type Parked, shortReason } from './parking.ts'

/** Well under Temporal's limits for a payload, with room for what surrounds it. */
export const LONGEST_CARRIED = 60 * 1024

/**
 * Shrinks step by step until it fits: what can be found again goes first, what cannot be last. Running tables, settings, and the tables that
 * an operator paused always stay: a paused table that goes on by itself would be worse than a large payload.
 */
const STEPS: ((memory: MigrationMemory) => MigrationMemory)[] = [
  (memory) => memory,
  (memory) => ({ ...memory, changes: memory.changes.slice(-50), findings: memory.findings.slice(0, 50) }),
  (memory) => ({ ...memory, ...shorterParked(memory, 300, 120), pending: memory.pending.slice(-50) }),
  (memory) => ({ ...memory, ...fewerUndo(memory, 100) }),
  (memory) => ({ ...memory, changes: [], findings: memory.findings.slice(0, 20), pending: [] }),
  (memory) => ({ ...memory, ...shorterParked(memory, 150, 80), ...fewerUndo(memory, 40) }),
  (memory) => ({ ...memory, ...shorterParked(memory, 50, 60) }),
  (memory) => ({ ...memory, ...shorterParked(memory, 0, 0), findings: [], ...fewerUndo(memory, 0) }),
]

/** What is carried into the next run, small enough for a payload. Of parked tables that are left out of the list the mark is carried. */
export function carryMemory(memory: MigrationMemory, longest = LONGEST_CARRIED): MigrationMemory {
  let carried = memory
  for (const shrink of STEPS) {
    carried = shrink(carried)
    const marks = (carried.parkedMore ?? []).reduce((sum, group) => sum + group.marks.length, 0)
    // These are never shortened, however many they are.
    const { viewMarks, running, heldTables, ...rest } = carried
    if (byteLength(JSON.stringify(rest)) - marks <= longest) return carried
  }
  return carried
}

function shorterParked(
  memory: MigrationMemory,
  most: number,
  reason: number,
): Pick<MigrationMemory, 'parked' | 'parkedMore'> {
  const { parked } = memory
  // What a person has approved is kept before what waits for one, and that before what is tried again anyway.
  const weight = ({ approved, needsApproval }: Parked) => (approved === undefined ? Number(needsApproval) : 2)
  const sorted = Object.entries(parked).sort(([, a], [, b]) => weight(b) - weight(a) || b.times - a.times)
  const kept = sorted.slice(0, most).map(([table, one]) => [
    table,
    {
      ...one,
      reason: shortReason(one.reason, reason),
      statements: firstOf(one.statements),
    },
  ])
  const rest = { parked: {}, parkedMore: memory.parkedMore?.map((group) => ({ ...group })) }
  const now = Date.parse(memory.checkedAt ?? '') || memory.startedAtMs
  // Those that run are parked again by their own report; and what only waits a little is found again.
  for (const [table, one] of sorted.slice(most)) {
    if (!(table in memory.running) && (one.attempts > 0 || one.needsApproval || one.refused)) {
      markParked(rest, table, one, now)
    }
  }
  return { parked: Object.fromEntries(kept) as MigrationMemory['parked'], parkedMore: rest.parkedMore }
}

function fewerUndo({ undo, moreUndo }: MigrationMemory, most: number): Pick<MigrationMemory, 'undo' | 'moreUndo'> {
  return { undo: undo.slice(0, most), moreUndo: moreUndo + Math.max(0, undo.length - most) }
}
