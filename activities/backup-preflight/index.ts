import { Context } from '@temporalio/activity'
import type { RestoreSpec } from '../../contract/backup/restore-spec.ts'
import type { DoctorResult } from '../../contract/findings.ts'
import type { Dependencies } from '../dependencies.ts'
import { asFailure, unreachable } from '../failures.ts'
import { beating } from '../heartbeat.ts'
import { manyListeners } from '../metadata/many-listeners.ts'
import { type BackupPreflightInput, backupPreflight } from './backup.ts'
import { restorePreflight } from './restore.ts'

export type { BackupPreflightInput } from './backup.ts'

/** Changes nothing. What is wrong is a finding, never an error. */
export function createBackupPreflightActivities(deps: Dependencies) {
  const guarded = (what: string, look: (signal: AbortSignal) => Promise<DoctorResult>) =>
    beating(async () => {
      try {
        return await look(manyListeners(Context.current().cancellationSignal))
      } catch (error) {
        throw asFailure(error, what)
      }
    })
  return {
    /** Everything that would stop or spoil a backup. `patient`: a cluster that cannot be talked to is an error, to be tried again. */
    preflightBackup: (input: BackupPreflightInput & { patient?: boolean }): Promise<DoctorResult> =>
      guarded('The preflight of the backup failed', async (signal) => {
        const result = await backupPreflight(deps, input, signal)
        const gone = input.patient && result.findings.find(({ code }) => code === 'cluster-unreachable')
        if (gone) throw unreachable(gone.message)
        return result
      }),

    /** Everything that would stop or spoil a restore. */
    preflightRestore: (input: { spec: RestoreSpec }): Promise<DoctorResult> =>
      guarded('The preflight of the restore failed', (signal) => restorePreflight(deps, input, signal)),
  }
}
