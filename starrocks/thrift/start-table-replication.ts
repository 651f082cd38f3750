import type { Address } from '../address-map.ts'
import { StarRocksError } from '../errors/starrocks-error.ts'
import { replicationLabel } from '../show/transactions.ts'
import { type CallOptions, call } from './call.ts'
import { type TableReplicationRequest, writeTableReplicationRequest } from './replication-request.ts'
import { checked } from './status.ts'

/**
 * Asks the target to copy partitions (FrontendService.startTableReplication, rpc_port of a frontend; followers forward to the leader).
 * Returns when the job is queued in the leader's memory: nothing is persistent yet, so a job can still be lost.
 *
 * Errors: `NothingToReplicate`, `TargetAhead`, `Stale`, `Busy`, `Unsupported` (target below 3.1.8), `Refused`, `NotLeader`;
 * `Unreachable` when nothing was sent; `OutcomeUnknown` when the connection ended without an answer – that is also how requests end that
 * the frontend cannot take apart.
 */
export async function startTableReplication(
  address: Address,
  request: TableReplicationRequest,
  options?: CallOptions,
): Promise<void> {
  const label = replicationLabel(request.databaseId, request.tableId, request.jobId)
  if (request.jobId === '' || !/^[-\w]{1,128}$/.test(label)) {
    throw new StarRocksError({
      kind: 'Refused',
      detail: `The job id “${request.jobId}” makes “${label}”, which is no label`,
      remedy: 'Use letters, digits, “-” and “_”; a label has at most 128 characters',
    })
  }
  const secrets = [request.sourceToken, request.password ?? '']
  const answer = await call(
    address,
    'startTableReplication',
    (writer) => writeTableReplicationRequest(writer, request),
    options,
  )
  checked(answer, 'startTableReplication', secrets)
}
