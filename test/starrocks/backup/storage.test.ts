import { describe, expect, it } from 'vitest'
import {
  checkAgainstRepositories,
  checkRepositoryDefinition,
  createRepositoryStatement,
  describeStorage,
  identifyStorage,
  parseVersion,
  type StorageDescription,
} from '../../../starrocks/index.ts'
import { recorded, releases } from './recorded.ts'

const keys = { accessKey: 'AKIDEXAMPLE', secretKey: 'very-secret' }

const stores: [string, StorageDescription, string, Record<string, string>][] = [
  [
    'hdfs',
    { kind: 'hdfs', authority: 'nn:9000', path: '/repo_dir/backup/', user: 'u', password: 'p' },
    'hdfs://nn:9000/repo_dir/backup',
    { username: 'u', password: 'p' },
  ],
  [
    's3',
    {
      kind: 's3',
      bucket: 'b',
      path: 'backup',
      access: { kind: 'keys', ...keys },
      endpoint: 's3.us-east-1.amazonaws.com',
    },
    's3a://b/backup',
    {
      'aws.s3.access_key': keys.accessKey,
      'aws.s3.secret_key': keys.secretKey,
      'aws.s3.endpoint': 's3.us-east-1.amazonaws.com',
    },
  ],
  [
    's3',
    { kind: 's3', bucket: 'b', path: 'backup', access: { kind: 'instanceProfile' }, region: 'us-east-1' },
    's3a://b/backup',
    { 'aws.s3.use_instance_profile': 'true', 'aws.s3.region': 'us-east-1' },
  ],
  [
    's3',
    { kind: 's3', bucket: 'b', access: { kind: 'assumedRole', roleArn: 'arn:aws:iam::1:role/r' }, region: 'us-east-1' },
    's3a://b',
    {
      'aws.s3.use_instance_profile': 'true',
      'aws.s3.iam_role_arn': 'arn:aws:iam::1:role/r',
      'aws.s3.region': 'us-east-1',
    },
  ],
  [
    's3-compatible',
    { kind: 's3-compatible', bucket: 'b', path: 'backup', ...keys, endpoint: 'http://minio:9000' },
    's3://b/backup',
    {
      'aws.s3.access_key': keys.accessKey,
      'aws.s3.secret_key': keys.secretKey,
      'aws.s3.endpoint': 'http://minio:9000',
      'aws.s3.enable_ssl': 'false',
      'aws.s3.enable_path_style_access': 'true',
    },
  ],
  [
    'gcs',
    { kind: 'gcs', bucket: 'b', path: 'backup', ...keys },
    's3a://b/backup',
    {
      'fs.s3a.access.key': keys.accessKey,
      'fs.s3a.secret.key': keys.secretKey,
      'fs.s3a.endpoint': 'storage.googleapis.com',
    },
  ],
  [
    'oss',
    { kind: 'oss', bucket: 'b', path: 'backup', ...keys, endpoint: 'oss-cn-zhangjiakou-internal.aliyuncs.com' },
    'oss://b/backup',
    {
      'fs.oss.accessKeyId': keys.accessKey,
      'fs.oss.accessKeySecret': keys.secretKey,
      'fs.oss.endpoint': 'oss-cn-zhangjiakou-internal.aliyuncs.com',
    },
  ],
  [
    'cos',
    { kind: 'cos', bucket: 'b', path: 'backup', ...keys, endpointSuffix: 'cos.ap-beijing.myqcloud.com' },
    'cosn://b/backup',
    {
      'fs.cosn.userinfo.secretId': keys.accessKey,
      'fs.cosn.userinfo.secretKey': keys.secretKey,
      'fs.cosn.bucket.endpoint_suffix': 'cos.ap-beijing.myqcloud.com',
    },
  ],
  [
    'obs',
    { kind: 'obs', bucket: 'b', path: 'backup', ...keys, endpoint: 'obs.cn-north-1.myhuaweicloud.com' },
    'obs://b/backup',
    {
      'fs.obs.access.key': keys.accessKey,
      'fs.obs.secret.key': keys.secretKey,
      'fs.obs.endpoint': 'obs.cn-north-1.myhuaweicloud.com',
    },
  ],
]

describe('storage by description', () => {
  it.each(stores)('%s becomes location and properties without a finding', (kind, storage, location, properties) => {
    expect(describeStorage(storage)).toEqual({ location, properties })
    expect(identifyStorage(location, properties).kind).toBe(kind)
    expect(checkRepositoryDefinition({ name: 'r', location, properties })).toEqual([])
  })

  it('writes Kerberos and namenodes of high availability', () => {
    const { location, properties } = describeStorage({
      kind: 'hdfs',
      authority: 'ha',
      path: 'backup',
      kerberos: { principal: 'sr@REALM', keytab: '/etc/sr.keytab' },
      highAvailability: { nameservice: 'ha', namenodes: { n1: 'a:8020', n2: 'b:8020' } },
    })
    expect(location).toBe('hdfs://ha/backup')
    expect(properties).toEqual({
      'hadoop.security.authentication': 'kerberos',
      kerberos_principal: 'sr@REALM',
      kerberos_keytab: '/etc/sr.keytab',
      'dfs.nameservices': 'ha',
      'dfs.ha.namenodes.ha': 'n1,n2',
      'dfs.namenode.rpc-address.ha.n1': 'a:8020',
      'dfs.namenode.rpc-address.ha.n2': 'b:8020',
      'dfs.client.failover.proxy.provider.ha':
        'org.apache.hadoop.hdfs.server.namenode.ha.ConfiguredFailoverProxyProvider',
    })
    const codes = (broker?: string, version?: string) =>
      checkRepositoryDefinition(
        { name: 'r', location, properties, broker },
        version ? parseVersion(version) : undefined,
      ).map(({ code, severity }) => `${severity} ${code}`)
    expect(codes()).toEqual(['error kerberos', 'error high-availability'])
    expect(codes(undefined, '3.5.4')).toEqual(['warning kerberos', 'warning high-availability'])
    expect(codes('my_broker')).toEqual([])
  })
})

const aws = { 'aws.s3.access_key': 'AKIDEXAMPLE', 'aws.s3.secret_key': 'very-secret' }
const amazon = { ...aws, 'aws.s3.region': 'us-east-1' }
const google = {
  'fs.s3a.access.key': 'AKIDEXAMPLE',
  'fs.s3a.secret.key': 'very-secret',
  'fs.s3a.endpoint': 'storage.googleapis.com',
}
const oss = { 'fs.oss.accessKeyId': 'AKIDEXAMPLE', 'fs.oss.accessKeySecret': 'very-secret', 'fs.oss.endpoint': 'e' }

const mistakes: [string, string, Record<string, string>, string[]][] = [
  ['s3:// on Amazon', 's3://b/p', amazon, ['error s3-scheme']],
  [
    's3:// on Amazon by its endpoint',
    's3://b/p',
    { ...aws, 'aws.s3.endpoint': 'https://s3.eu-west-1.amazonaws.com' },
    ['error s3-scheme'],
  ],
  ['an endpoint without scheme', 's3://b/p', { ...aws, 'aws.s3.endpoint': 'minio:9000' }, ['error endpoint-scheme']],
  [
    'https:// for Google',
    's3a://b/p',
    { ...google, 'fs.s3a.endpoint': 'https://storage.googleapis.com' },
    ['error gcs-endpoint'],
  ],
  ['gs:// for Google', 'gs://b/p', google, ['error gs-scheme']],
  ['an underscore in the bucket', 's3a://my_bucket/p', amazon, ['error bucket-underscore']],
  ['a slash at the end', 's3a://b/p/', amazon, ['error trailing-slash']],
  ['neither region nor endpoint', 's3a://b/p', aws, ['error no-region']],
  ['no keys', 's3a://b/p', { 'aws.s3.region': 'us-east-1' }, ['error no-keys']],
  ['nothing at all', 's3a://b/p', {}, ['warning no-keys']],
  ['half the keys', 's3a://b/p', { 'aws.s3.access_key': 'AKIDEXAMPLE', 'aws.s3.region': 'x' }, ['error half-keys']],
  ['a role alone', 's3a://b/p', { 'aws.s3.iam_role_arn': 'arn', 'aws.s3.region': 'x' }, ['error role-without-profile']],
  ['properties of another store', 'oss://b/p', google, ['error foreign-keys']],
  ['properties of S3 for OSS', 'oss://b/p', amazon, ['warning foreign-keys']],
  ['properties of two stores', 'oss://b/p', { ...oss, 'fs.obs.endpoint': 'e' }, ['warning foreign-keys']],
  ['OSS without keys', 'oss://b/p', { 'fs.oss.endpoint': 'e' }, ['error no-keys']],
  ['OSS without endpoint', 'oss://b/p', { ...oss, 'fs.oss.endpoint': '' }, ['error no-endpoint']],
  [
    'a port in the suffix of COS',
    'cosn://b/p',
    {
      'fs.cosn.userinfo.secretId': 'AKIDEXAMPLE',
      'fs.cosn.userinfo.secretKey': 'very-secret',
      'fs.cosn.bucket.endpoint_suffix': '127.0.0.1:5999',
    },
    ['error cos-endpoint'],
  ],
  ['no scheme', '/tmp/x', amazon, ['error no-scheme']],
  ['no bucket', 's3a:///x', amazon, ['error no-authority']],
  ['no namenode', 'hdfs:///x', {}, ['error no-authority']],
  ['an unknown scheme', 'foo://x/y', {}, ['warning unknown-scheme']],
  ['a directory', 'file:///x/y', {}, ['warning file']],
  [
    'Azure',
    'abfss://c@a.dfs.core.windows.net/p',
    { 'azure.adls2.shared_key': 'very-secret' },
    ['warning unknown-scheme'],
  ],
]

describe('known mistakes', () => {
  it.each(mistakes)('%s', (_, location, properties, expected) => {
    const findings = checkRepositoryDefinition({ name: 'r', location, properties })
    expect(findings.map(({ severity, code }) => `${severity} ${code}`)).toEqual(expected)
    for (const finding of findings) {
      expect(finding.remedy).not.toBe('')
      expect(JSON.stringify(finding)).not.toMatch(/very-secret|AKIDEXAMPLE/)
    }
  })

  it('is kinder about a slash where StarRocks takes it off', () => {
    const definition = { name: 'r', location: 's3a://b/p/', properties: amazon }
    expect(checkRepositoryDefinition(definition, parseVersion('4.0.6'))).toMatchObject([{ severity: 'warning' }])
    expect(checkRepositoryDefinition(definition, parseVersion('4.0.5'))).toMatchObject([{ severity: 'error' }])
  })

  it.each(['bad-name', '1bad', '', 'a b', 'x'.repeat(65)])('%s is no name', (name) => {
    const findings = checkRepositoryDefinition({ name, location: 's3a://b/p', properties: amazon })
    expect(findings).toMatchObject([{ severity: 'error', code: 'name' }])
  })

  it('compares with the repositories that are there', () => {
    const there = [{ name: 'r', location: 's3a://b/p' }]
    expect(checkAgainstRepositories({ name: 'r', location: 's3a://b/p/' }, there)).toEqual([])
    expect(checkAgainstRepositories({ name: 'r', location: 's3a://b/q' }, there)).toMatchObject([
      { code: 'other-location' },
    ])
    expect(checkAgainstRepositories({ name: 's', location: 's3a://b/p' }, there)).toMatchObject([
      { code: 'other-name' },
    ])
  })
})

describe('definitions that real frontends answered', () => {
  const definition = (statement: string) => {
    const match =
      /^CREATE (?:READ ONLY )?REPOSITORY (\S+) WITH BROKER ON LOCATION '([^']*)'(?: PROPERTIES \((.*)\))?$/.exec(
        statement,
      )
    const pairs = [...(match?.[3] ?? '').matchAll(/'([^']*)' = '([^']*)'/g)].map(([, key, value]) => [key, value])
    return (
      match && {
        name: (match[1] ?? '').replaceAll('`', ''),
        location: match[2] ?? '',
        properties: Object.fromEntries(pairs),
      }
    )
  }
  it.each(releases)('%s took nothing that is called an error', (release) => {
    const taken = recorded(release).accepted.flatMap((statement) => definition(statement) ?? [])
    expect(taken.length).toBeGreaterThan(3)
    for (const one of taken) {
      expect(checkRepositoryDefinition(one).filter(({ severity }) => severity === 'error')).toEqual([])
      expect(createRepositoryStatement(one)).toContain(one.location)
    }
  })

  it.each(releases)('%s refused what is called an error', (release) => {
    const found = recorded(release).refused.flatMap(({ statement }) => definition(statement) ?? [])
    const named = (name: string) => found.find((one) => one.name === name)
    for (const name of ['bad-name', '1bad', 'no_scheme', 'no_creds', 'gcs_repo', 'cos_repo']) {
      const one = named(name)
      // Each release was asked for some of them.
      if (!one) continue
      expect(checkRepositoryDefinition(one).map(({ severity }) => severity)).toContain('error')
    }
    expect(named('bad-name')).toBeDefined()
  })
})
