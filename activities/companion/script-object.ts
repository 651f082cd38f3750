import { repositoryKeys } from '../../contract/backup/record.ts'
import type { NotIncluded } from '../../planning/companion/not-included.ts'
import type { Repository } from '../../repository/index.ts'
import type { RepositoryHandle } from '../dependencies.ts'

/** Relative to starferry's own directory in the repository. */
const keyOf = ({ own, name }: Repository, id: string) => repositoryKeys.companion(name, id).slice(own.directory.length)

/** Errors: StorageError. */
export async function writeScript(
  handle: Pick<RepositoryHandle, 'open'>,
  id: string,
  text: string,
  signal?: AbortSignal,
): Promise<void> {
  const repository = await handle.open(signal)
  await repository.own.putText(keyOf(repository, id), text, { signal })
}

/** The script of a backup; undefined when it has none. Errors: StorageError. */
export async function readScript(
  handle: Pick<RepositoryHandle, 'open'>,
  id: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const repository = await handle.open(signal)
  return repository.own.getText(keyOf(repository, id), { signal })
}

/** What is not in a backup; beside its record, which stood before it was known. Errors: StorageError. */
export async function writeReport(
  handle: Pick<RepositoryHandle, 'open'>,
  id: string,
  notIncluded: readonly NotIncluded[],
  signal?: AbortSignal,
): Promise<void> {
  const repository = await handle.open(signal)
  const key = repositoryKeys.report(repository.name, id).slice(repository.own.directory.length)
  await repository.own.putJson(key, { notIncluded }, { signal })
}
