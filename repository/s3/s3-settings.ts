import type { Location } from '../location.ts'
import { StorageError } from '../storage-error.ts'
import type { StoreAccess } from '../store-access.ts'

export interface S3Settings {
  bucket: string
  /** Ends with a slash, or is empty. */
  prefix: string
  /** With scheme; unset: AWS. */
  endpoint?: string
  region?: string
  pathStyle: boolean
  /** Unset: the default chain of the machine (environment, profile, container, instance). */
  credentials?: { accessKeyId: string; secretAccessKey: string; sessionToken?: string }
  /** Assumed with the credentials above. */
  role?: { arn: string; externalId?: string; region?: string; endpoint?: string }
}

type Properties = Readonly<Record<string, string>>

/** The same thing under the names of the kinds of storage; all of them speak S3. The first that is set counts. */
const KEYS = {
  accessKey: [
    'aws.s3.access_key',
    'fs.s3a.access.key',
    'fs.oss.accessKeyId',
    'fs.cosn.userinfo.secretId',
    'fs.obs.access.key',
    'fs.ks3.AccessKey',
    'fs.tos.access-key-id',
  ],
  secretKey: [
    'aws.s3.secret_key',
    'fs.s3a.secret.key',
    'fs.oss.accessKeySecret',
    'fs.cosn.userinfo.secretKey',
    'fs.obs.secret.key',
    'fs.ks3.AccessSecret',
    'fs.tos.secret-access-key',
  ],
  sessionToken: ['aws.s3.session_token', 'fs.s3a.session.token', 'fs.obs.session.token'],
  endpoint: [
    'aws.s3.endpoint',
    'fs.s3a.endpoint',
    'fs.oss.endpoint',
    'fs.cosn.bucket.endpoint_suffix',
    'fs.obs.endpoint',
    'fs.ks3.endpoint',
    'fs.tos.endpoint',
  ],
  region: ['aws.s3.region', 'fs.s3a.endpoint.region', 'fs.cosn.bucket.region', 'fs.oss.region', 'fs.tos.region'],
  pathStyle: ['aws.s3.enable_path_style_access', 'fs.s3a.path.style.access'],
  tls: ['aws.s3.enable_ssl', 'fs.s3a.connection.ssl.enabled'],
  role: ['aws.s3.iam_role_arn', 'fs.s3a.assumed.role.arn'],
} as const

/** Schemes that are S3, or offer it beside their own protocol. */
export const S3_SCHEMES: readonly string[] = ['s3', 's3a', 's3n', 'oss', 'cosn', 'cos', 'obs', 'ks3', 'tos']

/** What the properties of a repository, and the worker's own view, say about reaching it by S3. Errors: StorageError Unsupported. */
export function s3Settings(location: Location, properties: Properties, access: StoreAccess): S3Settings {
  const { authority: bucket, path } = location
  if (!bucket) throw new StorageError('Unsupported', `${location.scheme}://${bucket}/${path} names no bucket`)
  const tls = first(properties, 'tls') !== 'false'
  const endpoint = endpointUrl(access.endpoint ?? first(properties, 'endpoint'), tls)
  const region = access.region ?? first(properties, 'region') ?? regionOf(endpoint)
  const pathStyle = access.pathStyle ?? booleanOf(first(properties, 'pathStyle')) ?? prefersPathStyle(endpoint)
  const credentials = credentialsOf(properties, access)
  const arn = first(properties, 'role')
  return {
    bucket,
    prefix: path === '' ? '' : `${path}/`,
    ...(endpoint && !isPlainAws(endpoint) ? { endpoint } : {}),
    ...(region ? { region } : {}),
    pathStyle,
    ...(credentials ? { credentials } : {}),
    // Keys given for the worker are those it is to use, whatever role the cluster takes.
    ...(arn && !access.accessKey ? { role: roleOf(arn, properties) } : {}),
  }
}

function credentialsOf(properties: Properties, access: StoreAccess): S3Settings['credentials'] {
  if (access.accessKey && access.secretKey) {
    const { accessKey: accessKeyId, secretKey: secretAccessKey, sessionToken } = access
    return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) }
  }
  const accessKeyId = first(properties, 'accessKey')
  const secretAccessKey = first(properties, 'secretKey')
  if (!accessKeyId || !secretAccessKey) return undefined
  const sessionToken = first(properties, 'sessionToken')
  return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) }
}

function roleOf(arn: string, properties: Properties): NonNullable<S3Settings['role']> {
  const externalId = properties['aws.s3.external_id']
  const region = properties['aws.s3.sts.region']
  const endpoint = endpointUrl(properties['aws.s3.sts.endpoint'], true)
  return {
    arn,
    ...(externalId ? { externalId } : {}),
    ...(region ? { region } : {}),
    ...(endpoint ? { endpoint } : {}),
  }
}

/** With scheme and without a slash at the end. */
function endpointUrl(text: string | undefined, tls: boolean): string | undefined {
  if (!text) return undefined
  const url = new URL(/^https?:\/\//i.test(text) ? text : `${tls ? 'https' : 'http'}://${text}`)
  // OSS speaks S3 under a name of its own beside the one that its own protocol has.
  if (/^oss-[\w-]+\.aliyuncs\.com$/.test(url.hostname)) url.hostname = `s3.${url.hostname}`
  return url.href.replace(/\/+$/, '')
}

const host = (endpoint: string | undefined) => (endpoint ? new URL(endpoint).hostname : '')

/** AWS's ordinary endpoints say no more than the region does, and the SDK knows better how to talk to them. */
function isPlainAws(endpoint: string): boolean {
  return /^s3([.-][a-z]{2}-[a-z-]+-\d)?\.amazonaws\.com(\.cn)?$/.test(host(endpoint))
}

/** AWS, OSS, COS and OBS want the bucket in the host's name; whoever runs a store of his own mostly has no such names. */
function prefersPathStyle(endpoint: string | undefined): boolean {
  return (
    endpoint !== undefined &&
    !/\.(amazonaws\.com(\.cn)?|aliyuncs\.com|myqcloud\.com|myhuaweicloud\.com|ksyuncs\.com|volces\.com)$/.test(
      host(endpoint),
    )
  )
}

function regionOf(endpoint: string | undefined): string | undefined {
  const name = host(endpoint)
  if (!name) return undefined
  const found =
    /^(?:.*\.)?s3[.-](?:dualstack\.)?([a-z]{2}-[a-z-]+-\d)\.amazonaws\.com/.exec(name) ??
    /oss-([\w-]+?)(?:-internal)?\.aliyuncs\.com$/.exec(name) ??
    /cos\.([\w-]+)\.myqcloud\.com$/.exec(name) ??
    /obs\.([\w-]+)\.myhuaweicloud\.com$/.exec(name) ??
    /tos-s3-([\w-]+)\.volces\.com$/.exec(name)
  if (found?.[1]) return found[1]
  if (name === 'storage.googleapis.com') return 'auto'
  return isPlainAws(`https://${name}`) ? undefined : 'us-east-1'
}

function first(properties: Properties, what: keyof typeof KEYS): string | undefined {
  for (const key of KEYS[what]) if (properties[key]) return properties[key]
  return undefined
}

function booleanOf(text: string | undefined): boolean | undefined {
  return text === undefined ? undefined : text.toLowerCase() === 'true'
}
