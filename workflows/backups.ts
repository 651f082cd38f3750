import { type BackupsInput, type BackupsPage, backupsInputSchema } from '../contract/backup/repository-api.ts'
import { check } from '../contract/check.ts'
import { interactive } from './activities.ts'
import { checked } from './check-input.ts'
import { setSearchAttributes } from './search-attributes.ts'

/** One page of what a repository holds, or one backup in full; changes nothing. */
export async function backups(input: BackupsInput): Promise<BackupsPage> {
  const wanted = checked(() => check(backupsInputSchema, input, 'backups, give {"repository": …}'))
  setSearchAttributes({ kind: 'backups' })
  return interactive.listBackups(wanted)
}
