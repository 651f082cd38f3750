import { log } from '@temporalio/activity'
import { fnv1a, type ReplicateStepInput, schemaOfJobId } from '../../contract/index.ts'
import { distrusted, versionOf } from '../../planning/partition-verdict.ts'
import {
  definitionText,
  isExplained,
  isSameSchema,
  readMark,
  type SchemaMark,
  writeMark,
} from '../../planning/schema-mark.ts'
import type { AlterJob, IndexSchema } from '../../starrocks/index.ts'
import type { Dependencies } from '../dependencies.ts'
import { stale } from '../failures.ts'
import { columnChanges } from '../pollers/column-changes.ts'
import type { Job } from '../pollers/job-board.ts'
import type { ComparedDefinition } from './definitions.ts'
import { lastRemembered } from './memory.ts'
import type { PartitionPair } from './partition-pairs.ts'
import type { StepContext } from './step-context.ts'
import type { TablePair } from './table-pair.ts'
import { baseOf } from './tablet-map.ts'

export type Moment = Omit<SchemaMark, 'definition'>

type TrustInput = Pick<ReplicateStepInput, 'spec' | 'table' | 'schema' | 'changesBefore'>

/**
 * Whether what was copied so far can be believed, as far as columns go: by the marks that are known of the copy.
 *
 * A mark is known from the former step of this run, from the ids of the table's jobs that the target lists, and – when these do not settle it –
 * from the last closed run. Each was true when it was written: a job is sent, and a step ends well, only after everything on the target agrees
 * with its mark. So any of them will do, and an older one only sees more changes.
 *
 * When none is known, the copy is older than starferry's first look, or so old that all was forgotten: it is believed unless the source lists a
 * change of its columns since that first look.
 */
export class SchemaTrust {
  readonly #deps: Dependencies
  readonly #pair: TablePair
  readonly #input: TrustInput
  readonly #marks: SchemaMark[]
  #asked = false

  constructor(
    { deps, migrationPrefix }: Pick<StepContext, 'deps' | 'migrationPrefix'>,
    pair: TablePair,
    input: TrustInput,
    jobs: readonly Job[],
  ) {
    this.#deps = deps
    this.#pair = pair
    this.#input = input
    const own = jobs.filter((job) => job.jobId.startsWith(migrationPrefix)).map((job) => schemaOfJobId(job.jobId))
    this.#marks = [input.schema, ...own].flatMap((text) => readMark(text) ?? [])
  }

  /** The latest of what is known, for the next step should this one fail. */
  get known(): string | undefined {
    const latest = this.#latest()
    return latest && writeMark(latest)
  }

  #latest(): SchemaMark | undefined {
    return this.#marks.reduce<SchemaMark | undefined>((a, b) => (a && a.version >= b.version ? a : b), undefined)
  }

  /** What is known to be true of the copy while the source's columns are in this state; unset: they moved since, or nothing is known. */
  async unmoved(now: Moment): Promise<string | undefined> {
    const same = () => this.#marks.find((mark) => isSameSchema(mark, now))
    let found = same()
    if (!found) {
      await this.#ask()
      found = same()
    }
    return found && writeMark(found)
  }

  /** Whether the copy is as true as it was: nothing moved, or only what is seen; or nothing is known. */
  async holds(now: SchemaMark): Promise<boolean> {
    if (await this.unmoved(now)) return true
    if (this.#marks.length > 0) return this.#marks.some((mark) => isExplained(mark, now))
    return !(await this.#changedSinceFirstLook())
  }

  /**
   * Whether all that was copied is from before the columns came that the source has and the copy lacks. `without`: digest of the source's definition
   * without them. When nothing is known of the copy: whether the source lists the change that led to its present state.
   */
  async precedes(now: Moment, without: string): Promise<boolean> {
    if (await this.unmoved(now)) return false
    await this.#ask()
    const latest = this.#latest()
    if (latest) return latest.definition === without
    const last = await this.#lastChange()
    return last?.indexId === now.index && last.schemaVersion === now.version
  }

  /** Whether its tablets were written anew since the copy was made, by a change or because it is another table. False where nothing is known. */
  async rewritten(now: Moment): Promise<boolean> {
    if (await this.unmoved(now)) return false
    const latest = this.#latest()
    return latest !== undefined && latest.index !== now.index
  }

  async #changedSinceFirstLook(): Promise<boolean> {
    const { changesBefore } = this.#input
    if (changesBefore === undefined) return false
    const last = await this.#lastChange()
    return last !== undefined && last.id > BigInt(changesBefore)
  }

  /** Asked for from now on, so that it knows of all that led to the state of the columns that was read before. Tables that ask at once share it. */
  async #lastChange(): Promise<AlterJob | undefined> {
    const { cluster, database, name } = this.#pair.source
    return (await columnChanges(cluster, database, 0)).get(name)
  }

  async #ask(): Promise<void> {
    if (this.#asked) return
    this.#asked = true
    // A former step of this run knows at least as much.
    if (this.#input.schema !== undefined) return
    const last = await lastRemembered(this.#deps, this.#input.spec, this.#input.table, 'schema')
    const mark = readMark(last?.text)
    if (mark) this.#marks.push(mark)
  }
}

/**
 * The present state of the source's columns. To be read before definitions and versions: what changes in between then counts as a change since.
 * Throws `Stale` when the table has just gone.
 */
export function momentOf({ source }: TablePair, indexes: readonly IndexSchema[]): Moment {
  const base = baseOf(source, indexes)
  if (!base) throw stale(`${source.full} has no index on ${source.cluster.name}`)
  return { index: base.id, version: base.schemaVersion }
}

export const markOf = (moment: Moment, { model }: ComparedDefinition): SchemaMark => ({
  ...moment,
  definition: fnv1a(definitionText(model)),
})

/** Whether any partition of the copy holds rows that could be wrong. */
export const holdsRows = (partitions: readonly PartitionPair[]): boolean =>
  partitions.some(({ target }) => versionOf(target) > 1n)

/** The same partitions, with everything that was copied to be emptied and sent anew. */
export function distrust({ source }: TablePair, partitions: readonly PartitionPair[]): PartitionPair[] {
  log.warn('columns of the source were changed in a way that their names do not show; the table is copied anew', {
    table: source.full,
  })
  return partitions.map((partition) => ({
    ...partition,
    verdict: distrusted(partition.verdict, partition.target, REPLACED),
  }))
}

export const REPLACED =
  'columns of the source were changed more often than its definition shows since it was copied: one may have been replaced under its old name'
