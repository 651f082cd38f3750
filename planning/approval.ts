import { fnv1a } from '../contract/names.ts'
import { versionOf } from './partition-verdict.ts'

/**
 * What an operator is asked when something would be destroyed that starferry did not write: these statements, on these partitions of the target as
 * they are. An approval is for one question. It cannot be used twice, whoever still carries it: what was emptied or made again has other ids, what was
 * loaded into has another version, and with that it is another question.
 */
export function questionOf(statements: readonly string[], partitions: Iterable<PartitionSeen>): string {
  const seen = [...partitions].map(({ id, version }) => `${id}:${version}`).sort()
  return fnv1a(JSON.stringify([statements, seen]))
}

/** A physical partition of the target when it was looked at. */
export interface PartitionSeen {
  id: bigint
  version: bigint
}

export const asSeen = (row: { id: bigint; visibleVersion: bigint; dataVersion?: bigint }): PartitionSeen => ({
  id: row.id,
  version: versionOf(row),
})

/** Questions that were approved, by the table that they were asked for. */
export type Approvals = Readonly<Record<string, string>>
