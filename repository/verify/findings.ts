export type FindingKind =
  /** The snapshot as a whole: as SnapshotProblem. */
  | 'manifest'
  | 'meta'
  /** A tablet of the manifest has no objects. */
  | 'missing-tablet'
  | 'missing-file'
  /** Neither `<tablet>.hdr` nor `meta`: nothing could be restored from it. */
  | 'no-header'
  | 'part'
  /** One file in two contents: which one a restore takes is chance. */
  | 'variants'
  | 'md5'
  | 'empty'
  | 'unreadable'
  /** Nothing of the manifest; no harm to a restore. */
  | 'stray'

export interface Finding {
  kind: FindingKind
  /** warning: a restore does not suffer. */
  severity: 'error' | 'warning'
  /** Relative to the location; a directory where a whole tablet is concerned. */
  key: string
  /** For people. */
  problem: string
}

/** Of errors, and of warnings: however many there are of the one, the other is not crowded out. */
const KEPT = 1000

/** All are counted, the first thousand of each severity kept. */
export class Findings {
  readonly list: Finding[] = []
  errors = 0
  warnings = 0

  add(kind: FindingKind, key: string, problem: string): void {
    const severity = kind === 'stray' ? 'warning' : 'error'
    const before = severity === 'error' ? this.errors++ : this.warnings++
    if (before < KEPT) this.list.push({ kind, severity, key, problem })
  }

  get more(): number {
    return this.errors + this.warnings - this.list.length
  }
}
