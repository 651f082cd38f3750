import { DirectoryStore } from './directory-store.ts'
import { type LabObjectStore, StoreFailure } from './object-store.ts'
import { S3Store } from './s3-store.ts'

/** A place where nothing answers: what the frontend says in the end, and after how many seconds. */
export class UnreachablePlace extends StoreFailure {
  readonly seconds: number

  constructor(message: string, seconds: number) {
    super(message)
    this.seconds = seconds
  }
}

/** Neither the properties nor the machine have keys. */
export class NoCredentials extends StoreFailure {
  constructor() {
    super(
      'org.apache.hadoop.fs.s3a.auth.NoAuthWithAWSException: No AWS Credentials provided by TemporaryAWSCredentialsProvider SimpleAWSCredentialsProvider EnvironmentVariableCredentialsProvider IAMInstanceCredentialsProvider : software.amazon.awssdk.core.exception.SdkClientException: Unable to load credentials from system settings. Access key must be specified either via environment variable (AWS_ACCESS_KEY_ID) or system property (aws.accessKeyId).',
    )
  }
}

/**
 * Opens what a repository's location and properties lead to. S3 locations and directories are really reached; for other kinds of storage
 * there is nothing that the lab could reach, and the refusal is that of a frontend in front of an address where nothing answers.
 * @throws StoreFailure
 */
export const openStore = (location: string, properties: ReadonlyMap<string, string>): LabObjectStore => {
  const scheme = /^(\w+):\/\//.exec(location)?.[1]
  if (scheme === undefined) throw new StoreFailure('invalid path. scheme is null')
  if (scheme === 's3' || scheme === 's3a' || scheme === 's3n') return openS3(location, properties)
  if (scheme === 'file') return new DirectoryStore(location.slice('file://'.length))
  throw unreachable(scheme, location, properties)
}

const openS3 = (location: string, properties: ReadonlyMap<string, string>): LabObjectStore => {
  const [, bucket = '', path = ''] = /^\w+:\/\/([^/]*)\/?(.*)$/.exec(location) ?? []
  // Hadoop takes the bucket from a URI's host, which has no underscores.
  if (bucket === '' || bucket.includes('_')) throw new StoreFailure('bucket is null/empty')
  const property = (...names: string[]) =>
    names.map((name) => properties.get(name)).find((value) => value !== undefined)
  const region = property('aws.s3.region') ?? 'us-east-1'
  const given = property('aws.s3.endpoint', 'fs.s3a.endpoint') ?? `https://s3.${region}.amazonaws.com`
  const accessKey = property('aws.s3.access_key', 'fs.s3a.access.key')
  const secretKey = property('aws.s3.secret_key', 'fs.s3a.secret.key')
  // The lab's machines have no credentials of their own.
  if (accessKey === undefined || secretKey === undefined) throw new NoCredentials()
  const scheme = property('aws.s3.enable_ssl', 'fs.s3a.connection.ssl.enabled') === 'false' ? 'http' : 'https'
  return new S3Store({
    bucket,
    prefix: path.replace(/\/+$/, ''),
    endpoint: /^https?:\/\//.test(given) ? given : `${scheme}://${given}`,
    region,
    accessKey,
    secretKey,
    pathStyle:
      property('aws.s3.enable_path_style_access', 'fs.s3a.path.style.access') === 'true' ||
      !/amazonaws\.com/.test(given),
  })
}

const unreachable = (scheme: string, location: string, properties: ReadonlyMap<string, string>): UnreachablePlace => {
  const host = /^\w+:\/\/([^/]*)/.exec(location)?.[1] ?? ''
  switch (scheme) {
    case 'hdfs':
    case 'viewfs':
      return new UnreachablePlace(
        `Fail to get file status: Call From lab/127.0.0.1 to ${host.replace('127.0.0.1', 'localhost')} failed on connection exception: java.net.ConnectException: Connection refused; For more details see:  http://wiki.apache.org/hadoop/ConnectionRefused`,
        0.5,
      )
    case 'cosn':
      return new UnreachablePlace(
        /^[a-z0-9.-]+$/.test(properties.get('fs.cosn.bucket.endpoint_suffix') ?? '')
          ? `java.io.IOException: cosn://${host} : java.net.UnknownHostException`
          : 'java.io.IOException: cosn://null : java.lang.IllegalArgumentException: endpoint suffix only should contain lowercase characters, num, . and -',
        0.3,
      )
    case 'obs':
      return new UnreachablePlace(
        'java.lang.RuntimeException: java.lang.ClassNotFoundException: Class org.apache.hadoop.fs.obs.OBSFileSystem not found',
        0,
      )
    case 'oss':
      return new UnreachablePlace('listPath failed', 1000)
    default:
      return new UnreachablePlace(
        `org.apache.hadoop.fs.UnsupportedFileSystemException: No FileSystem for scheme "${scheme}"`,
        0,
      )
  }
}
