import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Dependencies } from '../../activities/dependencies.ts'
import {
  type CopyMemory,
  encodeMemory,
  forgetConfirmed,
  noteConfirmed,
  recall,
  withConfirmed,
} from '../../activities/replicate/memory.ts'

afterEach(() => {
  vi.useRealTimers()
})

const round = { spec: { name: 'm' }, table: 'd.t' }
const copy = (sourceId: bigint, version: bigint): CopyMemory => new Map([['p', { sourceId, version }]])

describe('what a process confirmed itself', () => {
  test('counts at once, at exactly that version, and before anything is listed of it', () => {
    const deps = {} as Dependencies
    // As Temporal lists it: the round before the last.
    const listed = () => copy(7n, 5n)
    expect(recall(listed(), withConfirmed(deps, round, new Map()))('p', 6n)?.version).toBe(5n)
    noteConfirmed(deps, round, copy(7n, 6n))
    const known = recall(listed(), withConfirmed(deps, round, new Map()))
    expect(known('p', 6n)).toEqual({ sourceId: 7n, version: 6n })
    // A load wrote to it: no word of ours fits.
    expect(recall(listed(), withConfirmed(deps, round, new Map()))('p', 9n)?.version).toBe(5n)
    expect(recall(listed(), withConfirmed(deps, { ...round, table: 'd.u' }, new Map()))('p', 6n)?.version).toBe(5n)
  })

  test('is no word against what another process left since', () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    const deps = {} as Dependencies
    noteConfirmed(deps, round, copy(7n, 6n))
    const believed = (memory?: string) => recall(copy(9n, 6n), withConfirmed(deps, { ...round, memory }, new Map()))
    // The step before said so, whichever process it ran in.
    expect(believed(encodeMemory(copy(9n, 6n)))('p', 6n)?.sourceId).toBe(9n)
    vi.advanceTimersByTime(30_000)
    expect(believed()('p', 6n)?.sourceId).toBe(7n)
    vi.advanceTimersByTime(31_000)
    expect(believed()('p', 6n)?.sourceId).toBe(9n)
  })

  test('is forgotten of a partition that was emptied', () => {
    const deps = {} as Dependencies
    noteConfirmed(deps, round, new Map([...copy(7n, 6n), ['q', { sourceId: 8n, version: 3n }]]))
    forgetConfirmed(deps, round, ['p'])
    expect([...withConfirmed(deps, round, new Map()).keys()]).toEqual(['q'])
  })
})
