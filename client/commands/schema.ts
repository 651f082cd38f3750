import { Argument, type Command } from 'commander'
import { io } from '../io.ts'
import { SCHEMA_NAMES, type SchemaName } from '../schema-names.ts'

export function addSchema(program: Command): void {
  program
    .command('schema')
    .summary('JSON Schema of the YAML files, for editors')
    .description(
      'Prints the JSON Schema of a YAML file. An editor uses it when the file begins with `# yaml-language-server: $schema=…/docs/migration.schema.json`.',
    )
    .addArgument(new Argument('<file>', 'which file').choices(SCHEMA_NAMES))
    .action(async (name: SchemaName) => {
      const { jsonSchema } = await import('../json-schema.ts')
      io().stdout.write(`${JSON.stringify(jsonSchema(name), undefined, 2)}\n`)
    })
}
