import type { PlannedTable } from '../../planning/restore/restore-plan.ts'
import { listPartitions } from '../../starrocks/index.ts'
import type { RestoreContext } from './restore-context.ts'
import { wantedPartitions } from './verify-tables.ts'

/** Partitions without rows are at this version; each load adds one. */
const EMPTY = 1n
const MOST = 5

/**
 * Whether a table that was restored, and that others could write to since, holds anything that the restore did not bring; in words, or undefined. By the
 * partitions' versions: any that is not the record's counts. Where they are not known it counts, too: nothing is dropped that may be somebody's rows.
 */
export async function writtenSince(
  { cluster, signal }: Pick<RestoreContext, 'cluster' | 'signal'>,
  planned: Pick<PlannedTable, 'database' | 'as' | 'table' | 'only'>,
): Promise<string | undefined> {
  const { database, as } = planned
  const known = wantedPartitions(planned)
  const versions = new Map<string, bigint[]>()
  for (const { name, visibleVersion } of await listPartitions(cluster, database, as, { signal }))
    versions.set(name, [...(versions.get(name) ?? []), visibleVersion])
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
  if (written.length === 0) return undefined
  const names = `${written.slice(0, MOST).join(', ')}${written.length > MOST ? ` and ${written.length - MOST} more` : ''}`
  return `${database}.${as} was written to since it was restored (partitions ${names})`
}

const sorted = (all: readonly bigint[]) => [...all].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)).join()
