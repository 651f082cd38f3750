import type { LabPhysicalPartition } from '../model.ts'
import { forgetLiveRows } from './tablet.ts'

/** How long versions that were merged stay readable: `tablet_rowset_stale_sweep_time_sec`. */
const STALE_MS = 1_800_000
/** Only every so many versions is the history looked through. */
const EVERY = 32

const published = new WeakMap<LabPhysicalPartition, { version: bigint; atMs: number }[]>()

/** Notes when a version was published, and forgets versions that nobody may ask for any more. */
export function keepHistory(partition: LabPhysicalPartition, nowMs: number): void {
  const history = published.get(partition) ?? []
  published.set(partition, history)
  history.push({ version: partition.dataVersion, atMs: nowMs })
  if (history.length < EVERY) return
  const recent = history.findIndex((one) => one.atMs > nowMs - STALE_MS)
  const from = recent < 0 ? history.at(-1) : history[recent]
  if (!from || recent === 0) return
  history.splice(0, recent < 0 ? history.length - 1 : recent)
  compactRows(partition, from.version)
}

/** Merges all versions up to `version`: afterwards a snapshot of an older one, or an increment from an older one, is not to be had. */
export function compactRows(partition: LabPhysicalPartition, version: bigint): void {
  partition.oldestVersion = version
  for (const tablets of partition.tablets.values()) {
    for (const tablet of tablets) {
      tablet.rows = tablet.rows.filter((row) => row.until === undefined || row.until > version)
      forgetLiveRows(tablet)
    }
  }
}

/** What was published before counts no more: the partition was replaced by another's files. */
export function forgetHistory(partition: LabPhysicalPartition): void {
  published.delete(partition)
}
