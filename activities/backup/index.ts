import type { BackupInput } from '../../contract/backup/backup-api.ts'
import type { Dependencies } from '../dependencies.ts'
import type { RunBackupInput } from './backup-run.ts'
import { type CleanBackupInput, cleanBackup } from './clean-backup.ts'
import { closedBackups, type OpenBackup } from './closed-backups.ts'
import { type CountBackupInput, countBackupRows } from './count-backup-rows.ts'
import { decideBackup } from './decide-backup.ts'
import { backupDatabases } from './list-databases.ts'
import { type BackupNote, noteBackup } from './note-backup.ts'
import { type BackupNotice, notifyWebhook } from './notify.ts'
import { type PlanBackupsInput, planBackups } from './plan-backups.ts'
import { runBackup } from './run-backup.ts'

export function createBackupActivities(deps: Dependencies) {
  return {
    backupDatabases: (input: Parameters<typeof backupDatabases>[1]) => backupDatabases(deps, input),
    decideBackup: (input: BackupInput) => decideBackup(deps, input),
    planBackups: (input: PlanBackupsInput) => planBackups(deps, input),
    runBackup: (input: RunBackupInput) => runBackup(deps, input),
    cleanBackup: (input: CleanBackupInput) => cleanBackup(deps, input),
    countBackupRows: (input: CountBackupInput) => countBackupRows(deps, input),
    noteBackup: (input: BackupNote) => noteBackup(deps, input),
    closedBackups: (input: { open: OpenBackup[]; wait: number }) => closedBackups(deps, input),
    notifyWebhook: (input: { webhook: string; notice: BackupNotice }) => notifyWebhook(deps, input),
  }
}
