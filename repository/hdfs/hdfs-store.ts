import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
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
} from '../object-store.ts'
import { readBody } from '../read-body.ts'
import { isNotFound, networkTrouble, StorageError } from '../storage-error.ts'
import { deleteFiles, deleteTree, type TreeDeletion } from '../tree-deletion.ts'
import { type DirectoryEntry, listTree } from '../tree-listing.ts'
import type { HdfsSettings } from './hdfs-settings.ts'
import { WebHdfsClient } from './webhdfs-client.ts'

interface Abortable {
  signal?: AbortSignal
}

interface FileStatus {
  pathSuffix: string
  type: 'FILE' | 'DIRECTORY' | 'SYMLINK'
  length: number
  modificationTime: number
}

/** A directory of HDFS, by the WebHDFS REST API with simple authentication. */
export class HdfsStore implements ObjectStore {
  readonly kind = 'hdfs'
  readonly description: string
  readonly #name: string
  readonly #client: WebHdfsClient
  /** Learned: whether directories can be listed in portions, which came with Hadoop 3. */
  #portions = true

  constructor(settings: HdfsSettings) {
    this.#name = settings.name.replace(/\/$/, '')
    this.description = `${this.#name} by WebHDFS at ${settings.namenodes.join(', ')}`
    this.#client = new WebHdfsClient(settings)
  }

  list(prefix: string, options: ListOptions = {}): AsyncIterable<ListPage> {
    return listTree((directory, signal) => this.#entries(directory, signal), prefix, options)
  }

  async get(key: string, { signal }: Abortable = {}): Promise<OpenedObject> {
    const response = await this.#client.call({
      method: 'GET',
      op: 'OPEN',
      path: key,
      doing: `read ${this.#at(key)}`,
      signal,
    })
    if (!response.body) throw new StorageError('Unknown', `${this.#at(key)} came without content`)
    const length = response.headers.get('content-length')
    const size = length === null ? undefined : Number(length)
    return { stream: Readable.fromWeb(response.body as ReadableStream), size }
  }

  async getBytes(key: string, max: number, { signal }: Abortable = {}): Promise<Buffer> {
    const opened = await this.get(key, { signal })
    try {
      return await readBody(opened, max, this.#at(key))
    } catch (error) {
      if (error instanceof StorageError || signal?.aborted) throw error
      throw new StorageError('Unreachable', `Cannot read ${this.#at(key)}: ${networkTrouble(error) ?? 'it broke off'}`)
    }
  }

  async head(key: string, { signal }: Abortable = {}): Promise<StoredObject | undefined> {
    try {
      const doing = `look at ${this.#at(key)}`
      const response = await this.#client.call({ method: 'GET', op: 'GETFILESTATUS', path: key, doing, signal })
      const { FileStatus: status } = (await response.json()) as { FileStatus: FileStatus }
      if (status.type !== 'FILE') return undefined
      const { name, directory, ...rest } = entryOf(status)
      return { key, ...rest }
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }

  async put(
    key: string,
    body: Uint8Array | string,
    { ifAbsent, ifMatch, signal }: PutOptions = {},
  ): Promise<PutResult> {
    if (ifMatch !== undefined && (await this.head(key, { signal }))?.etag !== ifMatch) {
      return { written: false, atomic: false }
    }
    const parameters = { overwrite: ifAbsent ? 'false' : 'true' }
    const doing = `write ${this.#at(key)}`
    try {
      const response = await this.#client.call({
        method: 'PUT',
        op: 'CREATE',
        path: key,
        parameters,
        body,
        doing,
        signal,
      })
      await response.body?.cancel()
    } catch (error) {
      const exists = error instanceof StorageError && /FileAlreadyExistsException/.test(error.message)
      if (ifAbsent && exists) return { written: false, atomic: true }
      throw error
    }
    const etag = (await this.head(key, { signal }))?.etag
    return { written: true, atomic: ifMatch === undefined, ...(etag ? { etag } : {}) }
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

  async now({ signal }: Abortable = {}): Promise<Date> {
    if (!this.#client.clock.now()) await this.head('', { signal })
    const heard = this.#client.clock.now()
    if (!heard) throw new StorageError('Unsupported', `${this.description} does not tell the time`)
    return heard
  }

  close(): void {}

  readonly #deletion: TreeDeletion = {
    removeFile: (key, signal) => this.#remove(key, false, signal),
    removeTree: async (directory, signal) => {
      const doing = `look at ${this.#at(directory)}`
      const call = { method: 'GET', op: 'GETCONTENTSUMMARY', path: directory, doing, signal } as const
      const summary = (await (await this.#client.call(call)).json()) as { ContentSummary?: { fileCount?: number } }
      await this.#remove(directory, true, signal)
      return summary.ContentSummary?.fileCount ?? 0
    },
  }

  async #remove(path: string, recursive: boolean, signal: AbortSignal | undefined): Promise<void> {
    const parameters = { recursive: String(recursive) }
    const doing = `delete ${this.#at(path)}`
    const response = await this.#client.call({ method: 'DELETE', op: 'DELETE', path, parameters, doing, signal })
    // `false` says that nothing was there.
    await response.body?.cancel()
  }

  async *#entries(path: string, signal: AbortSignal | undefined): AsyncGenerator<DirectoryEntry[]> {
    let startAfter = ''
    for (;;) {
      const portion = await this.#portion(path, startAfter, signal)
      const entries = portion.statuses.filter(({ pathSuffix }) => pathSuffix !== '').map(entryOf)
      if (entries.length > 0) yield entries
      startAfter = entries.at(-1)?.name ?? ''
      if (portion.remaining === 0 || startAfter === '') return
    }
  }

  async #portion(
    path: string,
    startAfter: string,
    signal: AbortSignal | undefined,
  ): Promise<{ statuses: FileStatus[]; remaining: number }> {
    const doing = `list ${this.#at(path)}`
    try {
      if (this.#portions) {
        const parameters = startAfter === '' ? undefined : { startAfter }
        const call = { method: 'GET', op: 'LISTSTATUS_BATCH', path, doing, signal, parameters } as const
        const { DirectoryListing } = (await (await this.#client.call(call)).json()) as {
          DirectoryListing: { partialListing: { FileStatuses: { FileStatus: FileStatus[] } }; remainingEntries: number }
        }
        const { partialListing, remainingEntries } = DirectoryListing
        return { statuses: partialListing.FileStatuses.FileStatus, remaining: remainingEntries }
      }
      const response = await this.#client.call({ method: 'GET', op: 'LISTSTATUS', path, doing, signal })
      const { FileStatuses } = (await response.json()) as { FileStatuses: { FileStatus: FileStatus[] } }
      return { statuses: FileStatuses.FileStatus, remaining: 0 }
    } catch (error) {
      if (isNotFound(error)) return { statuses: [], remaining: 0 }
      if (!this.#portions || !(error instanceof StorageError) || error.kind !== 'Unsupported') throw error
      this.#portions = false
      return this.#portion(path, startAfter, signal)
    }
  }

  #at(key: string): string {
    return `${this.#name}/${key}`
  }
}

function entryOf({ pathSuffix, type, length, modificationTime }: FileStatus): DirectoryEntry {
  return {
    name: pathSuffix,
    directory: type === 'DIRECTORY',
    size: length,
    lastModified: new Date(modificationTime),
    etag: `"${length}-${modificationTime}"`,
  }
}
