import { describe, expect, it } from 'vitest'
import type { FilteredPartition } from '../../planning/backup/partition-filter.ts'
import { takePartitions } from '../../planning/backup/take-partitions.ts'

const day = (n: number) => `2026-01-${String(n).padStart(2, '0')}`
const days: FilteredPartition[] = [1, 2, 3, 4, 5, 6].map((n) => ({ name: `p${n}`, lower: day(n), upper: day(n + 1) }))

describe('partitions of backups that were missed', () => {
  it('are taken beside those of now, in order, each once', () => {
    const missed = [`${day(3)} 23:30:00`, `${day(4)} 23:30:00`]
    expect(takePartitions(days, { ofDay: -1 }, `${day(5)} 23:30:00`, missed)).toEqual({
      names: ['p2', 'p3', 'p4'],
      madeUp: ['p2', 'p3'],
      without: [],
    })
    expect(takePartitions(days, { newest: 2 }, `${day(5)} 01:00:00`, [`${day(4)} 01:00:00`]).names).toEqual([
      'p3',
      'p4',
      'p5',
    ])
    expect(takePartitions(days, { closed: true }, `${day(3)} 01:00:00`, [`${day(2)} 01:00:00`])).toMatchObject({
      names: ['p1', 'p2'],
      madeUp: [],
    })
  })

  it('that are there no longer are named by when they were due', () => {
    const missed = [`2025-12-31 01:00:00`, `${day(2)} 01:00:00`]
    expect(takePartitions(days, { ofDay: -1 }, `${day(3)} 01:00:00`, missed)).toMatchObject({
      names: ['p1', 'p2'],
      without: ['2025-12-31 01:00:00'],
    })
  })

  it('change nothing of what a filter cannot judge', () => {
    const plain = [{ name: 't' }]
    expect(takePartitions(plain, { ofDay: -1 }, `${day(3)} 01:00:00`, [`${day(2)} 01:00:00`])).toMatchObject({
      names: ['t'],
      madeUp: [],
      without: [],
      ignored: expect.stringContaining('ofDay'),
    })
  })
})
