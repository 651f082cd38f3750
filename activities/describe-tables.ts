import type { TableRow, TablesPage, TablesPageInput } from '../contract/index.ts'
import { splitTableName } from '../contract/index.ts'
import { expandBraces, globMatcher } from '../planning/glob.ts'
import { StaleSum } from '../planning/stale-counts.ts'
import type { TableLag } from '../planning/version-index.ts'
import type { Dependencies } from './dependencies.ts'
import { asFailure } from './failures.ts'
import { beating } from './heartbeat.ts'
import { mapConcurrently } from './metadata/concurrency.ts'
import { directory } from './pollers/directory.ts'
import { lookAtTables } from './stale/look.ts'
import { whyWaiting } from './stale/started-tables.ts'

const DEFAULT_LIMIT = 100
const MOST = 200

export function createDescribeActivities(deps: Dependencies) {
  return {
    /** One page of the tables of a migration, by name, with state and reason. */
    async describeTables(input: TablesPageInput): Promise<TablesPage> {
      return beating(async () => {
        const { lags } = await lookAtTables(deps, input.spec).catch((error: unknown) => {
          throw asFailure(error, 'reading the tables')
        })
        const sum = new StaleSum()
        for (const lag of lags) sum.add(lag)
        const rows = rowsOf(input, lags).filter(matching(input.filter))
        const after = input.after
        const rest = after === undefined ? rows : rows.filter((row) => row.table > after)
        const page = rest.slice(0, Math.min(input.limit ?? DEFAULT_LIMIT, MOST))
        await mapConcurrently(page, 4, async (row) => {
          if (row.state === 'running') Object.assign(row, await whyWaiting(deps, input.spec.name, row.table))
        })
        const last = page.at(-1)
        return { rows: page, counts: sum.counts, ...(last && rest.length > page.length ? { next: last.table } : {}) }
      })
    },

    /** Those of these source tables that exist and are native tables. */
    async existingTables({ cluster, tables }: { cluster: string; tables: string[] }): Promise<string[]> {
      const listing = directory(deps.cluster(cluster).cluster)
      try {
        const found = await mapConcurrently(tables, 4, async (full) => {
          const { database, table } = splitTableName(full)
          return (await listing.table(database, table, 5_000)) ? full : undefined
        })
        return found.filter((full) => full !== undefined)
      } catch (error) {
        throw asFailure(error, `looking up tables of ${cluster}`)
      }
    },
  }
}

function rowsOf(input: TablesPageInput, lags: readonly TableLag[]): TableRow[] {
  const running = new Set(input.running)
  const parked = new Map(input.parked.map((one) => [one.table, one]))
  const rows = lags.map((lag): TableRow => {
    const why = parked.get(lag.table)
    return {
      table: lag.table,
      state: running.has(lag.table) ? 'running' : why ? 'parked' : stateOf(lag),
      ...(why ? { reason: why.reason } : lag.missing ? { reason: 'waits to be created on the target' } : {}),
      attempts: why?.attempts ?? 0,
      partitions: lag.partitions,
      laggingPartitions: lag.laggingPartitions,
      bytes: lag.totalBytes,
      sourceVersion: String(lag.sourceVersion),
      targetVersion: String(lag.targetVersion),
    }
  })
  // What is parked and no native table (external tables, for example) is in no listing of versions.
  const listed = new Set(lags.map((lag) => lag.table))
  for (const { table, reason, attempts } of input.parked) {
    if (listed.has(table)) continue
    const none = { partitions: 0, laggingPartitions: 0, bytes: 0, sourceVersion: '0', targetVersion: '0' }
    rows.push({ table, state: 'parked', reason, attempts, ...none })
  }
  return rows.sort((a, b) => (a.table < b.table ? -1 : 1))
}

function stateOf(lag: TableLag): TableRow['state'] {
  if (lag.missing) return 'missing'
  if (lag.laggingPartitions > 0) return lag.unfinished ? 'unfinished' : 'lagging'
  return lag.unknownPartitions > 0 ? 'unknown' : 'in sync'
}

function matching(filter: TablesPageInput['filter']): (row: TableRow) => boolean {
  const patterns = filter?.match === undefined ? undefined : expandBraces(filter.match).map(globMatcher)
  return (row) =>
    (filter?.state === undefined || row.state === filter.state) &&
    (patterns === undefined || patterns.some((matches) => matches(row.table)))
}
