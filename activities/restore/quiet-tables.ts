import type { TableRecord } from '../../contract/backup/record.ts'
import { own } from '../../planning/backup/changes.ts'
import type { PlannedTable } from '../../planning/restore/restore-plan.ts'
import { alterSet } from '../../starrocks/ddl/index.ts'
import { StarRocksError, showCreate } from '../../starrocks/index.ts'
import type { RestoreContext } from './restore-context.ts'
import { modelOf } from './verify-tables.ts'

const DYNAMIC = 'dynamic_partition.enable'

/** What makes StarRocks drop old partitions by itself, and the value that stops it. */
const QUIET: readonly [property: string, off: string][] = [
  [DYNAMIC, 'false'],
  ['partition_live_number', '-1'],
  ['partition_ttl_number', '-1'],
  ['partition_ttl', ''],
  ['partition_retention_condition', ''],
]

export interface QuietProperty {
  property: string
  /** In the backup. */
  value: string
  off: string
}

/** Settings of a table by which restored rows would soon be dropped again. */
export function quietProperties(table: Pick<TableRecord, 'ddl' | 'dynamic'>): QuietProperty[] {
  const properties = modelOf(table)?.properties ?? {}
  return QUIET.flatMap(([property, off]) => {
    const printed = properties[property]
    const value = property === DYNAMIC ? (printed ?? (table.dynamic ? 'true' : undefined)) : printed
    if (value === undefined || value === '' || value === off || value === '0') return []
    return [{ property, value, off }]
  })
}

/**
 * Switches off, right after a RESTORE, what would drop old partitions within minutes: StarRocks registers restored tables for that at once. Can be
 * repeated. What cannot be switched off becomes a warning.
 */
export async function quietTables(context: RestoreContext, tables: readonly PlannedTable[]): Promise<void> {
  for (const { database, as, table } of tables) await quiet(context, database, as, table, `${database}.${as}`)
}

/**
 * The same for a table that was replaced and is kept, by the properties that it has now: both are registered after SWAP. `called`: its name from now on. Can be
 * repeated.
 */
export async function quietLiveTable(
  context: RestoreContext,
  database: string,
  name: string,
  called: string,
): Promise<void> {
  let ddl: string
  try {
    ddl = (await showCreate(context.cluster, database, name, { signal: context.signal })).text
  } catch (error) {
    if (!isRefusal(error)) throw error
    if (error.kind !== 'NotFound')
      context.warn(`Whether ${called} drops old partitions by itself cannot be told: ${error.message}`)
    return
  }
  await quiet(context, database, name, { ddl }, called)
}

/** Such settings that a live table has now, with their values. Errors: StarRocksError. */
export async function liveSettings(context: RestoreContext, database: string, name: string): Promise<QuietProperty[]> {
  const { text } = await showCreate(context.cluster, database, name, { signal: context.signal })
  return quietProperties({ ddl: text })
}

/** Switches them off. Can be repeated. Errors: StarRocksError where the table would go on making and dropping partitions. */
export async function switchOffLive(context: RestoreContext, database: string, name: string): Promise<void> {
  await switchOffAll(context, database, name, await liveSettings(context, database, name))
}

/** The same for those that were noted before, by property. */
export async function switchOffNoted(
  context: RestoreContext,
  database: string,
  name: string,
  noted: Readonly<Record<string, string>>,
): Promise<void> {
  const settings = QUIET.flatMap(([property, off]) => {
    const value = own(noted, property)
    return value === undefined ? [] : [{ property, value, off }]
  })
  await switchOffAll(context, database, name, settings)
}

async function switchOffAll(
  context: RestoreContext,
  database: string,
  name: string,
  settings: readonly QuietProperty[],
): Promise<void> {
  const dynamic = settings.find(({ property }) => property === DYNAMIC)
  if (dynamic) {
    const statement = alterSet({ database, name }, { [DYNAMIC]: dynamic.off })
    await context.cluster.execute(statement, { signal: context.signal })
  }
  await switchOff(
    context,
    database,
    name,
    settings.filter((one) => one !== dynamic),
    `${database}.${name}`,
  )
}

async function quiet(
  context: RestoreContext,
  database: string,
  name: string,
  table: Pick<TableRecord, 'ddl' | 'dynamic'>,
  called: string,
): Promise<void> {
  await switchOff(context, database, name, quietProperties(table), called)
}

async function switchOff(
  context: RestoreContext,
  database: string,
  name: string,
  settings: readonly QuietProperty[],
  called: string,
): Promise<void> {
  for (const { property, value, off } of settings) {
    try {
      await context.cluster.execute(alterSet({ database, name }, { [property]: off }), { signal: context.signal })
    } catch (error) {
      if (!isRefusal(error)) throw error
      context.warn(`${called} keeps ${property} = ${value}, by which old partitions may be dropped: ${error.message}`)
    }
  }
}

const isRefusal = (error: unknown): error is StarRocksError =>
  error instanceof StarRocksError && error.kind !== 'Unreachable' && error.kind !== 'OutcomeUnknown'
