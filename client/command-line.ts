import { CommanderError } from 'commander'
import { InputError } from '../contract/check.ts'
import { FailedCheck } from './errors.ts'
import { type Io, io, withIo } from './io.ts'
import { createProgram } from './program.ts'
import { styleFor } from './terminal/style.ts'

/**
 * Runs a command: `['migrate', 'status', 'to-new']`. Answers its exit code: 0 done, 1 the work or the check failed, 2 wrong usage or input. Never throws:
 * what went wrong is printed to `stderr`.
 */
export function runCommandLine(args: readonly string[], instead: Io = process): Promise<number> {
  return withIo(instead, async () => {
    try {
      await createProgram().parseAsync(args, { from: 'user' })
      return 0
    } catch (error) {
      return exitCodeFor(error)
    }
  })
}

function exitCodeFor(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  const { stderr, env } = io()
  const { red } = styleFor(stderr)
  if (error instanceof FailedCheck) {
    if (error.message) stderr.write(`${red('error:')} ${error.message}\n`)
    return 1
  }
  const message = error instanceof Error ? error.message : String(error)
  stderr.write(`${red('error:')} ${message}\n`)
  if (env.STARFERRY_DEBUG && error instanceof Error) stderr.write(`${error.stack}\n`)
  return error instanceof InputError ? 2 : 1
}
