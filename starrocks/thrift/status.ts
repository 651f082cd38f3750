import { classify } from '../errors/classify.ts'
import { type ErrorKind, StarRocksError } from '../errors/starrocks-error.ts'
import { listOf, numberOf, structOf, type ThriftStruct, type ThriftValue, textOf } from './reader.ts'

/** TStatusCode (StatusCode.thrift), as far as frontends use it. */
export const statusCodes: ReadonlyMap<number, string> = new Map([
  [0, 'OK'],
  [1, 'CANCELLED'],
  [2, 'ANALYSIS_ERROR'],
  [3, 'NOT_IMPLEMENTED_ERROR'],
  [4, 'RUNTIME_ERROR'],
  [6, 'INTERNAL_ERROR'],
  [7, 'THRIFT_RPC_ERROR'],
  [8, 'TIMEOUT'],
  [14, 'PUBLISH_TIMEOUT'],
  [15, 'LABEL_ALREADY_EXISTS'],
  [16, 'TOO_MANY_TASKS'],
  [31, 'NOT_FOUND'],
  [32, 'CORRUPTION'],
  [33, 'INVALID_ARGUMENT'],
  [34, 'IO_ERROR'],
  [35, 'ALREADY_EXIST'],
  [37, 'ILLEGAL_STATE'],
  [38, 'NOT_AUTHORIZED'],
  [39, 'ABORTED'],
  [41, 'SERVICE_UNAVAILABLE'],
  [51, 'TXN_NOT_EXISTS'],
  [59, 'SHUTDOWN'],
  [63, 'LEADER_TRANSFERRED'],
  [64, 'TABLE_NOT_EXIST'],
])

/** A TStatus. */
export interface Status {
  code: number
  name: string
  messages: string[]
}

export function readStatus(value: ThriftValue | undefined): Status {
  const struct = structOf(value)
  const code = numberOf(struct?.get(1))
  if (code === undefined)
    throw new StarRocksError({ kind: 'UnexpectedAnswer', detail: 'The frontend answered without a status' })
  const messages = listOf(struct?.get(2)).map((text) => textOf(text) ?? '')
  return { code, name: statusCodes.get(code) ?? `status ${code}`, messages }
}

/**
 * The answer if its status (field 1) is OK. Errors: what its code says when that says anything, else what `classify` makes of its text;
 * most calls know only OK and INTERNAL_ERROR.
 */
export function checked(answer: ThriftStruct, method: string, secrets: readonly string[] = []): ThriftStruct {
  const status = readStatus(answer.get(1))
  if (status.code === 0) return answer
  const text = status.messages[0]
  const known = text ? classify(text, { source: 'replication', secrets }) : undefined
  const kind = kinds.get(status.name)
  if (known && known.kind !== 'Unknown' && kind === undefined) throw known
  throw new StarRocksError({
    kind: kind ?? 'Unknown',
    detail: `${method}: ${known?.detail ?? status.name}`,
    retryAfterMs: kind === 'Busy' || kind === 'NotLeader' ? 5_000 : undefined,
  })
}

const kinds: ReadonlyMap<string, ErrorKind> = new Map<string, ErrorKind>([
  ['NOT_AUTHORIZED', 'Denied'],
  ['LEADER_TRANSFERRED', 'NotLeader'],
  ['SHUTDOWN', 'NotLeader'],
  ['SERVICE_UNAVAILABLE', 'NotLeader'],
  ['TOO_MANY_TASKS', 'Busy'],
  ['NOT_FOUND', 'Stale'],
  ['TABLE_NOT_EXIST', 'Stale'],
  ['TXN_NOT_EXISTS', 'Stale'],
  ['LABEL_ALREADY_EXISTS', 'AlreadyExists'],
  ['ALREADY_EXIST', 'AlreadyExists'],
  ['NOT_IMPLEMENTED_ERROR', 'Unsupported'],
  ['TIMEOUT', 'OutcomeUnknown'],
  ['PUBLISH_TIMEOUT', 'OutcomeUnknown'],
])
