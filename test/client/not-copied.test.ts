import { expect, test } from 'vitest'
import { notCopied } from '../../client/commands/migrate/not-copied.ts'
import { check, migrationSpecSchema } from '../../contract/index.ts'
import { newMemory } from '../../planning/migration-memory.ts'
import { statusOf } from '../../planning/migration-status.ts'
import { StaleSum } from '../../planning/stale-counts.ts'

const spec = check(migrationSpecSchema, { name: 'm', source: 'a', target: 'b', oneTime: true }, 'spec')

/** Finished, with nothing open but what is said. */
function finished(counts: Partial<StaleSum['counts']>, refused = 0) {
  const memory = newMemory(spec, 0)
  const parked = { attempts: 1, times: 1, needsApproval: false, refused: true, statements: [] }
  return statusOf(
    {
      ...memory,
      state: 'finished',
      metadataComplete: true,
      checkedAt: '2026-01-01T00:00:00.000Z',
      counts: { ...new StaleSum().counts, tables: 10, finishedTables: 10, partitions: 20, ...counts },
      parked: Object.fromEntries(
        Array.from({ length: refused }, (_, i) => [`d.t${i}`, { ...parked, reason: 'an external table' }]),
      ),
    },
    1000,
  )
}

test('a migration that has finished tells how much of it was not copied', () => {
  expect(notCopied(finished({}))).toBeUndefined()
  expect(notCopied(finished({}, 3))).toBe('the migration has finished, but 3 tables were not copied: an external table')
  expect(notCopied(finished({ laggingPartitions: 2, expiredTables: 1 }))).toMatch(/but 1 table was not copied/)
  expect(notCopied(finished({ surplusPartitions: 2, surplusTables: 1 }))).toMatch(/2 partitions with rows are only on/)
})

test('an old target that cannot tell what wrote its partitions was copied all the same', () => {
  const status = finished({ unknownPartitions: 20 })
  expect(status.progress).toBeLessThan(1)
  expect(notCopied(status)).toBeUndefined()
})

test('one that was stopped was never to be whole', () => {
  expect(notCopied({ ...finished({}, 3), state: 'stopped' })).toBeUndefined()
})
