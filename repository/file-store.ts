import { createReadStream } from 'node:fs'
import { link, mkdir, opendir, rename, rm, stat, unlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type {
  DeletePrefixOptions,
  DeleteResult,
  ListOptions,
  ListPage,
  ObjectStore,
  OpenedObject,
  PutOptions,
  PutResult,
  StoredObject,
} from './object-store.ts'
import { readBody } from './read-body.ts'
import { StorageError } from './storage-error.ts'
import { deleteFiles, deleteTree, type TreeDeletion } from './tree-deletion.ts'
import { type DirectoryEntry, listTree } from './tree-listing.ts'

const PORTION = 200

/** A directory of this machine: a disk that is mounted everywhere, or a test. */
export class FileStore implements ObjectStore {
  readonly kind = 'file'
  readonly description: string
  readonly #root: string
  #writes = 0

  constructor(directory: string) {
    this.#root = path.resolve(directory)
    this.description = `file://${this.#root}`
  }

  list(prefix: string, options: ListOptions = {}): AsyncIterable<ListPage> {
    return listTree((directory, signal) => this.#entries(directory, signal), prefix, options)
  }

  async get(key: string, { signal }: { signal?: AbortSignal } = {}): Promise<OpenedObject> {
    const file = this.#file(key)
    const { size, mtimeMs } = await this.#run(`read ${file}`, () => stat(file))
    return { stream: createReadStream(file, { signal }), size, etag: etagOf(size, mtimeMs) }
  }

  async getBytes(key: string, max: number, options: { signal?: AbortSignal } = {}): Promise<Buffer> {
    const opened = await this.get(key, options)
    return this.#run(`read ${this.#file(key)}`, () => readBody(opened, max, this.#file(key)))
  }

  async head(key: string): Promise<StoredObject | undefined> {
    const file = this.#file(key)
    try {
      const found = await this.#run(`look at ${file}`, () => stat(file))
      if (!found.isFile()) return undefined
      const { size, mtime, mtimeMs } = found
      return { key, size, lastModified: mtime, etag: etagOf(size, mtimeMs) }
    } catch (error) {
      if (error instanceof StorageError && error.kind === 'NotFound') return undefined
      throw error
    }
  }

  async put(key: string, body: Uint8Array | string, { ifAbsent, ifMatch }: PutOptions = {}): Promise<PutResult> {
    const file = this.#file(key)
    return this.#run(`write ${file}`, async () => {
      if (ifMatch !== undefined && (await this.head(key))?.etag !== ifMatch) return { written: false, atomic: false }
      await mkdir(path.dirname(file), { recursive: true })
      // Whole or not at all: written beside, then put in place.
      const beside = `${file}.writing-${process.pid}-${++this.#writes}`
      try {
        await writeFile(beside, body, { flag: 'wx' })
        if (ifAbsent) await link(beside, file)
        else await rename(beside, file)
      } catch (error) {
        if (ifAbsent && (error as NodeJS.ErrnoException).code === 'EEXIST') return { written: false, atomic: true }
        throw error
      } finally {
        await rm(beside, { force: true })
      }
      const { size, mtimeMs } = await stat(file)
      return { written: true, atomic: ifMatch === undefined, etag: etagOf(size, mtimeMs) }
    })
  }

  deleteMany(
    keys: Iterable<string> | AsyncIterable<string>,
    options: Pick<DeletePrefixOptions, 'signal' | 'onProgress'> = {},
  ): Promise<DeleteResult> {
    return deleteFiles(this.#deletion, keys, options)
  }

  deletePrefix(prefix: string, options: DeletePrefixOptions = {}): Promise<DeleteResult> {
    return deleteTree(this.#deletion, this, prefix, options)
  }

  /** Where the disk is, which need not be this machine: by the time that a file made now gets. */
  async now(): Promise<Date> {
    const file = path.join(this.#root, `.starferry-time-${process.pid}-${++this.#writes}`)
    try {
      await writeFile(file, '', { flag: 'wx' })
      return (await stat(file)).mtime
    } catch {
      // It may only be read, so nobody here writes what others judge by their clocks.
      return new Date()
    } finally {
      await rm(file, { force: true }).catch(() => undefined)
    }
  }

  close(): void {}

  readonly #deletion: TreeDeletion = {
    removeFile: (key) => this.#run(`delete ${this.#file(key)}`, () => unlink(this.#file(key))),
    removeTree: async (directory, signal) => {
      let files = 0
      for await (const { objects } of this.list(`${directory}/`, { signal })) files += objects.length
      await this.#run(`delete ${this.#file(directory)}`, () => rm(this.#file(directory), { recursive: true }))
      return files
    },
  }

  async *#entries(directory: string, signal: AbortSignal | undefined): AsyncGenerator<DirectoryEntry[]> {
    const full = this.#file(directory)
    let portion: DirectoryEntry[] = []
    try {
      for await (const entry of await opendir(full)) {
        signal?.throwIfAborted()
        const found = await stat(path.join(full, entry.name)).catch(() => undefined)
        // Gone since: somebody deletes at the same time.
        if (!found) continue
        const { size, mtime: lastModified, mtimeMs } = found
        const directory = found.isDirectory()
        portion.push({ name: entry.name, directory, size, lastModified, etag: etagOf(size, mtimeMs) })
        if (portion.length < PORTION) continue
        yield portion
        portion = []
      }
    } catch (error) {
      if (/^(ENOENT|ENOTDIR)$/.test((error as NodeJS.ErrnoException).code ?? '')) return
      throw fileError(error, `list ${full}`)
    }
    if (portion.length > 0) yield portion
  }

  #file(key: string): string {
    const file = path.join(this.#root, key)
    if (file !== this.#root && !file.startsWith(`${this.#root}${path.sep}`)) {
      throw new StorageError('Unsupported', `The key ${key} leads out of ${this.#root}`)
    }
    return file
  }

  async #run<T>(doing: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      throw fileError(error, doing)
    }
  }
}

const etagOf = (size: number, mtimeMs: number) => `"${size}-${mtimeMs}"`

function fileError(error: unknown, doing: string): unknown {
  const { code, message } = error as NodeJS.ErrnoException
  if (error instanceof StorageError || typeof code !== 'string' || code === 'ABORT_ERR') return error
  if (code === 'ENOENT' || code === 'ENOTDIR') return new StorageError('NotFound', `Cannot ${doing}: it is not there`)
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return new StorageError('Denied', `Cannot ${doing}: ${code}`, 'check the permissions of the directory')
  }
  return new StorageError('Unknown', `Cannot ${doing}: ${message}`)
}
