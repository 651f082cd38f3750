import { execFileSync } from 'node:child_process'

/** Tests run workers on the compiled workflow bundle: build it first, from what is on disk now. */
export default function setup(): void {
  execFileSync(process.execPath, ['bin/build.js', '--lenient'], { stdio: 'inherit' })
}
