import { describe, expect, test } from 'vitest'
import { addSample, type RateSample, rateOf } from '../../planning/copy-rate.ts'
import {
  describeParked,
  dueTables,
  groupReasons,
  nextDue,
  type Parked,
  parkSeconds,
  shortReason,
} from '../../planning/parking.ts'
import { MostUrgent } from '../../planning/priorities.ts'
import { lookDelay, lookLimit, windowSize } from '../../planning/window.ts'

describe('the window', () => {
  test.each([
    [undefined, 100, 100],
    [10, 100, 10],
    [200, 100, 100],
    [undefined, 0, 1],
    [5000, 5000, 1000],
    [undefined, 10_000, 1000],
  ])('spec %s, target %s: %s', (spec, slots, expected) => {
    expect(windowSize(spec, slots)).toBe(expected)
  })

  test('a look lists enough for a while, and never too much for a payload', () => {
    expect([1, 100, 5000].map(lookLimit)).toEqual([50, 400, 400])
  })

  test.each([
    ['a full queue leaves the clusters in peace', { queued: 100, secondsSinceLook: 0, hurry: false }, 30],
    ['a short queue looks at the interval', { queued: 5, secondsSinceLook: 4, hurry: false }, 6],
    ['long ago: at once', { queued: 0, secondsSinceLook: 1e9, hurry: false }, 0],
    ['more to start than was listed: nearly at once', { queued: 0, secondsSinceLook: 0.2, hurry: true }, 0.8],
  ])('%s', (_what, now, expected) => {
    expect(lookDelay({ window: 100, interval: 10, ...now })).toBe(expected)
  })
})

describe('which tables come first', () => {
  const table = (name: string, bytes: number, unfinished: boolean) => ({
    table: name,
    bytes,
    unfinished,
    laggingPartitions: 1,
  })

  test('small ones mostly, but every fourth is the largest, and what lags gets its share', () => {
    const urgent = new MostUrgent(12)
    for (let i = 0; i < 1000; i++) {
      urgent.offer(table(`u${String(i).padStart(3, '0')}`, i, true))
      urgent.offer(table(`l${String(i).padStart(3, '0')}`, i, false))
    }
    const names = urgent.list().map((one) => one.table)
    expect(names).toHaveLength(12)
    expect(names.slice(0, 6)).toEqual(['u000', 'l000', 'u001', 'u002', 'u999', 'l001'])
    expect(names.filter((name) => name.startsWith('l'))).toHaveLength(3)
  })

  test('the list is as long as there is something', () => {
    const urgent = new MostUrgent(10)
    urgent.offer(table('a', 5, false))
    urgent.offer(table('b', 1, false))
    expect(urgent.list().map((one) => one.table)).toEqual(['b', 'a'])
  })
})

describe('parking', () => {
  const parked = (more: Partial<Parked>): Parked => ({
    reason: 'r',
    attempts: 5,
    times: 1,
    needsApproval: false,
    refused: false,
    statements: [],
    ...more,
  })

  test('pauses double up to an hour', () => {
    expect([1, 2, 3, 4, 5, 60].map((times) => parkSeconds(300, times))).toEqual([300, 600, 1200, 2400, 3600, 3600])
    expect(parkSeconds(7200, 3)).toBe(7200)
  })

  test('due in the order of their time; those that wait for a person never are', () => {
    const all: [string, Parked][] = [
      ['late', parked({ retryAt: 90 })],
      ['early', parked({ retryAt: 10 })],
      ['future', parked({ retryAt: 101 })],
      ['person', parked({})],
    ]
    expect(dueTables(all, 100)).toEqual(['early', 'late'])
    expect(nextDue(all)).toBe(10)
    expect(nextDue([['person', parked({})]])).toBeUndefined()
  })

  test('told to an operator', () => {
    expect(describeParked('a.b', parked({ retryAt: Date.UTC(2024, 0, 1), statements: ['TRUNCATE …'] }))).toEqual({
      table: 'a.b',
      reason: 'r',
      attempts: 5,
      retryAt: '2024-01-01T00:00:00.000Z',
      needsApproval: false,
      statements: ['TRUNCATE …'],
    })
  })

  test('reasons are short, and counted by kind, whatever names and numbers they hold', () => {
    expect(shortReason(`a\n  b ${'x'.repeat(400)}`)).toHaveLength(300)
    expect(
      groupReasons(
        ['job 1 of a.b was aborted', 'disk above 80 % on be-3', 'job 2 of c.d was aborted'].map((reason) => ({
          reason,
          tables: 1,
        })),
        5,
      ),
    ).toEqual([
      { reason: 'job 1 of a.b was aborted', tables: 2 },
      { reason: 'disk above 80 % on be-3', tables: 1 },
    ])
  })
})

describe('the copy rate', () => {
  test('bytes a second over a window of minutes, with few samples', () => {
    let samples: RateSample[] = []
    for (let second = 0; second <= 3600; second++)
      samples = addSample(samples, { atMs: second * 1000, bytes: second * 50 })
    expect(samples.length).toBeLessThanOrEqual(31)
    expect(rateOf(samples, 3_600_000)).toBeCloseTo(50, 0)
  })

  test('falls when nothing comes any more', () => {
    const samples = [
      { atMs: 0, bytes: 0 },
      { atMs: 10_000, bytes: 1000 },
    ]
    expect(rateOf(samples, 10_000)).toBe(100)
    expect(rateOf(samples, 100_000)).toBe(10)
    expect(rateOf([], 5)).toBe(0)
  })
})
