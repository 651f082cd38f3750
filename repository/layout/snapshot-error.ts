export type SnapshotProblem =
  /** Nothing of that label is there. */
  | 'missing'
  /** No manifest: it is being written, or a failed backup left it. */
  | 'incomplete'
  /** Two backups took the same label. */
  | 'several-manifests'
  | 'no-meta'
  /** The content of an object is not what its name says. */
  | 'md5'
  | 'unparsable'
  /** The manifest itself says that the backup did not succeed. */
  | 'failed'

/** A snapshot that cannot be taken for good; `message` says why, and names the object. */
export class SnapshotError extends Error {
  override name = 'SnapshotError'
  readonly problem: SnapshotProblem
  readonly label: string
  /** Relative to the location; of the object concerned, if it is a single one. */
  readonly key: string | undefined

  constructor(problem: SnapshotProblem, label: string, message: string, key?: string) {
    super(message)
    this.problem = problem
    this.label = label
    this.key = key
  }
}
