import { ActivityCancellationType, proxyActivities, setCurrentDetails } from '@temporalio/workflow'
import type { Activities } from '../activities/index.ts'
import {
  type RepositoriesAnswer,
  type RepositoriesInput,
  repositoriesInputSchema,
} from '../contract/backup/repository-api.ts'
import { check } from '../contract/check.ts'
import { checked } from './check-input.ts'
import { setSearchAttributes } from './search-attributes.ts'

/** A person waits for the answer; what was made for a check is removed before a cancel is answered. */
const { repositories: act } = proxyActivities<Activities>({
  startToCloseTimeout: '2 hours',
  heartbeatTimeout: '12 seconds',
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry: { initialInterval: '1 second', maximumAttempts: 3 },
})

/** The repositories of a cluster beside the configuration: list, create, check, drop. */
export async function repositories(input: RepositoriesInput): Promise<RepositoriesAnswer> {
  const wanted = checked(() => check(repositoriesInputSchema, input, 'repositories, give {"op": "list", "cluster": …}'))
  setSearchAttributes({ kind: 'repositories', cluster: wanted.cluster })
  const answer = await act(wanted)
  setCurrentDetails(
    answer.findings.map(({ level, message }) => `- **${level}** ${message}`).join('\n') ||
      `${answer.rows.length} repositories`,
  )
  return answer
}
