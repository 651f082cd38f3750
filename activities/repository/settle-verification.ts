import type { Verification } from '../../contract/backup/repository-api.ts'
import { type RecordHead, UNREADABLE } from '../../planning/backup/head.ts'
import type { KeptFailure } from '../../planning/backup/verify-summary.ts'
import { isStillDamaged, type Repository } from '../../repository/index.ts'
import type { StoredVerification } from './repository-objects.ts'

/** So many problems a verification tells of one snapshot; one that tells fewer tells all. */
const PERHAPS_MORE = 10
const MOST_PROBLEMS = 20
/** Objects that are read once more for one page of backups. */
const MOST_READ = 50

export interface Settled {
  /** What is to be known of the backup from now on; undefined: what is stored is to be left as it is. */
  stands?: Verification
  kept?: KeptFailure
}

/**
 * What is to stand of what was found before and what was found now. Retention, baselines and restores trust it, so damage that was found is not forgotten because
 * a sample missed it: a verification that finds nothing counts when it was deep, when the one before read no objects either, or when
 * every object that was named bad is read again and good. What cannot be read may have named any: only a deep one takes its place. Errors: StorageError.
 */
export function createSettling(repository: Repository, signal?: AbortSignal) {
  const read = new Map<string, Promise<boolean>>()
  /** Backups of one chain name the same objects. */
  const isBad = async (key: string): Promise<boolean> => {
    const before = read.get(key)
    if (before) return before
    if (read.size >= MOST_READ) return true
    const reading = isStillDamaged(repository.store, key, { signal })
    read.set(key, reading)
    return reading
  }
  return async (id: string, stored: StoredVerification, found: Verification): Promise<Settled> => {
    if (stored === UNREADABLE) {
      if (found.mode === 'deep') return { stands: found }
      // What was found now is told anyway.
      return found.ok ? { kept: { id, label: '', at: '', mode: found.mode, unread: true } } : {}
    }
    // What a manifest and a listing tell every verification looks at.
    if (!stored || stored.ok || found.mode === 'deep' || stored.mode === 'manifest') return { stands: found }
    if (!found.ok) return { stands: { ...stored, problems: both(stored.problems, found.problems) } }
    const [first] = stored.problems
    let bad = stored.problems.length >= PERHAPS_MORE ? first : undefined
    for (const problem of bad ? [] : stored.problems) {
      if (problem.object === undefined || !(await isBad(problem.object))) continue
      bad = problem
      break
    }
    if (!bad) return { stands: found }
    const { label, object } = bad
    return { stands: stored, kept: { id, label, object, at: stored.at, mode: stored.mode } }
  }
}

/** What was found of snapshots that other records need, too, by their ids. */
export function damageOfOthers(
  others: readonly Pick<RecordHead, 'id' | 'labels'>[],
  found: readonly Verification[],
): Map<string, Verification> {
  const damage = new Map<string, Verification>()
  for (const { id, labels } of others) {
    const needed = new Set(labels)
    for (const one of found) {
      const problems = one.ok ? [] : one.problems.filter(({ label }) => needed.has(label))
      if (problems.length === 0) continue
      // Nothing was read for its sake.
      const stands = withDamage(damage.get(id), { ...one, problems, objects: 0, bytes: 0 })
      if (stands) damage.set(id, stands)
    }
  }
  return damage
}

/** What is to stand beside a record that was not verified itself, and needs a snapshot that is damaged: nothing that was found of it before is denied. */
export function withDamage(stored: StoredVerification, found: Verification): Verification | undefined {
  // That counts as damage, too, and only a deep one of its own can tell more.
  if (stored === UNREADABLE) return undefined
  if (!stored || stored.ok) return found
  const mode = DEPTHS.indexOf(found.mode) > DEPTHS.indexOf(stored.mode) ? found.mode : stored.mode
  return { ...stored, mode, problems: both(found.problems, stored.problems) }
}

const DEPTHS: readonly Verification['mode'][] = ['manifest', 'sample', 'deep']

function both(before: Verification['problems'], now: Verification['problems']): Verification['problems'] {
  const keyOf = ({ label, object, problem }: Verification['problems'][number]) => [label, object, problem].join('\n')
  const known = new Set(before.map(keyOf))
  return [...before, ...now.filter((problem) => !known.has(keyOf(problem)))].slice(0, MOST_PROBLEMS)
}
