import { describe, expect, test } from 'vitest'
import type { OldestLag } from '../../contract/replication.ts'
import { LagClock } from '../../planning/lag-clock.ts'

/** Looks at one partition: [seconds, version of the source, of the copy], one look each; what each tells. */
function looks(clock: LagClock, seen: readonly (readonly [number, bigint, bigint])[], handed?: OldestLag) {
  return seen.map(([at, source, copy]) => {
    const look = clock.look(at * 1000, handed)
    if (copy < source) look.behind('d.t', 'p', source, copy)
    return look.finish().seconds
  })
}

describe('how long the oldest missing change has been waiting', () => {
  test('of a table that is written and copied all the time is seconds, however long that goes on', () => {
    const seen = Array.from({ length: 360 }, (_, i) => [i * 10, BigInt(10 + i), BigInt(8 + i)] as const)
    const told = looks(new LagClock(), seen)
    expect(Math.max(...told.map((seconds) => seconds ?? 0))).toBeLessThanOrEqual(20)
  })

  test('grows while the copy does not move, and ends when it has all', () => {
    const seen = [
      [0, 5n, 5n],
      [10, 6n, 5n],
      [20, 7n, 5n],
      [100, 8n, 5n],
      [110, 8n, 6n],
      [120, 8n, 8n],
    ] as const
    // At 110 s version 6 is there; 7 was seen at 20 s.
    expect(looks(new LagClock(), seen)).toEqual([undefined, 0, 10, 90, 90, undefined])
  })

  test('is handed on to another worker', () => {
    const first = new LagClock()
    looks(first, [[0, 6n, 5n]])
    const look = first.look(100_000, undefined)
    look.behind('d.t', 'p', 6n, 5n)
    const { oldest, seconds } = look.finish()
    expect(seconds).toBe(100)
    expect(oldest).toEqual({ table: 'd.t', partition: 'p', version: '6', since: new Date(0).toISOString() })
    expect(looks(new LagClock(), [[110, 9n, 5n]], oldest)).toEqual([110])
    // There it is by now: what lacks is newer.
    expect(looks(new LagClock(), [[110, 9n, 6n]], oldest)).toEqual([0])
  })

  test('is not shortened by a worker that has not looked for long', () => {
    const idle = new LagClock()
    looks(idle, [[0, 5n, 5n]])
    const oldest = { table: 'd.u', since: new Date(1_000_000).toISOString() }
    expect(looks(idle, [[2_000, 6n, 5n]], oldest)).toEqual([1_000])
  })

  test('counts for tables that were never copied, too', () => {
    const clock = new LagClock()
    for (const [at, told] of [
      [0, 0],
      [60, 60],
    ] as const) {
      const look = clock.look(at * 1000, undefined)
      look.whole('d.t')
      expect(look.finish().seconds).toBe(told)
    }
    expect(clock.look(70_000, undefined).finish()).toEqual({})
  })
})
