export interface StoredObject {
  key: string
  size: number
}

/** Where a repository's files lie, as frontends and backends reach it. Keys are paths below the location. */
export interface LabObjectStore {
  /** Everything below a prefix, in order of the keys. */
  list(prefix: string): Promise<StoredObject[]>
  /** Names of the folders right below a prefix that ends in a slash, and of the files there. */
  children(prefix: string): Promise<{ folders: string[]; files: string[] }>
  /** Undefined when there is no such object. */
  get(key: string): Promise<Buffer | undefined>
  put(key: string, body: Buffer | string): Promise<void>
  /** Lets go of connections. */
  close(): void
}

/** The store did not answer, or refused; `message` is what the frontend's file system says of it. */
export class StoreFailure extends Error {
  override readonly name = 'StoreFailure'
}
