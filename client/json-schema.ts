import { z } from 'zod'
import { backupSpecSchema, policySchema } from '../contract/backup/policy.ts'
import { restoreSpecSchema } from '../contract/backup/restore-spec.ts'
import { migrationSpecSchema } from '../contract/migration-spec.ts'
import { workerConfigSchema } from '../contract/worker-config.ts'
import type { SchemaName } from './schema-names.ts'

const DOCUMENTS: Record<SchemaName, { schema: z.ZodType; title: string }> = {
  migration: { schema: migrationSpecSchema, title: 'starferry migration' },
  policy: { schema: policySchema, title: 'starferry backup policy' },
  backup: { schema: backupSpecSchema, title: 'starferry backup, run once' },
  restore: { schema: restoreSpecSchema, title: 'starferry restore' },
  worker: { schema: workerConfigSchema, title: 'starferry.yaml, the configuration of the worker' },
}

/** The JSON Schema of a YAML file that people write, for editors; made from the schema that checks it. */
export function jsonSchema(name: SchemaName): object {
  const { schema, title } = DOCUMENTS[name]
  const { $schema, ...rest } = z.toJSONSchema(schema, { io: 'input', target: 'draft-7' })
  return { $schema, title, ...rest }
}
