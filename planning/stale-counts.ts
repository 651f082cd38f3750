import type { StaleCounts } from '../contract/replication.ts'
import type { TableLag } from './version-index.ts'

/** Sums up what tables lack. */
export class StaleSum {
  readonly counts: StaleCounts = {
    tables: 0,
    finishedTables: 0,
    expiredTables: 0,
    partitions: 0,
    laggingPartitions: 0,
    unknownPartitions: 0,
    totalBytes: 0,
    laggingBytes: 0,
    missingTables: 0,
  }

  add(lag: TableLag): void {
    const { counts } = this
    counts.tables++
    if (!lag.unfinished) counts.finishedTables++
    if (lag.laggingPartitions > 0 || lag.missing) counts.expiredTables++
    if (lag.missing) counts.missingTables++
    counts.partitions += lag.partitions
    counts.laggingPartitions += lag.laggingPartitions
    counts.unknownPartitions += lag.unknownPartitions
    counts.totalBytes += lag.totalBytes
    counts.laggingBytes += lag.bytes
  }
}

/** Remembers since when a table lags, to tell for how long the oldest change has been waiting. */
export class LagClock {
  readonly #since = new Map<string, number>()

  /** Seconds that the longest waiting of these has been waiting; tables not among them have caught up. */
  seconds(lagging: Iterable<string>, nowMs: number): number | undefined {
    const present = new Set(lagging)
    for (const table of this.#since.keys()) if (!present.has(table)) this.#since.delete(table)
    let oldest = nowMs
    for (const table of present) {
      const since = this.#since.get(table)
      if (since === undefined) this.#since.set(table, nowMs)
      else if (since < oldest) oldest = since
    }
    return present.size === 0 ? undefined : Math.round((nowMs - oldest) / 1000)
  }
}
