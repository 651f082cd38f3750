import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createMetrics } from '../../workers/metrics.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
})
afterEach(() => {
  vi.useRealTimers()
})

test('a migration that nobody looks at any more leaves no figures behind; a backup does', async () => {
  const metrics = createMetrics()
  const shown = async () =>
    (await metrics.registry.metrics()).split('\n').filter((line) => /^starferry_\w+\{.*\b(m|p)"/.test(line))
  metrics.gauge('bytes_lagging', 7, { migration: 'm' })
  metrics.gauge('tables', 3, { migration: 'm', state: 'lagging' })
  metrics.gauge('backup_bytes', 9, { cluster: 'c', database: 'd', policy: 'p' })
  expect(await shown()).toHaveLength(3)
  vi.setSystemTime(Date.now() + 4 * 60_000)
  metrics.gauge('tables', 2, { migration: 'm', state: 'lagging' })
  vi.setSystemTime(Date.now() + 2 * 60_000)
  expect((await shown()).join('\n')).toMatch(/^starferry_tables.* 2\nstarferry_backup_bytes.* 9$/)
  vi.setSystemTime(Date.now() + 10 * 60_000)
  expect(await shown()).toHaveLength(1)
})

test('what alerts wait to see increase is there from the beginning', async () => {
  const text = await createMetrics().registry.metrics()
  for (const outcome of ['ok', 'failed', 'cancelled']) expect(text).toContain(`_restores_total{outcome="${outcome}"} 0`)
})
