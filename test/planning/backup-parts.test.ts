import { describe, expect, it } from 'vitest'
import type { SnapshotLimits } from '../../contract/backup/objects.ts'
import { findChanges } from '../../planning/backup/changes.ts'
import type { DatabaseState } from '../../planning/backup/database-state.ts'
import { nextPart, type Part, partitionList } from '../../planning/backup/parts.ts'
import { database, partition, table } from './backup-states.ts'

const limits = (more: Partial<SnapshotLimits>): SnapshotLimits => ({ tables: 0, partitions: 0, bytes: 0, ...more })

function allParts(state: DatabaseState, limit: SnapshotLimits): Part[] {
  const changes = findChanges(state, undefined)
  const parts: Part[] = []
  let after: Part['last']
  for (;;) {
    const part = nextPart(state, changes, limit, after)
    parts.push(part)
    if (!part.more) return parts
    expect(part.last).toBeDefined()
    after = part.last
  }
}

const one = (id: number, count: number, bytes = 100) =>
  table(
    String(id),
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`p${i}`, partition(`${id}${i}`, 1, { bytes })])),
  )

describe('parts', () => {
  it('without limits there is one', () => {
    const state = database({ b: one(1, 3), a: one(2, 2) }, { views: { v: 'V' } })
    expect(allParts(state, limits({}))).toMatchObject([
      { tables: [{ name: 'a' }, { name: 'b' }], views: ['v'], partitions: 5, bytes: 500, more: false },
    ])
  })

  it('keep to the number of objects', () => {
    const state = database({ a: one(1, 1), b: one(2, 1), c: one(3, 1) }, { views: { v: 'V', w: 'W' } })
    const parts = allParts(state, limits({ tables: 2 }))
    expect(parts.map((part) => [...part.tables.map(({ name }) => name), ...part.views])).toEqual([
      ['a', 'b'],
      ['c', 'v'],
      ['w'],
    ])
  })

  it('keep to the number of partitions and cut only what is larger than a snapshot', () => {
    const state = database({ a: one(1, 2), b: one(2, 3), c: one(3, 9), d: one(4, 1) })
    const parts = allParts(state, limits({ partitions: 4 }))
    expect(parts.map((part) => part.tables)).toEqual([
      [{ name: 'a' }],
      [{ name: 'b' }, { name: 'c', partitions: ['p0'] }],
      [{ name: 'c', partitions: ['p1', 'p2', 'p3', 'p4'] }],
      [{ name: 'c', partitions: ['p5', 'p6', 'p7', 'p8'] }],
      [{ name: 'd' }],
    ])
  })

  it('keep to the bytes; a single partition may be larger', () => {
    const state = database({ a: one(1, 2, 700), b: one(2, 1, 200) })
    const parts = allParts(state, limits({ bytes: 500 }))
    expect(parts.map((part) => part.tables)).toEqual([
      [{ name: 'a', partitions: ['p0'] }],
      [{ name: 'a', partitions: ['p1'] }],
      [{ name: 'b' }],
    ])
  })

  it('never cut a table that can only be restored as a whole', () => {
    const physical = [
      ['1', '1'],
      ['2', '1'],
    ] as const
    const random = table('5', { p0: { physical, bytes: 900 }, p1: { physical, bytes: 900 } }, { random: true })
    const parts = allParts(database({ a: one(1, 1), r: random }), limits({ bytes: 500 }))
    expect(parts.map((part) => part.tables)).toEqual([[{ name: 'a' }], [{ name: 'r' }]])
  })

  it('take each thing exactly once, whatever the limits', () => {
    let seed = 7
    const random = (below: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
      return seed % below
    }
    for (let round = 0; round < 200; round++) {
      const tables = Object.fromEntries(
        Array.from({ length: random(6) }, (_, i) => [`t${i}`, one(i + 1, random(7), random(300))]),
      )
      const state = database(tables, { views: { v: 'V' }, functions: { f: 'F' } })
      const parts = allParts(state, limits({ tables: random(4), partitions: random(5), bytes: random(4) * 150 }))
      const seen: string[] = []
      for (const part of parts) {
        expect(part.last).toBeDefined()
        for (const { name, partitions } of part.tables) {
          for (const p of partitions ?? state.tables.get(name)?.partitions.keys() ?? []) seen.push(`${name}.${p}`)
        }
        seen.push(...part.views, ...part.functions)
      }
      const all = Object.entries(tables).flatMap(([name, { partitions }]) =>
        [...partitions.keys()].map((p) => `${name}.${p}`),
      )
      expect(seen.sort()).toEqual([...all, 'f', 'v'].sort())
    }
  })

  it('lists of automatic tables name the partition that catches new rows, too', () => {
    expect(partitionList({ partitioning: 'automatic-list' }, ['p'])).toEqual(['p', '$shadow_automatic_partition'])
    expect(partitionList({ partitioning: 'list' }, ['p'])).toEqual(['p'])
  })
})
