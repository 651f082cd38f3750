import { Writable } from 'node:stream'
import { ApplicationFailure } from '@temporalio/common'
import { describe, expect, it } from 'vitest'
import { check } from '../../contract/check.ts'
import { workerConfigSchema } from '../../contract/worker-config.ts'
import { createLogger, sdkLogger } from '../../workers/logger.ts'
import { createMask, maskError, secretsOf } from '../../workers/secrets.ts'

const PASSWORD = 'p@ss"wörd\\1'
const config = check(
  workerConfigSchema,
  {
    clusters: {
      a: { frontends: ['fe'], password: PASSWORD, token: 'token-of-a', tls: { key: 'PRIVATE KEY' } },
      b: { frontends: ['fe'], password: 'p@ss' },
    },
    repositories: {
      vault: {
        location: 's3a://bucket/path',
        properties: {
          'aws.s3.access_key': 'AKIA-vault',
          'aws.s3.secret_key': 'secret-of-vault',
          'aws.s3.use_aws_sdk_default_credential': 'true',
          'aws.s3.endpoint': 'http://minio:9000',
          'hadoop.security.kerberos.keytab_content': 'a2V5dGFi',
        },
        access: { accessKey: 'AKIA-worker', secretKey: 'secret-of-worker' },
      },
      google: {
        location: 'gs://bucket/path',
        properties: { 'fs.gs.auth.service.account.private.key': 'BEGIN-key-of-google' },
      },
      tos: {
        location: 'tos://bucket/path',
        properties: { 'fs.tos.access-key-id': 'AKLT-tos', 'fs.tos.secret-access-key': 'secret-of-tos' },
      },
    },
    webhooks: { chat: 'https://chat.example/hook/abcdef' },
    temporal: { apiKey: 'key-of-cloud' },
  },
  'config',
)
const mask = createMask(secretsOf(config))

describe('secrets are masked', () => {
  it.each([
    ['plain', `Access denied for root with ${PASSWORD}`],
    ['in JSON', JSON.stringify({ text: `x${PASSWORD}y` })],
    ['in a URL', `http://root:${encodeURIComponent(PASSWORD)}@fe`],
    ['in basic authentication', `Basic ${Buffer.from(PASSWORD).toString('base64')}`],
    ['token', '?token=token-of-a&x=1'],
    ['API key and private key', 'key-of-cloud PRIVATE KEY'],
  ])('%s', (_, text) => {
    const masked = mask(text)
    expect(masked).toContain('***')
    for (const part of ['p@ss', 'wörd', 'token-of-a', 'key-of-cloud', 'PRIVATE', encodeURIComponent(PASSWORD)]) {
      expect(masked).not.toContain(part)
    }
  })

  it('of repositories, and addresses of webhooks', () => {
    const text =
      'http://minio:9000 true AKIA-vault secret-of-vault a2V5dGFi AKIA-worker secret-of-worker BEGIN-key-of-google AKLT-tos secret-of-tos https://chat.example/hook/abcdef'
    expect(mask(text)).toBe('http://minio:9000 true *** *** *** *** *** *** *** *** ***')
  })

  it('in errors and what caused them', () => {
    const error = ApplicationFailure.create({ message: 'failed', cause: new Error(`login with ${PASSWORD} failed`) })
    maskError(mask, error)
    expect((error.cause as Error).message).toBe('login with *** failed')
    expect((error.cause as Error).stack).not.toContain('wörd')
    const detailed = ApplicationFailure.create({
      message: 'failed',
      details: [{ statements: [`"${PASSWORD}"`], rows: 3 }],
    })
    maskError(mask, detailed)
    expect(detailed.details).toEqual([{ statements: ['"***"'], rows: 3 }])
  })

  it('in whatever is logged, and the line stays JSON', () => {
    let written = ''
    const sink = new Writable({
      write(chunk, _encoding, done) {
        written += chunk
        done()
      },
    })
    const logger = createLogger('info', mask, sink)
    logger.info({ cluster: { password: 'other', user: 'root' } }, `connect with ${PASSWORD}`)
    sdkLogger(logger).warn('Activity failed', { error: new Error(`bad ${PASSWORD}`), attempt: 1n as unknown as number })
    const lines = written
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines).toHaveLength(2)
    expect(lines[0]).toMatchObject({
      level: 'info',
      msg: 'connect with ***',
      cluster: { password: '***', user: 'root' },
    })
    expect(lines[1]).toMatchObject({ level: 'warn', msg: 'Activity failed', err: { message: 'bad ***' } })
    expect(written).not.toContain('wörd')
    expect(written).not.toContain('other')
  })
})
