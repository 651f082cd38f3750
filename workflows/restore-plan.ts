import type { RestorePlan, RestorePlanInput } from '../contract/backup/restore-api.ts'
import { type RestoreSpecInput, restoreSpecSchema } from '../contract/backup/restore-spec.ts'
import { check } from '../contract/check.ts'
import { interactive } from './activities.ts'
import { checked, refuseUnknownKeys } from './check-input.ts'
import { setSearchAttributes } from './search-attributes.ts'

/** What a restore would do, statement by statement; changes nothing. Input: a spec, or a spec and where the last page ended. */
export async function restorePlan(input: RestorePlanInput | RestoreSpecInput): Promise<RestorePlan> {
  const paged = typeof input === 'object' && input !== null && 'spec' in input
  if (paged) refuseUnknownKeys('restorePlan', input as RestorePlanInput, { spec: true, next: true })
  const given = paged ? (input as RestorePlanInput).spec : input
  const spec = checked(() => check(restoreSpecSchema, given, 'This is no restore spec'))
  setSearchAttributes({ kind: 'restorePlan', cluster: spec.cluster })
  return interactive.planRestore({ spec, next: paged ? (input as RestorePlanInput).next : undefined })
}
