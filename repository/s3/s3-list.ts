import type { _Object, ListObjectsOutput, ListObjectsV2Output } from '@aws-sdk/client-s3'
import type { ListOptions, ListPage, StoredObject } from '../object-store.ts'
import { StorageError } from '../storage-error.ts'
import type { OpenS3 } from './s3-client.ts'
import { s3Error } from './s3-errors.ts'
import type { S3Settings } from './s3-settings.ts'

/** Where a listing goes on: by the token of the second form of it, or behind a key, as its first form does. */
type Place = { token?: string } | { marker: string }

/** Objects below a prefix, page by page. Errors: StorageError, Unknown where a listing says that there is more and does not give it. */
export async function* listS3(
  open: OpenS3,
  settings: S3Settings,
  prefix: string,
  options: ListOptions,
): AsyncGenerator<ListPage> {
  const { prefix: root } = settings
  let place: Place | undefined = {}
  while (place) {
    const page: Partial<ListObjectsV2Output & ListObjectsOutput> = await ask(open, settings, prefix, place, options)
    const full = (key: string) => (page.EncodingType === 'url' ? decodeKey(key) : key)
    const relative = (key: string) => full(key).slice(root.length)
    const objects = (page.Contents ?? []).flatMap((object) => storedObject(object, relative))
    const prefixes = (page.CommonPrefixes ?? []).flatMap(({ Prefix }) => (Prefix ? [relative(Prefix)] : []))
    const before: Place = place
    const { NextContinuationToken: token, NextMarker } = page
    if (!page.IsTruncated) place = undefined
    else if (token) place = { token }
    else {
      // Some stores answer to the second form as they do to the first, which has no tokens: OBS and COS of the ones that StarRocks knows.
      const last = greatest([objects.at(-1)?.key, prefixes.at(-1)])
      const marker = NextMarker ? full(NextMarker) : last === undefined ? undefined : root + last
      if (marker === undefined || ('marker' in before && compare(marker, before.marker) <= 0)) {
        throw new StorageError(
          'Unknown',
          `Cannot list s3://${settings.bucket}/${root}${prefix} to its end: the store says that there is more, and does not go on`,
        )
      }
      place = { marker }
    }
    if (objects.length > 0 || prefixes.length > 0) yield { objects, prefixes }
  }
}

async function ask(
  { sdk, client }: OpenS3,
  settings: S3Settings,
  prefix: string,
  place: Place,
  { delimiter, pageSize, signal }: ListOptions,
): Promise<ListObjectsV2Output | ListObjectsOutput> {
  const { bucket: Bucket, prefix: root } = settings
  const asked = {
    Bucket,
    Prefix: root + prefix,
    Delimiter: delimiter,
    MaxKeys: pageSize,
    // Keys may hold characters that XML cannot; the SDK gives them back encoded, though.
    EncodingType: 'url' as const,
  }
  try {
    if ('marker' in place) {
      return await client.send(new sdk.ListObjectsCommand({ ...asked, Marker: place.marker }), { abortSignal: signal })
    }
    const command = new sdk.ListObjectsV2Command({ ...asked, ContinuationToken: place.token })
    return await client.send(command, { abortSignal: signal })
  } catch (error) {
    throw s3Error(error, `list s3://${Bucket}/${root}${prefix}`, settings, signal)
  }
}

/** In the order of stores, which is that of bytes. */
const compare = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b))

const greatest = (keys: (string | undefined)[]) =>
  keys
    .filter((key) => key !== undefined)
    .sort(compare)
    .at(-1)

function storedObject(object: _Object, relative: (key: string) => string): StoredObject[] {
  if (object.Key === undefined) return []
  const { Size: size = 0, LastModified: lastModified = new Date(0), ETag: etag } = object
  return [{ key: relative(object.Key), size, lastModified, ...(etag ? { etag } : {}) }]
}

/** As HTML forms encode: a plus is a space. */
function decodeKey(key: string): string {
  return decodeURIComponent(key.replaceAll('+', ' '))
}
