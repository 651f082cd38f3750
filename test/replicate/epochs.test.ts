import { describe, expect, test } from 'vitest'
import { Epochs } from '../../activities/pollers/epochs.ts'
import { Ration } from '../../activities/pollers/ration.ts'

const seen = (versionEpoch: bigint, visibleVersion = 5n, txnType: 'NORMAL' | 'REPLICATION' = 'NORMAL') => ({
  id: 7n,
  versionEpoch,
  visibleVersion,
  txnType,
})

describe('epochs that a source partition had before', () => {
  test('are those of the same id while it only moved on', () => {
    const epochs = new Epochs()
    expect(epochs.note(seen(100n))).toEqual([])
    expect(epochs.note(seen(200n))).toEqual([100n])
    expect(epochs.note(seen(300n, 6n))).toEqual([100n, 200n])
    // The first leader again.
    expect(epochs.note(seen(100n, 6n))).toEqual([200n, 300n])
    expect(epochs.note({ ...seen(400n), id: 8n })).toEqual([])
  })

  test.each([
    ['went back in time', seen(200n, 4n)],
    ['something was replicated into it', seen(200n, 5n, 'REPLICATION')],
  ])('are none when %s', (_what, next) => {
    const epochs = new Epochs()
    epochs.note(seen(100n))
    expect(epochs.note(next)).toEqual([])
    expect(epochs.note(seen(300n, 9n))).not.toContain(100n)
  })
})

describe('a ration of statements', () => {
  test('takes the oldest first, so many a second, and what was never read at once', () => {
    const ration = new Ration(0.5, 2)
    const ages = new Map(Array.from({ length: 200 }, (_, i) => [i, Number.POSITIVE_INFINITY]))
    const read = (nowMs: number) => {
      const chosen = ration.choose([...ages.keys()], (one) => nowMs - (ages.get(one) ?? 0), nowMs)
      for (const one of chosen) ages.set(one, nowMs)
      return chosen
    }
    for (const one of ages.keys()) ages.set(one, Number.NEGATIVE_INFINITY)
    expect(read(0)).toHaveLength(200)
    let statements = 0
    const again = new Set<number>()
    for (let at = 10_000; at <= 400_000; at += 10_000) {
      const chosen = read(at)
      statements += chosen.length
      for (const one of chosen) again.add(one)
    }
    expect(statements).toBe(200)
    expect(again.size).toBe(200)
  })
})
