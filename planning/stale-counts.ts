import type { StaleCounts } from '../contract/replication.ts'
import type { TableLag } from './version-index.ts'

/** Sums up what tables lack. */
export class StaleSum {
  readonly counts: StaleCounts & { surplusPartitions: number; surplusTables: number; unknownTables: number } = {
    tables: 0,
    finishedTables: 0,
    expiredTables: 0,
    partitions: 0,
    laggingPartitions: 0,
    unknownPartitions: 0,
    surplusPartitions: 0,
    surplusTables: 0,
    unknownTables: 0,
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
    if (lag.unknownPartitions > 0 && lag.laggingPartitions === 0) counts.unknownTables++
    counts.surplusPartitions += lag.surplusPartitions
    if (lag.surplusPartitions > 0) counts.surplusTables++
    counts.totalBytes += lag.totalBytes
    counts.laggingBytes += lag.bytes
  }
}
