import { createHash } from 'node:crypto'
import type { S3Client, S3ClientConfig } from '@aws-sdk/client-s3'
import type { ServerClock } from '../server-clock.ts'
import { PlainS3 } from './plain-s3.ts'
import type { S3Settings } from './s3-settings.ts'

export type S3Sdk = typeof import('@aws-sdk/client-s3')

export interface OpenS3 {
  sdk: S3Sdk
  client: S3Client
  plain: PlainS3
}

/** Connections that one store holds at most. */
export const S3_SOCKETS = 64

/** The SDK is loaded with the first store that needs it: it costs 100 ms and 30 MB that most commands can do without. */
export async function openS3Client(settings: S3Settings, clock: ServerClock): Promise<OpenS3> {
  // Said once at installation by the engines field; on every command it would be noise.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true'
  const sdk = await import('@aws-sdk/client-s3')
  const client = new sdk.S3Client({
    ...(settings.endpoint ? { endpoint: settings.endpoint } : {}),
    region: settings.region ?? process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION ?? 'us-east-1',
    // A repository of AWS without a region is legal for StarRocks; AWS tells the right one.
    followRegionRedirects: settings.endpoint === undefined,
    forcePathStyle: settings.pathStyle,
    ...(await credentialsOf(settings)),
    // Sums of the newer kind are unknown to many S3-compatible stores.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    maxAttempts: 5,
    requestHandler: {
      connectionTimeout: 10_000,
      // Without a byte; a large object may take as long as it likes.
      socketTimeout: 60_000,
      httpAgent: { keepAlive: true, maxSockets: S3_SOCKETS },
      httpsAgent: { keepAlive: true, maxSockets: S3_SOCKETS },
      // Requests beyond the sockets wait here by intent.
      socketAcquisitionWarningTimeout: 600_000,
    },
  })
  addHeaders(client, settings)
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args)
      clock.heard((result.response as { headers?: Record<string, string> } | undefined)?.headers?.date)
      return result
    },
    { step: 'deserialize', name: 'serverClock', priority: 'low' },
  )
  return { sdk, client, plain: new PlainS3(client, { heard: (date) => clock.heard(date) }) }
}

async function credentialsOf({ credentials, role, region }: S3Settings): Promise<Pick<S3ClientConfig, 'credentials'>> {
  if (!role) return credentials ? { credentials } : {}
  const { fromTemporaryCredentials } = await import('@aws-sdk/credential-providers')
  return {
    credentials: fromTemporaryCredentials({
      ...(credentials ? { masterCredentials: credentials } : {}),
      params: {
        RoleArn: role.arn,
        RoleSessionName: 'starferry',
        ...(role.externalId ? { ExternalId: role.externalId } : {}),
      },
      clientConfig: {
        region: role.region ?? region ?? 'us-east-1',
        ...(role.endpoint ? { endpoint: role.endpoint } : {}),
      },
    }),
  }
}

/** What some stores want otherwise than the SDK has it. */
function addHeaders(client: S3Client, { endpoint }: S3Settings): void {
  const forbid = forbidOverwriteHeader(endpoint)
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const request = args.request as { headers: Record<string, string>; body?: unknown }
      if (context.commandName === 'DeleteObjectsCommand') useContentMd5(request)
      if (forbid && request.headers['if-none-match'] === '*') {
        delete request.headers['if-none-match']
        request.headers[forbid] = 'true'
      }
      return next(args)
    },
    // After the SDK's own sums, before the signature.
    { step: 'build', name: 'otherStores', priority: 'low' },
  )
}

/** OSS refuses If-None-Match and COS does not know it; both have a header of their own that does the same. */
export function forbidOverwriteHeader(endpoint: string | undefined): string | undefined {
  if (endpoint === undefined) return undefined
  const host = new URL(endpoint).hostname
  if (host.endsWith('.aliyuncs.com')) return 'x-oss-forbid-overwrite'
  if (host.endsWith('.myqcloud.com')) return 'x-cos-forbid-overwrite'
  return undefined
}

/** Every store takes Content-MD5 for a multiple delete, AWS included; many do not take the SDK's CRC32. */
function useContentMd5(request: { headers: Record<string, string>; body?: unknown }): void {
  const { body } = request
  if (typeof body !== 'string' && !(body instanceof Uint8Array)) return
  for (const name of Object.keys(request.headers)) {
    if (/^x-amz-(checksum-|sdk-checksum)/i.test(name)) delete request.headers[name]
  }
  request.headers['content-md5'] = createHash('md5').update(body).digest('base64')
}
