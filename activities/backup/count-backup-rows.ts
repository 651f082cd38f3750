import { Context } from '@temporalio/activity'
import type { JobProgress } from '../../contract/backup/backup-api.ts'
import type { BackupSpec } from '../../contract/backup/policy.ts'
import type { BackupRecord, RecordCounts } from '../../contract/backup/record.ts'
import { samePhysical } from '../../planning/backup/changes.ts'
import { type ToCount, toCount } from '../../planning/backup/record-counts.ts'
import { listPartitions, listTables, type Table } from '../../starrocks/index.ts'
import type { Dependencies } from '../dependencies.ts'
import { beating } from '../heartbeat.ts'
import type { Side } from '../metadata/pair.ts'
import { facts } from '../pollers/facts.ts'
import { repositoryFailure } from '../repository/storage-failure.ts'
import { RowCounter, type Uncounted, uncountedWarnings } from '../row-counts/index.ts'
import { openObjects } from './open-repository.ts'
import { partitionStates } from './partition-facts.ts'
import { unlessGone } from './read-database.ts'
import { readTableState } from './read-table-state.ts'
import { ONE_BY_ONE } from './read-versions.ts'

export interface CountBackupInput {
  spec: BackupSpec
  database: string
  /** Of the record. */
  id: string
}

export interface CountedBackup {
  partitions: number
  warnings: string[]
}

interface CountingReport extends JobProgress {
  /** What could not be counted is not tried again by who goes on with it. */
  uncounted: Uncounted[]
}

/** What a worker that dies has counted in vain. */
const SAVE_MS = 30_000
const MOST_REMEMBERED = 200

interface Counting {
  side: Side
  input: CountBackupInput
  record: BackupRecord
  listed: ReadonlyMap<string, Table>
  counter: RowCounter
  signal: AbortSignal
}

/**
 * Counts the rows of what a backup took, where it is still as it was, and keeps the numbers beside its record. The backup stands already and needs no slot of
 * its database for it. Table by table; who takes over goes on behind the last that was kept.
 */
export function countBackupRows(deps: Dependencies, input: CountBackupInput): Promise<CountedBackup> {
  const { spec, database, id } = input
  const context = Context.current()
  const signal = context.cancellationSignal
  const before = (context.info.heartbeatDetails as Partial<CountingReport> | undefined)?.uncounted ?? []
  return beating(async (report) => {
    try {
      const objects = await openObjects(deps, spec.repository)
      const record = await objects.record(id, { signal })
      if (record?.databaseId === undefined) return { partitions: 0, warnings: [] }
      const handle = deps.cluster(spec.cluster)
      const { version, runMode } = await facts(handle.cluster).capabilities()
      const side = { name: spec.cluster, handle, cluster: handle.cluster, version, runMode }
      const tables = await listTables(side.cluster, BigInt(record.databaseId), { signal })
      const listed = new Map(tables.map((table) => [table.name, table]))
      const counter = new RowCounter(side.cluster, signal)
      counter.uncounted.push(...before)
      const tried = new Set(before.map(({ table }) => table))
      const counts: RecordCounts = (await objects.counts(id, { signal })) ?? {}
      const wanted = toCount(record).filter(({ name }) => !tried.has(`${database}.${name}`))
      let saved = performance.now()
      let partitions = 0
      let kept = 0
      const keep = async () => {
        // What retention has deleted meanwhile needs none.
        if (partitions === kept || !(await objects.head(id))) return
        await objects.putCounts(id, counts)
        saved = performance.now()
        kept = partitions
      }
      try {
        for (const [at, one] of wanted.entries()) {
          const uncounted = counter.uncounted.slice(0, MOST_REMEMBERED)
          const doing = `counting rows (${at} of ${wanted.length} tables)`
          report({ label: id, database, state: 'FINISHED', doing, uncounted } satisfies CountingReport)
          const rows = await countTable({ side, input, record, listed, counter, signal }, one)
          partitions += rows.length
          counts[one.name] = { ...counts[one.name], ...Object.fromEntries(rows) }
          if (performance.now() - saved > SAVE_MS) await keep()
        }
      } finally {
        // Also when this worker stops in the middle.
        await keep()
      }
      return { partitions, warnings: uncountedWarnings(counter.uncounted) }
    } catch (error) {
      throw repositoryFailure(error, `counting rows of ${database} on ${spec.cluster}`)
    }
  }, context.info.heartbeatDetails)
}

/** Numbers are those of the backup only where definition and versions are the record's, before and after. */
async function countTable(
  { side, input, record, listed, counter, signal }: Counting,
  { name, table, partitions }: ToCount,
): Promise<[string, string][]> {
  const { spec, database } = input
  const entry = listed.get(name)
  if (!entry || String(entry.id) !== table.id) return []
  const rows = await unlessGone(() => listPartitions(side.cluster, database, name, { signal }))
  const now = partitionStates(rows ?? [])
  const same = [...partitions].flatMap(([one, { physical }]) => {
    const state = now.get(one)
    return state && samePhysical(state.physical, physical) ? [{ name: one, bytes: state.bytes }] : []
  })
  if (same.length === 0) return []
  const counts = await counter.count({ database, table: name, parts: same, partitioned: true })
  if (counts.size === 0) return []
  const databaseId = BigInt(record.databaseId ?? 0)
  const options = { side, databaseId, spec, database, now: '', leftOut: new Map(), signal }
  const after = await unlessGone(() => readTableState(side, options, entry, ONE_BY_ONE))
  if (after?.state.fingerprint !== table.fingerprint) return []
  return [...counts].filter(([one]) => {
    const [taken, state] = [partitions.get(one), after.state.partitions.get(one)]
    return taken && state && samePhysical(state.physical, taken.physical)
  })
}
