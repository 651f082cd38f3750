import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { addBackup } from './commands/backup.ts'
import { addDemo } from './commands/demo.ts'
import { addDev } from './commands/dev.ts'
import { addDoctor } from './commands/doctor.ts'
import { addImport } from './commands/import.ts'
import { addLab } from './commands/lab.ts'
import { addMigrate } from './commands/migrate.ts'
import { addPlan } from './commands/plan.ts'
import { addPolicy } from './commands/policy.ts'
import { addRepo } from './commands/repo.ts'
import { addRestore } from './commands/restore.ts'
import { addSchema } from './commands/schema.ts'
import { addStatus } from './commands/status.ts'
import { addWorker } from './commands/worker.ts'
import { io } from './io.ts'

/** The command line. Commands load what they need when they run, so that `--help` is quick. */
export function createProgram(): Command {
  const program = new Command('starferry')
    .description('Durable migration, backup and restore for StarRocks clusters, on Temporal')
    .version(version(), '-V, --version')
    .showSuggestionAfterError(true)
    .showHelpAfterError('(add --help for what there is)')
    .configureHelp({ sortSubcommands: false, showGlobalOptions: false })
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io().stdout.write(text),
      writeErr: (text) => io().stderr.write(text),
    })
  program.commandsGroup('Try it:')
  for (const add of [addDemo, addLab, addDev]) add(program)
  program.commandsGroup('Prepare:')
  for (const add of [addImport, addDoctor, addPlan, addSchema]) add(program)
  program.commandsGroup('Run:')
  for (const add of [addWorker, addStatus, addMigrate]) add(program)
  program.commandsGroup('Back up and restore:')
  for (const add of [addRepo, addPolicy, addBackup, addRestore]) add(program)
  inherit(program)
  return program
}

/** Sub-commands are made with `command()`, which copies settings at that moment; this makes sure of it for all. */
function inherit(command: Command): void {
  for (const child of command.commands) {
    child.copyInheritedSettings(command)
    inherit(child)
  }
}

function version(): string {
  for (const place of ['../package.json', '../../package.json']) {
    try {
      const { version: found } = JSON.parse(readFileSync(new URL(place, import.meta.url), 'utf8')) as {
        version: string
      }
      return found
    } catch {
      // one level up when compiled
    }
  }
  return 'unknown'
}
