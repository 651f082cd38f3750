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

/** New credentials may come by themselves, within seconds or never. */
const CREDENTIAL_TRIES = 4
/** Some minutes, as the policies of the workflows space them. */
const TRIES = 12

/**
 * The same for what somebody waits for, or what must end so that somebody is told: after some tries it says what is wrong, and gives up. `attempt` counts
 * from 1.
 */
export function endingFailure(error: unknown, what: string, attempt: number): unknown {
  if (error instanceof StorageError) {
    const tries = error.kind === 'ExpiredCredentials' ? CREDENTIAL_TRIES : TRIES
    if (attempt >= tries) return refused(`${what}: ${error.message} (given up after ${attempt} tries)`)
  }
  return repositoryFailure(error, what)
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
