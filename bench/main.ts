import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { Figure } from './figure.ts'

/**
 * `npm run bench -- [NAME …] [--scale FACTOR]`: runs benchmarks one after the other, each in a process of its own so that memory figures are
 * its own, and prints a JSON line a figure. `--scale 0.1` measures a tenth of the sizes; every figure tells what it was measured on.
 * Exits 1 when a figure misses its bar or a benchmark fails, 2 for a name that there is not.
 */
interface Bench {
  /** `scale`: factor on all sizes. */
  run(scale: number): Promise<Figure[]>
}

const BENCHES: Record<string, () => Promise<Bench>> = {
  'request-building': () => import('./request-building.ts'),
  'stale-check': () => import('./stale-check.ts'),
  'metadata-difference': () => import('./metadata-difference.ts'),
  'small-tables': () => import('./small-tables.ts'),
  'slot-use': () => import('./slot-use.ts'),
  statements: () => import('./statements.ts'),
  'list-snapshots': () => import('./list-snapshots.ts'),
  'list-backups': () => import('./list-backups.ts'),
  'backup-slots': () => import('./backup-slots.ts'),
  'backup-plan': () => import('./backup-plan.ts'),
  'backup-overhead': () => import('./backup-overhead.ts'),
  'verify-repository': () => import('./verify-repository.ts'),
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { scale: { type: 'string', default: '1' }, child: { type: 'boolean', default: false } },
})
const scale = Number(values.scale)
if (!(scale > 0)) usage(`--scale ${values.scale}: give a factor above 0`)
const unknown = positionals.filter((name) => !(name in BENCHES))
if (unknown.length > 0)
  usage(`no benchmark is called ${unknown.join(', ')}; there are: ${Object.keys(BENCHES).join(', ')}`)

if (values.child) {
  for (const name of positionals) {
    const bench = await BENCHES[name]?.()
    for (const figure of (await bench?.run(scale)) ?? []) console.log(JSON.stringify(figure))
  }
  process.exit(0)
}

let missed = false
for (const name of positionals.length > 0 ? positionals : Object.keys(BENCHES)) {
  const self = fileURLToPath(import.meta.url)
  const child = spawn(process.execPath, [...process.execArgv, self, '--child', name, '--scale', String(scale)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let out = ''
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString()
    process.stdout.write(chunk)
  })
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  if (code !== 0 || out.includes('"ok":false')) missed = true
}
process.exit(missed ? 1 : 0)

function usage(message: string): never {
  console.error(message)
  process.exit(2)
}
