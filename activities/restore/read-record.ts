import type { BackupRecord } from '../../contract/backup/record.ts'
import type { Repository } from '../../repository/index.ts'
import { objectsOf } from '../repository/repository-objects.ts'

/** Every step of a restore looks at the same one, which may be large. */
const MOST_KEPT = 4

const kept = new WeakMap<Repository, Map<string, Promise<BackupRecord | undefined>>>()

/** A backup's record by its id; undefined when the repository holds none. Records never change, so the last few are kept. Errors: StorageError. */
export function readRecord(repository: Repository, id: string): Promise<BackupRecord | undefined> {
  const mine = kept.get(repository) ?? new Map<string, Promise<BackupRecord | undefined>>()
  kept.set(repository, mine)
  const known = mine.get(id)
  if (known) return known
  const reading = objectsOf(repository).record(id)
  mine.set(id, reading)
  // What was not found, or not read, may be there the next time.
  reading.then(
    (record) => !record && mine.delete(id),
    () => mine.delete(id),
  )
  for (const old of mine.keys()) {
    if (mine.size <= MOST_KEPT) break
    mine.delete(old)
  }
  return reading
}
