import type { ObjectName } from '../../starrocks/ddl/index.ts'
import { listPartitions, quoteQualified } from '../../starrocks/index.ts'
import { isNotFound } from './failure.ts'
import type { Pair } from './pair.ts'
import type { DiscardStep } from './steps.ts'

/** The source has by now what was to go because it lacked it: nothing was destroyed. */
export class OnSourceByNow extends Error {
  override name = 'OnSourceByNow'
}

/** How long a listing of partitions serves further drops: many go at once, and each alone would cost the source a statement. */
const LISTING_MS = 1_000

/**
 * Asks the source once more right before something of the target is dropped because the source lacks it. That was decided by a listing which is
 * older than the target's, and perhaps than the drops of many other tables. One for each run of steps.
 */
export class SourceLook {
  readonly #pair: Pick<Pair, 'source' | 'signal'>
  #listed: { at: number; table: string; partitions: Set<string> } | undefined

  constructor(pair: Pick<Pair, 'source' | 'signal'>) {
    this.#pair = pair
  }

  /** Errors: OnSourceByNow; `NotFound` where a partition is to go of a table that the source has no more. */
  async throwIfThere({ unlessAt = [], partition }: Pick<DiscardStep, 'unlessAt' | 'partition'>): Promise<void> {
    for (const table of unlessAt) {
      const there = partition === undefined ? await this.#has(table) : (await this.#partitionsOf(table)).has(partition)
      if (!there) continue
      const what = partition === undefined ? '' : `partition ${partition} of `
      throw new OnSourceByNow(`${what}${table.database}.${table.name} is on the source by now; it is looked at again`)
    }
  }

  /** Whatever it is there: a view of that name is none the less the source's. */
  async #has({ database, name }: ObjectName): Promise<boolean> {
    const { source, signal } = this.#pair
    try {
      await source.cluster.query(`DESC ${quoteQualified(database, name)}`, { signal })
      return true
    } catch (error) {
      if (isNotFound(error)) return false
      throw error
    }
  }

  async #partitionsOf({ database, name }: ObjectName): Promise<Set<string>> {
    const { source, signal } = this.#pair
    const table = quoteQualified(database, name)
    const last = this.#listed
    if (last?.table === table && performance.now() - last.at < LISTING_MS) return last.partitions
    const at = performance.now()
    const rows = await listPartitions(source.cluster, database, name, { signal })
    this.#listed = { at, table, partitions: new Set(rows.map((row) => row.name)) }
    return this.#listed.partitions
  }
}
