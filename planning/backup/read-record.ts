import {
  type BackupRecord,
  backupRecordSchema,
  type TableRecord,
  tableRecordSchema,
} from '../../contract/backup/record.ts'

/**
 * A record as it lies in the repository. Its tables are checked one after the other, each in its place: of ten thousand, what was read and what was checked
 * are never there both. `json` is taken over. Errors: ZodError for what is none.
 */
export function readRecord(json: unknown): BackupRecord {
  if (!holdsTables(json)) return backupRecordSchema.parse(json)
  const { tables } = json
  const record = backupRecordSchema.parse({ ...json, tables: {} })
  for (const name of Object.keys(tables)) tables[name] = tableRecordSchema.parse(tables[name])
  return { ...record, tables: tables as Record<string, TableRecord> }
}

function holdsTables(json: unknown): json is { tables: Record<string, unknown> } {
  const tables = (json as { tables?: unknown } | null)?.tables
  return typeof tables === 'object' && tables !== null && !Array.isArray(tables)
}
