import { patched } from '@temporalio/workflow'

/**
 * True for runs that were not begun by a version whose Schedule started differences of its own, beside those of the migration: those replay as they
 * were, and go on the new way from where they are. Now one difference of a migration runs at most, the migration starts it, knows of it, and
 * is neither paused nor stopped before it has ended.
 */
export const oneDifference = (): boolean => patched('one-difference')
