import { asideName, replacedName } from '../../planning/restore/restore-names.ts'
import type { PlannedTable } from '../../planning/restore/restore-plan.ts'
import { listMaterializedViews, quoteName, quoteQualified, type RoutineLoad } from '../../starrocks/index.ts'
import { mapConcurrently } from '../metadata/concurrency.ts'
import { kindOf, readDatabase } from './live-objects.ts'
import { quietLiveTable } from './quiet-tables.ts'
import type { RestoreContext } from './restore-context.ts'
import { moveRoutineLoad, routineLoadsOf } from './routine-loads.ts'
import { dropReplacedStatement, renameTableStatement } from './step-statements.ts'

const WIDTH = 4
const MOST_LOADS = 20

/**
 * What was replaced gets a name that says so, or is dropped into the recycle bin. What is kept loses nothing by itself from then on; and who goes on loading
 * into it is told, since a routine load keeps its table whatever that is called. Can be repeated. `tables` empty: the whole database.
 */
export async function settleReplaced(context: RestoreContext, tables: readonly PlannedTable[]): Promise<void> {
  if (tables.length === 0) return settleDatabase(context)
  const { cluster, outline, basis, spec, signal } = context
  const { database } = outline
  const objects = (await readDatabase(cluster, database, signal))?.objects
  const loads = await loadsOf(context, database)
  for (const { target } of tables) {
    const former = asideName(target, basis.hash)
    const kept = replacedName(target, basis.hash)
    const into = loads.filter(({ table }) => table === former || table === kept)
    // Done by a former attempt, whose words were lost.
    if (!objects?.has(former)) {
      tell(context, database, into, `${database}.${kept}`, `${database}.${target}`)
      continue
    }
    if (spec.replaced === 'drop' && mayDrop(context, into)) {
      await cluster.execute(dropReplacedStatement(database, former), { signal })
      continue
    }
    await quietLiveTable(context, database, former, `${database}.${kept}`)
    await cluster.execute(renameTableStatement(database, former, kept), { signal })
    tell(context, database, into, `${database}.${kept}`, `${database}.${target}`)
  }
}

async function settleDatabase(context: RestoreContext): Promise<void> {
  const { cluster, outline, basis, spec, signal } = context
  const old = replacedName(outline.database, basis.hash)
  const loads = await loadsOf(context, old)
  if (spec.replaced === 'drop' && mayDrop(context, loads)) {
    await cluster.execute(`DROP DATABASE IF EXISTS ${quoteName(old)}`, { signal })
    return
  }
  const objects = (await readDatabase(cluster, old, signal))?.objects
  if (!objects) return
  const tables = [...objects.values()].filter((object) => kindOf(object) === 'table')
  await mapConcurrently(tables, WIDTH, ({ name }) => quietLiveTable(context, old, name, `${old}.${name}`))
  tell(context, old, loads, `database ${old}`, `database ${outline.database}`)
  const views = (await listMaterializedViews(cluster, old, { signal })).filter(
    ({ active, refreshType }) => active && refreshType === 'ASYNC',
  )
  const [first] = views
  if (!first) return
  context.warn(
    `Materialized views of ${old} go on refreshing: ${brief(views.map(({ name }) => name))}. To stop them: ALTER MATERIALIZED VIEW ${quoteQualified(old, first.name)} INACTIVE`,
  )
}

/** Somebody who began to load since the check, or said nothing of it, loses no rows. */
const mayDrop = ({ spec }: RestoreContext, loads: readonly RoutineLoad[]) =>
  loads.length === 0 || spec.ignore.includes('routine-load-loses-table')

async function loadsOf(context: RestoreContext, database: string): Promise<RoutineLoad[]> {
  const loads = await routineLoadsOf(context.cluster, database, context.signal)
  if (typeof loads !== 'string') return loads
  context.warn(`Whether routine loads go on into what was replaced cannot be told: ${loads}`)
  return []
}

function tell(
  context: RestoreContext,
  database: string,
  loads: readonly RoutineLoad[],
  kept: string,
  live: string,
): void {
  const stays =
    context.spec.replaced === 'drop'
      ? ` ${kept}, which was to be dropped, stays for that: drop it when they have gone.`
      : ''
  for (const { name } of loads.slice(0, MOST_LOADS)) {
    context.warn(
      `Routine load ${name} goes on into ${kept}, and ${live} gets nothing of it.${stays} ${moveRoutineLoad(database, name)}`,
    )
  }
  if (loads.length > MOST_LOADS) context.warn(`${loads.length - MOST_LOADS} more routine loads go on into ${kept}`)
}

const brief = (names: readonly string[]) =>
  `${names.slice(0, 5).join(', ')}${names.length > 5 ? ` and ${names.length - 5} more` : ''}`
