import { needsManifests } from '../../planning/restore/in-place-partitions.ts'
import type { PlannedTable, RestoreOutline } from '../../planning/restore/restore-plan.ts'
import type { Repository } from '../../repository/index.ts'

/** Bucket numbers by partition, of a table in a snapshot. */
export type HeldBuckets = (label: number) => ReadonlyMap<string, number>

const nothing: ReadonlyMap<string, number> = new Map()

/**
 * What the snapshots that a table is restored from hold of it, as their manifests tell: each tablet of an index is a bucket. Read only where the record does
 * not tell it. Errors: StorageError, SnapshotError.
 */
export function readHeldBuckets(
  open: () => Promise<Repository>,
  { record }: Pick<RestoreOutline, 'record'>,
  signal?: AbortSignal,
): (planned: PlannedTable) => Promise<HeldBuckets> {
  const read = new Map<number, Promise<ReadonlyMap<string, ReadonlyMap<string, number>>>>()
  const manifestOf = async (at: number) => {
    const label = record.labels[at]?.label ?? ''
    const { manifest } = await (await open()).readManifest(label, { signal })
    return new Map(
      [...manifest.tables].map(([table, { partitions }]) => {
        const buckets = [...partitions].flatMap(([name, { physical }]): [string, number][] => {
          const tablets = physical[0]?.indexes[0]?.tablets.length
          return tablets === undefined ? [] : [[name, tablets]]
        })
        return [table, new Map(buckets)]
      }),
    )
  }
  return async (planned) => {
    if (!needsManifests(planned)) return () => nothing
    const held = new Map<number, ReadonlyMap<string, number>>()
    for (const { label } of planned.parts) {
      const reading = read.get(label) ?? manifestOf(label)
      read.set(label, reading)
      held.set(label, (await reading).get(planned.name) ?? nothing)
    }
    return (label) => held.get(label) ?? nothing
  }
}
