import { versionOf } from '../../planning/partition-verdict.ts'
import { listPartitions, type PartitionRow, showTransaction } from '../../starrocks/index.ts'
import { asFailure, busyTable, lost, stale } from '../failures.ts'
import { pause } from '../heartbeat.ts'
import { jobBoard } from '../pollers/job-board.ts'
import type { PartitionPair } from './partition-pairs.ts'
import { type StepContext, throwIfLeaving } from './step-context.ts'
import type { TablePair } from './table-pair.ts'

/** Publishing takes a moment after the commit; longer than this means that it is stuck, and says so. */
const PUBLISH_MS = 60_000

/**
 * Waits until the target's own metadata shows what was sent: the version, a replication as the last transaction, the epoch. A job's or a
 * transaction's state is no proof. `ended`: what is known of the job; a job that is gone gets no time.
 * Throws `Lost` when the job is gone and nothing moved, `Stale` when something else wrote, `Busy` while publishing is stuck.
 */
export async function confirmCopies(
  step: StepContext,
  pair: TablePair,
  sent: readonly PartitionPair[],
  ended: 'committed' | 'gone',
): Promise<void> {
  const started = performance.now()
  for (let look = 0; ; look++) {
    throwIfLeaving(step)
    const rows = new Map((await readTarget(pair)).map((row) => [row.id, row]))
    const open = sent.filter((partition) => !isConfirmed(partition, rows.get(partition.target.id)))
    if (open.length === 0) return
    const [first] = open
    const strange = open.find((partition) => isOverwritten(partition, rows.get(partition.target.id)))
    if (strange) {
      throw stale(
        `partition ${strange.name} of ${pair.target.full} was changed by somebody else while it was being copied`,
      )
    }
    if (ended === 'gone')
      throw lost(`job ${step.jobId} of ${pair.target.full} is in no list, and partition ${first?.name} did not move`)
    if (look >= 3 && (await isVisible(pair, step.jobId)) === true && look >= 6) {
      throw stale(
        `job ${step.jobId} is visible, but partition ${first?.name} of ${pair.target.full} is not at version ${first?.version}`,
      )
    }
    if (performance.now() - started > PUBLISH_MS) {
      throw busyTable(`job ${step.jobId} of ${pair.target.full} is committed, but its version is not published yet`)
    }
    await pause(Math.min(200 * 2 ** look, 2_000))
  }
}

/** The target's word for it; where it has no epochs, the version is all there is. */
export function isConfirmed(sent: Pick<PartitionPair, 'version' | 'epoch'>, now: PartitionRow | undefined): boolean {
  if (!now || versionOf(now) !== sent.version) return false
  if (now.txnType === undefined) return true
  return now.txnType === 'REPLICATION' && now.versionEpoch === sent.epoch
}

function isOverwritten(sent: PartitionPair, now: PartitionRow | undefined): boolean {
  if (!now) return true
  const version = versionOf(now)
  if (version > sent.version) return true
  return version > 1n && version !== versionOf(sent.target) && now.txnType === 'NORMAL'
}

async function readTarget(pair: TablePair): Promise<PartitionRow[]> {
  try {
    return await listPartitions(pair.target.cluster, pair.target.database, pair.target.name)
  } catch (error) {
    throw asFailure(error, `confirming ${pair.target.full}`)
  }
}

/** Whether the job's transaction is visible; undefined when that cannot be found out. */
async function isVisible(pair: TablePair, jobId: string): Promise<boolean | undefined> {
  const job = (await jobBoard(pair.target.cluster).look(pair.target.databaseId)).find(pair.target.entry.id, jobId)
  if (!job || job.txnId <= 0n) return undefined
  const transaction = await showTransaction(pair.target.cluster, pair.target.database, job.txnId)
  return transaction?.status === 'VISIBLE'
}
