import { buffer } from 'node:stream/consumers'
import type { S3Client } from '@aws-sdk/client-s3'
import { PlainS3 } from '../../repository/s3/plain-s3.ts'
import { type LabObjectStore, type StoredObject, StoreFailure } from './object-store.ts'

export interface S3StoreOptions {
  bucket: string
  /** Path of the location inside the bucket, without slashes at its ends. */
  prefix: string
  endpoint: string
  region: string
  accessKey: string
  secretKey: string
  pathStyle: boolean
}

interface Open {
  client: S3Client
  plain: PlainS3
}

/** A bucket of any S3-compatible server. */
export class S3Store implements LabObjectStore {
  readonly #options: S3StoreOptions
  #open: Promise<Open> | undefined

  constructor(options: S3StoreOptions) {
    this.#options = options
  }

  async list(prefix: string): Promise<StoredObject[]> {
    const found: StoredObject[] = []
    for await (const page of this.#pages(prefix)) {
      for (const { Key, Size } of page.Contents ?? []) {
        if (Key !== undefined && !Key.endsWith('/')) found.push({ key: this.#relative(Key), size: Size ?? 0 })
      }
    }
    return found
  }

  async children(prefix: string): Promise<{ folders: string[]; files: string[] }> {
    const folders: string[] = []
    const files: string[] = []
    for await (const page of this.#pages(prefix, '/')) {
      for (const { Prefix } of page.CommonPrefixes ?? [])
        if (Prefix !== undefined) folders.push(this.#relative(Prefix).slice(prefix.length, -1))
      for (const { Key } of page.Contents ?? []) {
        const name = Key === undefined ? '' : this.#relative(Key).slice(prefix.length)
        if (name !== '') files.push(name)
      }
    }
    return { folders, files }
  }

  get(key: string): Promise<Buffer | undefined> {
    return this.#ask(key, async ({ client, plain }) => {
      const opened = await plain.get(this.#full(key))
      if (opened) return buffer(opened.stream)
      const { GetObjectCommand, NoSuchKey } = await import('@aws-sdk/client-s3')
      try {
        const { Body } = await client.send(new GetObjectCommand({ Bucket: this.#options.bucket, Key: this.#full(key) }))
        return Body ? Buffer.from(await Body.transformToByteArray()) : Buffer.alloc(0)
      } catch (error) {
        if (error instanceof NoSuchKey) return undefined
        throw error
      }
    })
  }

  async put(key: string, body: Buffer | string): Promise<void> {
    await this.#ask(key, async ({ client, plain }) => {
      const content = typeof body === 'string' ? Buffer.from(body) : body
      if (await plain.put(this.#full(key), content)) return
      const { PutObjectCommand } = await import('@aws-sdk/client-s3')
      await client.send(new PutObjectCommand({ Bucket: this.#options.bucket, Key: this.#full(key), Body: content }))
    })
  }

  close(): void {
    void this.#open?.then(({ client }) => client.destroy())
    this.#open = undefined
  }

  async *#pages(prefix: string, delimiter?: string) {
    const { ListObjectsV2Command } = await import('@aws-sdk/client-s3')
    let token: string | undefined
    do {
      const page = await this.#ask(prefix, ({ client }) =>
        client.send(
          new ListObjectsV2Command({
            Bucket: this.#options.bucket,
            Prefix: this.#full(prefix),
            Delimiter: delimiter,
            ContinuationToken: token,
          }),
        ),
      )
      yield page
      token = page.IsTruncated ? page.NextContinuationToken : undefined
    } while (token !== undefined)
  }

  async #ask<T>(key: string, action: (open: Open) => Promise<T>): Promise<T> {
    this.#open ??= this.#connect()
    try {
      return await action(await this.#open)
    } catch (error) {
      throw new StoreFailure(this.#describe(key, error))
    }
  }

  async #connect(): Promise<Open> {
    // The client warns of future releases that need a newer Node; nobody who runs the lab can do anything about it.
    process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true'
    const { S3Client } = await import('@aws-sdk/client-s3')
    const { endpoint, region, accessKey, secretKey, pathStyle } = this.#options
    const client = new S3Client({
      endpoint,
      region,
      credentials: { accessKeyId: accessKey, secretAccessKey: secretKey },
      forcePathStyle: pathStyle,
      maxAttempts: 2,
      // Backends look at the md5 in a file's name, not at what the store keeps beside it.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
    })
    return { client, plain: new PlainS3(client, { taughtBy: ['GetObjectCommand', 'PutObjectCommand'] }) }
  }

  /** As Hadoop's file system tells it. */
  #describe(key: string, error: unknown): string {
    const place = `s3a://${this.#options.bucket}/${this.#full(key)}`
    const { name = 'Error', message = '' } = error as { name?: string; message?: string }
    const http = (error as { $metadata?: { httpStatusCode?: number; requestId?: string } }).$metadata
    const status = http?.httpStatusCode
    const { code } = error as { code?: string }
    if (status === undefined && code === undefined) return message
    if (status === undefined) {
      const { host, hostname } = new URL(this.#options.endpoint)
      const cause = `Unable to execute HTTP request: Connect to ${host} [/${hostname}] failed: Connection refused (SDK Attempt Count: 6)`
      const exception = 'software.amazon.awssdk.core.exception.SdkClientException'
      return `Fail to get file status: getFileStatus on ${place}: ${exception}: ${cause}:    ${exception}: ${cause}: Connection refused`
    }
    const detail = `(Service: S3, Status Code: ${status}, Request ID: ${http?.requestId ?? ''})`
    if (name === 'NoSuchBucket') {
      const text = `The specified bucket does not exist ${detail}`
      return `Fail to get file status: \`${place}': getFileStatus on ${place}: software.amazon.awssdk.services.s3.model.NoSuchBucketException: ${text} (SDK Attempt Count: 1):NoSuchBucket: ${text} (SDK Attempt Count: 1)`
    }
    const denied = status === 403 ? 'java.nio.file.AccessDeniedException: ' : ''
    return `Fail to get file status: ${denied}getFileStatus on ${place}: software.amazon.awssdk.services.s3.model.S3Exception: ${message} ${detail} (SDK Attempt Count: 1):${name}`
  }

  #full(key: string): string {
    return this.#options.prefix === '' ? key : `${this.#options.prefix}/${key}`
  }

  #relative(key: string): string {
    return this.#options.prefix === '' ? key : key.slice(this.#options.prefix.length + 1)
  }
}
