import type { Dependencies } from '../dependencies.ts'
import { createListActivities } from './list.ts'
import { createPruneActivities } from './prune.ts'
import { createClusterRepositoryActivities } from './repositories.ts'
import { createVerifyActivities } from './verify.ts'

/** The activities on a repository as a whole: what is in it, whether it is sound, what can go. */
export function createRepositoryActivities(deps: Dependencies) {
  return {
    ...createListActivities(deps),
    ...createPruneActivities(deps),
    ...createVerifyActivities(deps),
    ...createClusterRepositoryActivities(deps),
  }
}
