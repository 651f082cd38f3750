import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { S3_SERVER_VERSION } from './s3-server-build.ts'

const run = promisify(execFile)
const REACHABLE_WITHIN_MS = 8_000
const DOWNLOAD_WITHIN_MS = 180_000
const LARGEST = 300 * 1024 * 1024
const RELEASE = `https://github.com/versity/versitygw/releases/download/v${S3_SERVER_VERSION}`

export interface DownloadOptions {
  say: (line: string) => void
  /** Where the release's files lie. */
  from?: string
  platform?: NodeJS.Platform
  arch?: NodeJS.Architecture
}

/**
 * Downloads the released versitygw of this platform, checks it against the release's sums and puts it at `target`; returns `target`.
 * Bounded: 8 seconds to reach the server, 3 minutes and 300 MB for the download.
 */
export async function downloadS3Server(target: string, options: DownloadOptions): Promise<string> {
  const { say, from = RELEASE } = options
  const archive = archiveName(options.platform ?? process.platform, options.arch ?? process.arch)
  const sum = sumOf(await text(`${from}/checksums.txt`), archive)
  say(`Downloading the S3 server versitygw ${S3_SERVER_VERSION} (once, about 30 MB) …`)
  const bytes = await download(`${from}/${archive}`)
  const found = createHash('sha256').update(bytes).digest('hex')
  if (found !== sum) throw new Error(`${archive} has the sum ${found}, the release says ${sum}`)
  await mkdir(path.dirname(target), { recursive: true })
  const work = await mkdtemp(path.join(path.dirname(target), 'download-'))
  try {
    await writeFile(path.join(work, archive), bytes)
    // The archive has one directory around its files.
    await run('tar', ['-xzf', archive, '--strip-components=1'], { cwd: work, timeout: 60_000 })
    await rename(path.join(work, 'versitygw'), target)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
  return target
}

/** As the release names its archives: after uname's words. */
function archiveName(platform: NodeJS.Platform, arch: NodeJS.Architecture): string {
  const system = { linux: 'Linux', darwin: 'Darwin', freebsd: 'Freebsd' }[platform as string]
  const machine = { x64: 'x86_64', arm64: 'arm64' }[arch as string]
  if (!system || !machine) throw new Error(`no release for ${platform} on ${arch}`)
  return `versitygw_v${S3_SERVER_VERSION}_${system}_${machine}.tar.gz`
}

function sumOf(sums: string, archive: string): string {
  const line = sums.split('\n').find((line) => line.trim().endsWith(archive))
  const sum = /^[0-9a-f]{64}\b/.exec(line?.trim() ?? '')?.[0]
  if (!sum) throw new Error(`the release's checksums do not name ${archive}`)
  return sum
}

async function text(url: string): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(REACHABLE_WITHIN_MS) }).catch(() => {
    throw new Error(`${new URL(url).host} cannot be reached`)
  })
  if (!response.ok) throw new Error(`${url} answers ${response.status}`)
  return response.text()
}

async function download(url: string): Promise<Buffer> {
  const response = await fetch(url, { signal: AbortSignal.timeout(DOWNLOAD_WITHIN_MS) })
  if (!response.ok || !response.body) throw new Error(`${url} answers ${response.status}`)
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body) {
    size += chunk.length
    if (size > LARGEST) throw new Error(`${url} is larger than ${LARGEST} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
