import type { MigrationStatus } from '../../../contract/migration-api.ts'
import { plural } from '../../terminal/format.ts'

/**
 * What a migration that has finished did not bring to the target, in words; undefined when that is nothing. It finishes although tables are refused:
 * they will not come by waiting, and whoever waited for its end has to learn that. Partitions of which an old target does not tell what wrote them
 * were copied all the same: these alone are nothing that failed.
 */
export function notCopied({ state, progress, tables, partitions, jobs, reasons }: MigrationStatus): string | undefined {
  if (state !== 'finished') return undefined
  const missed = Math.max(tables.refused, tables.parked, tables.expired)
  const open = missed + partitions.lagging + partitions.surplus + jobs.ddlPending
  if (open === 0 && (progress === 1 || partitions.unknown > 0)) return undefined
  const [first] = reasons
  const what =
    missed > 0
      ? `${plural(missed, 'table')} ${missed === 1 ? 'was' : 'were'} not copied`
      : partitions.lagging > 0 || partitions.surplus === 0
        ? `${plural(partitions.lagging, 'partition')} of ${partitions.total} ${partitions.lagging === 1 ? 'was' : 'were'} not copied`
        : `${plural(partitions.surplus, 'partition')} with rows ${partitions.surplus === 1 ? 'is' : 'are'} only on the target`
  return `the migration has finished, but ${what}${first ? `: ${first.reason}` : ''}`
}
