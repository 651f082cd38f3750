import { deflateRawSync } from 'node:zlib'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Dependencies } from '../../activities/dependencies.ts'
import {
  type CopyMemory,
  decodeMemory,
  encodeMemory,
  forgetConfirmed,
  noteConfirmed,
  recall,
  withConfirmed,
  writeMemory,
} from '../../activities/replicate/memory.ts'
import type { TablePair } from '../../activities/replicate/table-pair.ts'
import { quietEnvironment } from '../metadata/lab-pair.ts'

afterEach(() => {
  vi.useRealTimers()
})

const round = { spec: { name: 'm', target: 'target' }, table: 'd.t' }
const copy = (sourceId: bigint, version: bigint): CopyMemory => new Map([['p', { sourceId, version }]])

describe('what a process confirmed itself', () => {
  test('counts at once, at exactly that version, and before anything is listed of it', () => {
    const deps = {} as Dependencies
    // As Temporal lists it: the round before the last.
    const listed = () => copy(7n, 5n)
    expect(recall(listed(), withConfirmed(deps, round, new Map()))('p', 1n, 6n)?.version).toBe(5n)
    noteConfirmed(deps, round, copy(7n, 6n))
    const known = recall(listed(), withConfirmed(deps, round, new Map()))
    expect(known('p', 1n, 6n)).toEqual({ sourceId: 7n, version: 6n })
    // A load wrote to it: no word of ours fits.
    expect(recall(listed(), withConfirmed(deps, round, new Map()))('p', 1n, 9n)?.version).toBe(5n)
    expect(recall(listed(), withConfirmed(deps, { ...round, table: 'd.u' }, new Map()))('p', 1n, 6n)?.version).toBe(5n)
  })

  test('is no word against what another process left since', () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    const deps = {} as Dependencies
    noteConfirmed(deps, round, copy(7n, 6n))
    const believed = (memory?: string) => recall(copy(9n, 6n), withConfirmed(deps, { ...round, memory }, new Map()))
    // The step before said so, whichever process it ran in.
    expect(believed(encodeMemory(copy(9n, 6n), 'target'))('p', 1n, 6n)?.sourceId).toBe(9n)
    vi.advanceTimersByTime(30_000)
    expect(believed()('p', 1n, 6n)?.sourceId).toBe(7n)
    vi.advanceTimersByTime(31_000)
    expect(believed()('p', 1n, 6n)?.sourceId).toBe(9n)
  })

  test('is forgotten of a partition that was emptied', () => {
    const deps = {} as Dependencies
    noteConfirmed(deps, round, new Map([...copy(7n, 6n), ['q', { sourceId: 8n, version: 3n }]]))
    forgetConfirmed(deps, round, ['p'])
    expect([...withConfirmed(deps, round, new Map()).keys()]).toEqual(['q'])
  })
})

describe('what a step leaves to be remembered', () => {
  const pairOf = (dataVersions: boolean) =>
    ({
      source: { full: 'd.t' },
      target: { capabilities: { dataVersions }, cluster: { name: 'target' } },
    }) as unknown as TablePair
  const old = pairOf(false)
  /** Partitions by the hour, with ids and versions of each its own. */
  const hours = (count: number): CopyMemory =>
    new Map(
      Array.from({ length: count }, (_, hour) => {
        const name = `p${new Date(Date.UTC(2024, 0, 1, hour)).toISOString().slice(0, 13).replace(/[-T]/g, '')}`
        const id = 10_000 + 11 * hour
        const version = 2 + ((hour * 7_919) % count)
        return [name, { sourceId: BigInt(id), version: BigInt(version), targetId: BigInt(2 * id + (version % 7)) }]
      }),
    )

  test('of a year of hours is whole, and short enough for the results that it is in', () => {
    const year = hours(8_760)
    expect([...year.keys()].slice(0, 2)).toEqual(['p2024010100', 'p2024010101'])
    expect(new Set([...year.values()].map(({ version }) => version)).size).toBe(8_760)
    const { memory } = writeMemory(old, year)
    expect(memory?.length).toBeLessThanOrEqual(256 * 1024)
    expect(decodeMemory(memory, 'target')).toEqual(year)
  })

  test('of too many partitions is that nothing is known, and not what was known before', async () => {
    let memory: string | undefined
    await quietEnvironment().run(async () => {
      memory = writeMemory(old, hours(40_000)).memory
    })
    expect(memory).toBeTruthy()
    expect(decodeMemory(memory, 'target')).toEqual(new Map())
  })

  test('is told also when nothing is known; nothing is where the target tells itself', () => {
    const { memory } = writeMemory(old, new Map())
    expect(memory).toBeTruthy()
    expect(decodeMemory(memory, 'target')).toEqual(new Map())
    expect(writeMemory(pairOf(true), hours(2))).toEqual({})
  })

  test('says nothing of another cluster', () => {
    const text = encodeMemory(hours(2), 'target')
    expect(decodeMemory(text, 'target').size).toBe(2)
    expect(decodeMemory(text, 'other')).toEqual(new Map())
  })

  test('is read as older versions wrote it: without the cluster, and without ids of the target', () => {
    const text = deflateRawSync('"p1" 7 5\n"p \\"2\\"" 8 6').toString('base64')
    const expected = new Map([
      ['p1', { sourceId: 7n, version: 5n }],
      ['p "2"', { sourceId: 8n, version: 6n }],
    ])
    expect(decodeMemory(text, 'target')).toEqual(expected)
    expect(decodeMemory(encodeMemory(expected, 'target'), 'target')).toEqual(expected)
  })

  test.each(['p 1 2', 'p"1', 'p\n"1" 1 1', ''])('keeps the name %j', (name) => {
    const known: CopyMemory = new Map([[name, { sourceId: 7n, version: 5n, targetId: 9n }]])
    expect(decodeMemory(encodeMemory(known, 'a "target"'), 'a "target"')).toEqual(known)
  })
})
