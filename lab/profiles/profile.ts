import type { LabRunMode, LabVersion } from '../model.ts'

/** What distinguishes the answers of one release line and run mode from another's. */
export interface LabProfile {
  version: LabVersion
  runMode: LabRunMode
  /** As SHOW FRONTENDS and @@version_comment print it. */
  versionText: string
  /** The version of MySQL that the handshake names. */
  mysqlVersion: string
  /** Minutes by which SHOW prints times ahead of UTC: 4.1 prints +08:00 whatever the session's time zone. */
  timeOffsetMinutes: number
  /** Frontend settings: key, aliases, value, type, mutable, comment. */
  settings: LabSetting[]
  /** Columns of information_schema tables: name → [column, type, nullable]. */
  informationSchema: Record<string, LabSchemaColumn[]>
  /** Column names of statements whose rows the lab builds by position. */
  columns: Record<string, string[]>
  /** Names under PROC '/'. */
  procRoots: string[]
  atLeast(version: LabVersion): boolean
}

export type LabSetting = [key: string, aliases: string, value: string, type: string, mutable: string, comment: string]
export type LabSchemaColumn = [name: string, type: string, nullable: string, wireType: string]

/** The part of a profile that comes from answers of real frontends. */
export type LabProfileData = Pick<
  LabProfile,
  'versionText' | 'procRoots' | 'columns' | 'settings' | 'informationSchema'
>
