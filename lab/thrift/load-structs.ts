import { type BinaryReader, ProtocolError, TType } from './binary-reader.ts'

/** The fields that the transaction calls share. */
export interface LoadRequest {
  user: string
  password: string
  db: string
  table: string
  label: string
  timeoutSeconds?: bigint
  txnId?: bigint
  reason?: string
  hasAttachment: boolean
}

/** Reads TLoadTxnBeginRequest. */
export function readBegin(from: BinaryReader): LoadRequest {
  return read(from, (request, id, type) => {
    if (id === 7 && type === TType.string) request.label = from.string()
    else if (id === 10 && type === TType.i64) request.timeoutSeconds = from.i64()
    else return false
    return true
  })
}

/** Reads TLoadTxnRollbackRequest. */
export function readRollback(from: BinaryReader): LoadRequest {
  const request = read(from, (found, id, type) => {
    if (id === 7 && type === TType.i64) found.txnId = from.i64()
    else if (id === 8 && type === TType.string) found.reason = from.string()
    else if (id === 10 && type === TType.struct) {
      found.hasAttachment = true
      from.skip(type)
    } else return false
    return true
  })
  if (request.txnId === undefined) throw new ProtocolError("Required field 'txnId' was not found in serialized data!")
  return request
}

function read(from: BinaryReader, own: (request: LoadRequest, id: number, type: number) => boolean): LoadRequest {
  const request: LoadRequest = { user: '', password: '', db: '', table: '', label: '', hasAttachment: false }
  const seen = new Set<number>()
  from.struct((id, type) => {
    seen.add(id)
    if (type === TType.string && id === 2) request.user = from.string()
    else if (type === TType.string && id === 3) request.password = from.string()
    else if (type === TType.string && id === 4) request.db = from.string()
    else if (type === TType.string && id === 5) request.table = from.string()
    else return own(request, id, type)
    return true
  })
  const names: Record<number, string> = { 2: 'user', 3: 'passwd', 4: 'db', 5: 'tbl' }
  for (const [id, name] of Object.entries(names)) {
    if (!seen.has(Number(id))) throw new ProtocolError(`Required field '${name}' was not present!`)
  }
  return request
}

export interface CreatePartitionRequest {
  txnId: bigint
  dbId: bigint
  tableId: bigint
  values?: string[][]
}

/** Reads TCreatePartitionRequest. */
export function readCreatePartition(from: BinaryReader): CreatePartitionRequest {
  const request: CreatePartitionRequest = { txnId: 0n, dbId: 0n, tableId: 0n }
  from.struct((id, type) => {
    if (type === TType.i64 && id === 1) request.txnId = from.i64()
    else if (type === TType.i64 && id === 2) request.dbId = from.i64()
    else if (type === TType.i64 && id === 3) request.tableId = from.i64()
    else if (type === TType.list && id === 4) request.values = from.list(() => from.list(() => from.string()))
    else return false
    return true
  })
  return request
}
