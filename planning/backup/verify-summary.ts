import type { Verification, VerifyResult } from '../../contract/backup/repository-api.ts'

/** What was found of one snapshot. */
export interface VerifiedSnapshot {
  label: string
  ok: boolean
  objects: number
  bytes: number
  /** The first few. */
  problems: { object?: string; problem: string }[]
  /** Problems beyond those. */
  more: number
}

/** Damage that was found before, and that a verification which found none is not thorough enough to deny. */
export interface KeptFailure {
  id: string
  label: string
  object?: string
  /** ISO, of the verification that found it. */
  at: string
  mode: Verification['mode']
  /** What was found before cannot be read; `mode` is of this one then. */
  unread?: boolean
}

/** A record that cannot be read: whatever its snapshots are like, nobody can restore the backup as it was. */
export interface UnreadRecord {
  /** Its key. */
  object: string
  problem: string
}

export interface BackupNeeds {
  labels: { label: string }[]
  /** `needs`: indices into `labels`. */
  backups: { id: string; needs: number[]; unread?: UnreadRecord }[]
  /** Backups of which nothing can be told. */
  unread?: ({ id: string } & UnreadRecord)[]
  /** Those beyond the named ones. */
  moreUnread?: number
}

const MOST_PROBLEMS = 100
const MOST_BROKEN = 200
const PROBLEMS_PER_BACKUP = 20

/** Puts together what was found of single snapshots: which backups are whole, each snapshot counted once. */
export class VerifySummary {
  readonly #seen = new Map<string, VerifiedSnapshot>()
  readonly #result: VerifyResult = {
    ok: true,
    backups: 0,
    objects: 0,
    bytes: 0,
    seconds: 0,
    problems: [],
    more: 0,
    whole: 0,
    broken: [],
  }

  has(label: string): boolean {
    return this.#seen.has(label)
  }

  add(snapshot: VerifiedSnapshot): void {
    this.#seen.set(snapshot.label, snapshot)
    this.#result.objects += snapshot.objects
    this.#result.bytes += snapshot.bytes
  }

  /** What the backups of a page came to, once all of their snapshots were added. */
  judge(
    { labels, backups, unread: none = [], moreUnread = 0 }: BackupNeeds,
    mode: Verification['mode'],
  ): { id: string; verification: Omit<Verification, 'at'> }[] {
    for (const { id, ...problem } of none) this.#count(id, false, [{ label: '', ...problem }], 0)
    if (moreUnread > 0) this.#uncounted(moreUnread)
    return backups.map(({ id, needs, unread }) => {
      const snapshots = needs.flatMap((place) => this.#seen.get(labels[place]?.label ?? '') ?? [])
      const ok = !unread && snapshots.length === needs.length && snapshots.every((one) => one.ok)
      const told = snapshots.map(({ label, problems: found }) => found.map((problem) => ({ label, ...problem })))
      // One of each snapshot first, since only some are written down: other backups need these snapshots, too.
      const problems = [...told.flatMap((found) => found.slice(0, 1)), ...told.flatMap((found) => found.slice(1))]
      if (unread) problems.unshift({ label: '', ...unread })
      const more = sum(snapshots, (one) => one.more)
      this.#count(id, ok, problems, more)
      const size = { objects: sum(snapshots, (one) => one.objects), bytes: sum(snapshots, (one) => one.bytes) }
      return { id, verification: { mode, ok, ...size, problems: problems.slice(0, PROBLEMS_PER_BACKUP) } }
    })
  }

  /** Backups in which nothing was found this time, and which are damaged all the same. */
  keep(kept: readonly KeptFailure[]): void {
    for (const { id, label, object, at, mode, unread } of kept) {
      const found = mode === 'deep' ? 'a deep verification' : `an earlier verification (${mode})`
      const problem = unread
        ? 'its last verification cannot be read and may have found damage, and this one reads too little to tell otherwise; verify it with --deep'
        : `found damaged by ${found} at ${at}, and this one reads too little to tell otherwise; verify it with --deep once it is mended`
      this.#result.whole--
      this.#broken(id, [{ label, object, problem }], 0)
    }
  }

  result(seconds: number): VerifyResult {
    return { ...this.#result, seconds: Math.round(seconds) }
  }

  #count(id: string, ok: boolean, problems: Verification['problems'], more: number): void {
    const result = this.#result
    result.backups++
    if (ok) {
      result.whole++
      return
    }
    this.#broken(id, problems, more)
  }

  #uncounted(backups: number): void {
    this.#result.ok = false
    this.#result.backups += backups
    this.#result.more += backups
  }

  #broken(id: string, problems: Verification['problems'], more: number): void {
    const result = this.#result
    result.ok = false
    if (result.broken.length < MOST_BROKEN) result.broken.push(id)
    const room = Math.max(0, MOST_PROBLEMS - result.problems.length)
    result.problems.push(...problems.slice(0, room).map((problem) => ({ id, ...problem })))
    result.more += problems.length - Math.min(problems.length, room) + more
  }
}

const sum = <T>(list: readonly T[], of: (one: T) => number) => list.reduce((total, one) => total + of(one), 0)
