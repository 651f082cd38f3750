import { execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

const run = promisify(execFile)

export interface GoBuildOptions {
  env: NodeJS.ProcessEnv
  say: (line: string) => void
  /** What `go install` takes: a package's path with `@version`; its last element is the binary's name. */
  module: string
  /** What is built, for people. */
  what: string
}

/**
 * Builds a Go program of the module proxy and puts it at `target`; returns `target`. Takes minutes, once.
 * Safe beside other builders: one builds under a lock, the others wait and take what it made; the binary appears by rename, whole or not at all.
 */
export async function buildWithGo(target: string, { env, say, module, what }: GoBuildOptions): Promise<string> {
  const go = await goVersion(env)
  if (!go) throw new Error('Go is not installed')
  await mkdir(path.dirname(target), { recursive: true })
  const lock = `${target}.building`
  if (!(await takeLock(lock, target, what, say))) return target
  try {
    if (existsSync(target)) return target
    say(`Building ${what} from source with ${go}; this takes some minutes, once …`)
    const started = Date.now()
    const work = await mkdtemp(path.join(path.dirname(target), 'build-'))
    try {
      const ticker = setInterval(() => say(`  still building (${Math.round((Date.now() - started) / 1000)} s)`), 15_000)
      try {
        await goInstall(module, { ...env, GOBIN: work, GOFLAGS: '-trimpath', CGO_ENABLED: '0' })
      } finally {
        clearInterval(ticker)
      }
      await rename(path.join(work, binaryName(module)), target)
    } finally {
      await rm(work, { recursive: true, force: true })
    }
    say(`Built ${target} in ${Math.round((Date.now() - started) / 1000)} s`)
    return target
  } finally {
    await rm(lock, { recursive: true, force: true })
  }
}

/** `…/cmd/temporal@v1.2.3` → `temporal`, as `go install` names it. */
function binaryName(module: string): string {
  return path.posix.basename(module.replace(/@.*$/, ''))
}

async function goVersion(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  try {
    const { stdout } = await run('go', ['version'], { env, timeout: 30_000 })
    return /go\d[\w.]*/.exec(stdout)?.[0] ?? 'Go'
  } catch {
    return undefined
  }
}

async function goInstall(module: string, env: NodeJS.ProcessEnv): Promise<void> {
  const child = spawn('go', ['install', module], { env, stdio: ['ignore', 'ignore', 'pipe'] })
  let text = ''
  child.stderr.on('data', (chunk: Buffer) => {
    text = (text + chunk.toString()).slice(-4000)
  })
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  if (code !== 0) throw new Error(`go install ${module} failed: ${text.trim().split('\n').at(-1) ?? `exit ${code}`}`)
}

/** True when the lock is ours; false when somebody else built the target while we waited. A lock whose holder is dead is taken over. */
async function takeLock(lock: string, target: string, what: string, say: (line: string) => void): Promise<boolean> {
  const holder = path.join(lock, 'pid')
  let told = false
  for (;;) {
    try {
      await mkdir(lock)
      await writeFile(holder, String(process.pid))
      return true
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    if (existsSync(target)) return false
    if (await isAbandoned(holder)) {
      await rm(lock, { recursive: true, force: true })
      continue
    }
    if (!told) say(`Another process is building ${what}; waiting for it …`)
    told = true
    await sleep(500)
  }
}

async function isAbandoned(holder: string): Promise<boolean> {
  // Between mkdir and the write of its pid a living builder looks holderless: so look twice.
  for (const pause of [1_000, 0]) {
    const pid = Number(await readFile(holder, 'utf8').catch(() => ''))
    if (pid > 0) return !isAlive(pid)
    await sleep(pause)
  }
  return true
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
