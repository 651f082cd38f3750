import type { Command } from 'commander'
import { addCompanion } from './restore/companion.ts'
import { addControl } from './restore/control.ts'
import { addPlan } from './restore/plan.ts'
import { addRun } from './restore/run.ts'
import { addStatus } from './restore/status.ts'

export function addRestore(program: Command): void {
  const restore = program
    .command('restore')
    .summary('restore databases, tables, partitions from a backup')
    .description(
      'Restores from a repository: aside by default, checked, then published when you say so. Each restore is a Temporal workflow, `restore/<name>`.',
    )
  for (const add of [addRun, addPlan, addStatus, addControl, addCompanion]) add(restore)
}
