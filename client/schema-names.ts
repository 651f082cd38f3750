/** YAML files that have a JSON Schema. Apart from the schemas, which take longer to load than most commands to run. */
export const SCHEMA_NAMES = ['migration', 'policy', 'backup', 'restore', 'worker'] as const
export type SchemaName = (typeof SCHEMA_NAMES)[number]
