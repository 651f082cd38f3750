import type { BackupRecord, TableRecord } from '../../contract/backup/record.ts'
import { samePhysical } from '../../planning/backup/changes.ts'
import type { PartitionState } from '../../planning/backup/database-state.ts'
import { listPartitions, listTables } from '../../starrocks/index.ts'
import { mapConcurrently } from '../metadata/concurrency.ts'
import type { BackupRun } from './backup-run.ts'
import { partitionStates } from './partition-facts.ts'
import { unlessGone } from './read-database.ts'
import { readTableState } from './read-table-state.ts'
import { readVersions } from './read-versions.ts'

const WIDTH = 2
const MOST_MOVED = 200

export interface SecondLook {
  /** Partitions of what was taken, as they were after the snapshot. */
  after: Map<string, ReadonlyMap<string, PartitionState>>
  /** Tables whose definition is another than the one that was planned with. */
  changed: Set<string>
  /** Partitions that were left out and have been written to since. */
  moved: string[]
}

/**
 * What only shows once the snapshot has been taken, while it is uploaded: whether definitions are still those that were planned with, and what was
 * written meanwhile to what was left out.
 */
export async function lookAgain(run: BackupRun, record: BackupRecord): Promise<SecondLook> {
  const { side, input, signal } = run
  const { database, spec } = input
  const at = record.labels.length - 1
  const look: SecondLook = { after: new Map(), changed: new Set(), moved: [] }
  if (record.databaseId === undefined) return look
  const databaseId = BigInt(record.databaseId)
  const listed = new Map((await listTables(side.cluster, databaseId, { signal })).map((entry) => [entry.name, entry]))
  const taken = Object.entries(record.tables).filter(([, table]) => isIn(table, at))
  const options = { side, databaseId, spec, database, now: run.now, leftOut: new Map(), signal }
  const oneByOne = await readVersions(side.cluster, database, [], signal)
  await mapConcurrently(taken, WIDTH, async ([name, table]) => {
    const entry = listed.get(name)
    const now = entry && (await unlessGone(() => readTableState(side, options, entry, oneByOne)))
    if (!now || now.state.id !== table.id || now.state.fingerprint !== table.fingerprint) look.changed.add(name)
    if (now) look.after.set(name, now.state.partitions)
  })
  look.moved = await movedSince(run, record, at)
  return look
}

const isIn = (table: TableRecord, at: number) =>
  table.whole.includes(at) || Object.values(table.partitions).some((partition) => partition.at === at)

/** Names of partitions that the record has from earlier snapshots, and whose versions are others now. */
async function movedSince({ side, input, signal }: BackupRun, record: BackupRecord, at: number): Promise<string[]> {
  const { database } = input
  const left = Object.entries(record.tables).filter(([, { partitions }]) =>
    Object.values(partitions).some((partition) => partition.at !== at),
  )
  if (left.length === 0) return []
  const versions = await readVersions(
    side.cluster,
    database,
    left.map(([name]) => name),
    signal,
  )
  const moved: string[] = []
  await mapConcurrently(left, WIDTH, async ([name, table]) => {
    const known = versions.of(name)
    const now =
      known ?? partitionStates((await unlessGone(() => listPartitions(side.cluster, database, name, { signal }))) ?? [])
    for (const [partition, before] of Object.entries(table.partitions)) {
      const state = now.get(partition)
      if (before.at !== at && state && !samePhysical(state.physical, before.physical))
        moved.push(`${name}.${partition}`)
    }
  })
  return moved.sort().slice(0, MOST_MOVED)
}
