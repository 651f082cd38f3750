import { log } from '@temporalio/activity'
import type { ReplicateStepInput } from '../../contract/index.ts'
import { distrusted, type Verdict } from '../../planning/partition-verdict.ts'
import type { Dependencies } from '../dependencies.ts'
import { restoresInto, type TableRestore } from '../pollers/restores.ts'
import { lastRemembered } from './memory.ts'
import type { PartitionPair } from './partition-pairs.ts'
import type { TablePair } from './table-pair.ts'

/** A listing may be so old: a restore that it lacks is in the next one, and then what was copied meanwhile is not believed. */
const LISTING_MS = 5_000

/**
 * Whether what was copied so far can be believed, as far as restores of the source's partitions go. RESTORE over a partition keeps its id and
 * epoch and sets its version back, so once loads have passed the version of the copy, nothing in the metadata tells that the rows below are
 * others. The frontend lists the job; so each step tells of which one it knew before it read the versions, and the next doubts what was restored by a later one.
 *
 * When nothing is known of the copy, it is believed unless the restore came after the migration's first look.
 */
export class RestoreTrust {
  readonly #pair: TablePair
  /** What is known once everything that is doubted has been emptied; unset where the source does not tell. */
  readonly known: string | undefined
  /** The restore that the copy knows nothing of. */
  readonly #later: TableRestore | undefined

  private constructor(pair: TablePair, known: string | undefined, later: TableRestore | undefined) {
    this.#pair = pair
    this.known = known
    this.#later = later
  }

  /** To be read before the versions. */
  static async read(
    deps: Dependencies,
    pair: TablePair,
    { spec, table, restore, restoresBefore }: ReplicateStepInput,
  ): Promise<RestoreTrust> {
    const { cluster, database, name } = pair.source
    const restores = await restoresInto(cluster, database, LISTING_MS)
    if (!restores) return new RestoreTrust(pair, undefined, undefined)
    const { last } = restores
    const own = restores.of(name)
    let text = restore
    if (text === undefined && own) {
      text = (await lastRemembered(deps, spec, table, 'restore'))?.text ?? restoresBefore
    }
    const known = text === undefined ? undefined : BigInt(text)
    const later = own && known !== undefined && own.id > known ? own : undefined
    return new RestoreTrust(pair, String(known !== undefined && known > last ? known : last), later)
  }

  /** The same partitions; what was restored since it was copied is to be emptied and sent anew. */
  doubt(partitions: readonly PartitionPair[]): PartitionPair[] {
    const restored = this.#later
    if (!restored) return [...partitions]
    let doubted = 0
    const doubtful = partitions.map((partition) => {
      if (restored.partitions && !restored.partitions.has(partition.source.name)) return partition
      const { verdict: before, target } = partition
      const verdict: Verdict =
        before.action === 'reset' ? { ...before, reason: RESTORED } : distrusted(before, target, RESTORED)
      if (verdict.action === 'reset') doubted++
      return { ...partition, verdict }
    })
    if (doubted > 0) {
      log.warn('partitions of the source were restored since they were copied; they are copied anew', {
        table: this.#pair.source.full,
        partitions: doubted,
        job: String(restored.id),
      })
    }
    return doubtful
  }
}

export const RESTORED =
  'the source partition was restored since it was copied: its rows may be others at the same versions'
