import type { Finding } from '../../../contract/findings.ts'
import { fatal, someOf, warning } from '../../../planning/backup-preflight/make-finding.ts'
import type { PlannedTable, RestoreOutline } from '../../../planning/restore/restore-plan.ts'
import { survivesDynamicPartitions } from '../../../planning/restore/survives.ts'
import { readTable } from '../../../starrocks/ddl/index.ts'
import { showCreate, type Table } from '../../../starrocks/index.ts'
import { mapConcurrently } from '../../metadata/concurrency.ts'
import { isUnreadable } from '../../metadata/read-table.ts'
import { lifetimesInTheWay } from '../../restore/live-lifetimes.ts'
import type { ClusterFacts } from '../cluster-facts.ts'
import { unlessRefused } from '../unless-refused.ts'

/** Tables under way in ALTER or RESTORE: neither SWAP nor RESTORE takes them. */
export function checkStates(
  { spec }: ClusterFacts,
  { database, tables }: RestoreOutline,
  live: ReadonlyMap<string, Table> | undefined,
): Finding[] {
  const busy = tables.flatMap(({ target }) => {
    const state = live?.get(target)?.state ?? ''
    return state === '' || state === 'NORMAL' ? [] : [`${target} (${state})`]
  })
  if (busy.length === 0) return []
  return [
    warning(
      'table-not-normal',
      `${spec.cluster} ${database}`,
      `Live tables are being altered or restored: ${someOf(busy)}`,
      'Wait until that has ended: StarRocks neither swaps nor overwrites them meanwhile',
    ),
  ]
}

/** Tables whose own settings would drop what is restored: these are switched off at once, and stay off. */
export function checkDynamicPartitions({ deps }: ClusterFacts, { database, tables }: RestoreOutline): Finding[] {
  const told: string[] = []
  for (const planned of tables) {
    if (planned.route === 'overwrite-partitions') continue
    const properties = propertiesOf(planned)
    for (const property of PROPERTIES) {
      const value = properties[property]
      if (value === undefined || (property === 'dynamic_partition.enable' && value.toLowerCase() !== 'true')) continue
      const verdict = survivesDynamicPartitions(property, value, properties, planned.table, deps.clock.now())
      if (verdict !== true) told.push(`${planned.target}: ${verdict} (${property})`)
    }
  }
  return lifetimes(database, told)
}

/** The same where only chosen partitions are written to live tables: by the settings that these have now. */
export async function checkLifetimes(
  { deps, side, signal }: ClusterFacts,
  { database, tables }: RestoreOutline,
): Promise<Finding[]> {
  const into = tables.filter(({ route }) => route === 'overwrite-partitions')
  const told = await mapConcurrently(into, 4, async (planned) => {
    const live = { database, name: planned.target }
    const found = await lifetimesInTheWay(side.cluster, live, planned, deps.clock.now(), signal).catch(unlessRefused)
    return (found ?? []).flatMap(({ property, drops }) => (drops ? [`${planned.target}: ${drops} (${property})`] : []))
  })
  return lifetimes(database, told.flat())
}

function lifetimes(database: string, told: readonly string[]): Finding[] {
  if (told.length === 0) return []
  return [
    warning(
      'dynamic-partitions',
      database,
      `By their own settings tables would drop what is restored to them: ${someOf(told, 3)}`,
      'starferry switches these settings off and leaves them off; switch them on when the old partitions may go',
    ),
  ]
}

const PROPERTIES = [
  'dynamic_partition.enable',
  'partition_live_number',
  'partition_ttl',
  'partition_ttl_number',
] as const

function propertiesOf({ table }: PlannedTable): Readonly<Record<string, string>> {
  try {
    return readTable(table.ddl).properties
  } catch (error) {
    if (isUnreadable(error)) return {}
    throw error
  }
}

/** Chosen partitions are written by INSERT OVERWRITE: the live table has to have the same columns. */
export async function checkColumns({ side, signal }: ClusterFacts, outline: RestoreOutline): Promise<Finding[]> {
  const into = outline.tables.filter(({ route }) => route === 'overwrite-partitions')
  const found = await mapConcurrently(into, 4, async ({ target, table }): Promise<Finding[]> => {
    const live = await showCreate(side.cluster, outline.database, target, { signal }).catch(unlessRefused)
    const [now, then] = [columnsOf(live?.text), columnsOf(table.ddl)]
    if (!now || !then) return []
    const lacking = then.filter((name) => !now.includes(name))
    const added = now.filter((name) => !then.includes(name))
    if (lacking.length + added.length === 0) return []
    const what = [
      ...(lacking.length > 0 ? [`without ${someOf(lacking)}`] : []),
      ...(added.length > 0 ? [`with ${someOf(added)} more`] : []),
    ]
    return [
      fatal(
        'other-columns',
        `${outline.database}.${target}`,
        `${outline.database}.${target} has other columns than at the backup: ${what.join(', ')}`,
        'Restore the whole table aside, or with publish set to never and write the partitions with an INSERT of your own',
      ),
    ]
  })
  return found.flat()
}

function columnsOf(ddl: string | undefined): string[] | undefined {
  if (ddl === undefined || ddl === '') return undefined
  try {
    return readTable(ddl)
      .columns.filter(({ generated }) => generated === undefined)
      .map(({ name }) => name.toLowerCase())
  } catch (error) {
    if (isUnreadable(error)) return undefined
    throw error
  }
}
