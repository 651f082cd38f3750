import { networkTrouble, StorageError, type StorageErrorKind } from '../storage-error.ts'
import type { S3Settings } from './s3-settings.ts'

interface Rule {
  /** S3's error code; several stores have their own. */
  code: RegExp
  /** And its message, where the code alone says too little. */
  text?: RegExp
  kind: StorageErrorKind
  remedy?: string
}

const KEYS = 'check the access key and the secret key of this repository'

/** In order; the first that fits counts. */
const RULES: readonly Rule[] = [
  // AWS answers AccessDenied, others InvalidRequest or a code of their own.
  {
    code: /./,
    text: /object lock|WORM|is immutable|legal hold|retention (period|policy)|protected by/i,
    kind: 'ObjectLocked',
    remedy: 'it can be deleted when its retention has ended, or its legal hold has been removed',
  },
  { code: /^(ObjectLocked|FileImmutable|ObjectUnderRetention)$/, kind: 'ObjectLocked' },
  { code: /^(NoSuchBucket|BucketNotExists)$/, kind: 'NoSuchBucket', remedy: 'check the location; create the bucket' },
  { code: /^(NoSuchKey|NoSuchVersion|NoSuchUpload)$/, kind: 'NotFound' },
  // A store names what it has not: this is what the SDK makes of a gateway's answer. That to HEAD, which has no body, is judged where it is asked.
  {
    code: /^(NotFound|404)$/,
    kind: 'Unreachable',
    remedy: 'whoever answered is no object store: check the endpoint, and what stands before it',
  },
  {
    code: /^(ExpiredToken|ExpiredTokenException|TokenRefreshRequired|InvalidToken|SecurityTokenExpired|RequestExpired)$/,
    kind: 'ExpiredCredentials',
    remedy:
      'the session token has run out or is invalid: give new credentials, or use the default chain, which renews them',
  },
  { code: /^RequestTimeTooSkewed$/, kind: 'Denied', remedy: 'set the clock of this machine' },
  { code: /^(InvalidAccessKeyId|XAdminUserNotFound|InvalidAccessKey)$/, kind: 'Denied', remedy: KEYS },
  { code: /^(SignatureDoesNotMatch|InvalidSecurity)$/, kind: 'Denied', remedy: KEYS },
  {
    code: /^CredentialsProviderError$/,
    kind: 'Denied',
    remedy:
      'this machine has no credentials for S3: give keys for this repository, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile or an instance role',
  },
  {
    code: /^(AccessDenied|AccessDeniedException|AllAccessDisabled|AccountProblem|Forbidden|403|UserDisable)$/,
    kind: 'Denied',
    remedy:
      'the credentials need s3:ListBucket on the bucket and s3:GetObject, s3:PutObject, s3:DeleteObject below the location',
  },
  {
    code: /^(SlowDown|ServiceUnavailable|Throttling\w*|TooManyRequests\w*|RequestLimitExceeded|BandwidthLimitExceeded|503|429)$/,
    kind: 'Throttled',
    remedy: 'the store asks to slow down; try again later',
  },
  { code: /^(NotImplemented|MethodNotAllowed|UnsupportedOperation|501|405)$/, kind: 'Unsupported' },
  {
    code: /^(AuthorizationHeaderMalformed|PermanentRedirect|TemporaryRedirect|IllegalLocationConstraintException|301|307)$/,
    kind: 'Unsupported',
    remedy: 'the region or the endpoint is not that of the bucket: set aws.s3.region',
  },
]

/**
 * What went wrong, for people: names the object and where it was looked for. The SDK's error itself is not kept, for it knows the request with
 * its signature. An abort is given back as it is.
 */
export function s3Error(error: unknown, doing: string, settings: S3Settings, signal?: AbortSignal): unknown {
  if (error instanceof StorageError) return error
  if (signal?.aborted) return signal.reason
  const where = `at ${settings.endpoint ?? `AWS S3${settings.region ? ` (${settings.region})` : ''}`}`
  const network = networkTrouble(error)
  if (network) {
    return new StorageError(
      'Unreachable',
      `Cannot ${doing} ${where}: ${network}`,
      'check that this machine reaches the endpoint, and its scheme and port',
    )
  }
  const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode
  const code = codeOf(error, status)
  const text = maskKeys(error instanceof Error ? error.message : String(error), settings)
  const rule = RULES.find((rule) => rule.code.test(code) && (rule.text === undefined || rule.text.test(text)))
  const said = text === '' || text === code || text === 'UnknownError' ? code : `${code}: ${text}`
  return new StorageError(rule?.kind ?? 'Unknown', `Cannot ${doing} ${where}: ${said}`, rule?.remedy)
}

/** Of a key in the answer to a multiple delete. */
export function s3KeyError(code: string, message: string, doing: string, settings: S3Settings): StorageError {
  const error = Object.assign(new Error(message), { name: code })
  return s3Error(error, doing, settings) as StorageError
}

/** The code that S3 gave; for answers without a body, which HEAD has, the status. */
function codeOf(error: unknown, status: number | undefined): string {
  const { Code, name } = error as { Code?: unknown; name?: unknown }
  if (typeof Code === 'string' && Code !== '') return Code
  if (typeof name === 'string' && !/^(Error|UnknownError|Unknown|\d+)$/.test(name)) return name
  return status === undefined ? 'an unknown error' : String(status)
}

function maskKeys(text: string, { credentials }: S3Settings): string {
  let masked = text
  for (const secret of [credentials?.secretAccessKey, credentials?.sessionToken]) {
    if (secret) masked = masked.replaceAll(secret, '***')
  }
  return masked
}
