import type { SnapshotManager } from '../backup/index.ts'
import type { LabState, LabUser, LabView } from '../model.ts'
import type { LabProfile } from '../profiles/profile.ts'
import type { LabPrivilegeTarget } from './has-privilege.ts'
import type { Rows } from './run-select.ts'

/** What a client's connection keeps between statements. */
export interface LabSession {
  id: number
  user: LabUser
  database?: string
  variables: Map<string, string>
  connectedMs: number
  /** Address of the client, for SHOW PROCESSLIST and user(). */
  host: string
  /** Frontend that the client talks to. */
  frontendId: bigint
  /** What it is at, since when. */
  running?: { sql: string; sinceMs: number }
  /** Catalog chosen by SET CATALOG. */
  catalog?: string
  /** Whether the user holds a privilege, on something or anywhere. */
  has(privilege: string, target?: LabPrivilegeTarget): boolean
  /** Whether a privilege that the user holds is refused all the same. */
  refuses?(privilege: string): boolean
}

/** Things that statements need beyond the state. */
export interface LabSqlContext {
  state: LabState
  profile: LabProfile
  /** Backup and restore. */
  snapshots: SnapshotManager
  /** Whether backends compute queries; frontends alone answer SHOW statements but no rows of tables. */
  backendsAnswer(): boolean
  /** Kept by the cluster: jobs of schema changes and rollups, dropped tables, catalog times. */
  jobs: LabAlterJob[]
  sessions: Map<number, LabSession>
  globals: Map<string, string>
  /** Rows of a view. */
  queryView(view: LabView, databaseName: string): Rows
}

/** A line of SHOW ALTER TABLE …; done at once, as the lab's tables are small. */
export interface LabAlterJob {
  kind: 'column' | 'rollup' | 'optimize'
  jobId: bigint
  database: string
  tableName: string
  createdMs: number
  finishedMs: number
  indexName: string
  indexId: bigint
  originIndexId: bigint
  schemaVersion: string
  transactionId: bigint
  state: string
  message: string
  operation: string
  timeoutSeconds: string
}

export type LabCell = string | null

export interface LabResultColumn {
  name: string
  /** MySQL wire type: VAR_STRING, LONGLONG, LONG, CHAR (tiny), DOUBLE, DATETIME, DATE, … */
  type: string
}

/** Rows of a query or SHOW, or for other statements the number of rows that they changed. */
export interface LabResult {
  columns: LabResultColumn[]
  rows: LabCell[][]
  affectedRows: number
}

export const done = (affectedRows = 0): LabResult => ({ columns: [], rows: [], affectedRows })

export const table = (columns: readonly string[], rows: LabCell[][]): LabResult => ({
  columns: columns.map((name) => ({ name, type: 'VAR_STRING' })),
  rows,
  affectedRows: 0,
})
