import type { MigrationSpec } from '../../contract/index.ts'
import type { Approvals } from '../../planning/approval.ts'
import type { Dependencies } from '../dependencies.ts'
import { setBounded } from '../set-bounded.ts'
import { type Inventory, readSource, readTarget } from './inventory.ts'
import { openPair } from './pair.ts'
import type { PlanningSession } from './plan-table.ts'

/**
 * How long a listing of all tables serves the next batches. Listing a database of 10,000 tables takes a frontend longer than aligning ten of them;
 * what changed meanwhile shows when the table itself is read.
 */
const LISTING_MS = 15_000
/** Listings at once: one of each migration whose tables are being aligned. */
const MOST_LISTINGS = 16

interface Listing {
  at: number
  source: Inventory
  target: Inventory
}

/** Opens sessions for aligning, and remembers across them what is dear to find out. One for each worker process. */
export class Sessions {
  readonly #deps: Dependencies
  readonly #listings = new Map<string, Promise<Listing>>()
  /** Properties that a target called unknown, by cluster. */
  readonly #unknown = new Map<string, Set<string>>()

  constructor(deps: Dependencies) {
    this.#deps = deps
  }

  /** `fresh`: look at both clusters' tables now, however young the last listing is. */
  async open(
    spec: MigrationSpec,
    {
      approvals = {},
      viewMarks = [],
      fresh = false,
      signal,
    }: { approvals?: Approvals; viewMarks?: readonly string[]; fresh?: boolean; signal?: AbortSignal },
  ): Promise<PlanningSession> {
    const pair = await openPair(this.#deps, spec, signal)
    const key = JSON.stringify([spec.source, spec.target, spec.include, spec.exclude, spec.rename])
    const { source, target } = await this.#listing(key, fresh, async () => {
      const at = this.#deps.clock.now()
      const listed = await readSource(pair.source, pair.selection, signal)
      return { at, source: listed, target: await readTarget(pair.target, pair.selection, listed, signal) }
    })
    const unknownProperties = this.#unknown.get(spec.target) ?? new Set<string>()
    this.#unknown.set(spec.target, unknownProperties)
    return {
      deps: this.#deps,
      pair,
      source,
      target,
      approvals: new Map(Object.entries(approvals)),
      viewMarks: new Set(viewMarks),
      unknownProperties,
    }
  }

  async #listing(key: string, fresh: boolean, read: () => Promise<Listing>): Promise<Listing> {
    const last = fresh ? undefined : await this.#listings.get(key)?.catch(() => undefined)
    if (last && this.#deps.clock.now() - last.at < LISTING_MS) return last
    const next = read()
    this.#listings.delete(key)
    setBounded(this.#listings, key, next, MOST_LISTINGS)
    const forget = () => {
      if (this.#listings.get(key) === next) this.#listings.delete(key)
    }
    // Of 10,000 tables it takes some megabytes: not for longer than it is believed.
    next.then(() => setTimeout(forget, LISTING_MS).unref(), forget)
    return next
  }
}
