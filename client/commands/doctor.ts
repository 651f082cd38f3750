import type { Command } from 'commander'
import type { TemporalOptions } from '../connection.ts'
import { show, type Terminal, terminalFor, withStarferry } from '../context.ts'
import { FailedCheck } from '../errors.ts'
import { withJson, withSpec, withTemporal } from '../options.ts'
import { readSpec, type SpecOptions } from '../spec-file.ts'
import { findingsView } from '../terminal/findings-view.ts'
import { plural } from '../terminal/format.ts'

type Options = TemporalOptions & SpecOptions & { json?: boolean }

export function addDoctor(program: Command): void {
  const command = program
    .command('doctor')
    .summary('check both clusters before a migration; changes nothing')
    .description(
      'Checks both clusters for a migration and says what is in its way, and what to do about it. Changes nothing. Exit 1 when something fatal is found.',
    )
  withTemporal(withJson(withSpec(command))).action(async (file: string | undefined, options: Options) => {
    const terminal = terminalFor(options)
    const { input, spec } = readSpec(file, options)
    const result = await withStarferry(options, async (starferry) => {
      await tellOfMissingWorker(starferry, terminal)
      return starferry.doctor(input)
    })
    show(terminal, result, () => {
      const { style } = terminal
      const of = (level: string) => result.findings.filter((finding) => finding.level === level).length
      const width = Math.max(0, ...Object.keys(result.facts).map((fact) => fact.length))
      return [
        `${style.bold(spec.name)}  ${style.dim(`${spec.source} → ${spec.target}`)}`,
        ...Object.entries(result.facts).map(([fact, value]) => `  ${style.dim(fact.padEnd(width))}  ${value}`),
        ...(result.findings.length > 0 ? ['', ...findingsView(result.findings, style)] : []),
        ...(result.more > 0 ? [style.dim(`and ${plural(result.more, 'finding')} more`)] : []),
        '',
        result.ok
          ? style.green(`Nothing is in the way (${plural(of('warning'), 'warning')}).`)
          : style.red(`${of('fatal')} fatal, ${plural(of('warning'), 'warning')}: the migration would not start.`),
      ]
    })
    if (!result.ok) throw new FailedCheck()
  })
}

/** Work that nobody would do looks like a hang; so it is said. */
export async function tellOfMissingWorker(
  starferry: { hasWorker(): Promise<boolean> },
  terminal: Terminal,
): Promise<boolean> {
  if (await starferry.hasWorker()) return false
  terminal.note(
    terminal.style.yellow('No worker polls for work; this waits until one is started with `starferry worker`.'),
  )
  return true
}

/** What takes longer is told, and where it can be seen. */
export const tellOfWork = (terminal: Terminal) => (workflowId: string) =>
  terminal.note(terminal.style.dim(`working … (workflow ${workflowId}; it goes on whatever becomes of this command)`))
