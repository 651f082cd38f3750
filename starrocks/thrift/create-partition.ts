import type { Address } from '../address-map.ts'
import { type CallOptions, call } from './call.ts'
import { type LoadTarget, loadTxnBegin, loadTxnRollback } from './load-transaction.ts'
import { checked } from './status.ts'
import { wire } from './writer.ts'

export interface CreatePartitionRequest {
  txnId: bigint
  databaseId: bigint
  tableId: bigint
  /** One list a partition, one value a partition column: the lower bound of a range. It is not aligned for you. */
  values: readonly (readonly string[])[]
}

/** FrontendService.createPartition: what a load does for rows without a partition. Needs a transaction, not a running one. */
export async function createPartition(
  address: Address,
  request: CreatePartitionRequest,
  options?: CallOptions,
): Promise<void> {
  const answer = await call(
    address,
    'createPartition',
    (writer) => {
      writer.i64Field(1, request.txnId)
      writer.i64Field(2, request.databaseId)
      writer.i64Field(3, request.tableId)
      writer.field(wire.list, 4)
      const outer = writer.list(wire.list)
      for (const values of request.values) {
        const inner = writer.list(wire.string)
        for (const value of values) writer.string(value)
        inner(values.length)
      }
      outer(request.values.length)
    },
    options,
  )
  checked(answer, 'createPartition')
}

/**
 * Creates partitions of an automatically partitioned table that no statement can create (minutes, time_slice, the NULL range):
 * begins a transaction, creates them under it, rolls it back. They stay, at version 1, with the table's default number of buckets.
 * `label` must be new. Errors: those of the three calls; the transaction is rolled back whatever happens, as far as possible.
 */
export async function createPartitionsByLoad(
  address: Address,
  target: LoadTarget,
  request: Omit<CreatePartitionRequest, 'txnId'> & { label: string },
  options?: CallOptions,
): Promise<void> {
  const txnId = await loadTxnBegin(address, { ...target, label: request.label }, options)
  let failure: unknown
  try {
    await createPartition(address, { ...request, txnId }, options)
  } catch (error) {
    failure = error
  }
  try {
    // Without the caller's signal: an abort must not leave the transaction open.
    await loadTxnRollback(
      address,
      { ...target, txnId, reason: 'only partitions were wanted' },
      { ...options, signal: undefined },
    )
  } catch (error) {
    failure ??= error
  }
  if (failure !== undefined) throw failure
}
