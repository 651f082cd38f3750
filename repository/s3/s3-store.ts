import { randomUUID } from 'node:crypto'
import type { Readable } from 'node:stream'
import { eachBounded, inGroups } from '../bounded.ts'
import { DeleteTally } from '../delete-tally.ts'
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
import { ServerClock } from '../server-clock.ts'
import { StorageError } from '../storage-error.ts'
import { type OpenS3, openS3Client } from './s3-client.ts'
import { deleteBatch } from './s3-delete.ts'
import { s3Error } from './s3-errors.ts'
import { listS3 } from './s3-list.ts'
import type { S3Settings } from './s3-settings.ts'

interface Abortable {
  signal?: AbortSignal
}

/** Keys that one request deletes: S3's own limit. */
const DELETE_BATCH = 1000
const DELETES_AT_ONCE = 4
const CONFLICT_ATTEMPTS = 4
/** The md5 of no content that is written. */
const NO_ETAG = '"00000000000000000000000000000000"'

/** Which conditions of a write the store heeds. */
interface Conditions {
  /** Write only where nothing is. */
  ifAbsent: boolean
  /** Write only over what was read. */
  ifMatch: boolean
}

/** Objects in a bucket below a prefix. */
export class S3Store implements ObjectStore {
  readonly kind = 's3'
  readonly description: string
  readonly #settings: S3Settings
  readonly #clock = new ServerClock()
  #open: Promise<OpenS3> | undefined
  #conditions: Promise<Conditions> | undefined

  constructor(settings: S3Settings) {
    this.#settings = settings
    const { bucket, prefix, endpoint } = settings
    this.description = `s3://${bucket}/${prefix}`.replace(/\/$/, '') + (endpoint ? ` at ${endpoint}` : '')
  }

  async *list(prefix: string, options: ListOptions = {}): AsyncGenerator<ListPage> {
    yield* listS3(await this.#opened(), this.#settings, prefix, options)
  }

  async get(key: string, { signal }: Abortable = {}): Promise<OpenedObject> {
    const { sdk, plain } = await this.#opened()
    const at = this.#at(key)
    const opened = await plain.get(at.Key, signal)
    if (opened) return opened
    const command = new sdk.GetObjectCommand(at)
    const answer = await this.#send(
      `read ${this.#name(key)}`,
      ({ client }) => client.send(command, { abortSignal: signal }),
      signal,
    )
    const stream = answer.Body as Readable | undefined
    if (!stream) throw new StorageError('Unknown', `${this.#name(key)} came without content`)
    return { stream, size: answer.ContentLength, ...(answer.ETag ? { etag: answer.ETag } : {}) }
  }

  async getBytes(key: string, max: number, { signal }: Abortable = {}): Promise<Buffer> {
    const doing = `read ${this.#name(key)}`
    const opened = await this.get(key, { signal })
    try {
      return await readBody(opened, max, this.#name(key))
    } catch (error) {
      throw s3Error(error, doing, this.#settings, signal)
    }
  }

  async head(key: string, { signal }: Abortable = {}): Promise<StoredObject | undefined> {
    const { sdk, client } = await this.#opened()
    try {
      const answer = await client.send(new sdk.HeadObjectCommand(this.#at(key)), { abortSignal: signal })
      return {
        key,
        size: answer.ContentLength ?? 0,
        lastModified: answer.LastModified ?? new Date(0),
        ...(answer.ETag ? { etag: answer.ETag } : {}),
      }
    } catch (error) {
      if (statusOf(error) === 404) return undefined
      throw s3Error(error, `look at ${this.#name(key)}`, this.#settings, signal)
    }
  }

  async put(key: string, body: Uint8Array | string, options: PutOptions = {}): Promise<PutResult> {
    const { ifAbsent, ifMatch, signal } = options
    const conditional = ifAbsent === true || ifMatch !== undefined
    const atomic = conditional && (await this.#heeded(signal))[ifAbsent ? 'ifAbsent' : 'ifMatch']
    if (conditional && !atomic && !(await this.#holds(key, options))) return { written: false, atomic }
    for (let attempt = 1; ; attempt++) {
      try {
        const etag = await this.#write(key, body, atomic ? options : { signal })
        return { written: true, atomic, ...(etag ? { etag } : {}) }
      } catch (error) {
        if (atomic && meansConflict(error) && attempt < CONFLICT_ATTEMPTS) continue
        if (atomic && meansRefused(error)) return { written: false, atomic }
        throw s3Error(error, `write ${this.#name(key)}`, this.#settings, signal)
      }
    }
  }

  async deleteMany(
    keys: Iterable<string> | AsyncIterable<string>,
    { signal, onProgress }: Pick<DeletePrefixOptions, 'signal' | 'onProgress'> = {},
  ): Promise<DeleteResult> {
    const tally = new DeleteTally(onProgress)
    await this.#delete(keys, tally, signal)
    return tally.result
  }

  async deletePrefix(
    prefix: string,
    { first = [], signal, onProgress }: DeletePrefixOptions = {},
  ): Promise<DeleteResult> {
    const tally = new DeleteTally(onProgress)
    for (const part of [...first, prefix]) {
      await this.#delete(this.#keys(part, signal), tally, signal)
      // What comes first must be gone before the rest goes.
      if (tally.stopped || (tally.result.failed > 0 && part !== prefix)) break
    }
    return tally.result
  }

  async now({ signal }: Abortable = {}): Promise<Date> {
    const known = this.#clock.now()
    if (known) return known
    const { sdk } = await this.#opened()
    const { bucket: Bucket, prefix: Prefix } = this.#settings
    await this.#send(
      `list ${this.#name('')}`,
      ({ client }) =>
        client.send(new sdk.ListObjectsV2Command({ Bucket, Prefix, MaxKeys: 1 }), { abortSignal: signal }),
      signal,
    )
    const heard = this.#clock.now()
    if (!heard) throw new StorageError('Unsupported', `${this.description} does not tell the time`)
    return heard
  }

  close(): void {
    this.#open?.then(({ client }) => client.destroy()).catch(() => {})
    this.#open = undefined
  }

  async #delete(
    keys: Iterable<string> | AsyncIterable<string>,
    tally: DeleteTally,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const open = await this.#opened()
    const one = async (batch: string[]) => {
      if (!tally.stopped) await deleteBatch(open, this.#settings, batch, tally, signal)
    }
    try {
      await eachBounded(inGroups(keys, DELETE_BATCH), DELETES_AT_ONCE, one, signal)
    } catch (error) {
      // The keys come from a listing, which may fail, too.
      tally.stop(error)
    }
  }

  async *#keys(prefix: string, signal: AbortSignal | undefined): AsyncGenerator<string> {
    for await (const { objects } of this.list(prefix, { signal })) for (const { key } of objects) yield key
  }

  async #write(key: string, body: Uint8Array | string, { ifAbsent, ifMatch, signal }: PutOptions) {
    const { sdk, client } = await this.#opened()
    const bytes = typeof body === 'string' ? Buffer.from(body) : body
    const command = new sdk.PutObjectCommand({
      ...this.#at(key),
      Body: bytes,
      ContentLength: bytes.length,
      ...(ifAbsent ? { IfNoneMatch: '*' } : {}),
      ...(ifMatch !== undefined ? { IfMatch: ifMatch } : {}),
    })
    return (await client.send(command, { abortSignal: signal })).ETag
  }

  /**
   * Which conditions the store heeds. Some refuse them, and some accept and ignore them, which only a trial shows, and one of them need not be as the other; one
   * trial for each store and process, and none for AWS.
   */
  #heeded(signal: AbortSignal | undefined): Promise<Conditions> {
    if (this.#settings.endpoint === undefined) return Promise.resolve({ ifAbsent: true, ifMatch: true })
    this.#conditions ??= this.#tryConditions(signal).catch((error: unknown) => {
      this.#conditions = undefined
      throw error
    })
    return this.#conditions
  }

  async #tryConditions(signal: AbortSignal | undefined): Promise<Conditions> {
    const key = `__starferry_trial_${randomUUID()}`
    /** Neither may be written. */
    const isHeeded = async (condition: PutOptions) => {
      try {
        await this.#write(key, 'second', { ...condition, signal })
        return false
      } catch (error) {
        if (meansRefused(error)) return true
        if (meansUnknown(error)) return false
        throw error
      }
    }
    try {
      await this.#write(key, 'first', { signal })
      try {
        return { ifAbsent: await isHeeded({ ifAbsent: true }), ifMatch: await isHeeded({ ifMatch: NO_ETAG }) }
      } finally {
        await this.deleteMany([key])
      }
    } catch (error) {
      throw s3Error(error, `write ${this.#name(key)}`, this.#settings, signal)
    }
  }

  /** Looks whether a condition holds, for stores that cannot look and write in one. */
  async #holds(key: string, { ifAbsent, ifMatch, signal }: PutOptions): Promise<boolean> {
    const there = await this.head(key, { signal })
    return ifAbsent ? there === undefined : there?.etag === ifMatch
  }

  #at(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.#settings.bucket, Key: this.#settings.prefix + key }
  }

  #name(key: string): string {
    return `s3://${this.#settings.bucket}/${this.#settings.prefix}${key}`
  }

  #opened(): Promise<OpenS3> {
    this.#open ??= openS3Client(this.#settings, this.#clock)
    return this.#open
  }

  async #send<T>(doing: string, send: (open: OpenS3) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const open = await this.#opened()
    try {
      return await send(open)
    } catch (error) {
      throw s3Error(error, doing, this.#settings, signal)
    }
  }
}

const statusOf = (error: unknown) => (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode

/** Somebody writes the same key at this moment: S3 asks to try again. */
const meansConflict = (error: unknown) => (error as Error).name === 'ConditionalRequestConflict'

/** The condition does not hold; 409 is what OSS and COS answer, 404 what S3 does to If-Match where nothing is. */
const meansRefused = (error: unknown) =>
  [409, 412].includes(statusOf(error) ?? 0) || (error as Error).name === 'NoSuchKey'

const meansUnknown = (error: unknown) =>
  statusOf(error) === 501 ||
  ['NotImplemented', 'NotSupported', 'InvalidArgument', 'InvalidRequest'].includes((error as Error).name)
