const LONGEST = 64
/** Time, hash, and five digits of attempts. */
const LONGEST_TAIL = 18 + 1 + 6 + 5
const BASE = 36 ** 6

export interface LabelParts {
  /** `prefix` of the spec. */
  prefix: string
  cluster: string
  /** Empty: external catalogs. */
  database: string
  /** Of the workflow's first run. */
  runId: string
  /** When that run began: milliseconds since 1970. */
  startedAt: number
  /** Snapshots of one backup, from 0. */
  part: number
  /** Of this snapshot, from 1. */
  attempt: number
}

/**
 * The label of a snapshot: `<prefix>_<database>_<utc time>_<hash><attempt>`, at most 64 letters, digits and underscores. A repository has one list of
 * labels for all clusters and databases, and takes the same label twice when it comes at once from two databases: so it says, in the hash, who
 * made it. It depends on nothing but its arguments: whoever goes on with a backup knows what was sent before under which label.
 */
export function backupLabel(parts: LabelParts): string {
  const { prefix, cluster, database, runId, part, attempt } = parts
  const time = new Date(parts.startedAt).toISOString().replaceAll(/[-:.Z]/g, '')
  const hash = shortHash(JSON.stringify([cluster, database, runId, part]))
  return `${labelStem(prefix, database)}${time}_${hash}${attempt}`
}

/** What all labels of a database begin with. Databases with long or odd names may share it. */
export function labelStem(prefix: string, database: string): string {
  const room = LONGEST - prefix.length - 2 - LONGEST_TAIL
  const name = (database === '' ? 'catalogs' : database).replaceAll(/[^A-Za-z0-9_]/g, '_').slice(0, room)
  return `${prefix}_${name}_`
}

/** Whether a label has the form that starferry gives them, whatever its prefix. */
export const isOurLabel = (label: string) => /^[A-Za-z][A-Za-z0-9_]*_\d{8}T\d{9}_[0-9a-z]{6}\d+$/.test(label)

/** Whether two labels can be of snapshots of one backup: these have all but the hash and the attempt in common. */
export function mayBeOfOneBackup(one: string, other: string): boolean {
  const begun = (label: string) => label.replace(/_[^_]*$/, '')
  return isOurLabel(one) && isOurLabel(other) && begun(one) === begun(other)
}

/** A snapshot that starferry made for a while, and never for a backup: by which a restore moves tables, or a repository is tried out. */
export type PassingLabel = { kind: 'passage'; hash: string } | { kind: 'check' }

export function passingLabel(label: string): PassingLabel | undefined {
  const [, hash] = /^sfr_([0-9a-z]{6})_\d+_\d+$/.exec(label) ?? []
  if (hash !== undefined) return { kind: 'passage', hash }
  return /^sf_check_[0-9a-z]+_\d+$/.test(label) ? { kind: 'check' } : undefined
}

/** Six digits of base 36, out of 52 bits of FNV-1a. */
export function shortHash(text: string): string {
  const value = (fnv1a(text) * 2 ** 20 + (fnv1a(`${text}.`) >>> 12)) % BASE
  return value.toString(36).padStart(6, '0')
}

function fnv1a(text: string): number {
  let hash = 0x811c9dc5
  for (const char of text) {
    hash ^= char.codePointAt(0) ?? 0
    hash = Math.imul(hash, 0x01000193) >>> 0
  }
  return hash
}
