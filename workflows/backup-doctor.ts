import { setCurrentDetails } from '@temporalio/workflow'
import type { BackupDoctorInput } from '../contract/backup/doctor-api.ts'
import { restoreSpecSchema } from '../contract/backup/restore-spec.ts'
import { check } from '../contract/check.ts'
import type { DoctorResult } from '../contract/findings.ts'
import { interactive } from './activities.ts'
import { checkBackupSpec } from './backup/check-backup-input.ts'
import { badInput, checked, refuseUnknownKeys } from './check-input.ts'
import { setSearchAttributes } from './search-attributes.ts'

/** The checks that a backup or a restore makes before it starts; changes nothing. */
export async function backupDoctor(input: BackupDoctorInput): Promise<DoctorResult> {
  const { backup, restore } = input ?? {}
  refuseUnknownKeys('backupDoctor', input ?? {}, { backup: true, restore: true })
  if ((backup === undefined) === (restore === undefined)) {
    throw badInput('backupDoctor: give either {"backup": spec or policy} or {"restore": spec}')
  }
  const result = backup === undefined ? await ofRestore(restore) : await ofBackup(backup)
  setCurrentDetails(
    result.findings
      .map(({ level, code, subject, message }) => `- **${level}** \`${code}\` ${subject}: ${message}`)
      .join('\n') || 'No findings',
  )
  return result
}

function ofBackup(given: unknown): Promise<DoctorResult> {
  const spec = checkBackupSpec(given)
  setSearchAttributes({ kind: 'backupDoctor', cluster: spec.cluster })
  return interactive.preflightBackup({ spec })
}

function ofRestore(given: unknown): Promise<DoctorResult> {
  const spec = checked(() => check(restoreSpecSchema, given, 'This is no restore spec'))
  setSearchAttributes({ kind: 'backupDoctor', cluster: spec.cluster })
  return interactive.preflightRestore({ spec })
}
