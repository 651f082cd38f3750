import { execFile } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)
const REACHABLE_WITHIN_MS = 8_000
const DOWNLOAD_WITHIN_MS = 180_000

// The SDK only offers "download and start": so it is started once, stopped, and the binary it left behind is what we keep.
// A process of its own, because the native download cannot be interrupted.
const SCRIPT = `
import { readdirSync } from 'node:fs'
import path from 'node:path'
const { TestWorkflowEnvironment } = await import(process.argv[1])
const directory = process.argv[2]
const env = await TestWorkflowEnvironment.createLocal({ server: { executable: { type: 'cached-download', downloadDir: directory } } })
await env.teardown()
const name = readdirSync(directory).find((file) => file.startsWith('temporal') && !file.endsWith('.downloading'))
if (!name) throw new Error('the download left nothing behind')
process.stdout.write('PATH=' + path.join(directory, name))
process.exit(0)
`

/**
 * Has the Temporal SDK download its development server into a directory and returns the binary's path.
 * Bounded: 8 seconds to reach the download server, 3 minutes for the download.
 */
export async function downloadTemporal(directory: string, say: (line: string) => void): Promise<string> {
  try {
    await fetch('https://temporal.download/', {
      method: 'HEAD',
      redirect: 'manual',
      signal: AbortSignal.timeout(REACHABLE_WITHIN_MS),
    })
  } catch {
    throw new Error('https://temporal.download cannot be reached')
  }
  say('Downloading the Temporal development server (once, about 100 MB) …')
  await mkdir(directory, { recursive: true })
  const testing = import.meta.resolve('@temporalio/testing')
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', SCRIPT, testing, directory], {
    timeout: DOWNLOAD_WITHIN_MS,
    killSignal: 'SIGKILL',
    maxBuffer: 16 * 1024 * 1024,
  })
  const found = /PATH=(.+)$/.exec(stdout)?.[1]
  if (!found) throw new Error('the SDK did not say where it put the download')
  return found
}
