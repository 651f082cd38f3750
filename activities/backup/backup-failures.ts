import { ApplicationFailure } from '@temporalio/common'
import { BACKUP_ERRORS } from '../../contract/backup/backup-api.ts'
import type { JobFailure } from '../../starrocks/errors/job-failure.ts'
import { busy } from '../failures.ts'
import type { LeftOut } from './backup-run.ts'

type ErrorType = (typeof BACKUP_ERRORS)[keyof typeof BACKUP_ERRORS]

export interface BackupErrorDetails {
  /** What cannot be backed up: the next attempt does without. */
  leaveOut?: LeftOut[]
  /** What it was compared with is no more: to be decided anew. */
  decide?: boolean
}

function failure(type: ErrorType, message: string, details: BackupErrorDetails = {}, nonRetryable = false) {
  return ApplicationFailure.create({ type, message, details: [details], nonRetryable })
}

/** This attempt's snapshot will never be; the next has a new label. */
export const abortedBackup = (message: string, details?: BackupErrorDetails) =>
  failure(BACKUP_ERRORS.aborted, message, details)

export const staleBackup = (message: string, details?: BackupErrorDetails) =>
  failure(BACKUP_ERRORS.stale, message, details)

export const refusedBackup = (message: string) => failure(BACKUP_ERRORS.refused, message, {}, true)

export const cancelledOnCluster = (message: string) => failure(BACKUP_ERRORS.cancelledByUser, message, {}, true)

const words = ({ text, remedy, cause }: JobFailure) =>
  `${text.replace(/\.?\s*$/, '')}. ${remedy}${cause ? ` (its tasks: ${cause.text}; ${cause.remedy})` : ''}`

/** What the answer to BACKUP means, as far as waiting or giving up goes. */
export function submissionFailure(failed: JobFailure, what: string): ApplicationFailure {
  const message = `${what}: ${words(failed)}`
  switch (failed.kind) {
    case 'busy':
    case 'retry-later':
      return busy(message, failed.retryAfterMs)
    case 'new-label':
      return abortedBackup(message)
    case 're-plan':
      return staleBackup(message)
    case 'capacity':
    case 'corrupt':
    case 'timeout':
    case 'unknown':
      return abortedBackup(message)
    // The store or the repository may be put right at any time, and unattended backups should then go on; attempts are counted.
    case 'config':
      return failed.names.length > 0 ? refusedBackup(message) : abortedBackup(message)
    default:
      return refusedBackup(message)
  }
}

/** Why a job ended, and what becomes of the attempt. */
export function jobEndFailure(failed: JobFailure, what: string, cancelledByOthers: boolean): ApplicationFailure {
  const message = `${what}: ${words(failed)}`
  switch (failed.kind) {
    case 're-plan':
      return staleBackup(message)
    case 'unsupported': {
      const [object] = failed.names
      if (object === undefined) return refusedBackup(message)
      return abortedBackup(message, { leaveOut: [{ object, reason: failed.text }] })
    }
    case 'privilege':
    case 'request':
    case 'bug':
      return refusedBackup(message)
    case 'cancelled':
      return cancelledByOthers ? cancelledOnCluster(message) : abortedBackup(message)
    default:
      return abortedBackup(message)
  }
}
