import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Figure } from './figure.ts'

/**
 * `npm run bench [NAME …]`: runs benchmarks one after the other, each in a process of its own so that memory figures are its own,
 * and prints a JSON line a figure. Exits 1 when a figure misses its bar.
 */
const BENCHES: Record<string, () => Promise<{ run(): Promise<Figure[]> }>> = {}

const [first, ...rest] = process.argv.slice(2)
if (first === '--child') {
  const bench = await BENCHES[rest[0] ?? '']?.()
  for (const figure of (await bench?.run()) ?? []) console.log(JSON.stringify(figure))
  process.exit(0)
}

const wanted = first === undefined ? Object.keys(BENCHES) : [first, ...rest]
const unknown = wanted.filter((name) => !(name in BENCHES))
if (unknown.length > 0) {
  console.error(
    `no benchmark is called ${unknown.map((name) => `'${name}'`).join(', ')}; there are: ${Object.keys(BENCHES).join(', ')}`,
  )
  process.exit(2)
}

let missed = false
for (const name of wanted) {
  const child = spawn(process.execPath, ['--expose-gc', fileURLToPath(import.meta.url), '--child', name], {
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
