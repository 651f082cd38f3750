import type { Command } from 'commander'
import { addCancel } from './backup/cancel.ts'
import { addList } from './backup/list.ts'
import { addPrune } from './backup/prune.ts'
import { addRun } from './backup/run.ts'
import { addShow } from './backup/show.ts'
import { addStatus } from './backup/status.ts'
import { addVerify } from './backup/verify.ts'

export function addBackup(program: Command): void {
  const backup = program
    .command('backup')
    .summary('back up databases; list, verify and prune backups')
    .description(
      'Backs up into a repository, and looks after what is there. Each backup is a Temporal workflow, `backup/<name>`.',
    )
  for (const add of [addRun, addStatus, addList, addShow, addVerify, addPrune, addCancel]) add(backup)
}
