import { fnv1a } from '../contract/names.ts'

/**
 * What an operator is asked when something would be destroyed that starferry did not write: these statements, on these partitions of the target.
 * An approval is for one question. It cannot be used twice, whoever still carries it: what was emptied or made again has other ids, and with that
 * it is another question.
 */
export function questionOf(statements: readonly string[], partitions: Iterable<bigint>): string {
  const ids = [...partitions].map(String).sort()
  return fnv1a(JSON.stringify([statements, ids]))
}

/** Questions that were approved, by the table that they were asked for. */
export type Approvals = Readonly<Record<string, string>>
