import { asideName, replacedName } from '../../planning/restore/restore-names.ts'
import type { PlannedTable } from '../../planning/restore/restore-plan.ts'
import { alterSet } from '../../starrocks/ddl/index.ts'
import { quoteName, StarRocksError } from '../../starrocks/index.ts'
import { readDatabase } from './live-objects.ts'
import type { RestoreContext } from './restore-context.ts'
import { dropReplacedStatement, renameTableStatement } from './step-statements.ts'

/** What was replaced gets a name that says so, or is dropped into the recycle bin. Can be repeated. `tables` empty: the whole database. */
export async function settleReplaced(context: RestoreContext, tables: readonly PlannedTable[]): Promise<void> {
  const { cluster, outline, basis, spec, signal } = context
  const { database } = outline
  if (tables.length === 0) {
    const old = replacedName(database, basis.hash)
    if (spec.replaced === 'drop') await cluster.execute(`DROP DATABASE IF EXISTS ${quoteName(old)}`, { signal })
    return
  }
  const objects = (await readDatabase(cluster, database, signal))?.objects
  for (const { target, table } of tables) {
    const former = asideName(target, basis.hash)
    if (!objects?.has(former)) continue
    if (spec.replaced === 'drop') {
      await cluster.execute(dropReplacedStatement(database, former), { signal })
      continue
    }
    const kept = replacedName(target, basis.hash)
    // Both tables are registered for dynamic partitions after SWAP.
    if (table.dynamic) {
      const off = alterSet({ database, name: former }, { 'dynamic_partition.enable': 'false' })
      await cluster.execute(off, { signal }).catch((error: unknown) => {
        if (!(error instanceof StarRocksError) || error.kind === 'Unreachable') throw error
        context.warn(`${kept} keeps making and dropping partitions: ${error.message}`)
      })
    }
    await cluster.execute(renameTableStatement(database, former, kept), { signal })
  }
}
