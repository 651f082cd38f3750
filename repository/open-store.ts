import { FileStore } from './file-store.ts'
import { hdfsSettings } from './hdfs/hdfs-settings.ts'
import { HdfsStore } from './hdfs/hdfs-store.ts'
import { parseLocation } from './location.ts'
import type { ObjectStore } from './object-store.ts'
import { S3_SCHEMES, s3Settings } from './s3/s3-settings.ts'
import { S3Store } from './s3/s3-store.ts'
import { StorageError } from './storage-error.ts'
import type { StoreDefinition } from './store-access.ts'

/**
 * The storage of a repository as this process reaches it, rooted at the repository's location. Nothing is sent yet.
 *
 * Errors: StorageError Unsupported when it cannot be reached from here at all, with what to do.
 */
export function openStore({ location, properties = {}, access = {} }: StoreDefinition): ObjectStore {
  const unreachable = (why: string, remedy: string) =>
    new StorageError('Unsupported', `The storage cannot be reached from the worker: ${why}`, remedy)
  if (access.enabled === false) {
    throw unreachable(`access to ${location} is switched off`, 'set access.enabled of this repository to true')
  }
  const parsed = parseLocation(location)
  if (S3_SCHEMES.includes(parsed.scheme)) return new S3Store(s3Settings(parsed, properties, access))
  if (parsed.scheme === 'hdfs' || parsed.scheme === 'viewfs') {
    return new HdfsStore(hdfsSettings(parsed, properties, access))
  }
  if (parsed.scheme === 'file') return new FileStore(`/${[parsed.authority, parsed.path].filter(Boolean).join('/')}`)
  // Google, and gateways of other stores, speak S3 beside their own protocol.
  if (access.endpoint) return new S3Store(s3Settings(parsed, properties, access))
  throw unreachable(
    `${parsed.scheme}:// is none of S3, OSS, COS, OBS, HDFS`,
    'if it has an S3-compatible endpoint, name it with its keys under access of this repository; backing up and restoring work without',
  )
}
