import { describe, expect, test } from 'vitest'
import { type SnapshotJob, type StallOptions, StallWatch } from '../../activities/snapshot-jobs/index.ts'
import { largestTablet } from '../../planning/backup/largest-tablet.ts'

const MINUTE = 60_000
const job = (state: string, more: object = {}) =>
  ({ label: 'l', state, unfinishedTasks: [], progress: [], taskErrors: [], ...more }) as unknown as SnapshotJob

/** Minutes after which a job that never moves is called stalled, when it is looked at every minute; undefined: not within two days. */
async function stalledAfter(state: string, options: Partial<StallOptions> = {}, more: object = {}, restarted = false) {
  let now = 0
  const watch = new StallWatch({ stallMs: 15 * MINUTE, ...options }, () => now)
  for (let minute = 0; minute < 2 * 1_440; minute++) {
    now = minute * MINUTE
    if ((await watch.observe(job(state, more), restarted)).stalled) return minute
  }
  return undefined
}

describe('a job that stands still', () => {
  test('is stalled when its state does not depend on tablets', async () => {
    for (const state of ['PENDING', 'SNAPSHOTING', 'UPLOAD_INFO', 'COMMIT']) expect(await stalledAfter(state)).toBe(15)
    expect(await stalledAfter('UPLOAD_INFO', {}, {}, true)).toBe(1)
  })

  test('is stalled while it uploads when nothing arrives, whatever its tablets', async () => {
    let asked = 0
    const arrived = async () => {
      asked++
      return 'nothing yet'
    }
    expect(await stalledAfter('UPLOADING', { arrived, largestTablet: 1e12 })).toBe(15)
    expect(asked).toBeLessThanOrEqual(4)
  })

  test('is not stalled while bytes arrive', async () => {
    let bytes = 0
    expect(await stalledAfter('UPLOADING', { arrived: async () => `${++bytes}` })).toBeUndefined()
    // They are looked for only when nothing else moves, and not at every look.
    expect(bytes).toBeLessThan((2 * 1_440) / 4)
  })

  test('has the time that its largest tablet may take where nobody can see bytes', async () => {
    const unreadable = async () => {
      throw new Error('out of reach')
    }
    expect(await stalledAfter('DOWNLOADING', { largestTablet: 1 })).toBe(15)
    // 12 GB at 2 MB/s are 100 minutes.
    expect(await stalledAfter('DOWNLOADING', { largestTablet: 12e9 })).toBe(100)
    expect(await stalledAfter('UPLOADING', { largestTablet: 12e9, arrived: unreadable })).toBe(100)
    expect(await stalledAfter('UPLOADING', { largestTablet: 12e9 })).toBe(100)
    const tasks = { progress: [{ taskId: '1', done: 0, total: 4 }] }
    expect(await stalledAfter('DOWNLOADING', { largestTablet: 12e9 }, tasks)).toBe(400)
    expect(await stalledAfter('DOWNLOADING')).toBe(60)
  })

  test('waits for room on a disk, and says so', async () => {
    const full = { taskErrors: [{ message: 'capacity limit reached' }] }
    expect(await stalledAfter('DOWNLOADING', {}, full)).toBeUndefined()
    const watch = new StallWatch({ stallMs: 1 })
    expect((await watch.observe(job('DOWNLOADING', full), false)).waiting).toMatch(/capacity limit reached. Free disk/)
  })
})

test('the largest tablet is guessed from sizes, rather too large', () => {
  const physical: [string, string][] = [['1', '2']]
  expect(largestTablet([])).toBeUndefined()
  expect(largestTablet([{ physical }])).toBeUndefined()
  expect(largestTablet([{ bytes: 100, buckets: 1, physical }])).toBe(100)
  expect(
    largestTablet([
      { bytes: 1_000, buckets: 10, physical },
      { bytes: 100, buckets: 1, physical },
    ]),
  ).toBe(400)
})
