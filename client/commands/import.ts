import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { Command } from 'commander'
import { stringify } from 'yaml'
import { InputError } from '../../contract/check.ts'
import { type Imported, importProperties } from '../../workers/properties/import-yaml.ts'
import type { ImportedKey } from '../../workers/properties/read-sync.ts'
import { type Terminal, terminalFor } from '../context.ts'
import { withJson } from '../options.ts'

interface Options {
  json?: boolean
  name: string
  out?: string
  withSecrets?: boolean
}

export function addImport(program: Command): void {
  withJson(
    program
      .command('import')
      .summary("turn StarRocks' sync.properties and hosts.properties into YAML")
      .description(
        "Turns StarRocks' own sync.properties and hosts.properties into starferry's YAML on standard output: the worker's clusters and the migration. A line for each key on standard error says what became of it.",
      )
      .argument('<DIR>', 'directory with sync.properties, or with conf/sync.properties')
      .option('--name <name>', 'name of the migration', 'sync')
      .option('--out <dir>', 'write starferry.yaml and migration.yaml there instead')
      .option('--with-secrets', 'write passwords and token in plain instead of as variables'),
  ).action((directory: string, options: Options) => {
    const terminal = terminalFor(options)
    const imported = importProperties(directory, options)
    if (terminal.json) {
      terminal.out(
        JSON.stringify({
          config: imported.config,
          spec: imported.spec,
          keys: imported.keys,
          variables: imported.variables,
        }),
      )
      return
    }
    explain(imported, terminal)
    if (options.out) write(options.out, imported, terminal)
    else
      terminal.out(
        `# starferry.yaml: the worker's\n${yaml(imported.config)}---\n# migration.yaml: starferry migrate start migration.yaml\n${yaml(imported.spec).trimEnd()}`,
      )
  })
}

const yaml = (value: unknown) => stringify(value, { lineWidth: 0 })

function write(directory: string, imported: Imported, terminal: Terminal): void {
  mkdirSync(directory, { recursive: true })
  for (const [name, content] of [
    ['starferry.yaml', imported.config],
    ['migration.yaml', imported.spec],
  ] as const) {
    const file = path.join(directory, name)
    try {
      writeFileSync(file, yaml(content), { mode: 0o600, flag: 'wx' })
    } catch (error) {
      const there = (error as NodeJS.ErrnoException).code === 'EEXIST'
      throw new InputError(file, [there ? 'exists already; nothing is overwritten' : `cannot be written: ${error}`])
    }
    terminal.note(`wrote ${file}`)
  }
}

function explain({ keys, variables }: Imported, terminal: Terminal): void {
  const width = Math.max(...keys.map((key) => key.key.length))
  const { green, yellow, dim } = terminal.style
  const paint: Record<ImportedKey['verdict'], (text: string) => string> = {
    kept: green,
    'changed in meaning': yellow,
    'no effect': dim,
  }
  for (const { key, verdict, note } of keys) {
    terminal.note(`${key.padEnd(width)}  ${paint[verdict](verdict.padEnd(18))}  ${note}`)
  }
  for (const { variable, key } of variables)
    terminal.note(`set ${variable} to the value of ${key} (in plain) before the worker starts`)
}
