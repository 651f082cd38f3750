// Compiles TypeScript to dist/ and bundles the workflows ahead of time, each only when its inputs changed.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const require = createRequire(import.meta.url)
process.chdir(root)

const filesOf = (dir, ending) =>
  existsSync(dir)
    ? readdirSync(dir, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
        .map((entry) => path.join(entry.parentPath, entry.name))
        .sort()
    : []

/** Names and contents, and what they are compiled and bundled with. */
function stampOf(files) {
  const hash = createHash('sha256')
  for (const file of ['package-lock.json', 'tsconfig.json', import.meta.filename, ...files])
    hash.update(`${path.relative(root, file)}\0`).update(readFileSync(file))
  return hash.digest('hex')
}

const isStamped = (stampFile, stamp, made) =>
  existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp && made.every((file) => existsSync(file))

// Even when nothing changed the compiler reads every declaration of every library, which takes longer than all that follows.
const sources = JSON.parse(readFileSync('tsconfig.json', 'utf8')).include.flatMap((dir) => filesOf(dir, '.ts'))
const compiled = sources.map((file) => path.join('dist', file.replace(/\.ts$/, '.js')))
const compiledStamp = stampOf(sources)
if (!isStamped('dist/compiled.stamp', compiledStamp, compiled)) {
  // The compiler makes only what changed, and does not see what somebody removed.
  if (!compiled.every((file) => existsSync(file))) rmSync('dist/.tsbuildinfo', { force: true })
  // Version 5 is there for dependency-cruiser, which asks it what is imported; version 7 compiles four times as fast.
  const tsc = path.join(path.dirname(require.resolve('typescript-7/package.json')), 'bin/tsc')
  try {
    execFileSync(process.execPath, [tsc, '-p', 'tsconfig.json'], { stdio: 'inherit' })
    writeFileSync('dist/compiled.stamp', compiledStamp)
  } catch (error) {
    // --lenient: a type error does not stop the build (tests report behaviour; `npm run types` reports types).
    if (!process.argv.includes('--lenient')) process.exit(error.status ?? 1)
  }
}

const entry = path.resolve('dist/workflows/index.js')
if (existsSync(entry)) {
  const stamp = stampOf(['dist/workflows', 'dist/planning', 'dist/contract'].flatMap((dir) => filesOf(dir, '.js')))
  const bundleFile = 'dist/workflow-bundle.js'
  const stampFile = 'dist/workflow-bundle.stamp'
  if (!isStamped(stampFile, stamp, [bundleFile])) {
    const { bundleWorkflowCode, DefaultLogger } = await import('@temporalio/worker')
    // Every workflow evaluates the modules that it uses anew: thousands of tables must not each build the schemas that only `migrate`
    // checks its input with, so a workflow type's modules are loaded when it is first asked for. Preloading them for all is no way: the SDK
    // freezes what is preloaded, and zod's schemas define members of themselves when they are first used. A mere setting can be.
    const lazyEntry = path.resolve('dist/workflows/lazy-index.cjs')
    const types = readFileSync(entry, 'utf8').matchAll(/^export \{ (\w+) \} from ["'](.+)["']/gm)
    writeFileSync(
      lazyEntry,
      [...types]
        .map(
          ([, name, file]) =>
            `Object.defineProperty(exports, '${name}', { enumerable: true, get: () => require('${file}').${name} })\n`,
        )
        .join(''),
    )
    const { code } = await bundleWorkflowCode({
      workflowsPath: lazyEntry,
      preloadModules: [path.resolve('dist/workflows/short-stacks.js')],
      workflowInterceptorModules: [path.resolve('dist/workflows/whole-tasks.js')],
      logger: new DefaultLogger('WARN'),
    })
    mkdirSync('dist', { recursive: true })
    writeFileSync(bundleFile, code)
    writeFileSync(stampFile, stamp)
  }
}
