import type { LabPhysicalPartition, LabState, LabTransaction } from '../model.ts'
import { keepHistory } from './compaction.ts'

const waitingPublishes = new WeakMap<LabPhysicalPartition, () => void>()

/** A transaction that is committed but not yet visible in the partition; whatever is published next comes after it. */
export function awaitPublish(partition: LabPhysicalPartition, publish: () => void): void {
  waitingPublishes.set(partition, publish)
}

export function endAwaitedPublish(partition: LabPhysicalPartition): void {
  waitingPublishes.delete(partition)
}

/**
 * Publishes one load into a partition: both versions +1. A load after a replication takes a new epoch and ends
 * the replication, so that a write of the target's own can be told from a copy; any other load keeps the epoch.
 * @returns the data version at which the load's rows appear
 */
export function publishLoad(state: LabState, partition: LabPhysicalPartition): bigint {
  waitingPublishes.get(partition)?.()
  partition.dataVersion += 1n
  keepHistory(partition, state.now())
  if (partition.versionTxnType === 'TXN_REPLICATION') {
    partition.versionEpoch = state.nextEpoch()
    partition.versionTxnType = 'TXN_NORMAL'
  }
  publishVisible(state, partition, partition.visibleVersion + 1n)
  if (compacts(state) && partition.dataVersion % COMPACT_EVERY === 0n) compactLake(state, partition)
  return partition.dataVersion
}

/** Moves the visible version, with the replicas' versions. */
export function publishVisible(state: LabState, partition: LabPhysicalPartition, version: bigint): void {
  partition.visibleVersion = version
  partition.committedVersion = version
  partition.visibleTimeMs = state.now()
  for (const tablets of partition.tablets.values()) {
    for (const tablet of tablets) for (const replica of tablet.replicas) replica.version = version
  }
}

/** So many loads into a partition of a shared-data cluster are merged. */
const COMPACT_EVERY = 4n

/** In a shared-data cluster compaction follows loads, unless it is switched off. */
export const compacts = (state: LabState): boolean =>
  state.runMode === 'shared_data' && state.config.get('lake_compaction_max_tasks')?.value !== '0'

/** Compaction in a shared-data cluster: only the visible version moves. */
export function compactLake(state: LabState, partition: LabPhysicalPartition): void {
  publishVisible(state, partition, partition.visibleVersion + 1n)
  partition.compactions = [...(partition.compactions ?? []), partition.visibleVersion]
}

const lastTransaction = new WeakMap<LabState, bigint>()

/** Transactions have ids of their own, as on a frontend. */
export function nextTransactionId(state: LabState): bigint {
  let last = lastTransaction.get(state) ?? 1n
  if (!lastTransaction.has(state)) for (const { id } of state.transactions) if (id > last) last = id
  lastTransaction.set(state, last + 1n)
  return last + 1n
}

/** Finished transactions that a frontend keeps (`label_keep_max_num`). */
const KEPT_TRANSACTIONS = 1000

/** Records a transaction and forgets the oldest finished ones. */
export function recordTransaction(state: LabState, transaction: LabTransaction): void {
  state.transactions.push(transaction)
  if (state.transactions.length <= KEPT_TRANSACTIONS * 2) return
  const surplus = state.transactions.length - KEPT_TRANSACTIONS
  let dropped = 0
  state.transactions = state.transactions.filter((one) => {
    const finished = one.status === 'VISIBLE' || one.status === 'ABORTED'
    return !(finished && dropped++ < surplus)
  })
}

/** Records a load that was prepared, committed and published at once. */
export function recordLoad(
  state: LabState,
  dbId: bigint,
  label: string,
  tableIds: bigint[],
  partitionIds: bigint[] = [],
): LabTransaction {
  const now = state.now()
  const transaction: LabTransaction = {
    id: nextTransactionId(state),
    dbId,
    label,
    status: 'VISIBLE',
    sourceType: 'INSERT_STREAMING',
    prepareMs: now,
    commitMs: now,
    publishMs: now,
    finishMs: now,
    reason: '',
    timeoutMs: state.version === '3.1' || state.version === '3.3' ? 300_000 : 14_400_000,
    tableIds,
    partitionIds,
  }
  recordTransaction(state, transaction)
  return transaction
}
