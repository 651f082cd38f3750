import { describe, expect, test } from 'vitest'
import { check, migrationJobPrefix, migrationSpecSchema, stepJobPrefix } from '../../contract/index.ts'
import { byteLength, carryMemory, LONGEST_CARRIED } from '../../planning/carry-memory.ts'
import { type MigrationMemory, newMemory, noteMetadata } from '../../planning/migration-memory.ts'
import { statusOf } from '../../planning/migration-status.ts'
import { statusMarkdown } from '../../planning/status-markdown.ts'

const spec = check(migrationSpecSchema, { name: 'm', source: 'a', target: 'b' }, 'spec')
const memory = (): MigrationMemory => newMemory(spec, Date.UTC(2024, 0, 1))
const counts = {
  tables: 10,
  finishedTables: 6,
  expiredTables: 4,
  partitions: 100,
  laggingPartitions: 25,
  unknownPartitions: 0,
  totalBytes: 1000,
  laggingBytes: 400,
  missingTables: 1,
}
const metadata = { sourceTables: 10, alignedTables: 9, differentTables: 1, targetOnlyTables: 0, refusedTables: 0 }

describe('what is carried into the next run', () => {
  test('fits, however much there is, and keeps what cannot be found again', () => {
    const full = memory()
    for (let i = 0; i < 100; i++)
      full.running[`database.table_with_a_long_name_${i}`] = { sinceMs: i, approved: false, runId: 'r'.repeat(36) }
    for (let i = 0; i < 500; i++) {
      full.parked[`database.parked_table_${i}`] = {
        reason: 'ü'.repeat(300),
        attempts: 5,
        times: 2,
        needsApproval: i === 7,
        refused: false,
        statements: ['TRUNCATE '.repeat(50)],
      }
    }
    full.undo = Array.from({ length: 300 }, (_, i) => ({ table: `d.t${i}`, statement: 'x'.repeat(200) }))
    full.settings = [{ cluster: 'b', key: 'k', from: '1', to: '2' }]
    const carried = carryMemory(full)
    expect(byteLength(JSON.stringify(carried))).toBeLessThanOrEqual(LONGEST_CARRIED)
    expect(Object.keys(carried.running)).toHaveLength(100)
    expect(carried.settings).toEqual(full.settings)
    expect(carried.undo.length + carried.moreUndo).toBe(300)
    expect(Object.keys(carried.parked)).toContain('database.parked_table_7')
    // The run that goes on with the old memory, should the new one not start, has lost nothing.
    expect(Object.keys(full.parked)).toHaveLength(500)
  })

  test('is all of it when it is small', () => {
    const small = memory()
    small.counts = counts
    expect(carryMemory(small)).toEqual(small)
  })
})

describe('metadata reports', () => {
  const report = (outcomes: Parameters<typeof noteMetadata>[1]['outcomes'], complete = true) => ({
    counts: metadata,
    outcomes,
    more: 0,
    complete,
  })
  const outcome = (table: string, kind: 'created' | 'refused' | 'needs-approval' | 'waiting') => ({
    table,
    outcome: kind,
    reason: 'why',
    statements: ['DROP'],
    undo: [],
  })

  test('what cannot be aligned is parked until a whole difference finds nothing more wrong with it', () => {
    const state = memory()
    noteMetadata(
      state,
      report(
        [outcome('a.refused', 'refused'), outcome('a.approve', 'needs-approval'), outcome('a.new', 'created')],
        false,
      ),
      'now',
    )
    expect(state.metadataComplete).toBe(false)
    expect(state.parked['a.approve']).toMatchObject({ needsApproval: true, statements: ['DROP'], byMetadata: true })
    noteMetadata(state, report([]), 'now')
    expect(Object.keys(state.parked)).toEqual(['a.refused', 'a.approve'])
    noteMetadata(state, report([outcome('a.refused', 'refused')]), 'later')
    expect(Object.keys(state.parked)).toEqual(['a.refused'])
    expect(state.changes.map(({ table }) => table)).toEqual(['a.new'])
  })
})

describe('the status', () => {
  test('counts under the names of StarRocks’ own tool', () => {
    const state = memory()
    state.counts = counts
    state.metadataComplete = true
    state.running['a.b'] = { sinceMs: 0, approved: false }
    const status = statusOf(state, Date.UTC(2024, 0, 1, 1))
    expect(status.jobs).toMatchObject({ ddlPending: 1, jobPending: 2, running: 1, unknown: 0 })
    expect(status).toMatchObject({ finishedTableRatio: 0.6, expiredTableRatio: 0.4, slots: { limit: 1, used: 1 } })
    expect(status.progress).toBeCloseTo(75 / 101)
    expect(statusMarkdown(status)).toContain('% of 100 partitions confirmed, 25 lag')
  })

  test.each([
    ['a partition is unknown', { unknownPartitions: 1 }],
    ['a partition lags', { laggingPartitions: 1 }],
    ['a table is missing', { missingTables: 1 }],
  ])('never says 100 %% while %s', (_what, change) => {
    const state = memory()
    const good = { ...counts, laggingPartitions: 0, missingTables: 0 }
    state.metadataComplete = true
    state.counts = good
    expect(statusOf(state, 0).progress).toBe(1)
    state.counts = { ...good, ...change }
    expect(statusOf(state, 0).progress).toBeLessThan(1)
  })
})

describe('job ids', () => {
  test('fit into labels and tell migrations apart', () => {
    const long = stepJobPrefix(`${'x'.repeat(60)}.y`, '019365af-1234-7abc-8def-0123456789ab', 123456)
    expect(`${long}999`).toMatch(/^[-A-Za-z0-9_]{1,90}$/)
    expect(migrationJobPrefix('a.b')).not.toBe(migrationJobPrefix('a-b'))
    // No migration's prefix begins another's.
    expect(migrationJobPrefix('a-b').startsWith(migrationJobPrefix('a'))).toBe(false)
    expect(stepJobPrefix('m', 'run', 1).startsWith(migrationJobPrefix('m'))).toBe(true)
  })
})
