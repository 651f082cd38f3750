/** One result of the preflight. */
export interface Finding {
  /** Stable and speaking, e.g. `target-version-too-old`; what `ignore` names. */
  code: string
  level: 'fatal' | 'warning' | 'info'
  /** What it is about: a cluster, node, database, table. */
  subject: string
  /** What was found. */
  message: string
  /** What to do about it. */
  remedy?: string
}

export interface DoctorResult {
  ok: boolean
  findings: Finding[]
  /** Findings beyond those listed; the list is bounded. */
  more: number
  /** Frontend settings of the target that the migration changes while it runs (spec.settings decides). */
  settings?: WantedSetting[]
  /** Short facts: versions, run modes, nodes, tables, bytes. */
  facts: Record<string, string>
}

/** A frontend setting that has to have a certain value while a migration runs. */
export interface WantedSetting {
  key: string
  value: string
  /** For people: why. */
  reason: string
}
