import type { BackupSpec } from '../../contract/backup/policy.ts'
import type { BackupRecord } from '../../contract/backup/record.ts'

/** What is needed to know of an earlier backup of the same database, cluster and name. */
export type EarlierBackup = Pick<BackupRecord, 'id' | 'kind' | 'base' | 'startedAt' | 'due'>

export type KindDecision =
  | { kind: 'full'; why: string }
  | { kind: 'differential' | 'incremental'; baseline: string; why: string }

const DAY_MS = 86_400_000
const DEFAULT_DAYS = 7

/**
 * Whether a backup is to be full, else what it is compared with: the last full one (differential), or the last one of all (incremental).
 * `earlier`: whole and readable backups, newest first. `dueMs`: when this one was due. `wallClock`: a time as clocks show it where the policy lives.
 */
export function decideKind(
  spec: Pick<BackupSpec, 'incremental' | 'full'>,
  asked: 'auto' | 'full' | 'incremental',
  earlier: readonly EarlierBackup[],
  dueMs: number,
  wallClock: (ms: number) => number = (ms) => ms,
): KindDecision {
  if (asked === 'full') return { kind: 'full', why: 'a full one was asked for' }
  if (spec.incremental === 'off') return { kind: 'full', why: 'every backup is a full one' }
  const full = earlier.find((backup) => backup.kind === 'full')
  if (!full) return { kind: 'full', why: 'there is no full one yet' }
  const kind = spec.incremental === 'incremental' ? 'incremental' : 'differential'
  const last = kind === 'incremental' ? newestOf(full, earlier) : full
  const due = asked === 'auto' ? whyDue(spec.full, full, earlier, { dueMs, wallClock }) : undefined
  if (due) return { kind: 'full', why: due }
  return { kind, baseline: last.id, why: `compared with ${last.id}` }
}

/** The newest that stands on that full one; one that stands on an older one, finished later, would bring back what the full one left behind. */
function newestOf(full: EarlierBackup, earlier: readonly EarlierBackup[]): EarlierBackup {
  return earlier.find((backup) => backup.id === full.id || backup.base === full.id) ?? full
}

function whyDue(
  rule: BackupSpec['full'],
  full: EarlierBackup,
  earlier: readonly EarlierBackup[],
  { dueMs, wallClock }: { dueMs: number; wallClock: (ms: number) => number },
): string | undefined {
  const since = earlier.filter((backup) => backup.base === full.id).length
  if (rule.everyBackups !== undefined && since >= rule.everyBackups) {
    return `${since} backups were made since the last full one`
  }
  const days = rule.everyDays ?? (rule.everyBackups === undefined ? DEFAULT_DAYS : undefined)
  if (days === undefined) return undefined
  // However long it took: a full one every seven days shall not become one every eight.
  const last = Date.parse(full.due ?? full.startedAt)
  // A week in which clocks are put forward is shorter by an hour, where schedules go by them.
  const age = Math.max(dueMs - last, wallClock(dueMs) - wallClock(last))
  // Schedules jitter.
  const tolerance = Math.min(days * DAY_MS * 0.02, 3_600_000)
  return age >= days * DAY_MS - tolerance ? `the last full one is ${(age / DAY_MS).toFixed(1)} days old` : undefined
}
