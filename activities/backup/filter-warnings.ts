import type { BackupSpec } from '../../contract/backup/policy.ts'
import type { BackupRecord } from '../../contract/backup/record.ts'
import { lastHeld, type MissedBackups } from './missed-backups.ts'
import type { DatabaseReading } from './read-database.ts'

const MOST_NAMED = 20

interface Context {
  spec: BackupSpec
  database: string
  now: string
  previous: BackupRecord | undefined
  missed: MissedBackups
}

/** What a partition filter did that nobody would expect of it. Few texts, whatever the number of tables: there is room for some only. */
export function filterWarnings(reading: DatabaseReading, { spec, database, now, previous, missed }: Context): string[] {
  const { unmatched, madeUp } = reading
  const warnings: string[] = []
  const filter = JSON.stringify(spec.objects.partitions ?? {})
  const lost = unmatched.filter((name) => previous && lastHeld(previous, name) !== undefined)
  const never = unmatched.filter((name) => !lost.includes(name))
  if (lost.length > 0) {
    warnings.push(
      `The partition filter ${filter}, counted from ${now}, takes nothing of ${named(database, lost)}: this is no good backup of what earlier ones have. Look whether its partitions are still made; exclude what is to have no backup any more`,
    )
  }
  if (never.length > 0) {
    warnings.push(
      `The partition filter ${filter}, counted from ${now}, takes nothing of ${named(database, never)}, and no earlier backup has it: it is in no backup`,
    )
  }
  const also = [...madeUp].flatMap(([table, one]) => one.madeUp.map((partition) => `${table}.${partition}`))
  if (also.length > 0) {
    warnings.push(
      `Backups that were due before were not made: their partitions are taken as well: ${named(database, also)}`,
    )
  }
  const without = [...madeUp].flatMap(([table, one]) => one.without.map((time) => `${table} for ${time}`))
  if (without.length > 0) {
    warnings.push(
      `Backups that were due before were not made, and there is no partition, or no longer, that they would have taken: ${named(database, without)}`,
    )
  }
  const tooOld = [...reading.state.tables.keys()].flatMap((table) => {
    const when = missed.tooOld(table)
    return when === undefined ? [] : [`${table} from ${when}`]
  })
  if (tooOld.length > 0) {
    warnings.push(
      `Backups that were due were not made, too long ago to be made up for: ${named(database, tooOld)}. Back up what they would have taken by the names of its partitions, or whole tables`,
    )
  }
  return warnings
}

/** Tables that cannot be uploaded any more, or never could: nothing but this would tell that there is no backup of them. */
export function refusedWarnings(
  { refused }: DatabaseReading,
  database: string,
  previous: BackupRecord | undefined,
): string[] {
  const warnings: string[] = []
  for (const reason of new Set(refused.values())) {
    const names = [...refused].flatMap(([name, why]) => (why === reason ? [name] : []))
    const lost = names.filter((name) => previous && lastHeld(previous, name) !== undefined)
    const never = names.filter((name) => !lost.includes(name))
    if (lost.length > 0) {
      warnings.push(
        `${reason}: ${named(database, lost)} cannot be backed up any more; this is no good backup of what earlier ones have. Drop what prevents it, or exclude what is to have no backup any more`,
      )
    }
    if (never.length > 0)
      warnings.push(`${reason}: ${named(database, never)} is in no backup; exclude what is to have none`)
  }
  return warnings
}

function named(database: string, names: readonly string[]): string {
  const more = names.length > MOST_NAMED ? ` and ${names.length - MOST_NAMED} more` : ''
  return `${names
    .slice(0, MOST_NAMED)
    .map((name) => `${database}.${name}`)
    .join(', ')}${more}`
}
