import { WorkflowNotFoundError } from '@temporalio/client'
import {
  type MigrationSpec,
  migrationId,
  type ParkedTable,
  parkedMarksQuery,
  parkedQuery,
  runningQuery,
  splitTableName,
  type TableRow,
  type TablesPage,
  type TablesPageInput,
} from '../contract/index.ts'
import { expandBraces, globMatcher } from '../planning/glob.ts'
import { markMatcher } from '../planning/parked-groups.ts'
import { StaleSum } from '../planning/stale-counts.ts'
import type { TableLag } from '../planning/version-index.ts'
import type { Dependencies } from './dependencies.ts'
import { asFailure } from './failures.ts'
import { beating } from './heartbeat.ts'
import { mapConcurrently } from './metadata/concurrency.ts'
import { directory } from './pollers/directory.ts'
import { setBounded } from './set-bounded.ts'
import { lookAtTables } from './stale/look.ts'
import { whyWaiting } from './stale/started-tables.ts'

const DEFAULT_LIMIT = 100
const MOST = 200

/** Pages of one listing come from one look; a first page that is asked for again so soon does, too. */
const PAGES_MS = 120_000
const AGAIN_MS = 5_000
/** Listings remembered at once: of 10,000 tables each takes a few megabytes. */
const MOST_LOOKS = 4

interface Remembered {
  at: number
  lags: readonly TableLag[]
}

export function createDescribeActivities(deps: Dependencies) {
  const looks = new Map<string, Remembered>()

  const lagsOf = async (spec: MigrationSpec, isFirst: boolean): Promise<readonly TableLag[]> => {
    const key = JSON.stringify(spec)
    const known = looks.get(key)
    if (known && deps.clock.now() - known.at < (isFirst ? AGAIN_MS : PAGES_MS)) return known.lags
    const at = deps.clock.now()
    const { lags } = await lookAtTables(deps, spec)
    looks.delete(key)
    setBounded(looks, key, { at, lags }, MOST_LOOKS)
    return lags
  }

  return {
    /** One page of the tables of a migration, by name, with state and reason. All pages of a listing cost one look at both clusters. */
    async describeTables(input: TablesPageInput): Promise<TablesPage> {
      return beating(async () => {
        const { after } = input
        const lags = await lagsOf(input.spec, after === undefined).catch((error: unknown) => {
          throw asFailure(error, 'reading the tables')
        })
        const known = await whatIsKnown(deps, input)
        const sum = new StaleSum()
        for (const lag of lags) sum.add(lag)
        const rows = rowsOf(known, lags).filter(matching(input.filter))
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
      return beating(async () => {
        try {
          const listing = directory(deps.cluster(cluster).cluster)
          const found = await mapConcurrently(tables, 4, async (full) => {
            const { database, table } = splitTableName(full)
            return (await listing.table(database, table, 5_000)) ? full : undefined
          })
          return found.filter((full) => full !== undefined)
        } catch (error) {
          throw asFailure(error, `looking up tables of ${cluster}`)
        }
      })
    },
  }
}

/** What the migration says of its tables, beside what the clusters say. */
interface KnownTables {
  running: ReadonlySet<string>
  parked: readonly ParkedTable[]
  /** Why a table is parked that is only marked. */
  marked: (table: string) => string | undefined
}

async function whatIsKnown(deps: Dependencies, { spec, running, parked }: TablesPageInput): Promise<KnownTables> {
  if (running && parked) return { running: new Set(running), parked, marked: () => undefined }
  const handle = deps.client.workflow.getHandle(migrationId(spec.name))
  try {
    const [runs, waits, groups] = await Promise.all([
      running ?? handle.query(runningQuery).then((rows) => rows.map(({ table }) => table)),
      parked ?? handle.query(parkedQuery),
      handle.query(parkedMarksQuery),
    ])
    const matchers = groups.map(({ reason, marks }) => ({ reason, has: markMatcher([marks]) }))
    const marked = (table: string) => matchers.find(({ has }) => has(table))?.reason
    return { running: new Set(runs), parked: waits, marked }
  } catch (error) {
    // It has never run, or is not kept any more: then the clusters alone tell.
    if (error instanceof WorkflowNotFoundError) return { running: new Set(), parked: [], marked: () => undefined }
    throw error
  }
}

function rowsOf({ running, parked: waiting, marked }: KnownTables, lags: readonly TableLag[]): TableRow[] {
  const parked = new Map<string, Pick<ParkedTable, 'reason' | 'attempts'>>(waiting.map((one) => [one.table, one]))
  const rows = lags.map((lag): TableRow => {
    const mark = marked(lag.table)
    const why = parked.get(lag.table) ?? (mark === undefined ? undefined : { reason: mark, attempts: 1 })
    return {
      table: lag.table,
      state: running.has(lag.table) ? 'running' : why ? 'parked' : stateOf(lag),
      ...(why ? { reason: why.reason } : reasonOf(lag)),
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
  for (const { table, reason, attempts } of waiting) {
    if (listed.has(table)) continue
    const none = { partitions: 0, laggingPartitions: 0, bytes: 0, sourceVersion: '0', targetVersion: '0' }
    rows.push({ table, state: 'parked', reason, attempts, ...none })
  }
  return rows.sort((a, b) => (a.table < b.table ? -1 : 1))
}

function reasonOf(lag: TableLag): { reason?: string } {
  if (lag.missing) return { reason: 'waits to be created on the target' }
  if (lag.surplusPartitions === 0) return {}
  return { reason: `the target has ${lag.surplusPartitions} partitions with rows that the source does not have` }
}

function stateOf(lag: TableLag): TableRow['state'] {
  if (lag.missing) return 'missing'
  if (lag.laggingPartitions > 0) return lag.unfinished ? 'unfinished' : 'lagging'
  if (lag.surplusPartitions > 0) return 'lagging'
  return lag.unknownPartitions > 0 ? 'unknown' : 'in sync'
}

function matching(filter: TablesPageInput['filter']): (row: TableRow) => boolean {
  const patterns = filter?.match === undefined ? undefined : expandBraces(filter.match).map(globMatcher)
  return (row) =>
    (filter?.state === undefined || row.state === filter.state) &&
    (patterns === undefined || patterns.some((matches) => matches(row.table)))
}
