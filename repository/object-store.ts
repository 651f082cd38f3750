import type { Readable } from 'node:stream'
import type { StorageError } from './storage-error.ts'

export interface StoredObject {
  /** Relative to the store's location. */
  key: string
  /** Bytes. */
  size: number
  /** By the store's clock. */
  lastModified: Date
  /** Changes when the content does; absent where the store has none. */
  etag?: string
}

export interface ListPage {
  objects: StoredObject[]
  /** With a delimiter: what is common up to it, the delimiter included. */
  prefixes: string[]
}

export interface ListOptions {
  delimiter?: '/'
  /** Objects per page; 1000 unless given, which is also the most that S3 answers. */
  pageSize?: number
  signal?: AbortSignal
}

export interface OpenedObject {
  /** Must be read to its end or destroyed. */
  stream: Readable
  size: number | undefined
  etag?: string
}

export interface PutOptions {
  /** Write only if there is nothing under this key. */
  ifAbsent?: boolean
  /** Write only over the object with this etag. */
  ifMatch?: string
  signal?: AbortSignal
}

export interface PutResult {
  /** False: the condition did not hold, and nothing was written. */
  written: boolean
  etag?: string
  /**
   * Of a conditional put: whether two who write at once cannot both succeed. False where the store has no such write and starferry looked
   * before it wrote.
   */
  atomic: boolean
}

export interface DeleteFailure {
  key: string
  error: StorageError
}

export interface DeleteResult {
  /** Keys that are gone; those that were not there count. */
  deleted: number
  failed: number
  /** The first hundred. */
  failures: DeleteFailure[]
  /** Of those deleted: versioned, so that older versions still take space until the bucket's own rules remove them. */
  hidden: number
  /** Why it was given up before the end; what came before is done. */
  stopped?: StorageError
}

export interface DeletePrefixOptions {
  /** Deleted before anything else is: prefixes below the prefix, in order. */
  first?: readonly string[]
  signal?: AbortSignal
  onProgress?: (soFar: Readonly<DeleteResult>) => void
}

/**
 * Objects under one location. Keys are relative to it and separated by `/`. Everything throws StorageError when it fails, and the signal's
 * reason when it was aborted.
 */
export interface ObjectStore {
  readonly kind: 's3' | 'hdfs' | 'file'
  /** For people: scheme, bucket or host, path; and from where it is read. */
  readonly description: string
  /** Pages in the order of keys where the store has one (S3); memory for one page. An unknown prefix is empty. */
  list(prefix: string, options?: ListOptions): AsyncIterable<ListPage>
  get(key: string, options?: { signal?: AbortSignal }): Promise<OpenedObject>
  /** The whole object. StorageError TooLarge when it has more than `max` bytes. */
  getBytes(key: string, max: number, options?: { signal?: AbortSignal }): Promise<Buffer>
  /** Undefined when it is not there. */
  head(key: string, options?: { signal?: AbortSignal }): Promise<StoredObject | undefined>
  put(key: string, body: Uint8Array | string, options?: PutOptions): Promise<PutResult>
  /** Never ends half-way without a word: what could not be deleted is in the result, and so is why it was given up. */
  deleteMany(
    keys: Iterable<string> | AsyncIterable<string>,
    options?: { signal?: AbortSignal; onProgress?: (soFar: Readonly<DeleteResult>) => void },
  ): Promise<DeleteResult>
  deletePrefix(prefix: string, options?: DeletePrefixOptions): Promise<DeleteResult>
  /** Now, by the store's clock: this machine's may be wrong. Seconds are exact, less is not. */
  now(options?: { signal?: AbortSignal }): Promise<Date>
  /** Ends its connections. */
  close(): void
}

/** All objects below a prefix, one by one. */
export async function* listObjects(
  store: ObjectStore,
  prefix: string,
  options?: Omit<ListOptions, 'delimiter'>,
): AsyncGenerator<StoredObject> {
  for await (const page of store.list(prefix, options)) yield* page.objects
}
