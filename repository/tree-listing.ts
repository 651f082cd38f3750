import type { ListOptions, ListPage, StoredObject } from './object-store.ts'

export interface DirectoryEntry {
  name: string
  directory: boolean
  size: number
  lastModified: Date
  etag?: string
}

/** Entries of a directory in portions; a directory that is not there has none. `path` is relative, without slashes at its ends. */
export type ListDirectory = (path: string, signal?: AbortSignal) => AsyncIterable<DirectoryEntry[]>

/**
 * Objects by prefix, as S3 lists them, out of a tree of directories. Memory for one portion of each directory between the root and the one that
 * is read.
 */
export async function* listTree(
  listDirectory: ListDirectory,
  prefix: string,
  { delimiter, pageSize = 1000, signal }: ListOptions,
): AsyncGenerator<ListPage> {
  const slash = prefix.lastIndexOf('/')
  const directory = prefix.slice(0, slash + 1)
  let page: ListPage = { objects: [], prefixes: [] }
  for await (const found of walk(listDirectory, directory, prefix.slice(slash + 1), delimiter === undefined, signal)) {
    if (typeof found === 'string') page.prefixes.push(found)
    else page.objects.push(found)
    if (page.objects.length + page.prefixes.length < pageSize) continue
    yield page
    page = { objects: [], prefixes: [] }
  }
  if (page.objects.length + page.prefixes.length > 0) yield page
}

/** `directory` ends with a slash, or is empty. Gives objects, and the directories that it does not enter. */
async function* walk(
  listDirectory: ListDirectory,
  directory: string,
  beginning: string,
  enter: boolean,
  signal: AbortSignal | undefined,
): AsyncGenerator<StoredObject | string> {
  for await (const entries of listDirectory(directory.replace(/\/$/, ''), signal)) {
    signal?.throwIfAborted()
    for (const { name, directory: isDirectory, ...rest } of entries) {
      if (!name.startsWith(beginning)) continue
      if (!isDirectory) yield { key: directory + name, ...rest }
      else if (enter) yield* walk(listDirectory, `${directory}${name}/`, '', true, signal)
      else yield `${directory}${name}/`
    }
  }
}
