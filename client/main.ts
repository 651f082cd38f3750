import { runCommandLine } from './command-line.ts'

// `starferry … | head` closes our output: that is no error of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

process.exitCode = await runCommandLine(process.argv.slice(2))
// Whatever is still open must not keep a command that is done; what was printed gets out first.
process.stdout.write('', () => process.stderr.write('', () => process.exit()))
