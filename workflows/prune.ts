import { setCurrentDetails } from '@temporalio/workflow'
import {
  type PruneInput,
  type PrunePlan,
  type PruneResult,
  pruneInputSchema,
} from '../contract/backup/repository-api.ts'
import { check } from '../contract/check.ts'
import { interactive, waits } from './activities.ts'
import { badInput, checked } from './check-input.ts'
import { setSearchAttributes } from './search-attributes.ts'

/** What retention would delete or, when that was confirmed, deletes. */
export async function prune(input: PruneInput): Promise<PrunePlan | PruneResult> {
  const wanted = checked(() => check(pruneInputSchema, input, 'prune, give {"repository": …, "retention": …}'))
  checkTimeZone(wanted.timeZone)
  setSearchAttributes({ kind: 'prune', ...(wanted.cluster ? { cluster: wanted.cluster } : {}) })
  if (wanted.confirmed === undefined) {
    const plan = await interactive.planPrune(wanted)
    setCurrentDetails(plan.delete.map(({ id, why }) => `- ${id}: ${why}`).join('\n') || 'Nothing to delete')
    return plan
  }
  const result = await waits.runPrune(wanted)
  setCurrentDetails(
    [
      `${result.deleted} backups deleted`,
      ...result.failures.map(({ label, reason }) => `- **not deleted** ${label}: ${reason}`),
    ].join('\n'),
  )
  return result
}

function checkTimeZone(timeZone: string | undefined): void {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone })
  } catch {
    throw badInput(`prune: timeZone: '${timeZone}' is no IANA time zone such as Europe/Berlin`)
  }
}
