import { execFileSync } from 'node:child_process'
import { findTemporal } from '../client/temporal-binary.ts'

/**
 * What tests need before the first of them runs: the compiled workflow bundle, from what is on disk now; and a Temporal development server, which
 * on a new machine takes minutes to build – longer than any test waits.
 */
export default async function setup(): Promise<void> {
  execFileSync(process.execPath, ['bin/build.js', '--lenient'], { stdio: 'inherit' })
  await findTemporal({ say: (line) => console.error(line) })
}
