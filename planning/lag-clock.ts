import type { OldestLag } from '../contract/replication.ts'

/** A version that the copy lacks, since it was first seen; and the first that was seen missing after it. */
interface Missing {
  version: bigint
  since: number
  next?: { version: bigint; since: number }
}

/** The table as a whole, where no single version can be named: it was never copied, or has to be copied anew. */
const WHOLE = ''

/** A clock that did not look for so long does not know what was caught up with meanwhile. */
const TRUSTED_MS = 5 * 60_000

export interface LagAnswer {
  /** Since the oldest missing change was first seen; unset when nothing is missing. */
  seconds?: number
  oldest?: OldestLag
}

/**
 * Tells for how long the oldest change at the source has been waiting. What counts is the version that was first seen missing: a partition that is
 * written all the time and copied all the time is always behind, and still only by as much as a copy takes.
 *
 * The clock lives in a worker and starts anew with it. So the oldest missing change of each look is handed to the next one, wherever that is
 * made: what a new clock does not know is taken to wait as long as that, until its copy has moved once. Too long rather than too short.
 */
export class LagClock {
  #tables = new Map<string, Map<string, Missing>>()
  #lookedAt = Number.NEGATIVE_INFINITY

  look(nowMs: number, handed: OldestLag | undefined): LagLook {
    const trusted = nowMs - this.#lookedAt < TRUSTED_MS
    return new LagLook(trusted ? this.#tables : new Map(), nowMs, trusted ? undefined : handed, (tables) => {
      this.#tables = tables
      this.#lookedAt = nowMs
    })
  }
}

export class LagLook {
  readonly #before: ReadonlyMap<string, ReadonlyMap<string, Missing>>
  readonly #nowMs: number
  readonly #handed: (OldestLag & { sinceMs: number }) | undefined
  readonly #keep: (tables: Map<string, Map<string, Missing>>) => void
  readonly #tables = new Map<string, Map<string, Missing>>()

  constructor(
    before: ReadonlyMap<string, ReadonlyMap<string, Missing>>,
    nowMs: number,
    handed: OldestLag | undefined,
    keep: (tables: Map<string, Map<string, Missing>>) => void,
  ) {
    this.#before = before
    this.#nowMs = nowMs
    this.#keep = keep
    const sinceMs = Date.parse(handed?.since ?? '')
    this.#handed = handed && sinceMs <= nowMs ? { ...handed, sinceMs } : undefined
  }

  /** A partition of a copy is behind: the source is at one version, the copy has reached another of the same lineage. */
  behind(table: string, partition: string, version: bigint, reached: bigint): void {
    const before = this.#before.get(table)?.get(partition)
    this.#set(
      table,
      partition,
      before ? this.#moved(before, version, reached) : this.#first(table, partition, version, reached),
    )
  }

  /** A table lags in another way. */
  whole(table: string): void {
    if (this.#tables.has(table)) return
    const since = this.#before.get(table)?.get(WHOLE)?.since ?? this.#handed?.sinceMs ?? this.#nowMs
    this.#set(table, WHOLE, { version: 0n, since })
  }

  /** Everything is told once more. */
  reset(): void {
    this.#tables.clear()
  }

  finish(): LagAnswer {
    this.#keep(this.#tables)
    let oldest: (OldestLag & { sinceMs: number }) | undefined
    for (const [table, partitions] of this.#tables) {
      for (const [partition, { version, since }] of partitions) {
        if (oldest && since >= oldest.sinceMs) continue
        const what = partition === WHOLE ? {} : { partition, version: String(version) }
        oldest = { table, ...what, since: new Date(since).toISOString(), sinceMs: since }
      }
    }
    if (!oldest) return {}
    const { sinceMs, ...told } = oldest
    return { seconds: Math.max(0, Math.round((this.#nowMs - sinceMs) / 1000)), oldest: told }
  }

  #first(table: string, partition: string, version: bigint, reached: bigint): Missing {
    const handed = this.#handed
    // This very change is known, and the copy has it by now: what lacks is newer.
    const passed =
      handed?.table === table && handed.partition === partition && reached >= BigInt(handed.version ?? version)
    return { version, since: passed ? this.#nowMs : (handed?.sinceMs ?? this.#nowMs) }
  }

  #moved(before: Missing, version: bigint, reached: bigint): Missing {
    if (reached < before.version) {
      const newer = version > before.version ? { version, since: this.#nowMs } : undefined
      return { ...before, next: before.next ?? newer }
    }
    return before.next && reached < before.next.version ? before.next : { version, since: this.#nowMs }
  }

  #set(table: string, partition: string, missing: Missing): void {
    const partitions = this.#tables.get(table) ?? new Map<string, Missing>()
    this.#tables.set(table, partitions.set(partition, missing))
  }
}
