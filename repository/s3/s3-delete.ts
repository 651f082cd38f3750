import { eachBounded } from '../bounded.ts'
import type { DeleteTally } from '../delete-tally.ts'
import { StorageError } from '../storage-error.ts'
import type { OpenS3 } from './s3-client.ts'
import { s3Error, s3KeyError } from './s3-errors.ts'
import type { S3Settings } from './s3-settings.ts'

const SINGLE_DELETES_AT_ONCE = 16

/** Deletes up to a thousand keys with one request, or one by one where the store has no such request. What fails goes into the tally. */
export async function deleteBatch(
  { sdk, client }: OpenS3,
  settings: S3Settings,
  keys: readonly string[],
  tally: DeleteTally,
  signal?: AbortSignal,
): Promise<void> {
  const { bucket: Bucket, prefix } = settings
  const doing = (key: string) => `delete s3://${Bucket}/${prefix}${key}`
  const command = new sdk.DeleteObjectsCommand({
    Bucket,
    // Not quiet: only then it is told which became delete markers.
    Delete: { Objects: keys.map((key) => ({ Key: prefix + key })) },
  })
  try {
    const { Deleted = [], Errors = [] } = await client.send(command, { abortSignal: signal })
    for (const { Key = '', Code = '', Message = '' } of Errors) {
      const key = Key.slice(prefix.length)
      if (Code === 'NoSuchKey') tally.done(1)
      else tally.failed({ key, error: s3KeyError(Code, Message, doing(key), settings) })
    }
    tally.done(keys.length - Errors.length, Deleted.filter(({ DeleteMarker }) => DeleteMarker).length)
  } catch (error) {
    const known = s3Error(error, `delete ${keys.length} objects of s3://${Bucket}/${prefix}`, settings, signal)
    if (!(known instanceof StorageError) || !lacksMultipleDelete(error, known)) return tally.refused(keys, known)
    await eachBounded(
      keys,
      SINGLE_DELETES_AT_ONCE,
      async (key) => {
        try {
          const single = new sdk.DeleteObjectCommand({ Bucket, Key: prefix + key })
          const { DeleteMarker } = await client.send(single, { abortSignal: signal })
          tally.done(1, DeleteMarker ? 1 : 0)
        } catch (error) {
          const known = s3Error(error, doing(key), settings, signal)
          if (known instanceof StorageError && known.kind === 'NotFound') tally.done(1)
          else tally.refused([key], known)
        }
      },
      signal,
    )
  }
}

/** Google's S3 interface had no multiple delete for long, and others refuse its form. */
function lacksMultipleDelete(error: unknown, known: StorageError): boolean {
  const { Code, name } = error as { Code?: string; name?: string }
  return known.kind === 'Unsupported' || /^(NotImplemented|MalformedXML|InvalidArgument)$/.test(Code ?? name ?? '')
}
