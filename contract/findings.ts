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
  /** Short facts: versions, run modes, nodes, tables, bytes. */
  facts: Record<string, string>
}
