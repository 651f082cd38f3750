import {
  type CompanionApplied,
  type CompanionInput,
  type CompanionPage,
  companionInputSchema,
} from '../contract/backup/companion-api.ts'
import { check } from '../contract/check.ts'
import { interactive, work } from './activities.ts'
import { checked } from './check-input.ts'
import { setSearchAttributes } from './search-attributes.ts'

/** The script beside a backup: a page of it, or all of it run on a cluster. */
export async function companion(input: CompanionInput): Promise<CompanionPage | CompanionApplied> {
  const wanted = checked(() =>
    check(companionInputSchema, input, 'companion, give {"op": "print", "repository": …, "id": …}'),
  )
  setSearchAttributes({ kind: 'companion', ...(wanted.op === 'apply' ? { cluster: wanted.cluster } : {}) })
  return wanted.op === 'print' ? interactive.companionPage(wanted) : work.applyCompanion(wanted)
}
