import { Context } from '@temporalio/activity'
import type { AlignOutcome, DifferencePage, MigrationSpec } from '../../contract/index.ts'
import type { Approvals } from '../../planning/approval.ts'
import type { Dependencies } from '../dependencies.ts'
import { asFailure } from '../failures.ts'
import { beating } from '../heartbeat.ts'
import { directory } from '../pollers/directory.ts'
import { setBounded } from '../set-bounded.ts'
import { alignTable } from './align-table.ts'
import { alignViews } from './align-views.ts'
import { mapConcurrently } from './concurrency.ts'
import { type Differences, findDifferences, VerdictCache } from './list-differences.ts'
import { manyListeners } from './many-listeners.ts'
import { openPair } from './pair.ts'
import { Sessions } from './session.ts'
import { SettledNulls } from './settled-nulls.ts'
import { alignTargetOnly } from './target-only.ts'
import { type UndoResult, undoChanges } from './undo-changes.ts'

export interface ListDifferencesInput {
  spec: MigrationSpec
  /** The `next` of the page before. */
  after?: string
  limit: number
}

export interface AlignTablesInput {
  spec: MigrationSpec
  /** Source names. */
  tables: string[]
  approvals?: Approvals
}

export interface AlignViewsInput {
  spec: MigrationSpec
  approvals?: Approvals
  /** Marks of former outcomes. */
  viewMarks?: string[]
  /** Whether this difference has changed anything since it listed all objects, which are then listed anew. */
  changed?: boolean
}

/** Activities that make the target's databases, tables and views what the source's are; rows aside. All can be run again. */
export interface MetadataActivities {
  listDifferences(input: ListDifferencesInput): Promise<DifferencePage>
  /** One outcome a table, in the order given. */
  alignTables(input: AlignTablesInput): Promise<AlignOutcome[]>
  /** Outcomes of what is not unchanged, and of what was not known as a copy. */
  alignViews(input: AlignViewsInput): Promise<AlignOutcome[]>
  /** Also outcomes of databases that the source has, which were not known before: what follows knows them as copies when it has them no more. */
  listTargetOnly(input: AlignViewsInput): Promise<AlignOutcome[]>
  undoChanges(input: { spec: MigrationSpec; statements: string[] }): Promise<UndoResult>
}

/** Tables of one call that are worked on at once: more would only make the frontend slower. */
const WIDTH = 4
/** Differences remembered at once; a run that was stopped never asks for its last page. */
const MOST_PAGED = 8

export function createMetadataActivities(deps: Dependencies): MetadataActivities {
  const sessions = new Sessions(deps)
  const cache = new VerdictCache()
  const nulls = new SettledNulls()
  /** What a run of syncMetadata found, for its next pages: what an earlier one found is of an earlier time. */
  const pages = new Map<string, Differences>()

  const act = <T>(what: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> =>
    beating(async () => {
      const cancellationSignal = manyListeners(Context.current().cancellationSignal)
      try {
        return await work(cancellationSignal)
      } catch (error) {
        throw asFailure(error, what)
      }
    })

  return {
    listDifferences: ({ spec, after, limit }) =>
      act('The metadata difference failed', async (signal) => {
        const runId = Context.current().info.workflowExecution?.runId ?? ''
        let all = after === undefined ? undefined : pages.get(runId)
        if (!all) {
          all = await findDifferences(await sessions.open(spec, { fresh: true, signal }), cache, nulls)
          setBounded(pages, runId, all, MOST_PAGED)
        }
        const rest = after === undefined ? all.different : all.different.filter((table) => table > after)
        const different = rest.slice(0, limit)
        const last = different.at(-1)
        if (rest.length > different.length && last !== undefined) return { different, next: last, counts: all.counts }
        pages.delete(runId)
        return { different, counts: all.counts }
      }),

    alignTables: ({ spec, tables, approvals }) =>
      act('Aligning tables failed', async (signal) => {
        const session = await sessions.open(spec, { approvals, signal })
        const outcomes = await mapConcurrently(tables, WIDTH, (table) => alignTable(session, table))
        // Under the same name there is another table now: who replicates it next must not go by the id of the former.
        if (outcomes.some(({ outcome }) => outcome === 'recreated')) directory(session.pair.target.cluster).forget()
        return outcomes
      }),

    alignViews: ({ spec, approvals, viewMarks, changed = true }) =>
      act('Aligning views failed', async (signal) => {
        if (!spec.sync.views && !spec.sync.materializedViews) return []
        return alignViews(await sessions.open(spec, { approvals, viewMarks, fresh: changed, signal }))
      }),

    listTargetOnly: ({ spec, approvals, viewMarks, changed = true }) =>
      act('Looking for what only the target has failed', async (signal) =>
        alignTargetOnly(await sessions.open(spec, { approvals, viewMarks, fresh: changed, signal })),
      ),

    undoChanges: ({ spec, statements }) =>
      act('Undoing changes failed', async (signal) => {
        const { target } = await openPair(deps, spec, signal)
        return undoChanges(target, statements, signal)
      }),
  }
}
