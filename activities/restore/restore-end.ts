import { ApplicationFailure } from '@temporalio/common'
import { BACKUP_ERRORS } from '../../contract/backup/backup-api.ts'
import {
  classifyJobEnd,
  classifySubmission,
  type JobFailure,
  type JobFailureKind,
  type StarRocksError,
} from '../../starrocks/index.ts'
import type { SnapshotJob } from '../snapshot-jobs/index.ts'
import {
  abortedRestore,
  asRestoreFailure,
  busyRestore,
  cancelledByUser,
  corruptRestore,
  refusedRestore,
  staleRestore,
} from './restore-failures.ts'

const RETRY_MS = 10_000

/** What a statement's refusal means for the restore. `what`: the job, for sentences. */
export function submissionFailure(error: StarRocksError, what: string): unknown {
  const failure = classifySubmission(error)
  if (failure.kind === 'unknown') return asRestoreFailure(error, what)
  return toFailure(failure, `${what} was refused`)
}

/** What the end of a job that StarRocks cancelled means for the restore. */
export function endFailure(job: SnapshotJob, what: string): unknown {
  const failure = classifyJobEnd(job)
  if (!failure) return abortedRestore(`${what} was cancelled in StarRocks, which does not say why`)
  // No other restore can be under way beside ours: this one stumbled over what it did itself, and will do so again.
  if (failure.kind === 'retry-later' && failure.what === 'RESTORE')
    return abortedRestore(`${what} was cancelled in StarRocks: ${failure.text}`)
  return toFailure(failure, `${what} was cancelled in StarRocks`)
}

/** What can never go on under the label that it had: everything but what no further try mends. */
export function underNewLabel(failure: unknown): unknown {
  if (!(failure instanceof ApplicationFailure) || FINAL.has(failure.type ?? '')) return failure
  return abortedRestore(failure.message)
}

const FINAL: ReadonlySet<string> = new Set([
  BACKUP_ERRORS.cancelledByUser,
  BACKUP_ERRORS.refused,
  BACKUP_ERRORS.corrupt,
])

function toFailure(failure: JobFailure, what: string): unknown {
  const cause = failure.cause ? ` (its tasks say: ${failure.cause.text.slice(0, 300)}. ${failure.cause.remedy})` : ''
  const message = `${what}: ${failure.text}${cause}. ${failure.remedy}`
  const kind: JobFailureKind = failure.cause?.kind === 'corrupt' ? 'corrupt' : failure.kind
  switch (kind) {
    case 'busy':
    case 'retry-later':
      return busyRestore(message, failure.retryAfterMs ?? RETRY_MS)
    case 'corrupt':
      return corruptRestore(message)
    case 're-plan':
      return staleRestore(message)
    case 'cancelled':
      return cancelledByUser(message)
    case 'timeout':
    case 'new-label':
    case 'over':
    case 'bug':
    case 'unknown':
      return abortedRestore(message)
    default:
      return refusedRestore(message)
  }
}
