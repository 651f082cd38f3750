import { describe, expect, test } from 'vitest'
import { check, migrationJobPrefix, migrationSpecSchema, stepJobPrefix } from '../../contract/index.ts'
import { byteLength } from '../../planning/byte-length.ts'
import { carryMemory, LONGEST_CARRIED } from '../../planning/carry-memory.ts'
import { type MigrationMemory, newMemory, noteMetadata } from '../../planning/migration-memory.ts'
import { statusOf } from '../../planning/migration-status.ts'
import { isSettled, openMatters } from '../../planning/open-matters.ts'
import { isMarked, parkedCount, withMark } from '../../planning/parked-groups.ts'
import { approvedByMetadata, describeParked, type Parked } from '../../planning/parking.ts'
import { statusMarkdown } from '../../planning/status-markdown.ts'
import { MOST_AT_ONCE } from '../../planning/window.ts'

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
      full.running[`database.table_with_a_long_name_${i}`] = { sinceMs: i, runId: 'r'.repeat(36) }
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

  const asks = (question: string, statements: string[]): Parked => ({
    reason: 'needs approval: partitions were not written by replication',
    attempts: 1,
    times: 1,
    needsApproval: true,
    refused: false,
    question,
    statements,
  })

  test('are approvals and statements to undo, however many tables run or are paused', () => {
    const wide = memory()
    for (let i = 0; i < MOST_AT_ONCE; i++)
      wide.running[`warehouse.fact_table_${i}`] = { sinceMs: i, runId: 'r'.repeat(36) }
    wide.heldTables = Array.from({ length: 1000 }, (_, i) => `warehouse.paused_${i}`)
    wide.parked['shop.orders'] = { ...asks('q', ['TRUNCATE TABLE shop.orders']), approved: 'q' }
    wide.undo = [{ table: 'shop.orders', statement: 'ALTER TABLE shop.orders SET ("k" = "true")' }]
    expect(carryMemory(wide)).toEqual(wide)
  })

  test('are questions with the number of statements that are not told any more', () => {
    const crowded = memory()
    const all = Array.from({ length: 5 }, (_, i) => `TRUNCATE TABLE shop.t PARTITION(p2024_01_0${i}_${'x'.repeat(40)})`)
    for (let i = 0; i < 150; i++) crowded.parked[`shop.t${i}`] = asks(`q${i}`, all)
    // Run after run.
    const { parked } = carryMemory(carryMemory(crowded), 20 * 1024)
    const [[table, one] = []] = Object.entries(parked)
    if (table === undefined || !one) throw new Error('nothing is carried in the list')
    expect(one.question).toBe(`q${table.slice('shop.t'.length)}`)
    expect(describeParked(table, one).statements).toEqual([all[0], '-- and 4 more'])
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

  test('by what views are known as copies is remembered, the newest thousands of them, and carried along', () => {
    const state = memory()
    const views = (from: number, many: number) =>
      Array.from({ length: many }, (_, i) => ({
        ...outcome(`a.v${i}`, 'created'),
        marks: [String(from + i).padStart(8, '0')],
      }))
    for (let from = 0; from < 5000; from += 500) noteMetadata(state, report(views(from, 500)), 0)
    noteMetadata(state, report(views(4990, 1)), 0)
    expect(state.viewMarks).toHaveLength(3000)
    expect(state.viewMarks).toContain('00004999')
    const carried = carryMemory(state)
    expect(carried.viewMarks).toEqual(state.viewMarks)
    expect(byteLength(JSON.stringify(carried))).toBeLessThan(2 * LONGEST_CARRIED)
  })

  test('what cannot be aligned is parked until a whole difference finds nothing more wrong with it', () => {
    const state = memory()
    noteMetadata(
      state,
      report(
        [outcome('a.refused', 'refused'), outcome('a.approve', 'needs-approval'), outcome('a.new', 'created')],
        false,
      ),
      0,
    )
    expect(state.metadataComplete).toBe(false)
    expect(state.parked['a.approve']).toMatchObject({ needsApproval: true, statements: ['DROP'], byMetadata: true })
    noteMetadata(state, report([]), 0)
    expect(Object.keys(state.parked)).toEqual(['a.refused', 'a.approve'])
    noteMetadata(state, report([outcome('a.refused', 'refused')]), 1)
    expect(Object.keys(state.parked)).toEqual(['a.refused'])
    expect(state.changes.map(({ table }) => table)).toEqual(['a.new'])
  })
})

describe('more outcomes than a difference tells', () => {
  const asks = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, i) => ({
      table: `a.t${from + i}`,
      outcome: 'needs-approval' as const,
      statements: [],
      undo: [],
    }))
  const marksOf = (from: number, to: number) =>
    asks(from, to).reduce<string | undefined>((marks, { table }) => withMark(marks, table), '')
  const report = (from: number, to: number, more: number, leftOut?: string) => ({
    counts: metadata,
    outcomes: asks(from, to),
    more,
    complete: true,
    leftOut,
  })

  test('settle what is neither told nor marked, listed or not', () => {
    const state = memory()
    noteMetadata(state, report(0, 700, 0), 0)
    expect([Object.keys(state.parked).length, parkedCount(state)]).toEqual([500, 700])
    // It does not say which were left out: nothing is known of the others.
    noteMetadata(state, report(100, 600, 50), 0)
    expect(parkedCount(state)).toBe(700)
    noteMetadata(state, report(100, 600, 50, marksOf(600, 650)), 0)
    expect(parkedCount(state)).toBe(550)
    expect(state.parked['a.t99']).toBeUndefined()
    expect(isMarked(state, 'a.t649')).toBe(true)
    expect(isMarked(state, 'a.t650')).toBe(false)
    // A run of a former version took no notice.
    noteMetadata(state, report(100, 600, 0, ''), 0, { leftOutIsTold: false })
    noteMetadata(state, report(200, 300, 1, ''), 0, { leftOutIsTold: false })
    expect(parkedCount(state)).toBe(500)
  })

  test('are marked as long as a payload has room', () => {
    expect(marksOf(0, 10_000)).toHaveLength(60_000)
    expect(marksOf(0, 10_001)).toBeUndefined()
  })
})

describe('what has to wait', () => {
  const report = (outcomes: [string, 'waiting' | 'needs-approval'][], complete = true) => ({
    counts: metadata,
    outcomes: outcomes.map(([table, outcome]) => ({ table, outcome, reason: 'why', statements: [], undo: [] })),
    more: 0,
    complete,
  })

  test('is open until a whole difference leaves nothing for the next one, and settles no question', () => {
    const state = memory()
    noteMetadata(state, report([['a.asked', 'needs-approval']]), 0)
    noteMetadata(state, report([['a.view', 'waiting']], false), 1)
    noteMetadata(state, report([['a.asked', 'waiting']]), 1)
    expect(openMatters(state)).toMatchObject({ waitingDefinitions: 2, parkedTables: 1 })
    expect(state.parked['a.asked']).toMatchObject({ needsApproval: true })
    noteMetadata(state, report([]), 2)
    expect(openMatters(state)).toMatchObject({ waitingDefinitions: 0, parkedTables: 0 })
  })
})

describe('a difference that failed', () => {
  const report = (complete: boolean, error?: string) => ({ counts: metadata, outcomes: [], more: 0, complete, error })

  test('is open until another is through, whatever that tells before', () => {
    const state = memory()
    state.counts = { ...counts, laggingPartitions: 0, missingTables: 0 }
    noteMetadata(state, report(true), 0)
    expect(statusOf(state, 0).progress).toBe(1)
    noteMetadata(state, report(false, 'no right to list anything'), 0)
    // The first batch of the next one; or all of it, should it be told to hold.
    noteMetadata(state, report(false), 0)
    expect(state.metadataError).toBe('no right to list anything')
    expect(isSettled(state)).toBe(false)
    expect(statusOf(state, 0).progress).toBeLessThan(1)
    noteMetadata(state, report(true), 0)
    expect(isSettled(state)).toBe(true)
  })
})

describe('an approval', () => {
  const asks = (question: string) => ({
    counts: metadata,
    outcomes: [{ table: 'a.t', outcome: 'needs-approval' as const, statements: ['DROP'], undo: [], question }],
    more: 0,
    complete: true,
  })
  const waiting = { ...asks('q1'), outcomes: [{ table: 'a.t', outcome: 'waiting' as const, statements: [], undo: [] }] }

  test('is handed on until it was used, and is void when something else is asked', () => {
    const state = memory()
    noteMetadata(state, asks('q1'), 0)
    expect(approvedByMetadata(state.parked)).toEqual({})
    const parked = state.parked['a.t']
    if (parked) parked.approved = parked.question
    // A job runs on it just now: it is tried again.
    noteMetadata(state, waiting, 0)
    expect(approvedByMetadata(state.parked)).toEqual({ 'a.t': 'q1' })
    noteMetadata(state, asks('q2'), 0)
    expect(approvedByMetadata(state.parked)).toEqual({})
    expect(state.parked['a.t']).toMatchObject({ question: 'q2', needsApproval: true })
  })
})

describe('DDL that fails', () => {
  const failing = {
    counts: metadata,
    outcomes: [{ table: 'a.t', outcome: 'failed' as const, reason: 'no backend', statements: [], undo: [] }],
    more: 0,
    complete: true,
  }

  test('is tried again by a one-time migration in growing pauses, and given up some time', () => {
    const state = memory()
    state.spec = { ...spec, oneTime: true, parkAfter: 3 }
    const pauses: (number | undefined)[] = []
    for (let times = 0; times < 3; times++) {
      noteMetadata(state, failing, 0)
      pauses.push(state.parked['a.t']?.alignAt)
    }
    expect(pauses).toEqual([300_000, 600_000, undefined])
    expect(state.parked['a.t']).toMatchObject({ refused: true, reason: 'given up after 3 attempts: no backend' })
  })

  test('waits for the Schedule where there is one', () => {
    const state = memory()
    for (let times = 0; times < 10; times++) noteMetadata(state, failing, 0)
    expect(state.parked['a.t']).toMatchObject({ refused: false, times: 10 })
    expect(state.parked['a.t']?.alignAt).toBeUndefined()
  })
})

describe('the status', () => {
  test('counts under the names of StarRocks’ own tool', () => {
    const state = memory()
    state.counts = counts
    state.metadataComplete = true
    state.running['a.b'] = { sinceMs: 0 }
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
