import type { MigrationMemory } from './migration-memory.ts'
import { shortReason } from './parking.ts'

/** Well under Temporal's limits for a payload, with room for what surrounds it. */
export const LONGEST_CARRIED = 60 * 1024

/**
 * Shrinks step by step until it fits: what can be found again goes first, what cannot be last. Running tables, settings, and the tables that
 * an operator paused always stay: a paused table that goes on by itself would be worse than a large payload.
 */
const STEPS: ((memory: MigrationMemory) => MigrationMemory)[] = [
  (memory) => memory,
  (memory) => ({ ...memory, changes: memory.changes.slice(-50), findings: memory.findings.slice(0, 50) }),
  (memory) => ({ ...memory, parked: shorterParked(memory, 300, 120), pending: memory.pending.slice(-50) }),
  (memory) => ({ ...memory, ...fewerUndo(memory, 100) }),
  (memory) => ({ ...memory, changes: [], findings: memory.findings.slice(0, 20), pending: [] }),
  (memory) => ({ ...memory, parked: shorterParked(memory, 150, 80), ...fewerUndo(memory, 40) }),
  (memory) => ({ ...memory, parked: shorterParked(memory, 50, 60) }),
  (memory) => ({ ...memory, parked: {}, findings: [], ...fewerUndo(memory, 0) }),
]

/** What is carried into the next run, small enough for a payload. A parked table that is left out is found and tried again. */
export function carryMemory(memory: MigrationMemory, longest = LONGEST_CARRIED): MigrationMemory {
  let carried = memory
  for (const shrink of STEPS) {
    carried = shrink(carried)
    if (byteLength(JSON.stringify(carried)) <= longest) return carried
  }
  return carried
}

function shorterParked({ parked }: MigrationMemory, most: number, reason: number): MigrationMemory['parked'] {
  // Those that wait for a person are kept before those that are tried again anyway.
  const kept = Object.entries(parked)
    .sort(([, a], [, b]) => Number(b.needsApproval) - Number(a.needsApproval) || b.times - a.times)
    .slice(0, most)
  return Object.fromEntries(
    kept.map(([table, one]) => [
      table,
      {
        ...one,
        reason: shortReason(one.reason, reason),
        statements: one.statements.slice(0, 1).map((statement) => shortReason(statement, 200)),
      },
    ]),
  )
}

function fewerUndo({ undo, moreUndo }: MigrationMemory, most: number): Pick<MigrationMemory, 'undo' | 'moreUndo'> {
  return { undo: undo.slice(0, most), moreUndo: moreUndo + Math.max(0, undo.length - most) }
}

/** Length in UTF-8; the sandbox of workflows has no Buffer. */
export function byteLength(text: string): number {
  let length = 0
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0
    length += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
  }
  return length
}
