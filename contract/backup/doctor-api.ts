import type { BackupSpecInput, PolicySpecInput } from './policy.ts'
import type { RestoreSpecInput } from './restore-spec.ts'

/** Input of workflow type `backupDoctor`, which answers a DoctorResult: one of the two. */
export interface BackupDoctorInput {
  backup?: BackupSpecInput | PolicySpecInput
  restore?: RestoreSpecInput
}
