import { replacedName } from '../../planning/restore/restore-names.ts'
import type { PlannedTable } from '../../planning/restore/restore-plan.ts'
import { listDatabases } from '../../starrocks/index.ts'
import { mapConcurrently } from '../metadata/concurrency.ts'
import { readDatabase } from './live-objects.ts'
import type { RestoreContext } from './restore-context.ts'
import { staleRestore } from './restore-failures.ts'
import { renameDatabaseStatement, renameTableStatement } from './step-statements.ts'
import { digestOf, partitionsMark } from './written-since.ts'

/** Ids before the renames. */
export interface RenameMark {
  restored: string
  live?: string
  /** One text for all partitions that were restored. */
  partitions?: string
}

export async function markRename(context: RestoreContext): Promise<RenameMark> {
  const ids = await idsByName(context)
  const restored = ids.get(context.outline.scratch)
  if (restored === undefined) throw staleRestore(`${context.outline.scratch}, which was restored, is gone`)
  const { scratch, tables, database } = context.outline
  const restoredTables = tables.filter((table) => table.database === scratch)
  return { restored, live: ids.get(database), partitions: await databaseMark(context, restoredTables) }
}

/** What `partitionsMark` tells of several tables, in one text; they may have other names by now. */
export async function databaseMark(context: RestoreContext, tables: readonly PlannedTable[]): Promise<string> {
  const marks = await mapConcurrently(tables, WIDTH, async (planned) => [
    planned.name,
    await partitionsMark(context, planned),
  ])
  return digestOf(JSON.stringify(marks.sort()))
}

const WIDTH = 4

/** Gives the restored database the live name; what had it is put aside. Can be repeated. */
export async function renameDatabase(
  context: RestoreContext,
  tables: readonly PlannedTable[],
  mark: RenameMark,
): Promise<void> {
  const { cluster, outline, basis } = context
  const { scratch, database } = outline
  const old = replacedName(database, basis.hash)
  const objects = (await readDatabase(cluster, scratch))?.objects
  for (const { as, target } of objects ? tables : []) {
    if (objects?.has(as) && !objects.has(target)) await cluster.execute(renameTableStatement(scratch, as, target))
  }
  const ids = await idsByName(context)
  const live = ids.get(database)
  if (live === mark.restored) return
  if (live !== undefined && (live !== mark.live || !basis.databaseExisted)) {
    const half = mark.live !== undefined && ids.get(old) === mark.live
    throw staleRestore(
      `Database ${database} was made, or replaced by another, meanwhile; ${half ? `the former one had been renamed to ${old}` : 'nothing was renamed'}`,
    )
  }
  if (live !== undefined) {
    context.tell(`${database} becomes ${old}`)
    await rename(context, database, old, live)
  }
  context.tell(`${scratch} becomes ${database}`)
  await rename(context, scratch, database, mark.restored)
}

/** The live database gets its name back. Can be repeated, and run after any part of the renames. Errors: Stale where somebody has made a database of that name. */
export async function renameBack(context: RestoreContext, mark: RenameMark): Promise<void> {
  const { outline, basis } = context
  const { scratch, database } = outline
  const old = replacedName(database, basis.hash)
  if ((await idsByName(context)).get(database) === mark.restored)
    await rename(context, database, scratch, mark.restored)
  const ids = await idsByName(context)
  if (mark.live === undefined || ids.get(old) !== mark.live) return
  if (!ids.has(database)) {
    try {
      return await rename(context, old, database, mark.live)
    } catch (error) {
      if (!(await idsByName(context)).has(database)) throw error
    }
  }
  throw staleRestore(
    `Somebody has made another database ${database} meanwhile, and the former one is now ${old}: rename the other one (${renameDatabaseStatement(database, `${database}_other`)}) or drop it, then ${renameDatabaseStatement(old, database)}`,
  )
}

async function rename(context: RestoreContext, from: string, to: string, id: string): Promise<void> {
  try {
    await context.cluster.execute(renameDatabaseStatement(from, to))
  } catch (error) {
    // An answer that got lost: the name tells.
    if ((await idsByName(context)).get(to) !== id) throw error
  }
}

async function idsByName({ cluster }: RestoreContext): Promise<Map<string, string>> {
  return new Map((await listDatabases(cluster)).map(({ name, id }) => [name, String(id)]))
}
