import { S3Server } from '../../client/s3-server/s3-server.ts'

/** A real S3 server of this test alone, with one bucket called `backups`. */
export function startTestS3(options: { versioning?: boolean; dir?: string } = {}): Promise<S3Server> {
  return S3Server.start({ accessKey: 'lab-access-key', secretKey: 'lab-secret-key', buckets: ['backups'], ...options })
}
