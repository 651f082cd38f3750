import { ApplicationFailure } from '@temporalio/common'
import { BACKUP_ERRORS } from '../../contract/backup/backup-api.ts'
import { SnapshotError, StorageError } from '../../repository/index.ts'
import { asFailure, refused, unreachable } from '../failures.ts'

/** What an error of the storage, or of a cluster, means for an activity. Others are handed on as they are. */
export function repositoryFailure(error: unknown, what: string): unknown {
  if (error instanceof SnapshotError) {
    return ApplicationFailure.nonRetryable(`${what}: ${error.message}`, BACKUP_ERRORS.corrupt)
  }
  if (!(error instanceof StorageError)) return asFailure(error, what)
  const message = `${what}: ${error.message}`
  switch (error.kind) {
    case 'Unreachable':
    case 'Throttled':
    case 'Unknown':
    // New ones may come by themselves: from an instance profile, or a file that is renewed.
    case 'ExpiredCredentials':
      return unreachable(message)
    case 'NotFound':
    case 'Denied':
    case 'NoSuchBucket':
    case 'ObjectLocked':
    case 'TooLarge':
    case 'Unsupported':
      return refused(message)
  }
}

const OUT_OF_REACH: ReadonlySet<StorageError['kind']> = new Set([
  'Unsupported',
  'Unreachable',
  'Denied',
  'ExpiredCredentials',
])

/** Whether the storage cannot be read from here, so that only a cluster can tell and do something. */
export const isOutOfReach = (error: unknown): error is StorageError =>
  error instanceof StorageError && OUT_OF_REACH.has(error.kind)
