import { own } from '../../planning/backup/changes.ts'
import { asideName } from '../../planning/restore/restore-names.ts'
import type { PlannedTable } from '../../planning/restore/restore-plan.ts'
import { mapConcurrently } from '../metadata/concurrency.ts'
import { readDatabase } from './live-objects.ts'
import type { RestoreContext } from './restore-context.ts'
import { staleRestore } from './restore-failures.ts'
import { renameTableStatement, swapStatement } from './step-statements.ts'
import { partitionsMark } from './written-since.ts'

/** A restored table before it gets the live name: its id, and what `partitionsMark` tells of it. */
export interface BeforeSwap {
  id: string
  partitions: string
}

/**
 * Restored tables before they get the live names, by these: the id as workers of former versions note and read it, and behind a line break, which no name
 * has, what they do not know of. SWAP done twice is as if it had never been.
 */
export type SwapMark = Record<string, string>

export function markedTable(mark: SwapMark | null | undefined, target: string): Partial<BeforeSwap> {
  const id = own(mark ?? {}, target)
  const partitions = own(mark ?? {}, `\n${target}`)
  return { ...(id === undefined ? {} : { id }), ...(partitions === undefined ? {} : { partitions }) }
}

/** Notes which table is which. Errors: Stale when a restored one is gone. */
export async function markSwap(context: RestoreContext, tables: readonly PlannedTable[]): Promise<SwapMark> {
  const { database } = context.outline
  const objects = await liveObjects(context)
  const marks = await mapConcurrently(tables, WIDTH, async (planned): Promise<[string, string][]> => {
    const as = asideName(planned.target, context.basis.hash)
    const restored = objects.get(as)
    if (!restored) throw staleRestore(`${as}, which was restored, is gone`)
    const partitions = await partitionsMark(context, { ...planned, database, as })
    return [
      [planned.target, String(restored.id)],
      [`\n${planned.target}`, partitions],
    ]
  })
  return Object.fromEntries(marks.flat())
}

const WIDTH = 4

/**
 * Gives each restored table the live name: by SWAP, or by RENAME where nothing has it. Can be repeated: who has the live name tells whether it was done.
 * Errors: Stale when somebody made a table of a name that was free at the check.
 */
export async function swapTables(
  context: RestoreContext,
  tables: readonly PlannedTable[],
  mark: SwapMark,
): Promise<void> {
  for (const planned of tables) {
    const { target } = planned
    const other = asideName(target, context.basis.hash)
    await bring(context, target, (objects) => {
      const { database } = context.outline
      const live = objects.get(target)
      const restored = markedTable(mark, target).id
      if (live && String(live.id) === restored) return undefined
      if (String(objects.get(other)?.id) !== restored) throw staleRestore(`${other} of ${database} is gone`)
      if (!live) return renameTableStatement(database, other, target)
      if (!mayReplace(planned))
        throw staleRestore(`Somebody has made ${database}.${target} meanwhile, and it is not replaced`)
      return swapStatement(database, target, other)
    })
  }
}

/** Gives the live names back to those that had them, and none to those that were free. Can be repeated, and run when only some were given. */
export async function swapBack(
  context: RestoreContext,
  tables: readonly PlannedTable[],
  mark: SwapMark,
): Promise<void> {
  for (const { target } of tables) {
    const other = asideName(target, context.basis.hash)
    await bring(context, target, (objects) => {
      const { database } = context.outline
      const live = objects.get(target)
      if (!live || String(live.id) !== markedTable(mark, target).id) return undefined
      return objects.has(other) ? swapStatement(database, target, other) : renameTableStatement(database, target, other)
    })
  }
}

const mayReplace = ({ route }: PlannedTable) => route === 'swap' || route === 'rebackup-swap'

type Objects = Awaited<ReturnType<typeof liveObjects>>

/** Runs the statement that is still wanted, until none is. */
async function bring(
  context: RestoreContext,
  target: string,
  wanted: (objects: Objects) => string | undefined,
): Promise<void> {
  for (let tries = 0; ; tries++) {
    const statement = wanted(await liveObjects(context))
    if (statement === undefined) return
    context.tell(`${target} and what was restored change names`)
    try {
      await context.cluster.execute(statement, { signal: context.signal })
    } catch (error) {
      // Whether it was done after all, the ids tell.
      if (tries >= 3) throw error
      if (wanted(await liveObjects(context)) !== undefined) throw error
    }
  }
}

async function liveObjects({ cluster, outline, signal }: RestoreContext) {
  const database = await readDatabase(cluster, outline.database, signal)
  if (!database) throw staleRestore(`Database ${outline.database} is gone`)
  return database.objects
}
