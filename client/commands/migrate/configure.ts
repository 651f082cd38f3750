import type { Command } from 'commander'
import { stringify } from 'yaml'
import { check, InputError } from '../../../contract/check.ts'
import { type MigrationPatch, migrationPatchSchema } from '../../../contract/migration-spec.ts'
import type { TemporalOptions } from '../../connection.ts'
import { show, terminalFor, withStarferry } from '../../context.ts'
import { isMapping, mapping } from '../../mapping.ts'
import { withJson, withTemporal } from '../../options.ts'

type Options = TemporalOptions & { json?: boolean; set: Record<string, unknown> }

export function addConfigure(migrate: Command): void {
  const command = migrate
    .command('configure')
    .summary('change limits, intervals, permissions of a running migration')
    .description(
      'Changes `limits`, `intervals`, `allow`, `sync` or `parkAfter` of a migration while it runs, and prints its spec as it is then.',
    )
    .argument('<NAME>', 'name of the migration')
    .argument('[FILE]', 'the changes as YAML; `-` reads standard input')
    .option('--set <key=value>', 'one change, e.g. limits.tables=20; may be repeated', collect, {})
  withTemporal(withJson(command)).action(async (name: string, file: string | undefined, options: Options) => {
    const terminal = terminalFor(options)
    const patch = merge(file === undefined ? {} : mapping(file), options.set)
    if (Object.keys(patch).length === 0) throw new InputError('Nothing to change', ['give a FILE, or --set KEY=VALUE'])
    check(migrationPatchSchema, patch, file ?? '--set')
    const spec = await withStarferry(options, (starferry) => starferry.configure(name, patch as MigrationPatch))
    show(terminal, spec, () => [stringify(spec, { lineWidth: 0 }).trimEnd()])
  })
}

function collect(text: string, before: Record<string, unknown>): Record<string, unknown> {
  const [, path, value] = /^([^=]+)=(.*)$/s.exec(text) ?? []
  if (path === undefined || value === undefined) throw new InputError('--set', [`'${text}' is not KEY=VALUE`])
  const nested = path.split('.').reduceRight<unknown>((inner, key) => ({ [key]: inner }), scalar(value))
  return merge(before, nested)
}

/** As YAML would read it: true, 20, 500GB. */
function scalar(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true'
  return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text
}

function merge(base: Record<string, unknown>, more: unknown): Record<string, unknown> {
  const merged = { ...base }
  for (const [key, value] of Object.entries(isMapping(more) ? more : {})) {
    const before = merged[key]
    merged[key] = isMapping(value) && isMapping(before) ? merge(before, value) : value
  }
  return merged
}
