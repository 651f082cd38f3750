import { describe, expect, test } from 'vitest'
import { bytesToCopy, chooseForJob, type JobPartition, REQUEST_BYTES, requestSize } from '../../planning/job-sizing.ts'

const partition = (name: string, more: Partial<JobPartition> = {}): JobPartition => ({
  name,
  bytes: 100,
  tablets: 1,
  replicas: 3,
  fresh: false,
  copiedAt: '2024-01-01 00:00:00',
  ...more,
})
const limits = { bytes: 250, replicas: 100, requestBytes: REQUEST_BYTES }
const names = (partitions: readonly JobPartition[]) => partitions.map(({ name }) => name)

describe('which partitions go into a job', () => {
  test('all, when they fit', () => {
    const { now, later } = chooseForJob([partition('a'), partition('b')], limits)
    expect([names(now), names(later)]).toEqual([['a', 'b'], []])
  })

  test('by bytes; what does not fit goes later, what is smaller may still fit', () => {
    const { now, later } = chooseForJob(
      [partition('a', { bytes: 200 }), partition('b'), partition('c', { bytes: 50 })],
      limits,
    )
    expect([names(now), names(later)]).toEqual([['a', 'c'], ['b']])
  })

  test('by replicas, and by the size of the request', () => {
    const many = [partition('a', { replicas: 60 }), partition('b', { replicas: 60 })]
    expect(names(chooseForJob(many, limits).now)).toEqual(['a'])
    const one = requestSize(partition('a'))
    expect(names(chooseForJob([partition('a'), partition('b')], { ...limits, requestBytes: one * 1.5 }).now)).toEqual([
      'a',
    ])
  })

  test('one at least, however large', () => {
    const { now } = chooseForJob([partition('huge', { bytes: 1e15, replicas: 1e6, tablets: 1e6 })], limits)
    expect(names(now)).toEqual(['huge'])
  })

  test('never copied first, then the oldest copy: nothing starves on a busy source', () => {
    const { now } = chooseForJob(
      [
        partition('new', { copiedAt: '2024-03-01 00:00:00' }),
        partition('fresh', { fresh: true }),
        partition('old', { copiedAt: '2024-02-01 00:00:00' }),
      ],
      { ...limits, bytes: 200 },
    )
    expect(names(now)).toEqual(['fresh', 'old'])
  })
})

test.each([
  [1000n, 10n, 1n, 1000],
  [1000n, 10n, 5n, 500],
  [1000n, 3n, 3n, 1000],
  [0n, 3n, 2n, 0],
])('%s bytes from version %s to a copy at %s: %s', (bytes, from, to, expected) => {
  expect(bytesToCopy(bytes, from, to)).toBe(expected)
})
