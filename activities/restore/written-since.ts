import { createHash } from 'node:crypto'
import type { PlannedTable } from '../../planning/restore/restore-plan.ts'
import { listPartitions, type PartitionRow } from '../../starrocks/index.ts'
import type { RestoreContext } from './restore-context.ts'
import { wantedPartitions } from './verify-tables.ts'

/** Partitions without rows are at this version; each load adds one. */
const EMPTY = 1n
const MOST = 5

type Context = Pick<RestoreContext, 'cluster' | 'signal'>
type Restored = Pick<PlannedTable, 'database' | 'as' | 'table' | 'only'>

/** Some partitions of a restored table as they were before others could write to them; see `partitionsMark`. */
export interface BeforeOthers {
  /** Unset: all that were restored. */
  names?: readonly string[]
  /** Unset: it was not noted. */
  mark?: string
}

/**
 * One text for the physical partitions that a restored table has now: INSERT OVERWRITE replaces them by others that may well have the same versions. Those
 * that came besides are not in it.
 */
export async function partitionsMark(
  { cluster, signal }: Context,
  planned: Restored,
  names?: readonly string[],
): Promise<string> {
  return markOf(planned, await listPartitions(cluster, planned.database, planned.as, { signal }), names)
}

function markOf(planned: Restored, rows: readonly PartitionRow[], names?: readonly string[]): string {
  const chosen = names && new Set(names)
  const single = planned.table.partitioning === 'none'
  const wanted = wantedPartitions(planned)
  const ids = rows.flatMap(({ name, id }) =>
    single || (chosen ? chosen.has(name) : wanted.has(name)) ? [String(id)] : [],
  )
  return digestOf(ids.sort().join())
}

/** Short, for what is noted in a workflow's history. */
export const digestOf = (text: string): string => createHash('sha256').update(text).digest('base64url').slice(0, 16)

/**
 * Whether a table that was restored, and that others could write to since, holds anything that the restore did not bring; in words, or undefined. By the
 * partitions' versions: any that is not the record's counts; and by what was noted `before`. Where they are not known it counts, too: nothing is dropped
 * that may be somebody's rows.
 */
export async function writtenSince(
  { cluster, signal }: Context,
  planned: Restored,
  before: readonly BeforeOthers[],
): Promise<string | undefined> {
  const { database, as } = planned
  const known = wantedPartitions(planned)
  const rows = await listPartitions(cluster, database, as, { signal })
  const versions = new Map<string, bigint[]>()
  for (const { name, visibleVersion } of rows) versions.set(name, [...(versions.get(name) ?? []), visibleVersion])
  const written: string[] = []
  for (const [name, found] of versions) {
    if (found.every((version) => version === EMPTY)) continue
    const physical = known.get(name)?.physical ?? []
    const wanted = physical.map(([, version]) => BigInt(version))
    if (sorted(found) === sorted(wanted)) continue
    if (known.has(name) && physical.length === 0)
      return `whether ${database}.${as} was written to since cannot be told: the backup has no record of its versions`
    written.push(name)
  }
  if (written.length > 0) {
    const names = `${written.slice(0, MOST).join(', ')}${written.length > MOST ? ` and ${written.length - MOST} more` : ''}`
    return `${database}.${as} was written to since it was restored (partitions ${names})`
  }
  if (before.some(({ mark }) => mark === undefined))
    return `whether ${database}.${as} was overwritten since it was restored cannot be told: its partitions were not noted`
  if (before.some(({ names, mark }) => markOf(planned, rows, names) !== mark))
    return `${database}.${as} has other partitions than those that were restored: somebody has overwritten or dropped some since`
  return undefined
}

const sorted = (all: readonly bigint[]) => [...all].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)).join()
