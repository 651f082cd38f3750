import { execFileSync } from 'node:child_process'
import { findS3Server } from '../client/s3-server/find-s3-server.ts'
import { findTemporal } from '../client/temporal-binary.ts'

/**
 * What tests need before the first of them runs: the compiled workflow bundle, from what is on disk now; and a Temporal development server and
 * an S3 server, which on a new machine take minutes to build – longer than any test waits.
 */
export default async function setup(): Promise<void> {
  execFileSync(process.execPath, ['bin/build.js', '--lenient'], { stdio: 'inherit' })
  await findTemporal({ say: (line) => console.error(line) })
  await findS3Server({ say: (line) => console.error(line) })
}
