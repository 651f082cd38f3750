import { execFile } from 'node:child_process'
import path from 'node:path'
import { describe, expect, it } from 'vitest'

const MAIN = path.resolve(import.meta.dirname, '../../dist/bench/main.js')

interface Outcome {
  code: number
  lines: string[]
  errors: string
}

function bench(...given: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['--expose-gc', MAIN, ...given], { timeout: 580_000 }, (error, out, errors) => {
      const code = typeof error?.code === 'number' ? error.code : error ? -1 : 0
      resolve({ code, lines: out.split('\n').filter((line) => line !== ''), errors })
    })
  })
}

/** What each benchmark measures. How fast it is here is no matter of a test: other things run beside it. */
const FIGURES: Record<string, string[]> = {
  'request-building': ['request-building', 'request-building memory'],
  'stale-check': ['stale-check', 'stale-check memory'],
  'metadata-difference': ['metadata-difference', 'metadata-difference changed', 'metadata-difference memory'],
  'small-tables': [
    'worker memory idle',
    'small-tables moved',
    'history events in the parent',
    'small-tables made',
    'history events in the parent',
    'worker memory moving',
  ],
  'slot-use': ['slot-use'],
  statements: [
    'statements on the source',
    'statements on the target',
    'idle statements on the source',
    'idle statements on the target',
  ],
  'list-snapshots': ['list snapshots after listing', 'list snapshots again after listing'],
  'list-backups': ['list backups after listing', 'list backups again after listing', 'plan retention'],
  'backup-slots': ['backup slots busy'],
  'backup-plan': ['backup plan', 'backup plan memory', 'backup memory'],
  'backup-overhead': ['backup overhead mean', 'backup overhead worst in twenty'],
  'verify-repository': ['verify deep', 'verify names', 'verify memory'],
}

describe('benchmarks', () => {
  it.each(Object.entries(FIGURES))(
    '%s prints its figures, on small sizes',
    async (name, figures) => {
      const { code, lines, errors } = await bench(name, '--scale', '0.01')
      expect(lines.length, errors).toBe(figures.length)
      const printed = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
      expect(printed.map((figure) => figure.bench)).toEqual(figures)
      for (const figure of printed) {
        expect(Object.keys(figure)).toEqual(['bench', 'value', 'unit', 'bar', 'ok', 'scale'])
        // Statements may be none in so short a time.
        expect(figure.value).toBeGreaterThanOrEqual(0)
        expect(figure.unit).toMatch(/./)
        expect(figure.bar).toMatch(/^[<>]= \d/)
        expect(figure.scale).toMatch(/./)
        const [direction, bar] = String(figure.bar).split(' ')
        const holds = direction === '<=' ? Number(figure.value) <= Number(bar) : Number(figure.value) >= Number(bar)
        expect(figure.ok).toBe(holds)
      }
      expect(code, errors).toBe(printed.every((figure) => figure.ok) ? 0 : 1)
    },
    600_000,
  )

  it('names what there is when a name is wrong', async () => {
    const { code, lines, errors } = await bench('slot-uze')
    expect(code).toBe(2)
    expect(lines).toEqual([])
    for (const name of Object.keys(FIGURES)) expect(errors).toContain(name)
  })
})
