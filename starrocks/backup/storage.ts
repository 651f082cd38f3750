import { refused } from './grammar.ts'

/** Keys of an account with the store. */
export interface StorageKeys {
  accessKey: string
  secretKey: string
}

interface InBucket {
  bucket: string
  /** Under which the repository's directory lies; the bucket's root when left out. */
  path?: string
}

/** How Amazon's S3 is entered. */
export type S3Access =
  | ({ kind: 'keys' } & StorageKeys)
  /** The role of the machines that the frontends and backends run on. */
  | { kind: 'instanceProfile' }
  /** A role that the machines' own role may assume. */
  | { kind: 'assumedRole'; roleArn: string; externalId?: string }

export interface HdfsStorage {
  kind: 'hdfs'
  /** `host:port` of the namenode, or the name of a nameservice. */
  authority: string
  path: string
  user?: string
  password?: string
  /** The keytab as a path on every frontend, or its content in base64. */
  kerberos?: { principal: string } & ({ keytab: string } | { keytabContent: string })
  highAvailability?: {
    nameservice: string
    /** Name of each namenode and its `host:port`. */
    namenodes: Readonly<Record<string, string>>
    failoverProxyProvider?: string
  }
}

/** Storage as people describe it; `describeStorage` makes location and properties of it. */
export type StorageDescription =
  | HdfsStorage
  | ({ kind: 's3'; access: S3Access; region?: string; endpoint?: string } & InBucket)
  /** MinIO and whatever else speaks S3. The endpoint has its scheme: `http://minio:9000`. */
  | ({ kind: 's3-compatible'; endpoint: string; region?: string; pathStyle?: boolean } & StorageKeys & InBucket)
  /** Google's store by its S3 interface, with HMAC keys. */
  | ({ kind: 'gcs'; endpoint?: string } & StorageKeys & InBucket)
  | ({ kind: 'oss'; endpoint: string } & StorageKeys & InBucket)
  | ({ kind: 'cos'; endpointSuffix: string } & StorageKeys & InBucket)
  | ({ kind: 'obs'; endpoint: string } & StorageKeys & InBucket)
  /** Azure and all that StarRocks reaches by other properties. */
  | { kind: 'raw'; location: string; properties: Readonly<Record<string, string>> }

export interface StorageProperties {
  location: string
  properties: Record<string, string>
}

/** Location and properties for CREATE REPOSITORY, as StarRocks documents them for each store. Errors: `Refused` without a bucket or path. */
export function describeStorage(storage: StorageDescription): StorageProperties {
  switch (storage.kind) {
    case 'hdfs':
      return hdfs(storage)
    case 's3':
      return {
        location: inBucket('s3a', storage),
        properties: {
          ...s3Access(storage.access),
          ...given('aws.s3.region', storage.region),
          ...given('aws.s3.endpoint', storage.endpoint),
        },
      }
    case 's3-compatible':
      return {
        location: inBucket('s3', storage),
        properties: {
          'aws.s3.access_key': storage.accessKey,
          'aws.s3.secret_key': storage.secretKey,
          'aws.s3.endpoint': storage.endpoint,
          ...given('aws.s3.region', storage.region),
          'aws.s3.enable_ssl': String(!/^http:/i.test(storage.endpoint)),
          'aws.s3.enable_path_style_access': String(storage.pathStyle ?? true),
        },
      }
    case 'gcs':
      return {
        location: inBucket('s3a', storage),
        properties: {
          'fs.s3a.access.key': storage.accessKey,
          'fs.s3a.secret.key': storage.secretKey,
          'fs.s3a.endpoint': storage.endpoint ?? 'storage.googleapis.com',
        },
      }
    case 'oss':
      return {
        location: inBucket('oss', storage),
        properties: {
          'fs.oss.accessKeyId': storage.accessKey,
          'fs.oss.accessKeySecret': storage.secretKey,
          'fs.oss.endpoint': storage.endpoint,
        },
      }
    case 'cos':
      return {
        location: inBucket('cosn', storage),
        properties: {
          'fs.cosn.userinfo.secretId': storage.accessKey,
          'fs.cosn.userinfo.secretKey': storage.secretKey,
          'fs.cosn.bucket.endpoint_suffix': storage.endpointSuffix,
        },
      }
    case 'obs':
      return {
        location: inBucket('obs', storage),
        properties: {
          'fs.obs.access.key': storage.accessKey,
          'fs.obs.secret.key': storage.secretKey,
          'fs.obs.endpoint': storage.endpoint,
        },
      }
    case 'raw':
      return { location: withoutSlash(storage.location), properties: { ...storage.properties } }
  }
}

/** Takes off slashes at the end: StarRocks before 4.0.6 keeps them and writes into another directory than 4.0.6 reads. */
export function withoutSlash(location: string): string {
  const match = /^([a-z][\w+.-]*:\/\/[^/]*)(.*)$/is.exec(location)
  return match ? `${match[1]}${match[2]?.replace(/\/+$/, '')}` : location.replace(/(?<=.)\/+$/, '')
}

function inBucket(scheme: string, { bucket, path = '' }: InBucket): string {
  if (bucket === '') throw refused('The repository’s bucket is not named')
  const clean = path.replace(/^\/+|\/+$/g, '')
  return `${scheme}://${bucket}${clean === '' ? '' : `/${clean}`}`
}

function s3Access(access: S3Access): Record<string, string> {
  switch (access.kind) {
    case 'keys':
      return { 'aws.s3.access_key': access.accessKey, 'aws.s3.secret_key': access.secretKey }
    case 'instanceProfile':
      return { 'aws.s3.use_instance_profile': 'true' }
    case 'assumedRole':
      return {
        'aws.s3.use_instance_profile': 'true',
        'aws.s3.iam_role_arn': access.roleArn,
        ...given('aws.s3.external_id', access.externalId),
      }
  }
}

function hdfs(storage: HdfsStorage): StorageProperties {
  const path = storage.path.replace(/^\/+|\/+$/g, '')
  if (storage.authority === '' || path === '') throw refused('An HDFS repository needs a namenode and a path')
  const { kerberos, highAvailability: ha } = storage
  const properties: Record<string, string> = {
    ...(kerberos ? { 'hadoop.security.authentication': 'kerberos', kerberos_principal: kerberos.principal } : {}),
    ...(kerberos && 'keytab' in kerberos ? { kerberos_keytab: kerberos.keytab } : {}),
    ...(kerberos && 'keytabContent' in kerberos ? { kerberos_keytab_content: kerberos.keytabContent } : {}),
    ...given('username', storage.user),
    ...given('password', storage.password),
  }
  if (ha) {
    properties['dfs.nameservices'] = ha.nameservice
    properties[`dfs.ha.namenodes.${ha.nameservice}`] = Object.keys(ha.namenodes).join(',')
    for (const [name, address] of Object.entries(ha.namenodes)) {
      properties[`dfs.namenode.rpc-address.${ha.nameservice}.${name}`] = address
    }
    properties[`dfs.client.failover.proxy.provider.${ha.nameservice}`] =
      ha.failoverProxyProvider ?? 'org.apache.hadoop.hdfs.server.namenode.ha.ConfiguredFailoverProxyProvider'
  }
  return { location: `hdfs://${storage.authority}/${path}`, properties }
}

function given(key: string, value: string | undefined): Record<string, string> {
  return value === undefined ? {} : { [key]: value }
}
