import { type ObjectStore, type Repository, readRepository } from '../../repository/index.ts'
import type { Dependencies } from '../dependencies.ts'

const opened = new WeakMap<ObjectStore, Map<string, Promise<Repository>>>()

/** A configured repository as this process sees it; looked for once. Errors: StorageError, `UnknownRepository`. */
export async function repositoryOf(deps: Dependencies, name: string): Promise<Repository> {
  const store = deps.repository(name).store()
  const byName = opened.get(store) ?? new Map<string, Promise<Repository>>()
  opened.set(store, byName)
  const known = byName.get(name)
  if (known) return known
  const opening = readRepository(store, name)
  byName.set(name, opening)
  opening.catch(() => byName.delete(name))
  return opening
}
