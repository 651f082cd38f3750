import type { Address } from '../../starrocks/index.ts'
import {
  type PartitionReplication,
  StarRocksError,
  serviceId,
  startTableReplication,
  type TableReplicationRequest,
} from '../../starrocks/index.ts'
import { aborted, asFailure, refused, unreachable } from '../failures.ts'
import { directory } from '../pollers/directory.ts'
import { limitGate } from '../pollers/limit-gate.ts'
import type { ComparedDefinition } from './definitions.ts'
import { isListed } from './follow-job.ts'
import type { PartitionPair } from './partition-pairs.ts'
import { type StepContext, throwIfLeaving } from './step-context.ts'
import type { TablePair } from './table-pair.ts'
import { throwIfMoved } from './throw-if-moved.ts'

/** `queued`: the target has the job. `nothing`: the target says that it lacks nothing of what was offered. */
export type SendResult = 'queued' | 'nothing'

/** Builds the request of a job. `bytes`: what this job copies, estimated. */
export async function buildRequest(
  step: StepContext,
  pair: TablePair,
  definition: ComparedDefinition,
  partitions: readonly PartitionReplication[],
  sizes: { bytes: number; targetBytes: bigint },
): Promise<TableReplicationRequest> {
  const { source, target } = pair
  const lake = source.capabilities.runMode === 'shared_data'
  return {
    username: target.handle.user,
    password: target.handle.password,
    databaseId: target.databaseId,
    tableId: target.entry.id,
    sourceToken: source.handle.token ?? '',
    // The target holds (this − its own table's size) against its limit: so that exactly this job's bytes count.
    sourceTableDataSize: sizes.targetBytes + BigInt(Math.ceil(sizes.bytes)),
    partitions,
    jobId: step.jobId,
    ...(lake ? await lakeFields(pair, definition) : {}),
  }
}

/** Between shared-data clusters the target's nodes copy objects themselves: they are told the volume, the service and the source's ids. */
async function lakeFields({ source }: TablePair, { model }: ComparedDefinition) {
  const volume = model.properties.storage_volume
  if (!volume) throw refused(`SHOW CREATE TABLE of ${source.full} names no storage volume`)
  const leader = await source.cluster.leader()
  const id = await serviceId({ host: leader.host, port: leader.httpPort })
  return {
    sourceRunMode: 'shared_data' as const,
    sourceStorageVolume: `src_${volume}`,
    sourceServiceId: id,
    sourceDatabaseId: source.databaseId,
    sourceTableId: source.entry.id,
  }
}

/**
 * Sends the job. When the connection ends without an answer it looks whether the target has the job, and only if it has not sends the very same
 * request once more: the target refuses a second job of a running table, and versions that it already has. It does not refuse to lay a job over
 * what a load wrote since: so each attempt looks at the partitions first, and throws `Stale` when one is not as it was when this was decided.
 */
export async function sendJob(
  step: StepContext,
  pair: TablePair,
  request: TableReplicationRequest,
  partitions: readonly PartitionPair[],
): Promise<SendResult> {
  const attempt = async () => {
    const leader = await pair.target.cluster.leader().catch((error: unknown) => {
      throw asFailure(error, `finding the leader of ${pair.target.cluster.name}`)
    })
    const address: Address = { host: leader.host, port: leader.rpcPort }
    await throwIfMoved(pair, partitions, 'replicated')
    return attemptSend(step, pair, address, request)
  }
  const first = await attempt().catch((error: unknown) => {
    // Surely not sent: it must not take the place of one that was.
    step.intents = step.intents.filter(({ jobId }) => jobId !== step.jobId)
    step.report({ job: step.jobId, phase: 'refused' })
    throw error
  })
  if (first !== 'unknown') return first
  pair.target.cluster.forgetLeader()
  step.report({ job: step.jobId, waiting: 'no answer to the request; looking whether the job exists' })
  if (await isListed(pair, step.jobId)) return 'queued'
  const second = await attempt()
  if (second !== 'unknown') return second
  if (await isListed(pair, step.jobId)) return 'queued'
  throw aborted(
    `${pair.target.cluster.name} closed the connection twice without an answer to the request for ${pair.target.full}, and has no such job`,
  )
}

async function attemptSend(
  step: StepContext,
  pair: TablePair,
  address: Address,
  request: TableReplicationRequest,
): Promise<SendResult | 'unknown'> {
  // Another attempt may have begun, and will send its own.
  throwIfLeaving(step)
  step.deps.metrics.count('jobs_sent_total', { cluster: pair.target.cluster.name })
  try {
    // Not cancellable: whether it was sent must be known.
    await startTableReplication(address, request)
    limitGate(pair.target.cluster).widen()
    return 'queued'
  } catch (error) {
    if (!(error instanceof StarRocksError)) throw error
    switch (error.kind) {
      case 'OutcomeUnknown':
        return 'unknown'
      case 'NothingToReplicate':
        return 'nothing'
      case 'Busy':
        // Our own job, sent a moment ago and never answered for.
        if (await isListed(pair, request.jobId)) return 'queued'
        // A limit of the whole cluster, not something that holds this table.
        if (error.names.length > 0) await limitGate(pair.target.cluster).close(pair.target.databaseId)
        throw asFailure(error, pair.target.full)
      case 'NotLeader':
      case 'Unreachable':
        pair.target.cluster.forgetLeader()
        throw unreachable(`sending a job to ${address.host}:${address.port}: ${error.message}`)
      case 'Stale':
      case 'TargetAhead':
        directory(pair.target.cluster).forget()
        throw asFailure(error, pair.target.full)
      default:
        throw asFailure(error, pair.target.full)
    }
  }
}
