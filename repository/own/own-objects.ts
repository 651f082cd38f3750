import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { createGzip, gunzip, gunzipSync } from 'node:zlib'
import type { DeleteResult, ObjectStore, PutOptions, PutResult, StoredObject } from '../object-store.ts'
import { listObjects } from '../object-store.ts'
import { DamagedObject, isNotFound, type StorageError } from '../storage-error.ts'
import { jsonPieces } from './json-pieces.ts'

interface Abortable {
  signal?: AbortSignal
}

/** Compressed, and as text. */
const LARGEST = 256 * 1024 * 1024
const LARGEST_TEXT = 500 * 1024 * 1024
/** Up to here unpacking at once is cheaper than asking a thread. */
const SMALL = 32 * 1024

/** What starferry keeps in a repository's location, beside StarRocks' own tree. Keys are relative to `__starferry_<repository>/`. */
export class OwnObjects {
  readonly #store: ObjectStore
  /** Relative to the location, with a slash at its end. */
  readonly directory: string

  constructor(store: ObjectStore, repository: string) {
    this.#store = store
    this.directory = `__starferry_${repository}/`
  }

  async *list(prefix: string, options: Abortable = {}): AsyncGenerator<StoredObject> {
    for await (const object of listObjects(this.#store, this.directory + prefix, options)) {
      yield { ...object, key: object.key.slice(this.directory.length) }
    }
  }

  /** Keys that end with `.gz` are packed. 64-bit numbers become text. */
  async putJson(key: string, value: unknown, options?: PutOptions): Promise<PutResult> {
    return this.#put(key, jsonPieces(value), options)
  }

  async putText(key: string, text: string, options?: PutOptions): Promise<PutResult> {
    return this.#put(key, [text], options)
  }

  /** Undefined when it is not there. Errors: StorageError Unknown for what is no JSON, or is damaged. */
  async getJson(key: string, options: Abortable = {}): Promise<unknown> {
    const text = await this.getText(key, options)
    if (text === undefined) return undefined
    try {
      return JSON.parse(text)
    } catch (error) {
      throw this.#damaged(key, error)
    }
  }

  async getText(key: string, { signal }: Abortable = {}): Promise<string | undefined> {
    let bytes: Buffer
    try {
      bytes = await this.#store.getBytes(this.directory + key, LARGEST, { signal })
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
    if (!key.endsWith('.gz')) return bytes.toString()
    try {
      const options = { maxOutputLength: LARGEST_TEXT }
      const text = bytes.length <= SMALL ? gunzipSync(bytes, options) : await promisify(gunzip)(bytes, options)
      return text.toString()
    } catch (error) {
      throw this.#damaged(key, error)
    }
  }

  async head(key: string, options?: Abortable): Promise<StoredObject | undefined> {
    const found = await this.#store.head(this.directory + key, options)
    return found && { ...found, key }
  }

  delete(keys: readonly string[], options?: Abortable): Promise<DeleteResult> {
    return this.#store.deleteMany(
      keys.map((key) => this.directory + key),
      options,
    )
  }

  async #put(key: string, pieces: Iterable<string>, options?: PutOptions): Promise<PutResult> {
    const body = key.endsWith('.gz') ? await packed(pieces) : [...pieces].join('')
    return this.#store.put(this.directory + key, body, options)
  }

  #damaged(key: string, error: unknown): StorageError {
    const why = error instanceof Error ? error.message : String(error)
    return new DamagedObject(`${this.directory}${key} in ${this.#store.description} is damaged: ${why}`)
  }
}

async function packed(pieces: Iterable<string>): Promise<Buffer> {
  const gzip = createGzip()
  const [, whole] = await Promise.all([pipeline(Readable.from(pieces), gzip), buffer(gzip)])
  return whole
}
