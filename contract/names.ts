/** The task queue that every starferry worker polls and every client uses. */
export const TASK_QUEUE = 'starferry'

/** Workflow types, as `temporal workflow start --type` takes them. */
export const WORKFLOW_TYPES = {
  migrate: 'migrate',
  syncMetadata: 'syncMetadata',
  replicateTable: 'replicateTable',
  clusterSettings: 'clusterSettings',
  doctor: 'doctor',
  plan: 'plan',
  tables: 'tables',
  backupSet: 'backupSet',
  backup: 'backup',
  backupPlan: 'backupPlan',
  restore: 'restore',
  restorePlan: 'restorePlan',
  prune: 'prune',
  repositories: 'repositories',
  backups: 'backups',
  verifyBackups: 'verifyBackups',
  companion: 'companion',
  backupDoctor: 'backupDoctor',
} as const

/** One id = one thing that must not run twice. */
export const migrationId = (name: string) => `migrate/${name}`
export const tableWorkflowId = (migration: string, table: string) => shortId(`migrate/${migration}/table/${table}`)
export const metadataWorkflowId = (migration: string) => `migrate/${migration}/metadata`
export const metadataScheduleId = (migration: string) => `migrate/${migration}/metadata`
export const settingsWorkflowId = (cluster: string) => `settings/${cluster}`

export const backupSetId = (name: string) => `backup/${name}`
/** Empty database: external catalogs. */
export const backupId = (name: string, database: string) => `backup/${name}/${database || '(catalogs)'}`
export const policyScheduleId = (name: string) => `policy/${name}`
export const restoreId = (name: string) => `restore/${name}`
export const pruneId = (repository: string) => `prune/${repository}`

/** What Temporal's SQL schemas have room for, in characters; names of tables may be longer (StarRocks takes 1,024). */
export const LONGEST_KEYWORD = 255
const KEPT_OF_LONG = 230

/** A longer id is cut, and told apart by two hashes. */
function shortId(id: string): string {
  const characters = [...id]
  if (characters.length <= LONGEST_KEYWORD) return id
  const hash = fnv1a(id) + fnv1a(characters.reverse().join(''))
  return `${[...id].slice(0, KEPT_OF_LONG).join('')}~${hash}`
}

/** Search attributes, all keywords; the worker registers those that are missing. */
export const SEARCH_ATTRIBUTES = {
  kind: 'StarferryKind',
  migration: 'StarferryMigration',
  cluster: 'StarferryCluster',
  database: 'StarferryDatabase',
  table: 'StarferryTable',
  state: 'StarferryState',
} as const

/** What `splitTableName` takes. */
export const TABLE_NAME = /^[^.]+\.[\s\S]/

export const notATable = (text: string) => `'${text}' is not a table name: write it as database.table`

/**
 * A table as people write it: `database.table`, unquoted. A database name cannot hold a dot, a table name can, so the first dot divides.
 */
export function splitTableName(full: string): { database: string; table: string } {
  const dot = full.indexOf('.')
  if (!TABLE_NAME.test(full)) throw new Error(notATable(full))
  return { database: full.slice(0, dot), table: full.slice(dot + 1) }
}

export const joinTableName = (database: string, table: string) => `${database}.${table}`

/**
 * What the ids of all replication jobs of a migration begin with, so that they are known again on the target by whoever looks. Letters,
 * digits, `-` and `_` only: it becomes part of a transaction's label. The hash keeps names apart that differ only in other characters.
 */
export function migrationJobPrefix(migration: string): string {
  return `sf-${migration.replaceAll(/[^A-Za-z0-9-]/g, '-').slice(0, 30)}-${fnv1a(migration)}_`
}

/** The part of a job's id that a step of a table's workflow determines: its run and its number. The attempt is appended by the activity. */
export function stepJobPrefix(migration: string, runId: string, step: number): string {
  return `${migrationJobPrefix(migration)}${runId.replaceAll('-', '').slice(0, 16)}_${step}_`
}

/** A job's id: what its step determines, the attempt, and the state of the source's columns that it copies under. */
export function jobIdOf(stepPrefix: string, attempt: number, schema: string): string {
  return `${stepPrefix}${attempt}_${schema}`
}

/** The state of the source's columns that one of starferry's jobs copied under; undefined for ids without one. */
export function schemaOfJobId(jobId: string): string | undefined {
  return jobId.split('_')[4]
}

/** 32-bit FNV-1a as 8 hexadecimal digits. */
export function fnv1a(text: string): string {
  let hash = 0x811c9dc5
  for (const char of text) {
    hash ^= char.codePointAt(0) ?? 0
    hash = Math.imul(hash, 0x01000193) >>> 0
  }
  return hash.toString(16).padStart(8, '0')
}
