import type { Command } from 'commander'
import { addChanges } from './migrate/changes.ts'
import { addConfigure } from './migrate/configure.ts'
import { addControl } from './migrate/control.ts'
import { addList } from './migrate/list.ts'
import { addStart } from './migrate/start.ts'
import { addStatus } from './migrate/status.ts'
import { addTables } from './migrate/tables.ts'

export function addMigrate(program: Command): void {
  const migrate = program
    .command('migrate')
    .summary('start, watch and control migrations')
    .description('Starts, watches and controls migrations. Each is a Temporal workflow, `migrate/<name>`.')
  for (const add of [addStart, addStatus, addList, addTables, addChanges, addControl, addConfigure]) add(migrate)
}
