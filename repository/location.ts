import { StorageError } from './storage-error.ts'

/** A location as CREATE REPOSITORY takes it. */
export interface Location {
  scheme: string
  /** Bucket, or host with port; empty for `file:///…` and `hdfs:///…`. */
  authority: string
  /** Without slashes at either end; empty for the root. */
  path: string
}

/** `scheme://authority/path`. Errors: StorageError Unsupported for anything else. */
export function parseLocation(text: string): Location {
  // Not the URL class: it lower-cases and escapes what StarRocks takes as it stands.
  const match = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/([^/]*)\/*(.*?)\/*$/.exec(text.trim())
  if (!match) {
    throw new StorageError(
      'Unsupported',
      `The location "${text}" is not of the form scheme://bucket/path`,
      'write it as in CREATE REPOSITORY, for example s3a://bucket/backups',
    )
  }
  return {
    scheme: (match[1] ?? '').toLowerCase(),
    authority: match[2] ?? '',
    path: (match[3] ?? '').replace(/\/{2,}/g, '/'),
  }
}
