import type { BackupIntent, BackupRecord, TableRecord } from '../../contract/backup/record.ts'
import { type SnapshotContent, settleSnapshot } from '../../planning/backup/record.ts'
import { type Manifest, verifySnapshot } from '../../repository/index.ts'
import { abortedBackup, staleBackup } from './backup-failures.ts'
import type { BackupRun } from './backup-run.ts'
import type { SecondLook } from './second-look.ts'

/** What the manifest says that the snapshot holds; tables without a partition are among its views. */
export function contentOf({ tables, views }: Pick<Manifest, 'tables' | 'views'>): SnapshotContent {
  const held: SnapshotContent['tables'] = new Map([
    ...[...views].map(([name, id]) => [name, { id: String(id), partitions: new Map() }] as const),
    ...[...tables].map(([name, table]) => {
      const partitions = [...table.partitions].map(
        ([partition, { physical }]) =>
          [partition, physical.map(({ id, version }) => [String(id), String(version)] as const)] as const,
      )
      return [name, { id: String(table.id), partitions: new Map(partitions) }] as const
    }),
  ])
  return { tables: held }
}

/** The record as the snapshot's own manifest tells it. Throws `Stale` or `Aborted` when what is in it must not be built upon. */
export async function settle(
  run: BackupRun,
  { record }: BackupIntent,
  look: SecondLook | undefined,
  leaderChanged: boolean,
): Promise<BackupRecord> {
  const { objects, label, signal } = run
  if (!objects) throw new Error('there is no record to settle')
  const { info, manifest } = await objects.repository.readManifest(label, { signal })
  if (leaderChanged) await proveWhole(run)
  const content = contentOf(manifest)
  const at = record.labels.length - 1
  const changed = new Set<string>()
  for (const [name, table] of Object.entries(record.tables)) {
    const whole = table.whole.includes(at)
    if (!whole && !Object.values(table.partitions).some((partition) => partition.at === at)) continue
    const held = content.tables.get(name)
    if (!held) throw abortedBackup(`the manifest of ${label} does not name table ${name}, which was asked for`)
    // What was noted of its columns and partitions is that of another table.
    if (held.id !== table.id)
      throw staleBackup(`another table took the name ${name} before it was backed up; it is taken again`)
    checkComplete(label, name, table, held.partitions, at, look)
    // Of one that only some partitions of are backed up, all can still be in this snapshot.
    const spread = Object.values(table.partitions).some((partition) => partition.at !== at)
    if (!whole && spread) checkSingle(name, held.partitions)
    if (!look?.changed.has(name)) continue
    // Some of its partitions are in earlier snapshots under the former definition: the two do not go together.
    if (!whole)
      throw staleBackup(`table ${name} was changed or made anew while it was backed up; it is taken again, whole`)
    changed.add(name)
  }
  checkViews(label, record, content, at)
  const measured = await objects.repository.measure(label, { signal })
  const settled = settleSnapshot(record, {
    label: {
      label,
      timestamp: info.timestamp,
      infoMd5: info.md5,
      size: { objects: measured.objects, bytes: measured.bytes },
    },
    content,
    after: look?.after,
    uncertain: changed,
  })
  checkValues(settled, at)
  return {
    ...settled,
    // By the store's clock: workers whose clocks differ must not change which backup is the newest.
    finishedAt: (await objects.repository.store.now({ signal })).toISOString(),
    bytes: (record.bytes ?? 0) + measured.bytes,
    movedMeanwhile: [...new Set([...record.movedMeanwhile, ...(look?.moved ?? [])])],
  }
}

/**
 * What was noted is not what was sent when an answer to BACKUP came so late that it was planned anew meanwhile. A partition that is missing in the snapshot
 * would be missing in the record, and so in every restore, without a word; only those that were dropped before the snapshot may be.
 */
function checkComplete(
  label: string,
  name: string,
  { whole, partitions }: TableRecord,
  held: ReadonlyMap<string, unknown>,
  at: number,
  look: SecondLook | undefined,
): void {
  for (const [partition, planned] of Object.entries(partitions)) {
    if (planned.at !== at || held.has(partition)) continue
    const ids = new Set(planned.physical.map(([id]) => id))
    const isThere = look?.after
      .get(name)
      ?.get(partition)
      ?.physical.some(([id]) => ids.has(id))
    if (!whole.includes(at) || isThere)
      throw abortedBackup(`snapshot ${label} does not hold partition ${partition} of ${name}, which was to be in it`)
  }
}

/** The same of views and materialized views: as recorded, nothing would ever take them again. */
function checkViews(
  label: string,
  { views, materializedViews }: BackupRecord,
  { tables: held }: SnapshotContent,
  at: number,
): void {
  for (const [kind, planned] of Object.entries({ view: views, 'materialized view': materializedViews })) {
    for (const [name, one] of Object.entries(planned)) {
      if (one.at === at && !held.has(name))
        throw abortedBackup(`the manifest of ${label} does not name ${kind} ${name}, which was asked for`)
    }
  }
}

/**
 * A table that is distributed at random gets more physical partitions as it is loaded, also after it was looked at. One that has such comes out of one snapshot
 * or not at all: StarRocks restores them over no table that is there.
 */
function checkSingle(name: string, held: ReadonlyMap<string, readonly unknown[]>): void {
  for (const [partition, physical] of held) {
    if (physical.length > 1)
      throw staleBackup(
        `partition ${partition} of ${name} got more physical partitions while it was backed up; the table is taken again, whole`,
      )
  }
}

/** To restore a list partition over earlier snapshots it must be made first, with its values. */
function checkValues({ tables }: BackupRecord, at: number): void {
  for (const [name, { partitioning, partitions, whole }] of Object.entries(tables)) {
    if (!partitioning.includes('list') || whole.includes(at)) continue
    const [unknown] = Object.entries(partitions).find(([, one]) => one.at === at && one.value === undefined) ?? []
    if (unknown === undefined) continue
    throw staleBackup(`partition ${unknown} of ${name} was made anew while it was backed up; it is taken again`)
  }
}

/** A frontend that takes over uploads again, perhaps at other versions, beside what the former one left: a restore then takes one of the two. */
async function proveWhole({ objects, label, signal }: BackupRun): Promise<void> {
  if (!objects) return
  const { ok, findings } = await verifySnapshot(objects.repository, label, { sample: 16, signal })
  if (ok) return
  const [first] = findings.filter(({ severity }) => severity === 'error')
  throw abortedBackup(
    `the leading frontend changed while snapshot ${label} was made, and it is not whole: ${first?.problem} (${first?.key})`,
  )
}
