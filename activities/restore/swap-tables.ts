import { own } from '../../planning/backup/changes.ts'
import { asideName } from '../../planning/restore/restore-names.ts'
import type { PlannedTable } from '../../planning/restore/restore-plan.ts'
import { readDatabase } from './live-objects.ts'
import type { RestoreContext } from './restore-context.ts'
import { staleRestore } from './restore-failures.ts'
import { swapStatement } from './step-statements.ts'

/** Ids of restored tables before they are swapped, by the live name: SWAP done twice is as if it had never been. */
export type SwapMark = Record<string, string>

/** Notes which table is which. Errors: Stale when one of them is gone. */
export async function markSwap(context: RestoreContext, tables: readonly PlannedTable[]): Promise<SwapMark> {
  const objects = await liveObjects(context)
  return Object.fromEntries(
    tables.map(({ target }) => {
      const restored = objects.get(asideName(target, context.basis.hash))
      if (!restored) throw staleRestore(`${asideName(target, context.basis.hash)}, which was restored, is gone`)
      if (!objects.has(target)) throw staleRestore(`${target} of ${context.outline.database} was dropped meanwhile`)
      return [target, String(restored.id)]
    }),
  )
}

/** Gives each restored table the live name. Can be repeated: who has the live name tells whether it was done. */
export async function swapTables(
  context: RestoreContext,
  tables: readonly PlannedTable[],
  mark: SwapMark,
): Promise<void> {
  await bring(context, tables, mark, true)
}

/** Gives the live names back to those that had them. Can be repeated, and run when only some were swapped. */
export async function swapBack(
  context: RestoreContext,
  tables: readonly PlannedTable[],
  mark: SwapMark,
): Promise<void> {
  await bring(context, tables, mark, false)
}

async function bring(
  context: RestoreContext,
  tables: readonly PlannedTable[],
  mark: SwapMark,
  wanted: boolean,
): Promise<void> {
  const { cluster, outline, basis } = context
  const { database } = outline
  for (const { target } of tables) {
    const restored = own(mark, target)
    const other = asideName(target, basis.hash)
    for (let tries = 0; ; tries++) {
      const objects = await liveObjects(context)
      const live = objects.get(target)
      if (!live || !objects.has(other)) {
        if (!wanted) break
        throw staleRestore(`${live ? other : target} of ${database} is gone`)
      }
      if ((String(live.id) === restored) === wanted) break
      context.tell(`${target} and ${other} change names`)
      try {
        await cluster.execute(swapStatement(database, target, other), { signal: context.signal })
      } catch (error) {
        // Whether it was done after all, the ids tell.
        if (tries >= 3) throw error
        const after = (await liveObjects(context)).get(target)
        if (!after || (String(after.id) === restored) !== wanted) throw error
      }
    }
  }
}

async function liveObjects({ cluster, outline, signal }: RestoreContext) {
  const database = await readDatabase(cluster, outline.database, signal)
  if (!database) throw staleRestore(`Database ${outline.database} is gone`)
  return database.objects
}
