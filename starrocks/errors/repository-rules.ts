import type { JobRule } from './rule.ts'

const later = 30_000

/** What frontends answer when a repository's store fails them: out of the store's clients, wrapped by Repository and HdfsFsManager. */
export const storeRules: readonly JobRule[] = [
  {
    text: /InvalidAccessKeyId|SignatureDoesNotMatch|AccessDenied|Access ?Denied|NoAuthWithAWS|No AWS Credentials|ExpiredToken|token .*expired|\b(?:401|403)\b|Forbidden|Unable to load credentials|Error getting access token|Status Code: 40[13]/i,
    kind: 'Refused',
    failure: 'config',
    remedy:
      'The store does not let the cluster in: correct the credentials (DROP REPOSITORY and CREATE REPOSITORY; what is stored stays)',
  },
  {
    text: /NoSuchBucket|bucket (?:does not exist|is null\/empty)|The specified bucket/i,
    kind: 'Refused',
    failure: 'config',
    remedy: 'Check the bucket’s name, its region and the endpoint',
  },
  {
    text: /No FileSystem for scheme|scheme is null|ClassNotFoundException|UnsupportedFileSystem|endpoint suffix only should/,
    kind: 'Refused',
    failure: 'config',
    remedy: 'The frontend has no file system for this location: check its scheme and the endpoint',
  },
  {
    text: /InsufficientStorage|QuotaExceeded|quota .*exceeded|No space left/i,
    kind: 'Refused',
    failure: 'capacity',
    remedy: 'The store is full, or its quota is used up',
  },
  {
    text: /Connection refused|Connection reset|UnknownHost|timed? ?out|Unable to execute HTTP request|SlowDown|ServiceUnavailable|\b50[0234]\b|No route to host|failed on connection/i,
    kind: 'Busy',
    failure: 'retry-later',
    retryAfterMs: later,
    remedy: 'The frontends cannot reach the store at the moment: check network and endpoint from there',
  },
]

/** Texts that speak of a store at all; `storeRules` tell more. */
export const storeText =
  /failed to (?:list|create|check|upload|download|delete|rename|put|get) (?:remote|file|path|object)|listPath failed|Fail(?:ed)? to get file status|failed to list|Failed to (?:list|create) repository|__starrocks_repository_|__palo_repository_/i

/** CREATE and DROP REPOSITORY. */
export const repositoryRules: readonly JobRule[] = [
  {
    text: /^Failed to create repository: repository with same name already exist: (.+?)\.*$/,
    kind: 'AlreadyExists',
    failure: 'config',
    names: (match) => [match[1] ?? ''],
    remedy: 'Use another name, or drop that repository; what is stored stays',
  },
  {
    text: /failed to parse create time of repository/,
    kind: 'Refused',
    failure: 'corrupt',
    remedy: 'The file __repo_info at this location is damaged',
  },
  {
    text: /^Failed to create repository/,
    kind: 'Refused',
    failure: 'config',
    remedy: 'Check the location, the endpoint and the credentials of the repository, from the frontends’ point of view',
  },
  {
    text: /^Failed to drop repository/,
    kind: 'Refused',
    failure: 'config',
    remedy: 'Look into the leader’s log',
  },
  {
    text: /Backup or restore job is running on this repository/,
    kind: 'Busy',
    failure: 'busy',
    retryAfterMs: later,
    remedy: 'Wait for the jobs that use the repository',
  },
  {
    text: /broker does not exist: (.+?)\.*$|Unknown broker name\((.+?)\)|failed to get address of broker (\S+?)\.?$/,
    kind: 'NotFound',
    failure: 'config',
    names: (match) => match.slice(1).filter((name) => name !== undefined),
    remedy: 'Leave the broker’s name out: WITH BROKER alone needs none',
  },
  {
    text: /You must specify a location on the repository/,
    kind: 'Refused',
    failure: 'request',
    remedy: 'Give the repository’s location',
  },
  {
    text: /^(?:failed to list remote path|listPath failed|Fail(?:ed)? to get file status)/i,
    kind: 'Refused',
    failure: 'config',
    remedy:
      'The frontend cannot read the repository: check its store and credentials, from the frontends’ point of view',
  },
]
