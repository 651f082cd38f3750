import { Context } from '@temporalio/activity'
import type { Dependencies } from '../dependencies.ts'
import { beating } from '../heartbeat.ts'
import { repositoryFailure } from '../repository/storage-failure.ts'
import { cancelOurs, placeOf } from '../snapshot-jobs/index.ts'
import { labelOfAttempt, type RunBackupInput } from './backup-run.ts'
import { openObjects } from './open-repository.ts'

export interface CleanBackupInput
  extends Pick<RunBackupInput, 'spec' | 'database' | 'runId' | 'startedAt' | 'recordless'> {
  /** Snapshots that were begun, finished ones included. */
  parts: number
  /** The most attempts that any of them had. */
  attempts: number
}

/**
 * After a backup that failed or was cancelled: cancels its job, if one still runs, and deletes what it brought into the repository. Without a record
 * nobody would ever use that. Answers what could not be deleted.
 */
export async function cleanBackup(deps: Dependencies, input: CleanBackupInput): Promise<{ left: string[] }> {
  const signal = Context.current().cancellationSignal
  const { spec, database } = input
  return beating(async () => {
    const labels = new Set<string>()
    for (let part = 0; part < input.parts; part++) {
      for (let attempt = 1; attempt <= input.attempts; attempt++)
        labels.add(labelOfAttempt({ ...input, part }, attempt))
    }
    try {
      const { cluster } = deps.cluster(spec.cluster)
      await cancelOurs(cluster, 'backup', placeOf(database), (job) => job.kind === 'backup' && labels.has(job.label))
      if (input.recordless !== undefined) return { left: [...labels] }
      const objects = await openObjects(deps, spec.repository)
      const left: string[] = []
      for (const label of labels) {
        signal.throwIfAborted()
        if (!(await objects.hasRecord(label, { signal }))) continue
        // Written in the last moment after all: then it is a backup like others, and nobody makes it any more.
        await objects.removeIntents(labels, { signal })
        return { left: [] }
      }
      for (const label of labels) {
        signal.throwIfAborted()
        const { failed, stopped } = await objects.repository.deleteSnapshot(label, { signal })
        if (failed > 0 || stopped) left.push(label)
        else await objects.removeIntent(label)
      }
      return { left }
    } catch (error) {
      throw repositoryFailure(error, `cleaning up after the backup of ${database || 'external catalogs'}`)
    }
  })
}
