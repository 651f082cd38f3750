import type { BackupRecord } from '../../contract/backup/record.ts'
import { own } from '../../planning/backup/changes.ts'
import { MISSED_DAYS, MISSED_TIMES, movesOn } from '../../planning/backup/take-partitions.ts'
import { isScheduled, jitterMinutesOf, localTime, timeZoneOf } from './backup-run.ts'
import { dueTimes } from './due-times.ts'
import type { PlanningRun } from './plan-snapshot.ts'

const DAY_MS = 86_400_000

export interface MissedBackups {
  /** Of a table: when backups were due after the last good one that has it, in the policy's local time, the oldest first. */
  of(table: string): readonly string[]
  /** From when to when backups of it were due, and not made, that are too long ago to be made up for. */
  tooOld(table: string): string | undefined
}

const NONE: MissedBackups = { of: () => [], tooOld: () => undefined }

/** When the last good backup that has something of this name was due; undefined: none has it. */
export function lastHeld(record: BackupRecord, name: string): string | undefined {
  const held = own(record.tables, name) ?? own(record.materializedViews, name) ?? own(record.views, name)
  return held ? dueOf(record) : own(record.lacking ?? {}, name)?.since
}

const dueOf = ({ due, startedAt }: BackupRecord) => due ?? startedAt

/** Backups of the policy that were due since the last good one of each table and were not made: a set that was skipped, failed, or never started. */
export async function missedBackups(
  run: PlanningRun,
  readPrevious: () => Promise<BackupRecord | undefined>,
): Promise<MissedBackups> {
  const { spec, dueAt } = run.input
  if (!isScheduled(spec) || !movesOn(spec.objects.partitions)) return NONE
  const previous = await readPrevious()
  if (!previous?.due) return NONE
  const sinces = [dueOf(previous), ...Object.values(previous.lacking ?? {}).map(({ since }) => since)].map(Date.parse)
  const oldest = Math.min(...sinces)
  const from = Math.max(oldest, dueAt - MISSED_DAYS * DAY_MS)
  const jitter = Math.round(jitterMinutesOf(spec) * 60_000)
  const { client } = run.deps
  const { times, more } = await dueTimes(client, spec.name, { from, to: dueAt, limit: MISSED_TIMES })
  const before = oldest < from ? await dueTimes(client, spec.name, { from: oldest, to: from + 1, limit: 1 }) : undefined
  // The last one that is not made up for.
  const lost = (more ? times[0] : before?.times[0]) ?? Number.NEGATIVE_INFINITY
  const zone = timeZoneOf(spec)
  const known = new Map<string, string[]>()
  // Those of a day are alike to a filter by days; of the others each counts.
  const byDay = spec.objects.partitions.newest === undefined
  const after = (since: string): string[] => {
    // Temporal tells when it would have started them, up to the jitter after they were due: of both the days are taken.
    const missed = times.filter((time) => time - jitter > Date.parse(since))
    const late = missed.flatMap((time) => [...new Set([time - jitter, time])]).map((time) => localTime(time, zone))
    return byDay ? [...new Map(late.map((time) => [time.slice(0, 10), time])).values()] : late
  }
  return {
    of: (table) => {
      const since = lastHeld(previous, table)
      if (since === undefined) return []
      const dues = known.get(since) ?? after(since)
      known.set(since, dues)
      return dues
    },
    tooOld: (table) => {
      const since = lastHeld(previous, table)
      if (since === undefined || Date.parse(since) >= lost - jitter) return undefined
      return `${localTime(Date.parse(since), zone)} to ${localTime(lost, zone)}`
    },
  }
}
