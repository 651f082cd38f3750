import type { MigrationSpec } from '../../contract/index.ts'
import type { TableComparison } from '../../planning/version-index.ts'
import type { Dependencies } from '../dependencies.ts'
import { mapConcurrently } from '../metadata/concurrency.ts'
import { type CopyMemory, rememberedCopies } from '../replicate/memory.ts'
import { setBounded } from '../set-bounded.ts'

const CONCURRENCY = 8
/** Tables of this process's migrations, those that are gone among them. */
const MOST_KNOWN = 20_000

/** By migration, target and table. What another worker copied since is not in it: what disagrees is read again before it counts. */
const known = new WeakMap<Dependencies, Map<string, CopyMemory>>()

/**
 * Targets before 3.3.2 do not tell of which source partition a copy is one, and a partition that was emptied and filled again may have the
 * version that it had. There what table workflows remember decides whether equal versions mean anything.
 */
export async function settleByMemory(
  deps: Dependencies,
  spec: MigrationSpec,
  comparisons: Iterable<TableComparison>,
): Promise<void> {
  const memories = known.get(deps) ?? new Map<string, CopyMemory>()
  known.set(deps, memories)
  const keyOf = (table: string) => JSON.stringify([spec.name, spec.target, table])
  const unsettled: TableComparison[] = []
  for (const comparison of comparisons) {
    if (!comparison.isUnproven) continue
    const memory = memories.get(keyOf(comparison.lag.table))
    if (!memory || !comparison.agrees(memory)) unsettled.push(comparison)
  }
  await mapConcurrently(unsettled, CONCURRENCY, async (comparison) => {
    const { table } = comparison.lag
    const memory = await rememberedCopies(deps, spec, table)
    setBounded(memories, keyOf(table), memory, MOST_KNOWN)
    comparison.settle(memory)
  })
}
