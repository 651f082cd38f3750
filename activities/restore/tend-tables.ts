import type { TableRecord } from '../../contract/backup/record.ts'
import { own } from '../../planning/backup/changes.ts'
import { type OverwriteMark, switchedOff } from '../../planning/restore/overwrite-mark.ts'
import { asideName, replacedName } from '../../planning/restore/restore-names.ts'
import type { PlannedTable } from '../../planning/restore/restore-plan.ts'
import { survivesDynamicPartitions } from '../../planning/restore/survives.ts'
import { alterSet } from '../../starrocks/ddl/index.ts'
import {
  listPartitions,
  quoteName,
  quoteProperties,
  quoteQualified,
  StarRocksError,
  showCreate,
} from '../../starrocks/index.ts'
import type { ClearMark } from './clear-tables.ts'
import { tellLostGrants } from './lost-grants.ts'
import { quietProperties } from './quiet-tables.ts'
import { databaseGrants, grantAgain, readGrants, tableGrants } from './regrant.ts'
import type { RestoreContext } from './restore-context.ts'
import { modelOf, wantedPartitions } from './verify-tables.ts'

/**
 * Puts right what RESTORE and SWAP leave behind, on tables that have their live names now: grants, which went with the former table, or are told where there was none; the colocate group and
 * the storage medium, which RESTORE drops; what was switched off to keep old partitions – where they would survive it: as the backup has it, or as
 * a table had it over which was restored (`cleared`), or whose partitions were overwritten (`overwritten`). Can be repeated. What fails is told and stops nothing.
 */
export async function tendTables(
  context: RestoreContext,
  tables: readonly PlannedTable[],
  cleared: readonly (ClearMark | null)[] = [],
  overwritten: readonly (OverwriteMark | null)[] = [],
): Promise<void> {
  const { outline, basis } = context
  const { database } = outline
  const swapped = tables.filter(({ route }) => route === 'swap' || route === 'rebackup-swap')
  const renamed = outline.renames && basis.databaseExisted
  if (swapped.length > 0 || renamed) {
    const grants = await readGrants(context)
    const former = swapped.map(({ target }) => ({ live: target, former: asideName(target, basis.hash) }))
    await grantAgain(context, tableGrants(grants, database, former))
    if (renamed) await grantAgain(context, databaseGrants(grants, replacedName(database, basis.hash), database))
  }
  await tellLostGrants(context, tables)
  for (const planned of tables) {
    const live = { ...planned, database, as: planned.target }
    if (planned.route === 'overwrite-partitions') {
      await switchOnNoted(
        context,
        live,
        Object.assign({}, ...overwritten.map((mark) => switchedOff(mark, live.target))),
      )
      continue
    }
    const made = planned.route !== 'in-place'
    if (made) {
      await colocate(context, live)
      await medium(context, live)
    }
    if (made || cleared.length === 0 || cleared.includes(null)) await switchOn(context, live)
    else
      await switchOnLive(
        context,
        live,
        Object.assign({}, ...cleared.map((mark) => own(mark ?? {}, live.target)?.settings)),
      )
  }
  const names = tables.map(({ target }) => target)
  context.warn(
    `Statistics are not restored: ANALYZE TABLE ${quoteQualified(database, names[0] ?? '')}${names.length > 1 ? ` and ${names.length - 1} more` : ''}`,
  )
}

async function colocate(context: RestoreContext, { database, as, table }: PlannedTable): Promise<void> {
  const group = table.colocateGroup ?? modelOf(table)?.properties.colocate_with
  if (!group) return
  await attempt(
    context,
    alterSet({ database, name: as }, { colocate_with: group }),
    `${database}.${as} is not in colocate group ${group} again`,
  )
}

/** Restored replicas are all on HDD. */
async function medium(context: RestoreContext, planned: PlannedTable): Promise<void> {
  const fast = [...wantedPartitions(planned)].filter(([, { medium }]) => medium?.toUpperCase() === 'SSD')
  if (fast.length === 0) return
  const names = fast.map(([name]) => quoteName(name)).join(', ')
  const statement = `ALTER TABLE ${quoteQualified(planned.database, planned.as)} MODIFY PARTITION (${names}) SET ${quoteProperties([['storage_medium', 'SSD']])}`
  await attempt(context, statement, `${planned.database}.${planned.as} stays on HDD`)
}

async function switchOn(context: RestoreContext, planned: PlannedTable): Promise<void> {
  const settings = quietProperties(planned.table).map(({ property, value }): [string, string] => [property, value])
  await switchOnWhere(context, planned, settings, modelOf(planned.table)?.properties ?? {}, planned.table)
}

/** By what the live table had: its settings are not the backup's, nor are its partitions all of them. */
async function switchOnLive(
  context: RestoreContext,
  planned: PlannedTable,
  settings: Readonly<Record<string, string>>,
): Promise<void> {
  for (const { property, value } of quietProperties(planned.table)) {
    if (own(settings, property) !== undefined) continue
    const statement = alterSet({ database: planned.database, name: planned.as }, { [property]: value })
    context.warn(
      `${property} of ${planned.database}.${planned.as} was off before it was restored over, and ${value} at the backup: it stays off. To switch it on: ${statement}`,
    )
  }
  await switchOnNoted(context, planned, settings)
}

async function switchOnNoted(
  context: RestoreContext,
  planned: PlannedTable,
  settings: Readonly<Record<string, string>>,
): Promise<void> {
  if (Object.keys(settings).length === 0) return
  const { cluster, signal } = context
  const ddl = (await showCreate(cluster, planned.database, planned.as, { signal })).text
  const rows = await listPartitions(cluster, planned.database, planned.as, { signal })
  const partitions = Object.fromEntries(
    rows.map(({ name, rangeText, listText }) => [name, { physical: [], at: 0, value: rangeText ?? listText }]),
  )
  await switchOnWhere(context, planned, Object.entries(settings), modelOf({ ddl })?.properties ?? {}, { partitions })
}

async function switchOnWhere(
  context: RestoreContext,
  { database, as }: PlannedTable,
  settings: readonly [property: string, value: string][],
  properties: Readonly<Record<string, string>>,
  table: Pick<TableRecord, 'partitions'>,
): Promise<void> {
  for (const [property, value] of settings) {
    const statement = alterSet({ database, name: as }, { [property]: value })
    const survive = survivesDynamicPartitions(property, value, properties, table, context.deps.clock.now())
    if (survive === true) await attempt(context, statement, `${database}.${as}: ${property} stays off`)
    else context.warn(`${property} of ${database}.${as} stays off: ${survive}. To switch it on: ${statement}`)
  }
}

async function attempt(context: RestoreContext, statement: string, consequence: string): Promise<void> {
  try {
    await context.cluster.execute(statement, { signal: context.signal })
  } catch (error) {
    if (!(error instanceof StarRocksError) || error.kind === 'Unreachable' || error.kind === 'NotLeader') throw error
    context.warn(`${consequence}: ${error.message}. By hand: ${statement}`)
  }
}
