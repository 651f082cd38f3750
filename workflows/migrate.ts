import { workflowInfo } from '@temporalio/workflow'
import type { MigrateInput, MigrationStatus } from '../contract/migration-api.ts'
import { migrationId } from '../contract/names.ts'
import { type MigrationMemory, newMemory } from '../planning/migration-memory.ts'
import { checkSpec } from './check-input.ts'
import { registerHandlers } from './migration/handlers.ts'
import { Migration } from './migration/migration.ts'
import { runUnderOwnName } from './migration/under-own-name.ts'

/**
 * A migration as one entity: its input is the spec, its state the truth about it, its API signals, updates and queries. Ends when it is stopped,
 * or, in one-time mode, when everything has been copied. Its result is the last status.
 */
export async function migrate(input: MigrateInput): Promise<MigrationStatus> {
  const carried = (input as MigrateInput | undefined)?.carried
  // From anybody else it would be a memory that nobody checked: an unknown key.
  const goesOn = carried !== undefined && workflowInfo().continuedFromExecutionRunId !== undefined
  const checkedSpec = goesOn ? undefined : checkSpec(input ?? {})
  if (checkedSpec && workflowInfo().workflowId !== migrationId(checkedSpec.name)) return runUnderOwnName(checkedSpec)
  const memory = checkedSpec ? newMemory(checkedSpec, Date.now()) : (carried as MigrationMemory)
  const migration = new Migration(memory, goesOn)
  registerHandlers(migration)
  return migration.run(goesOn)
}
