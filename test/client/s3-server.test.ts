import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findS3Server } from '../../client/s3-server/find-s3-server.ts'
import { S3Server } from '../../client/s3-server/s3-server.ts'
import { downloadS3Server } from '../../client/s3-server/s3-server-download.ts'
import { httpGet } from '../../workers/http-get.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), 'starferry-find-s3-'))
})
afterEach(() => {
  rmSync(home, { recursive: true, force: true })
})

const ANSWER = "printf 'Version  : v1\\nBuild    : x\\n'"

function executable(file: string, script = ANSWER): string {
  const full = path.join(home, file)
  mkdirSync(path.dirname(full), { recursive: true })
  writeFileSync(full, `#!/bin/sh\n${script}\n`)
  chmodSync(full, 0o755)
  return full
}

const noDownload = async (): Promise<string> => {
  throw new Error('no network')
}

/** Nothing of the machine that runs the test is seen. */
const environment = (more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
  PATH: path.join(home, 'bin'),
  HOME: home,
  XDG_CACHE_HOME: path.join(home, 'cache'),
  ...more,
})
const KEPT = 'cache/starferry/versitygw-v1.8.0/versitygw'

describe('the S3 server is found in this order', () => {
  it('STARFERRY_S3_SERVER first; one that does not work is an error, whatever else is there', async () => {
    const chosen = executable('chosen/gateway')
    executable('bin/versitygw')
    expect(await findS3Server({ env: environment({ STARFERRY_S3_SERVER: chosen }) })).toEqual({
      path: chosen,
      from: 'STARFERRY_S3_SERVER',
    })
    const broken = executable('chosen/broken', 'exit 3')
    await expect(findS3Server({ env: environment({ STARFERRY_S3_SERVER: broken }) })).rejects.toThrow(
      /STARFERRY_S3_SERVER is set to .*broken, which cannot be used: `--version` failed/,
    )
  })

  it('then PATH, passing over a program of that name that is something else; then the copy made earlier', async () => {
    const onPath = executable('bin/versitygw')
    const kept = executable(KEPT)
    expect(await findS3Server({ env: environment() })).toEqual({ path: onPath, from: 'PATH' })
    executable('bin/versitygw', 'echo something else')
    expect(await findS3Server({ env: environment() })).toEqual({ path: kept, from: 'made earlier' })
  })

  it('then a build with Go, told to the user, one at a time', async () => {
    const count = path.join(home, 'builds')
    executable(
      'bin/go',
      `[ "$1" = version ] && { echo go version go1.26.1 linux/amd64; exit 0; }
       echo "$2" >> ${count}; PATH=/bin:/usr/bin; sleep 1
       printf '#!/bin/sh\\n' > "$GOBIN/versitygw"; chmod +x "$GOBIN/versitygw"`,
    )
    const said: string[] = []
    const find = () => findS3Server({ env: environment(), download: noDownload, say: (line) => said.push(line) })
    const found = await Promise.all([find(), find()])
    expect(found).toEqual(Array(2).fill({ path: path.join(home, KEPT), from: 'built now' }))
    expect(readFileSync(count, 'utf8')).toBe('github.com/versity/versitygw/cmd/versitygw@v1.8.0\n')
    expect(said.join('\n')).toMatch(/Building the S3 server versitygw from source with go1.26.1/)
  })

  it('and if nothing works, one error says what was tried and what to do', async () => {
    const failure = findS3Server({ env: environment(), download: noDownload })
    await expect(failure).rejects.toThrow(/no `versitygw` on PATH.*no network.*Go is not installed.*STARFERRY_S3/s)
  })
})

describe('the download of the release', () => {
  let server: Server
  let from: string
  const files = new Map<string, Buffer>()
  const archive = 'versitygw_v1.8.0_Linux_x86_64.tar.gz'
  const platform = { platform: 'linux', arch: 'x64' } as const

  beforeEach(async () => {
    const file = executable('versitygw_v1.8.0_Linux_x86_64/versitygw')
    execFileSync('tar', ['-czf', archive, path.basename(path.dirname(file))], { cwd: home })
    const bytes = readFileSync(path.join(home, archive))
    files.set(`/${archive}`, bytes)
    files.set('/checksums.txt', Buffer.from(`${createHash('sha256').update(bytes).digest('hex')}  ${archive}\n`))
    server = createServer((request, response) => {
      const found = files.get(request.url ?? '')
      response.writeHead(found ? 200 : 404).end(found)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    from = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterEach(() => new Promise((resolve) => server.close(resolve)))

  it('is checked against its sum and kept', async () => {
    const env = environment()
    const download: typeof downloadS3Server = (target, options) =>
      downloadS3Server(target, { ...options, ...platform, from })
    expect(await findS3Server({ env, download })).toEqual({ path: path.join(home, KEPT), from: 'downloaded now' })
    expect(await findS3Server({ env, download: noDownload })).toMatchObject({ from: 'made earlier' })
  })

  it('with another sum is refused and leaves nothing', async () => {
    files.set('/checksums.txt', Buffer.from(`${'0'.repeat(64)}  ${archive}\n`))
    const target = path.join(home, KEPT)
    await expect(downloadS3Server(target, { say: () => {}, from, ...platform })).rejects.toThrow(/the release says 000/)
    expect(existsSync(target)).toBe(false)
  })
})

describe('the S3 server', () => {
  it('answers after start, keeps objects over a crash and a restart, and is gone after stop', async () => {
    const dir = path.join(home, 'kept')
    const server = await S3Server.start({ accessKey: 'k', secretKey: 's', dir, buckets: ['b'] })
    const answers = async () => (await httpGet(`${server.endpoint}/health`, 60_000)).status
    try {
      expect(await answers()).toBe(200)
      await server.kill()
      await expect(answers()).rejects.toThrow()
      await server.restart()
      expect(await answers()).toBe(200)
    } finally {
      await server.stop()
    }
    await expect(answers()).rejects.toThrow()
    expect(existsSync(server.logFile)).toBe(false)
    expect(existsSync(path.join(dir, 'b'))).toBe(true)
  })

  it('says why when it cannot start', async () => {
    const binary = executable(
      'bin/versitygw',
      `[ "$1" = --version ] && { ${ANSWER}; exit 0; }; echo no luck today; exit 1`,
    )
    const env = environment({ STARFERRY_S3_SERVER: binary })
    await expect(S3Server.start({ accessKey: 'k', secretKey: 's', env })).rejects.toThrow(
      /did not start: no luck today/,
    )
  })
})
