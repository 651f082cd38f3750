import { createBackupActivities } from './backup/index.ts'
import { createBackupPreflightActivities } from './backup-preflight/index.ts'
import { createCancelActivities } from './cancel-jobs.ts'
import { createClosedTablesActivities } from './closed-workflows.ts'
import { createCompanionActivities } from './companion/index.ts'
import type { Dependencies } from './dependencies.ts'
import { createDescribeActivities } from './describe-tables.ts'
import { createFindStaleActivities } from './find-stale.ts'
import { createMetadataActivities } from './metadata/index.ts'
import { createPreflightActivities } from './preflight.ts'
import { createReplicateActivities } from './replicate.ts'
import { createRepositoryActivities } from './repository/index.ts'
import { createRestoreActivities } from './restore/index.ts'
import { createScheduleActivities } from './schedules.ts'
import { createSettingsActivities } from './settings.ts'

export * from './dependencies.ts'

/** All activities of a worker, under the names that workflows call them by. */
export function createActivities(deps: Dependencies) {
  return {
    ...createReplicateActivities(deps),
    ...createFindStaleActivities(deps),
    ...createMetadataActivities(deps),
    ...createPreflightActivities(deps),
    ...createCancelActivities(deps),
    ...createClosedTablesActivities(deps),
    ...createDescribeActivities(deps),
    ...createScheduleActivities(deps),
    ...createSettingsActivities(deps),
    ...createRepositoryActivities(deps),
    ...createBackupActivities(deps),
    ...createBackupPreflightActivities(deps),
    ...createCompanionActivities(deps),
    ...createRestoreActivities(deps),
  }
}

export type Activities = ReturnType<typeof createActivities>
