import type { Address } from '../address-map.ts'
import { isComplaintAfterRollback } from '../errors/replication-rules.ts'
import { StarRocksError } from '../errors/starrocks-error.ts'
import { type CallOptions, call } from './call.ts'
import { bigintOf } from './reader.ts'
import { checked, readStatus } from './status.ts'
import type { ThriftWriter } from './writer.ts'

/** Whose transaction it is, and on which table. */
export interface LoadTarget {
  user: string
  password: string
  database: string
  table: string
  /** What the frontend takes for the client's address when it looks for the user's account; 127.0.0.1 when left out. */
  clientIp?: string
}

/** FrontendService.loadTxnBegin: begins a load transaction and gives its id. Errors: `AlreadyExists` for a used label, `Denied`. */
export async function loadTxnBegin(
  address: Address,
  request: LoadTarget & { label: string; timeoutSeconds?: number },
  options?: CallOptions,
): Promise<bigint> {
  const answer = await call(
    address,
    'loadTxnBegin',
    (writer) => {
      writeTarget(writer, request)
      writer.stringField(7, request.label)
      writer.i64Field(10, BigInt(request.timeoutSeconds ?? 300))
    },
    options,
  )
  const id = bigintOf(checked(answer, 'loadTxnBegin', [request.password]).get(2))
  if (id === undefined)
    throw new StarRocksError({ kind: 'UnexpectedAnswer', detail: 'loadTxnBegin answered without a transaction id' })
  return id
}

/**
 * FrontendService.loadTxnRollback: aborts a transaction that is not prepared yet. 3.1 and 3.3 abort it and then trip over the missing
 * attachment, which only a real load has; that complaint does not count. Errors: `Denied`, `Stale` for an unknown transaction.
 */
export async function loadTxnRollback(
  address: Address,
  request: LoadTarget & { txnId: bigint; reason?: string },
  options?: CallOptions,
): Promise<void> {
  const answer = await call(
    address,
    'loadTxnRollback',
    (writer) => {
      writeTarget(writer, request)
      writer.i64Field(7, request.txnId)
      writer.stringField(8, request.reason)
    },
    options,
  )
  if (isComplaintAfterRollback(readStatus(answer.get(1)).messages[0] ?? '')) return
  checked(answer, 'loadTxnRollback', [request.password])
}

/** Fields 2 to 6, which TLoadTxnBeginRequest and TLoadTxnRollbackRequest have in common. */
function writeTarget(writer: ThriftWriter, { user, password, database, table, clientIp }: LoadTarget): void {
  writer.stringField(2, user)
  writer.stringField(3, password)
  writer.stringField(4, database)
  writer.stringField(5, table)
  writer.stringField(6, clientIp ?? '127.0.0.1')
}
