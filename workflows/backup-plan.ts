import type { BackupPlan, BackupPlanInput } from '../contract/backup/backup-api.ts'
import { interactive } from './activities.ts'
import { checkBackupInput } from './backup/check-backup-input.ts'
import { setSearchAttributes } from './search-attributes.ts'

/** Databases of one page, at most; their statements may fill it with fewer. */
const PAGE = 25

/** One page of what a backup would do now, database by database; changes nothing. */
export async function backupPlan(input: BackupPlanInput): Promise<BackupPlan> {
  const { spec, kind = 'auto' } = checkBackupInput('backupPlan', input, { spec: true, kind: true, after: true })
  const { after } = input
  setSearchAttributes({ kind: 'backupPlan', cluster: spec.cluster })
  const findings = after === undefined ? (await interactive.preflightBackup({ spec })).findings : []
  // Without the cluster, or into a repository that is not there, there is nothing to plan.
  if (findings.some(({ code, level }) => level === 'fatal' && code === 'cluster-unreachable')) {
    return { findings, databases: [] }
  }
  const page = await interactive.backupDatabases({ spec, ...(after === undefined ? {} : { after }) })
  const wanted = page.databases.slice(0, PAGE)
  const databases = wanted.length > 0 ? await interactive.planBackups({ spec, kind, databases: wanted }) : []
  const last = databases.at(-1)?.database
  const more = page.more || databases.length < page.databases.length
  return { findings, databases, ...(more && last !== undefined ? { next: last } : {}) }
}
