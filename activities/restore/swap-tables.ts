import { own } from '../../planning/backup/changes.ts'
import { asideName } from '../../planning/restore/restore-names.ts'
import type { PlannedTable } from '../../planning/restore/restore-plan.ts'
import { readDatabase } from './live-objects.ts'
import type { RestoreContext } from './restore-context.ts'
import { staleRestore } from './restore-failures.ts'
import { renameTableStatement, swapStatement } from './step-statements.ts'

/** Ids of restored tables before they get the live names, by these: SWAP done twice is as if it had never been. */
export type SwapMark = Record<string, string>

/** Notes which table is which. Errors: Stale when a restored one is gone. */
export async function markSwap(context: RestoreContext, tables: readonly PlannedTable[]): Promise<SwapMark> {
  const objects = await liveObjects(context)
  return Object.fromEntries(
    tables.map(({ target }) => {
      const restored = objects.get(asideName(target, context.basis.hash))
      if (!restored) throw staleRestore(`${asideName(target, context.basis.hash)}, which was restored, is gone`)
      return [target, String(restored.id)]
    }),
  )
}

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
      const restored = own(mark, target)
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
      if (!live || String(live.id) !== own(mark, target)) return undefined
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
