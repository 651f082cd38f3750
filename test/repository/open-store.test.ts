import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { listObjects, openStore, Repository, StorageError, verifySnapshot } from '../../repository/index.ts'
import { parseLocation } from '../../repository/location.ts'
import { forbidOverwriteHeader } from '../../repository/s3/s3-client.ts'
import { s3Settings } from '../../repository/s3/s3-settings.ts'
import { writeSnapshot } from './support/write-snapshot.ts'

const settings = (location: string, properties: Record<string, string> = {}, access = {}) =>
  s3Settings(parseLocation(location), properties, access)
const KEYS = { accessKeyId: 'ak', secretAccessKey: 'sk' }

describe('what the properties of a repository say about reaching it', () => {
  it('AWS, by endpoint or region', () => {
    const keys = { 'aws.s3.access_key': 'ak', 'aws.s3.secret_key': 'sk' }
    expect(settings('s3a://b/backup/', { ...keys, 'aws.s3.endpoint': 's3.us-west-2.amazonaws.com' })).toEqual({
      bucket: 'b',
      prefix: 'backup/',
      region: 'us-west-2',
      pathStyle: false,
      credentials: KEYS,
    })
    expect(settings('s3a://b', { ...keys, 'aws.s3.region': 'eu-west-1' })).toMatchObject({
      region: 'eu-west-1',
      prefix: '',
    })
    expect(settings('s3a://b', { 'aws.s3.endpoint': 'vpce-1.s3.eu-west-1.vpce.amazonaws.com' })).toMatchObject({
      endpoint: 'https://vpce-1.s3.eu-west-1.vpce.amazonaws.com',
      pathStyle: false,
    })
  })

  it("an instance profile is this machine's default chain; a role is assumed with it", () => {
    const profile = { 'aws.s3.use_instance_profile': 'true', 'aws.s3.region': 'us-east-1' }
    expect(settings('s3a://b/p', profile)).not.toHaveProperty('credentials')
    const role = { ...profile, 'aws.s3.iam_role_arn': 'arn:aws:iam::1:role/r', 'aws.s3.external_id': 'x' }
    expect(settings('s3a://b/p', role)).toMatchObject({ role: { arn: 'arn:aws:iam::1:role/r', externalId: 'x' } })
    expect(settings('s3a://b/p', role, { accessKey: 'ak', secretKey: 'sk' })).toMatchObject({ credentials: KEYS })
    expect(settings('s3a://b/p', role, { accessKey: 'ak', secretKey: 'sk' })).not.toHaveProperty('role')
  })

  it('MinIO and others of that kind have the bucket in the path', () => {
    const minio = { 'aws.s3.endpoint': 'http://minio:9000', 'aws.s3.access_key': 'ak', 'aws.s3.secret_key': 'sk' }
    expect(settings('s3://b/p', minio)).toEqual({
      bucket: 'b',
      prefix: 'p/',
      endpoint: 'http://minio:9000',
      region: 'us-east-1',
      pathStyle: true,
      credentials: KEYS,
    })
    expect(settings('s3://b/p', { 'aws.s3.endpoint': 'minio:9000', 'aws.s3.enable_ssl': 'false' }).endpoint).toBe(
      'http://minio:9000',
    )
    expect(settings('s3://b/p', minio, { endpoint: 'http://127.0.0.1:9000/', pathStyle: false })).toMatchObject({
      endpoint: 'http://127.0.0.1:9000',
      pathStyle: false,
    })
  })

  it('Google, Alibaba, Tencent and Huawei speak S3, too', () => {
    const google = { 'fs.s3a.access.key': 'ak', 'fs.s3a.secret.key': 'sk', 'fs.s3a.endpoint': 'storage.googleapis.com' }
    expect(settings('s3a://b/p', google)).toMatchObject({
      endpoint: 'https://storage.googleapis.com',
      region: 'auto',
      credentials: KEYS,
    })
    const oss = { 'fs.oss.accessKeyId': 'ak', 'fs.oss.accessKeySecret': 'sk' }
    expect(
      settings('oss://b/p', { ...oss, 'fs.oss.endpoint': 'oss-cn-zhangjiakou-internal.aliyuncs.com' }),
    ).toMatchObject({
      endpoint: 'https://s3.oss-cn-zhangjiakou-internal.aliyuncs.com',
      region: 'cn-zhangjiakou',
      pathStyle: false,
      credentials: KEYS,
    })
    const cos = { 'fs.cosn.userinfo.secretId': 'ak', 'fs.cosn.userinfo.secretKey': 'sk' }
    expect(
      settings('cosn://b-1/p', { ...cos, 'fs.cosn.bucket.endpoint_suffix': 'cos.ap-beijing.myqcloud.com' }),
    ).toMatchObject({
      endpoint: 'https://cos.ap-beijing.myqcloud.com',
      region: 'ap-beijing',
      pathStyle: false,
      credentials: KEYS,
    })
    const obs = {
      'fs.obs.access.key': 'ak',
      'fs.obs.secret.key': 'sk',
      'fs.obs.endpoint': 'obs.cn-east-3.myhuaweicloud.com',
    }
    expect(settings('obs://b/p', obs)).toMatchObject({ region: 'cn-east-3', pathStyle: false, credentials: KEYS })
    expect(forbidOverwriteHeader('https://s3.oss-cn-beijing.aliyuncs.com')).toBe('x-oss-forbid-overwrite')
    expect(forbidOverwriteHeader('https://cos.ap-beijing.myqcloud.com')).toBe('x-cos-forbid-overwrite')
    expect(forbidOverwriteHeader('http://minio:9000')).toBeUndefined()
  })
})

describe('storage that this process cannot reach', () => {
  const refusal = (location: string, access = {}) => {
    try {
      openStore({ location, access })
    } catch (error) {
      expect(error).toBeInstanceOf(StorageError)
      return (error as StorageError).message
    }
    throw new Error('it was opened')
  }

  it('is refused with what can be done', () => {
    expect(refusal('abfs://c@a.dfs.core.windows.net/p')).toMatch(
      /cannot be reached from the worker: abfs:.*S3-compatible/,
    )
    expect(refusal('s3a://b/p', { enabled: false })).toMatch(/switched off/)
    expect(refusal('just a path')).toMatch(/not of the form scheme:\/\/bucket\/path/)
    expect(refusal('s3a:///p')).toMatch(/names no bucket/)
  })

  it('is opened by S3 where an endpoint is named', () => {
    expect(
      openStore({ location: 'gs://b/p', access: { endpoint: 'https://storage.googleapis.com' } }).description,
    ).toBe('s3://b/p at https://storage.googleapis.com')
  })
})

describe('a directory of this machine', () => {
  it('is a store like any other', async () => {
    const directory = mkdtempSync(path.join(tmpdir(), 'starferry-file-store-'))
    try {
      const store = openStore({ location: `file://${directory}/base` })
      await writeSnapshot(store, { repository: 'r', label: 's', tablets: 5 })
      const repository = new Repository(store, 'r')
      expect(await verifySnapshot(repository, 's', { deep: true })).toMatchObject({ ok: true, readObjects: 10 })
      const racing = await Promise.all(
        Array.from({ length: 8 }, (_, i) => store.put('one', `${i}`, { ifAbsent: true })),
      )
      expect(racing.filter(({ written }) => written)).toHaveLength(1)
      expect(await repository.deleteSnapshot('s')).toMatchObject({ deleted: 12, failed: 0 })
      const left: string[] = []
      for await (const { key } of listObjects(store, '')) left.push(key)
      expect(left).toEqual(['one'])
      await expect(store.put('../outside', 'x')).rejects.toThrow(/leads out of/)
      expect(readdirSync(directory)).toEqual(['base'])
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  })
})
