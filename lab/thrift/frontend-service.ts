import { nextTransactionId, recordTransaction } from '../data/index.ts'
import type { LabDatabase, LabPartition, LabState, LabTable, LabUser } from '../model.ts'
import { ConnectionClosed, findDatabase, findTable, RequestRefused } from '../replication/construct-job.ts'
import type { ReplicationRequest } from '../replication/request.ts'
import { abortTransaction } from '../replication/transactions.ts'
import { TType } from './binary-reader.ts'
import type { BinaryWriter } from './binary-writer.ts'
import { type LoadRequest, readBegin, readCreatePartition, readRollback } from './load-structs.ts'
import { readReplicationRequest } from './replication-structs.ts'
import type { ThriftMethod } from './server.ts'

const OK = 0
const ANALYSIS_ERROR = 1
const RUNTIME_ERROR = 4
const INTERNAL_ERROR = 6
const LABEL_ALREADY_EXISTS = 15

export interface FrontendService {
  state: LabState
  /** Hands a request to the leader; refusals are thrown. */
  startReplication(request: ReplicationRequest): void
  /** Makes the automatic partition that values fall into, or gives back the one that is there. */
  createPartition(db: LabDatabase, table: LabTable, values: string[]): LabPartition
}

/** Calls that a lab frontend answers; every other one is an unknown method. */
export function frontendMethods(service: FrontendService): Record<string, ThriftMethod> {
  const { state } = service
  return {
    startTableReplication: (from) => {
      let request: ReplicationRequest = {}
      from.struct((id, type) => {
        if (id !== 1 || type !== TType.struct) return false
        request = readReplicationRequest(from)
        return true
      })
      try {
        service.startReplication(request)
      } catch (error) {
        if (error instanceof RequestRefused) return (to) => status(to, INTERNAL_ERROR, error.message)
        throw error
      }
      return (to) => status(to, OK)
    },
    loadTxnBegin: (from) => {
      const request = argument(from, readBegin)
      const refusal = denied(state, request)
      if (refusal) return (to) => status(to, ANALYSIS_ERROR, refusal)
      const db = state.databases.get(request.db)
      if (!db) return (to) => status(to, ANALYSIS_ERROR, `unknown database, database=${request.db}`)
      const table = db.objects.get(request.table)
      if (!table) return (to) => status(to, ANALYSIS_ERROR, `unknown table "${request.db}.${request.table}"`)
      if (
        state.transactions.some((one) => one.dbId === db.id && one.label === request.label && one.status !== 'ABORTED')
      ) {
        return (to) => status(to, LABEL_ALREADY_EXISTS, `Label [${request.label}] has already been used.`)
      }
      const txnId = nextTransactionId(state)
      recordTransaction(state, {
        id: txnId,
        dbId: db.id,
        label: request.label,
        status: 'PREPARE',
        sourceType: 'BACKEND_STREAMING',
        prepareMs: state.now(),
        reason: '',
        timeoutMs: Number(request.timeoutSeconds ?? 300n) * 1000,
        tableIds: [table.id],
      })
      return (to) => {
        status(to, OK)
        to.field(TType.i64, 2).i64(txnId)
      }
    },
    loadTxnRollback: (from) => rollback(state, argument(from, readRollback)),
    createPartition: (from) => createPartition(service, argument(from, readCreatePartition)),
  }
}

function argument<T>(from: Parameters<ThriftMethod>[0], read: (from: Parameters<ThriftMethod>[0]) => T): T {
  let request: T | undefined
  from.struct((id, type) => {
    if (id !== 1 || type !== TType.struct) return false
    request = read(from)
    return true
  })
  if (request === undefined) throw new ConnectionClosed('the call has no argument')
  return request
}

/** Field 1 of every result: TStatus. */
function status(to: BinaryWriter, code: number, message?: string): void {
  to.field(TType.struct, 1).field(TType.i32, 1).i32(code)
  if (message !== undefined) to.field(TType.list, 2).list(TType.string, [message], (text) => to.string(text))
  to.stop()
}

/** Transaction calls check the password, other than startTableReplication. */
function denied(state: LabState, request: LoadRequest): string | undefined {
  const user: LabUser | undefined = state.users.get(request.user)
  if (user && user.password === request.password) return undefined
  if (state.version === '3.1' || state.version === '3.3') return `Access denied for ${request.user}@127.0.0.1`
  return `Access denied for user '${request.user}' (using password: ${request.password === '' ? 'NO' : 'YES'})`
}

function rollback(state: LabState, request: LoadRequest): (to: BinaryWriter) => void {
  const refusal = denied(state, request)
  if (refusal) return (to) => status(to, ANALYSIS_ERROR, refusal)
  const db = state.databases.get(request.db)
  if (!db) return (to) => status(to, ANALYSIS_ERROR, `unknown database, database=${request.db}`)
  const transaction = state.transactions.find((one) => one.id === request.txnId && one.dbId === db.id)
  if (!transaction) return (to) => status(to, ANALYSIS_ERROR, 'transaction not found')
  if (transaction.status === 'COMMITTED' || transaction.status === 'VISIBLE') {
    return (to) => status(to, ANALYSIS_ERROR, 'transaction already visible')
  }
  if (transaction.status !== 'ABORTED') abortTransaction(state, transaction, request.reason ?? 'Unknown reason')
  // Frontends of these lines abort the transaction first and fail over the missing attachment afterwards.
  if (!request.hasAttachment && (state.version === '3.1' || state.version === '3.3')) {
    const text =
      'Cannot invoke "com.starrocks.thrift.TTxnCommitAttachment.getLoadType()" because "request.txnCommitAttachment" is null'
    return (to) => status(to, INTERNAL_ERROR, text)
  }
  return (to) => status(to, OK)
}

function createPartition(
  service: FrontendService,
  request: ReturnType<typeof readCreatePartition>,
): (to: BinaryWriter) => void {
  const { state } = service
  const fail = (text: string) => (to: BinaryWriter) => status(to, RUNTIME_ERROR, text)
  const db = findDatabase(state, request.dbId)
  const table = db && findTable(db, request.tableId)
  if (!db || !table) return fail(`dbId=${request.dbId} tableId=${request.tableId} is not exists`)
  if (table.kind !== 'table') return fail(`dbId=${request.dbId} tableId=${request.tableId} is not olap table`)
  if (!request.values) return fail('partition_values should not null.')
  const { kind } = table.partitioning
  if (kind !== 'expression-range' && kind !== 'automatic-list') {
    const type = kind === 'none' ? 'UNPARTITIONED' : kind.toUpperCase()
    return fail(`automatic create partition failed. error:Unsupported partition type ${type}`)
  }
  const made: LabPartition[] = []
  try {
    for (const values of request.values) made.push(service.createPartition(db, table, values))
  } catch (error) {
    return fail(`automatic create partition failed. error:${error instanceof Error ? error.message : String(error)}`)
  }
  // The partitions stay, whatever becomes of the transaction.
  const transaction = state.transactions.find((one) => one.id === request.txnId)
  if (!transaction) return fail(`automatic create partition failed. error: txn ${request.txnId} not exist`)
  if (transaction.status !== 'PREPARE') {
    return fail(`automatic create partition failed. error: txn ${request.txnId} is ${transaction.status}`)
  }
  const ids = made.flatMap((partition) => partition.physical.map((one) => one.id))
  return (to) => {
    status(to, OK)
    to.field(TType.list, 2).list(TType.struct, ids, (id) => to.field(TType.i64, 1).i64(id).stop())
  }
}
