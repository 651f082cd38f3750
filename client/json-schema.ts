import { z } from 'zod'
import { migrationSpecSchema } from '../contract/migration-spec.ts'
import { workerConfigSchema } from '../contract/worker-config.ts'

const DOCUMENTS = {
  migration: { schema: migrationSpecSchema, title: 'starferry migration' },
  worker: { schema: workerConfigSchema, title: 'starferry.yaml, the configuration of the worker' },
} as const

export type SchemaName = keyof typeof DOCUMENTS
export const SCHEMA_NAMES = Object.keys(DOCUMENTS) as SchemaName[]

/** The JSON Schema of a YAML file that people write, for editors; made from the schema that checks it. */
export function jsonSchema(name: SchemaName): object {
  const { schema, title } = DOCUMENTS[name]
  const { $schema, ...rest } = z.toJSONSchema(schema, { io: 'input', target: 'draft-7' })
  return { $schema, title, ...rest }
}
