import { CommanderError } from 'commander'
import { InputError } from '../contract/check.ts'
import { FailedCheck } from './errors.ts'
import { createProgram } from './program.ts'
import { styleFor } from './terminal/style.ts'

// `starferry … | head` closes our output: that is no error of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

/** 0 done, 1 the work or the check failed, 2 wrong usage or input. */
function exitCodeFor(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
  const { red } = styleFor(process.stderr)
  if (error instanceof FailedCheck) {
    if (error.message) process.stderr.write(`${red('error:')} ${error.message}\n`)
    return 1
  }
  const message = error instanceof Error ? error.message : String(error)
  process.stderr.write(`${red('error:')} ${message}\n`)
  if (process.env.STARFERRY_DEBUG && error instanceof Error) process.stderr.write(`${error.stack}\n`)
  return error instanceof InputError ? 2 : 1
}

try {
  await createProgram().parseAsync(process.argv)
  process.exitCode ??= 0
} catch (error) {
  process.exitCode = exitCodeFor(error)
}
// Whatever is still open must not keep a command that is done; what was printed gets out first.
process.stdout.write('', () => process.stderr.write('', () => process.exit()))
