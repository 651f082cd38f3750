import { own } from '../../planning/backup/changes.ts'
import type { PartOfTable, RestorePlanStep } from '../../planning/restore/restore-steps.ts'
import { listPartitions, type PartitionRow } from '../../starrocks/index.ts'
import type { RestoreContext } from './restore-context.ts'

type RestoreStep = Extract<RestorePlanStep, { kind: 'restore' }>

/** A partition of a live table before it is restored over; of one that is not there all but the names is empty. */
export type NotedPartition = [table: string, partition: string, id: string, version: string, versionTime: string]

/** A RESTORE replaces all partitions that it names in one moment: some of them tell of all. */
const MOST_NOTED = 50

export const partsInPlace = ({ parts }: RestoreStep): PartOfTable[] =>
  parts.filter(({ planned }) => planned.route === 'in-place')

/** What tells later whether a RESTORE over live tables was done. Undefined where it goes over none, or versions in the snapshot are not known. */
export async function noteLivePartitions(
  context: RestoreContext,
  step: RestoreStep,
): Promise<NotedPartition[] | undefined> {
  const parts = partsInPlace(step)
  if (context.basis.bare || parts.length === 0) return undefined
  const there: NotedPartition[] = []
  const missing: NotedPartition[] = []
  for (const each of parts) {
    const table = each.planned.as
    for (const [name, row] of await rowsOf(context, each)) {
      if (row) there.push([table, name, String(row.id), String(row.visibleVersion), row.visibleVersionTime ?? ''])
      else missing.push([table, name, '', '', ''])
    }
    if (there.length >= MOST_NOTED) break
  }
  return (there.length > 0 ? there : missing).slice(0, MOST_NOTED)
}

/**
 * Whether it was done, by what was noted before it was sent. RESTORE leaves a partition its id and gives it the snapshot's version at a new time; loads only
 * ever raise the version; TRUNCATE and INSERT OVERWRITE give other ids. `unclear`: others have written since, in such a way that it cannot be told.
 */
export async function wasRestoredOver(
  context: RestoreContext,
  step: RestoreStep,
  noted: readonly NotedPartition[],
): Promise<'done' | 'undone' | 'unclear'> {
  const signs = new Set<Sign>()
  for (const each of partsInPlace(step)) {
    const { as, table } = each.planned
    const mine = noted.filter(([name]) => name === as)
    if (mine.length === 0) continue
    const now = await rowsOf(context, each)
    for (const one of mine) {
      const version = own(table.partitions, one[1])?.physical[0]?.[1]
      signs.add(signOf(one, now.get(one[1]), version === undefined ? undefined : BigInt(version)))
    }
  }
  if (signs.has('undone')) return signs.has('done') ? 'unclear' : 'undone'
  if (signs.has('done')) return 'done'
  return signs.has('likely') && !signs.has('unclear') ? 'done' : 'unclear'
}

type Sign = 'done' | 'undone' | 'likely' | 'unclear'

function signOf(
  [, , id, version, time]: NotedPartition,
  now: PartitionRow | undefined,
  restored: bigint | undefined,
): Sign {
  if (id === '') {
    if (!now || now.visibleVersion <= 1n) return 'undone'
  } else {
    if (!now || String(now.id) !== id) return 'unclear'
    if (String(now.visibleVersion) === version && (now.visibleVersionTime ?? '') === time) return 'undone'
  }
  if (restored !== undefined && now.visibleVersion < restored) return 'undone'
  if (id !== '' && now.visibleVersion <= BigInt(version)) return 'done'
  return now.visibleVersion === restored ? 'likely' : 'unclear'
}

/** Those that a part names, by the record's names; the only one of an unpartitioned table has the table's. */
async function rowsOf(
  { cluster, signal }: RestoreContext,
  { planned, part }: PartOfTable,
): Promise<Map<string, PartitionRow | undefined>> {
  const rows = await listPartitions(cluster, planned.database, planned.as, { signal })
  const byName = new Map(rows.map((row) => [row.name, row]))
  const single = planned.table.partitioning === 'none' && part.names.length === 1 && rows.length === 1
  return new Map(part.names.map((name) => [name, single ? rows[0] : byName.get(name)]))
}
