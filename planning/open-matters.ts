import type { MigrationMemory } from './migration-memory.ts'
import { parkedCount } from './parked-groups.ts'

/** Code of the finding that a look left tables unread: nothing at all is known of these. */
export const UNREAD = 'partitions-unread'

/** What stands between the target and "as the source is", as far as it is known. */
export interface OpenMatters {
  laggingPartitions: number
  unknownPartitions: number
  /** Partitions with rows that only the target has: dropped at the source, and still readable on the target. */
  surplusPartitions: number
  missingTables: number
  /** Waiting after failures, for an approval or for a person; refused ones among them. Some of their differences move no version. */
  parkedTables: number
  /** Tables, rollups and views that the last metadata difference left for the next one: a schema change runs, a job holds them. */
  waitingDefinitions: number
}

export function openMatters(
  memory: Pick<MigrationMemory, 'counts' | 'parked' | 'parkedMore' | 'waitingDefinitions'>,
): OpenMatters {
  const { counts } = memory
  return {
    laggingPartitions: counts?.laggingPartitions ?? 0,
    unknownPartitions: counts?.unknownPartitions ?? 0,
    surplusPartitions: counts?.surplusPartitions ?? 0,
    missingTables: counts?.missingTables ?? 0,
    parkedTables: parkedCount(memory),
    waitingDefinitions: memory.waitingDefinitions ?? 0,
  }
}

/** Both clusters were looked at, the definitions were compared, and nothing at all is open. */
export function isSettled(
  memory: MigrationMemory,
  /** What the last difference would have found nobody knows; runs of former versions did not care. */
  { failedDifferenceIsOpen = true }: { failedDifferenceIsOpen?: boolean } = {},
): boolean {
  if (!memory.counts || !memory.metadataComplete || memory.lookError !== undefined) return false
  if (memory.metadataError !== undefined && failedDifferenceIsOpen) return false
  return Object.values(openMatters(memory)).every((count) => count === 0)
}
