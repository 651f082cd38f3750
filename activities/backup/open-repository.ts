import type { Dependencies } from '../dependencies.ts'
import { objectsOf, type RepositoryObjects } from '../repository/repository-objects.ts'

/** A configured repository as this process reads it. Errors: StorageError, of kind Unsupported where it is not to be reached from here. */
export async function openObjects(deps: Dependencies, name: string): Promise<RepositoryObjects> {
  return objectsOf(await deps.repository(name).open())
}
