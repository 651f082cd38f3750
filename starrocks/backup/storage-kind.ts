export type StorageKind =
  | 'hdfs'
  /** Amazon's own. */
  | 's3'
  | 's3-compatible'
  | 'gcs'
  | 'oss'
  | 'cos'
  | 'obs'
  | 'azure'
  | 'ks3'
  | 'tos'
  | 'file'
  | 'other'

export interface StorageFacts {
  kind: StorageKind
  /** In small letters; empty when the location has none. */
  scheme: string
  /** Bucket, or `host:port` of HDFS. */
  authority: string
  /** Without slashes around it. */
  path: string
  endpoint?: string
  region?: string
}

const bySchemes: Readonly<Record<string, StorageKind>> = {
  hdfs: 'hdfs',
  viewfs: 'hdfs',
  oss: 'oss',
  cosn: 'cos',
  obs: 'obs',
  gs: 'gcs',
  ks3: 'ks3',
  tos: 'tos',
  abfs: 'azure',
  abfss: 'azure',
  adl: 'azure',
  wasb: 'azure',
  wasbs: 'azure',
  azblob: 'azure',
  adls2: 'azure',
  file: 'file',
}

const endpointKeys = [
  'aws.s3.endpoint',
  'fs.s3a.endpoint',
  'fs.oss.endpoint',
  'aliyun.oss.endpoint',
  'fs.cosn.bucket.endpoint_suffix',
  'fs.obs.endpoint',
  'fs.ks3.endpoint',
  'fs.tos.endpoint',
]

/** What kind of store a repository lies in, from what CREATE REPOSITORY is told. */
export function identifyStorage(location: string, properties: Readonly<Record<string, string>>): StorageFacts {
  const match = /^([a-z][\w+.-]*):\/\/([^/]*)(.*)$/is.exec(location)
  const scheme = match?.[1]?.toLowerCase() ?? ''
  const endpoint = endpointKeys.map((key) => properties[key]).find((value) => value)
  return {
    kind: scheme === 's3' || scheme === 's3a' || scheme === 's3n' ? s3Kind(endpoint) : (bySchemes[scheme] ?? 'other'),
    scheme,
    authority: match?.[2] ?? '',
    path: (match?.[3] ?? '').replace(/^\/+|\/+$/g, ''),
    endpoint,
    region: properties['aws.s3.region'] || undefined,
  }
}

/** The host of an endpoint, without scheme, port and path. */
export function endpointHost(endpoint: string): string {
  return endpoint
    .replace(/^[a-z]+:\/\//i, '')
    .replace(/[/:].*$/s, '')
    .toLowerCase()
}

function s3Kind(endpoint: string | undefined): StorageKind {
  if (endpoint === undefined) return 's3'
  const host = endpointHost(endpoint)
  if (/(^|\.)amazonaws\.com(\.cn)?$/.test(host)) return 's3'
  return /(^|\.)googleapis\.com$/.test(host) ? 'gcs' : 's3-compatible'
}
