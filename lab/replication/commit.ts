import { awaitPublish, endAwaitedPublish, publishVisible } from '../data/index.ts'
import type { LabPhysicalPartition, LabState, LabTable, LabTablet } from '../model.ts'
import { applySnapshot } from './apply.ts'
import { comparesDataVersions, findPhysical } from './construct-job.ts'
import type { PartitionWork, RunningJob, TabletWork } from './job.ts'

/** A commit that fails: the reason of the aborted transaction. */
export class CommitFailed extends Error {
  override name = 'CommitFailed'
}

const NO_ROWS: Record<string, string> = {
  '3.1': 'all partitions have no load data',
  '3.3':
    'No partitions have data available for loading. If you are sure there may be no data to be loaded, you can use `ADMIN SET FRONTEND CONFIG ("empty_load_as_error" = "false")` to ensure such load jobs can succeed',
}

/** The load error text that a job ends with when no backend copied anything. */
export function noRowsText(state: LabState): string {
  return (
    NO_ROWS[state.version] ??
    'No rows were imported from upstream. Possible causes: 1) all rows were filtered by load conditions, 2) all rows failed data quality/validation checks, or 3) upstream has no data. ' +
      "If this is acceptable, set `ADMIN SET FRONTEND CONFIG ('empty_load_as_error' = 'false')` to ignore empty loads"
  )
}

interface Commit {
  physical: LabPhysicalPartition
  work: PartitionWork
}

/**
 * Checks a job whose tasks have ended and makes it committed; `publish` of the result makes it visible.
 * @throws CommitFailed with the text that the frontend gives
 */
export function commitJob(state: LabState, job: RunningJob): { publish: () => void } {
  const table = job.table
  if (!job.partitions.some((one) => one.tablets.some((tablet) => tablet.copied.size > 0)))
    throw new CommitFailed(noRowsText(state))
  const commits: Commit[] = []
  for (const work of job.partitions) {
    const found = findPhysical(table, work.partitionId)
    // A partition dropped meanwhile is left out.
    if (!found) continue
    checkTablets(state, job, found.physical, work)
    checkVersion(state, found.physical, work)
    commits.push({ physical: found.physical, work })
  }
  for (const { physical, work } of commits) {
    const ahead = work.sourceVersion - physical.dataVersion
    physical.committedVersion = comparesDataVersions(state) ? physical.committedVersion + ahead : work.sourceVersion
  }
  let published = false
  const publish = () => {
    if (published) return
    published = true
    for (const { physical, work } of commits) publishPartition(state, table, physical, work)
  }
  for (const { physical } of commits) awaitPublish(physical, publish)
  return { publish }
}

const worksById = (work: PartitionWork) => new Map(work.tablets.map((tablet) => [tablet.tabletId, tablet]))

/** Every tablet of every index must have a quorum of copied replicas; lake tablets have one each. */
function checkTablets(state: LabState, job: RunningJob, physical: LabPhysicalPartition, work: PartitionWork): void {
  const copied = worksById(work)
  const unfinished: bigint[] = []
  for (const [, tablets] of physical.tablets) {
    for (const tablet of tablets) {
      const done = copied.get(tablet.id)
      if (tablet.replicas.length === 0) {
        if (!done || done.copied.size === 0) unfinished.push(tablet.id)
        continue
      }
      checkQuorum(state, job, tablet, done)
    }
  }
  if (unfinished.length > 0)
    throw new CommitFailed(`table '${job.table.name}" has unfinished tablets: [${unfinished.join(', ')}]`)
}

function checkQuorum(state: LabState, job: RunningJob, tablet: LabTablet, work: TabletWork | undefined): void {
  const quorum = Math.floor(tablet.replicas.length / 2) + 1
  const host = (id: bigint) => state.nodes.find((node) => node.id === id)?.host ?? ''
  const failed = tablet.replicas.filter((replica) => !work?.copied.has(replica.id))
  const succeeded = tablet.replicas.filter((replica) => work?.copied.has(replica.id))
  if (succeeded.length >= quorum) return
  const replicas = failed.map(
    (one) =>
      `${one.id}:{be:${one.backendId} ${host(one.backendId)} st:${one.state === 'SCHEMA_CHANGE' ? 'ALTER' : one.state} V:${one.version} LFV:${one.lastFailedVersion}}`,
  )
  throw new CommitFailed(
    `Commit failed. txn: ${job.record.txnId} table: ${job.table.name} tablet: ${tablet.id} quorum: ${succeeded.length}<${quorum} ` +
      `errorReplicas: ${replicas.join(',')}, commitBackends: ${succeeded.map((one) => host(one.backendId)).join(',')}`,
  )
}

/** Frontends before 3.5 do not look whether the target was written meanwhile. */
function checkVersion(state: LabState, physical: LabPhysicalPartition, work: PartitionWork): void {
  if (!comparesDataVersions(state) || physical.dataVersion === work.targetVersion) return
  throw new CommitFailed(
    `Partition ${physical.id} data version mismatch for replication, committed: ${physical.dataVersion}, ` +
      `current: ${physical.dataVersion}, expected: ${work.targetVersion}`,
  )
}

function publishPartition(state: LabState, table: LabTable, physical: LabPhysicalPartition, work: PartitionWork): void {
  endAwaitedPublish(physical)
  const works = worksById(work)
  for (const [, tablets] of physical.tablets) {
    for (const tablet of tablets) {
      const done = works.get(tablet.id)
      if (!done?.snapshot || done.snapshot.columns.length === 0) continue
      applySnapshot(state, table, tablet, done.snapshot, work.sourceVersion)
      physical.extraBytes = done.snapshot.extraBytes || undefined
    }
  }
  physical.dataVersion = work.sourceVersion
  if (work.sourceVersionEpoch > 0n) physical.versionEpoch = work.sourceVersionEpoch
  physical.versionTxnType = 'TXN_REPLICATION'
  publishVisible(state, physical, physical.committedVersion)
  markFailedReplicas(physical, work)
}

/** A replica that did not copy stays behind until it is repaired. */
function markFailedReplicas(physical: LabPhysicalPartition, work: PartitionWork): void {
  const works = worksById(work)
  for (const [, tablets] of physical.tablets) {
    for (const tablet of tablets) {
      const done = works.get(tablet.id)
      for (const replica of tablet.replicas) {
        if (!done || done.copied.has(replica.id)) {
          replica.lastFailedVersion = -1n
          continue
        }
        replica.lastFailedVersion = physical.visibleVersion
        replica.version = work.targetVersion
      }
    }
  }
}
