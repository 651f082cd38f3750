import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type LabObjectStore, type StoredObject, StoreFailure } from './object-store.ts'

/** `file://…`: a directory of the frontend's own machine, which all nodes of a lab cluster share. */
export class DirectoryStore implements LabObjectStore {
  readonly #root: string

  constructor(root: string) {
    this.#root = root
  }

  async list(prefix: string): Promise<StoredObject[]> {
    const entries = await readdir(this.#root, { recursive: true, withFileTypes: true }).catch(missing([]))
    const found: StoredObject[] = []
    for (const entry of entries) {
      if (!entry.isFile()) continue
      const key = join(entry.parentPath, entry.name).slice(this.#root.length + 1)
      if (key.startsWith(prefix)) found.push({ key, size: (await stat(join(this.#root, key))).size })
    }
    return found.sort((a, b) => (a.key < b.key ? -1 : 1))
  }

  async children(prefix: string): Promise<{ folders: string[]; files: string[] }> {
    const entries = await readdir(join(this.#root, prefix), { withFileTypes: true }).catch(missing([]))
    const names = (directory: boolean) =>
      entries
        .filter((entry) => entry.isDirectory() === directory)
        .map((entry) => entry.name)
        .sort()
    return { folders: names(true), files: names(false) }
  }

  get(key: string): Promise<Buffer | undefined> {
    return readFile(join(this.#root, key)).catch(missing(undefined))
  }

  async put(key: string, body: Buffer | string): Promise<void> {
    const path = join(this.#root, key)
    try {
      await mkdir(dirname(path), { recursive: true })
      await writeFile(path, body)
    } catch (error) {
      throw new StoreFailure((error as Error).message)
    }
  }

  close(): void {}
}

/** Nothing there is an answer; anything else is a failure. */
const missing =
  <T>(answer: T) =>
  (error: NodeJS.ErrnoException): T => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return answer
    throw new StoreFailure(error.message)
  }
