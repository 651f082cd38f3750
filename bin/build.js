// Compiles TypeScript to dist/ and bundles the workflows ahead of time, each only when its inputs changed.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const require = createRequire(import.meta.url)
process.chdir(root)

// --lenient: a type error does not stop the build (tests report behaviour; `npm run types` reports types).
try {
  execFileSync(process.execPath, [require.resolve('typescript/bin/tsc'), '-p', 'tsconfig.json'], { stdio: 'inherit' })
} catch (error) {
  if (!process.argv.includes('--lenient')) process.exit(error.status ?? 1)
}

const filesOf = (dir) =>
  existsSync(dir)
    ? readdirSync(dir, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && entry.name.endsWith('.js'))
        .map((entry) => path.join(entry.parentPath, entry.name))
        .sort()
    : []

const entry = path.resolve('dist/workflows/index.js')
if (existsSync(entry)) {
  const hash = createHash('sha256')
    .update(readFileSync('package-lock.json'))
    .update(readFileSync(import.meta.filename))
  for (const file of ['dist/workflows', 'dist/planning', 'dist/contract'].flatMap(filesOf))
    hash.update(readFileSync(file))
  const stamp = hash.digest('hex')
  const bundleFile = 'dist/workflow-bundle.js'
  const stampFile = 'dist/workflow-bundle.stamp'
  if (!existsSync(bundleFile) || !existsSync(stampFile) || readFileSync(stampFile, 'utf8') !== stamp) {
    const { bundleWorkflowCode, DefaultLogger } = await import('@temporalio/worker')
    // Every workflow evaluates the modules that it uses anew: thousands of tables must not each build the schemas that only `migrate`
    // checks its input with, so a workflow type's modules are loaded when it is first asked for. Preloading them for all is no way: the SDK
    // freezes what is preloaded, and zod's schemas define members of themselves when they are first used.
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
      workflowInterceptorModules: [path.resolve('dist/workflows/whole-tasks.js')],
      logger: new DefaultLogger('WARN'),
    })
    mkdirSync('dist', { recursive: true })
    writeFileSync(bundleFile, code)
    writeFileSync(stampFile, stamp)
  }
}
