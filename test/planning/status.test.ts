import { describe, expect, test } from 'vitest'
import { check, type MigrationSpec, migrationSpecSchema, type TableReport } from '../../contract/index.ts'
import { byteLength } from '../../planning/byte-length.ts'
import { carryMemory } from '../../planning/carry-memory.ts'
import { type MigrationMemory, newMemory, noteMetadata } from '../../planning/migration-memory.ts'
import { statusOf } from '../../planning/migration-status.ts'
import { isSettled } from '../../planning/open-matters.ts'
import { isMarked, listMarked, markMatcher, parkedCount, releaseDue, unmark } from '../../planning/parked-groups.ts'
import { MOST_PARKED, type Parked } from '../../planning/parking.ts'
import { StaleSum } from '../../planning/stale-counts.ts'
import { TableComparison } from '../../planning/version-index.ts'
import { noteReport } from '../../workflows/migration/reports.ts'

const spec: MigrationSpec = check(migrationSpecSchema, { name: 'm', source: 'a', target: 'b' }, 'spec')
const NOW = Date.UTC(2026, 0, 2)

/** Everything confirmed. */
function settled(): MigrationMemory {
  return {
    ...newMemory(spec, Date.UTC(2026, 0, 1)),
    state: 'caughtUp',
    metadataComplete: true,
    checkedAt: '2026-01-01T23:59:50.000Z',
    counts: {
      tables: 10,
      finishedTables: 10,
      expiredTables: 0,
      partitions: 100,
      laggingPartitions: 0,
      unknownPartitions: 0,
      surplusPartitions: 0,
      surplusTables: 0,
      totalBytes: 1000,
      laggingBytes: 0,
      missingTables: 0,
    },
  }
}

const parked = (more: Partial<Parked> = {}): Parked => ({
  reason: 'a load wrote to it',
  attempts: 1,
  times: 1,
  needsApproval: true,
  refused: false,
  statements: [],
  ...more,
})

const report = (table: string, more: Partial<TableReport> = {}): TableReport => ({
  table,
  runId: 'r',
  outcome: 'needs-approval',
  reason: `needs approval: partition p of ${table} was not written by replication`,
  attempts: 1,
  jobsSent: 0,
  jobsFailed: 0,
  partitions: 0,
  bytes: 0,
  version: '0',
  ...more,
})

describe('100 % and caughtUp', () => {
  test('are said when nothing at all is open', () => {
    expect(statusOf(settled(), NOW)).toMatchObject({ state: 'caughtUp', progress: 1 })
    expect(statusOf(settled(), NOW).reason).toBeUndefined()
  })

  test.each<[string, (memory: MigrationMemory) => void, RegExp]>([
    [
      'a table waits for an approval',
      (memory) => (memory.parked['d.t'] = parked()),
      /1 table is parked, 1 of them until/,
    ],
    [
      'a metadata difference could not align a table',
      (memory) => (memory.parked['d.t'] = parked({ needsApproval: false, byMetadata: true })),
      /1 table is parked/,
    ],
    [
      'a table is refused',
      (memory) => (memory.parked['d.t'] = parked({ needsApproval: false, refused: true })),
      /parked/,
    ],
    [
      'the target has partitions that the source dropped',
      (memory) => Object.assign(memory.counts ?? {}, { surplusPartitions: 2, surplusTables: 1 }),
      /2 partitions with rows only on the target/,
    ],
    [
      'the target cannot tell',
      (memory) => Object.assign(memory.counts ?? {}, { unknownPartitions: 3 }),
      /b does not tell of 3 partitions/,
    ],
    ['the last look failed', (memory) => (memory.lookError = 'a cannot be reached'), /a cannot be reached/],
    ['definitions were never compared', (memory) => (memory.metadataComplete = false), /.*/],
  ])('are not said while %s', (_what, open, reason) => {
    const memory = settled()
    open(memory)
    expect(isSettled(memory)).toBe(false)
    const status = statusOf(memory, NOW)
    expect(status.state).toBe('syncing')
    expect(status.progress).toBeLessThan(1)
    expect(status.reason ?? '').toMatch(reason)
  })
})

describe('partitions that only the target has', () => {
  const copy = (version: bigint) => ({
    visibleVersion: version,
    dataVersion: version,
    versionEpoch: 900_000_000n,
    txnType: 'REPLICATION' as const,
  })

  test('count when they hold rows', () => {
    const versions = new Map([
      ['p1', copy(5n)],
      ['p2', copy(3n)],
      ['empty', copy(1n)],
    ])
    const comparison = new TableComparison('d.t', versions)
    comparison.add('p1', { id: 7n, ...copy(5n) }, 10)
    comparison.finish()
    expect(comparison.lag).toMatchObject({ laggingPartitions: 0, surplusPartitions: 1 })
    const sum = new StaleSum()
    sum.add(comparison.lag)
    expect(sum.counts).toMatchObject({ surplusPartitions: 1, surplusTables: 1, expiredTables: 0 })
  })

  test('of which the answer had no row are unknown, and their table is not finished', () => {
    const comparison = new TableComparison('d.t', new Map())
    comparison.unread(4)
    comparison.finish()
    expect(comparison.lag).toMatchObject({ partitions: 4, unknownPartitions: 4, unfinished: true })
  })
})

describe('jobs', () => {
  test('are those on the target; tables that wait for room have a reason', () => {
    const memory = settled()
    memory.state = 'syncing'
    memory.slots = 10
    Object.assign(memory.counts ?? {}, { expiredTables: 10, laggingPartitions: 10 })
    for (let i = 0; i < 10; i++) memory.running[`d.t${i}`] = { sinceMs: 0 }
    memory.jobsRunning = 2
    memory.sent = 1
    memory.waiting = [{ reason: 'disk above 80 % on be-3 (91 %)', tables: 7 }]
    const status = statusOf(memory, NOW)
    expect(status.jobs).toMatchObject({ running: 2, sent: 1, jobPending: 7, total: 10 })
    expect(status.slots).toEqual({ limit: 10, used: 10 })
    expect(status.reasons).toEqual([{ reason: 'disk above 80 % on be-3 (91 %)', tables: 7 }])
  })

  test('the total is the sum of all the others', () => {
    const memory = settled()
    Object.assign(memory.counts ?? {}, { unknownPartitions: 7, missingTables: 2, expiredTables: 5 })
    Object.assign(memory.totals, { finished: 30, failed: 1 })
    const { total, ...others } = statusOf(memory, NOW).jobs
    expect(others).toMatchObject({ unknown: 7, ddlPending: 2, jobPending: 3, finished: 30, failed: 1 })
    expect(total).toBe(43)
  })

  test('finished are jobs, not rounds of tables', () => {
    const memory = settled()
    noteReport(memory, report('d.t', { outcome: 'in-sync', jobsSent: 20, jobsFailed: 3, partitions: 40 }), NOW, false)
    // The only job of a table that was told to stop was aborted.
    noteReport(memory, report('d.u', { outcome: 'stopped', jobsSent: 1, partitions: 0 }), NOW, false)
    noteReport(memory, report('d.v', { outcome: 'failed', jobsSent: 2, jobsFailed: 5, partitions: 2 }), NOW, false)
    expect(statusOf(memory, NOW).jobs).toMatchObject({ finished: 22, failed: 8 })
  })
})

describe('pauses', () => {
  const pauseOf = (memory: MigrationMemory) => ((memory.parked['d.t']?.retryAt ?? 0) - NOW) / 1000
  const fails = () => report('d.t', { outcome: 'failed', reason: 'a disk is bad' })
  const waits = () => report('d.t', { outcome: 'waiting', reason: 'a schema change runs' })

  test('after failures grow with failures, those of what only waits with waits', () => {
    const memory = settled()
    const pauses = [waits, waits, waits, fails, waits, fails, waits].map((reported) => {
      noteReport(memory, reported(), NOW, false)
      return pauseOf(memory)
    })
    const first = spec.intervals.park
    expect(pauses).toEqual([20, 40, 80, first, 20, 2 * first, 20])
  })
})

describe('a migration that failed', () => {
  const fatal = (code: string) => ({
    code,
    level: 'fatal' as const,
    subject: 'b',
    message: `it is ${code}`,
    remedy: '',
  })

  test('says why, and nothing of what was to be ignored', () => {
    const memory = settled()
    memory.state = 'failed'
    memory.spec = { ...spec, ignore: ['harmless'] }
    memory.findings = [fatal('harmless'), fatal('fatal-indeed')]
    expect(statusOf(memory, NOW).reason).toBe('it is fatal-indeed')
    memory.failure = 'nobody may read b'
    expect(statusOf(memory, NOW).reason).toBe('nobody may read b')
  })
})

describe('thousands of parked tables', () => {
  function crowded(): MigrationMemory {
    const memory = settled()
    memory.state = 'syncing'
    for (let i = 0; i < 2_000; i++) {
      memory.running[`shop.table_${i}`] = { sinceMs: 0 }
      noteReport(memory, report(`shop.table_${i}`), NOW, false)
    }
    Object.assign(memory.counts ?? {}, { tables: 2_010, expiredTables: 2_000, laggingPartitions: 2_000 })
    return memory
  }

  test('are counted, have their reason, and none waits for a slot', () => {
    const status = statusOf(crowded(), NOW)
    expect(status.tables.parked).toBe(2_000)
    expect(status.jobs.jobPending).toBe(0)
    expect(status.reasons).toEqual([{ reason: expect.stringMatching(/^needs approval: partition p/), tables: 2_000 }])
    expect(status.reason).toBe('2000 tables are parked, 500 of them listed one by one, 2000 of them until approved')
  })

  test('are not listed by looks, and each can still be found', () => {
    const memory = crowded()
    const matches = markMatcher((memory.parkedMore ?? []).map((group) => group.marks))
    for (let i = 0; i < 2_000; i++) {
      expect(`shop.table_${i}` in memory.parked || matches(`shop.table_${i}`), `table ${i}`).toBe(true)
    }
    expect(matches('shop.healthy')).toBe(false)
    expect(isMarked(memory, 'shop.table_1999')).toBe(true)
    expect(unmark(memory, 'shop.table_1999')?.needsApproval).toBe(true)
    expect(isMarked(memory, 'shop.table_1999')).toBe(false)
    expect(parkedCount(memory)).toBe(1_999)
  })

  test('are all carried into the next run, and come back into sight slowly', () => {
    const memory = crowded()
    const carried = carryMemory(memory)
    expect(byteLength(JSON.stringify(carried))).toBeLessThan(90 * 1024)
    expect(parkedCount(carried)).toBe(2_000)
    expect(parkedCount(memory)).toBe(2_000)
    const listed = Object.keys(carried.parked).length
    expect(listed).toBeLessThan(MOST_PARKED - 50)
    releaseDue(carried, NOW)
    expect(parkedCount(carried)).toBe(1_990)
    // Hours later all of them are looked at again.
    releaseDue(carried, NOW + 7 * 3600_000)
    expect(parkedCount(carried)).toBe(listed)
  })

  test('leave room for one that waits only a little', () => {
    const memory = crowded()
    noteReport(memory, report('shop.busy', { outcome: 'waiting', reason: 'schema change running' }), NOW, false)
    expect(memory.parked['shop.busy']).toMatchObject({ retryAt: NOW + 20_000 })
    expect(Object.keys(memory.parked)).toHaveLength(MOST_PARKED)
    expect(parkedCount(memory)).toBe(2_001)
  })

  test('come into the list when somebody asks for them, and no approval is lost for that', () => {
    const memory = crowded()
    const [approved, second] = Object.entries(memory.parked)
    if (!approved || !second) throw new Error('nothing is listed')
    approved[1].approved = 'q1'
    expect(listMarked(memory, 'shop.table_1999', () => false, NOW)).toMatchObject({ needsApproval: true })
    expect(isMarked(memory, 'shop.table_1999')).toBe(false)
    expect(memory.parked[approved[0]]?.approved).toBe('q1')
    expect(isMarked(memory, second[0])).toBe(true)
    expect(parkedCount(memory)).toBe(2_000)
    // What is asked now stays in sight, so that it can be approved.
    noteReport(memory, report('shop.table_1999', { question: 'q2' }), NOW, false)
    expect(memory.parked['shop.table_1999']).toMatchObject({ needsApproval: true, question: 'q2' })
  })

  test('that were approved are carried in the list', () => {
    const memory = crowded()
    const last = Object.entries(memory.parked).at(-1)
    if (!last) throw new Error('nothing is listed')
    last[1].approved = 'q1'
    expect(carryMemory(memory, 20 * 1024).parked[last[0]]).toMatchObject({ approved: 'q1' })
  })

  test('that a metadata difference finds are taken off by one that finds nothing', () => {
    const memory = settled()
    const counts = { sourceTables: 700, alignedTables: 0, differentTables: 700, targetOnlyTables: 0, refusedTables: 0 }
    const outcomes = Array.from({ length: 700 }, (_, i) => ({
      table: `d.t${i}`,
      outcome: 'needs-approval' as const,
      reason: 'columns differ',
      statements: [],
      undo: [],
    }))
    noteMetadata(memory, { counts, outcomes, more: 0, complete: true }, NOW)
    expect(parkedCount(memory)).toBe(700)
    // Looks do not see what is wrong with them: nothing but a difference takes them off, or lists them.
    releaseDue(memory, NOW + 24 * 3600_000)
    expect(parkedCount(memory)).toBe(700)
    for (let i = 0; i < 300; i++) delete memory.parked[`d.t${i}`]
    noteMetadata(memory, { counts, outcomes: outcomes.slice(300), more: 0, complete: true }, NOW)
    expect(parkedCount(memory)).toBe(400)
    expect(Object.keys(memory.parked)).toHaveLength(400)
    const startedAt = '2026-01-02T00:03:00.000Z'
    noteMetadata(memory, { counts, outcomes: [], more: 0, complete: true, startedAt }, NOW)
    expect(parkedCount(memory)).toBe(0)
    expect(statusOf(memory, NOW).definitionsCheckedAt).toBe(startedAt)
  })
})
