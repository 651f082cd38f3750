import { quoteName, quoteQualified } from '../../starrocks/index.ts'
import type { TablePair } from './table-pair.ts'

/** Partitions that are emptied after one look at the table, and how long a look is good for: a frontend may take its time for each of them. */
const LOOK_EVERY = 16
const LOOK_MS = 1_000

/** The statement that empties a target partition: it gets a new id at version 1, and replication is clean after it. */
export function resetStatement(pair: Pick<TablePair, 'target'>, partition: string): string {
  return `TRUNCATE TABLE ${quoteQualified(pair.target.database, pair.target.name)} PARTITION(${quoteName(partition)})`
}

/**
 * Empties partitions of the target. It does so by name, whatever is in them by then: so `look` is asked before each handful, and again when the
 * last look is no longer fresh, which of the next are still what they were when this was decided. The statements that were run.
 */
export async function emptyPartitions(
  pair: Pick<TablePair, 'target'>,
  names: readonly string[],
  look: (next: readonly string[]) => Promise<readonly string[]>,
): Promise<string[]> {
  const statements: string[] = []
  for (let at = 0; at < names.length; ) {
    const looked = performance.now()
    const next = names.slice(at, at + LOOK_EVERY)
    const still = new Set(await look(next))
    // One at least, however long the look itself took.
    for (const [place, name] of next.entries()) {
      if (place > 0 && performance.now() - looked > LOOK_MS) break
      at++
      if (!still.has(name)) continue
      const statement = resetStatement(pair, name)
      await pair.target.cluster.execute(statement)
      statements.push(statement)
    }
  }
  return statements
}
