import { eachBounded } from './bounded.ts'
import { DeleteTally } from './delete-tally.ts'
import type { DeletePrefixOptions, DeleteResult, ObjectStore } from './object-store.ts'
import { isNotFound } from './storage-error.ts'

const AT_ONCE = 16

export interface TreeDeletion {
  /** Removes a file; nothing there is an error NotFound or none. */
  removeFile(key: string, signal?: AbortSignal): Promise<void>
  /** Removes a directory with everything in it and tells how many files that were. */
  removeTree(directory: string, signal?: AbortSignal): Promise<number>
}

export async function deleteFiles(
  tree: TreeDeletion,
  keys: Iterable<string> | AsyncIterable<string>,
  { signal, onProgress }: Pick<DeletePrefixOptions, 'signal' | 'onProgress'> = {},
): Promise<DeleteResult> {
  const tally = new DeleteTally(onProgress)
  const one = async (key: string) => {
    if (tally.stopped) return
    try {
      await tree.removeFile(key, signal)
      tally.done(1)
    } catch (error) {
      if (isNotFound(error)) tally.done(1)
      else tally.refused([key], error)
    }
  }
  try {
    await eachBounded(keys, AT_ONCE, one, signal)
  } catch (error) {
    tally.stop(error)
  }
  return tally.result
}

/** Directories go whole, in one step each, so that none is left empty. */
export async function deleteTree(
  tree: TreeDeletion,
  store: Pick<ObjectStore, 'list'>,
  prefix: string,
  { first = [], signal, onProgress }: DeletePrefixOptions,
): Promise<DeleteResult> {
  const tally = new DeleteTally(onProgress)
  for (const part of [...first, prefix]) {
    try {
      if (part.endsWith('/')) await removeDirectory(tree, part, tally, signal)
      else {
        for await (const { objects, prefixes } of store.list(part, { delimiter: '/', signal })) {
          const keys = objects.map(({ key }) => key)
          tally.add(await deleteFiles(tree, keys, { signal }))
          for (const directory of prefixes) await removeDirectory(tree, directory, tally, signal)
        }
      }
    } catch (error) {
      tally.stop(error)
    }
    if (tally.stopped || (tally.result.failed > 0 && part !== prefix)) break
  }
  return tally.result
}

async function removeDirectory(
  tree: TreeDeletion,
  directory: string,
  tally: DeleteTally,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    tally.done(await tree.removeTree(directory.replace(/\/$/, ''), signal))
  } catch (error) {
    if (!isNotFound(error)) tally.refused([directory], error)
  }
}
