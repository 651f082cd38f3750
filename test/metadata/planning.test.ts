import { describe, expect, test } from 'vitest'
import { orderByDependencies } from '../../planning/schema-order.ts'
import { outcomeOf, shorten } from '../../planning/schema-outcome.ts'
import { mayDiscard, partitionOwnership, tableOwnership, whyNotOurs } from '../../planning/schema-ownership.ts'
import { comparePartitions } from '../../planning/schema-partitions.ts'

describe('whose a target partition is', () => {
  test.each([
    // visible, data, type, whose
    [1n, 1n, 'NORMAL', 'empty'],
    [1n, undefined, undefined, 'empty'],
    [7n, 1n, 'NORMAL', 'empty'], // shared data, compacted while empty
    [5n, 5n, 'REPLICATION', 'ours'],
    [2n, 2n, 'NORMAL', 'foreign'],
    [2n, undefined, undefined, 'unknown'],
  ] as const)('visible %s, data %s, %s: %s', (visibleVersion, dataVersion, txnType, whose) => {
    expect(partitionOwnership({ name: 'p', visibleVersion, dataVersion, txnType })).toBe(whose)
  })

  test('one foreign partition makes the table foreign, empty ones change nothing', () => {
    const empty = { name: 'e', visibleVersion: 1n, dataVersion: 1n, txnType: 'NORMAL' as const }
    const ours = { name: 'o', visibleVersion: 4n, dataVersion: 4n, txnType: 'REPLICATION' as const }
    const foreign = { name: 'f', visibleVersion: 2n, dataVersion: 2n, txnType: 'NORMAL' as const }
    expect(tableOwnership([])).toBe('empty')
    expect(tableOwnership([empty, empty])).toBe('empty')
    expect(tableOwnership([empty, ours])).toBe('ours')
    expect(tableOwnership([ours, foreign, empty])).toBe('foreign')
    expect(whyNotOurs('foreign', 'db.t', [ours, foreign, empty])).toContain('partition f)')
  })

  test('only what is worth nothing, or allowed, may go', () => {
    expect(['empty', 'ours', 'foreign', 'unknown'].map((o) => mayDiscard(o as never, false))).toEqual([
      true,
      true,
      false,
      false,
    ])
    expect(mayDiscard('foreign', true)).toBe(true)
  })
})

describe('partitions of a table and of its copy', () => {
  const p = (name: string, values: string, buckets = 2, physical = 1) => ({ name, values, buckets, physical })
  test('are matched by name and compared in all that matters', () => {
    const result = comparePartitions(
      [p('a', '1'), p('b', '2'), p('c', '3'), p('d', '4', 3), p('e', '5')],
      [p('a', '1'), p('c', '33'), p('d', '4', 2), p('e', '5', 2, 2), p('old', '0')],
    )
    expect(result.missing.map((x) => x.name)).toEqual(['b'])
    expect(result.targetOnly.map((x) => x.name)).toEqual(['old'])
    expect(result.different.map((x) => [x.source.name, x.why])).toEqual([
      ['c', 'it is 33 instead of 3'],
      ['d', 'it has 2 buckets instead of 3'],
      ['e', 'it has 2 physical partitions instead of 1'],
    ])
  })
  test('names are case-sensitive', () => {
    const result = comparePartitions([p('pa', '1')], [p('pA', '1')])
    expect([result.missing.length, result.targetOnly.length]).toEqual([1, 1])
  })
})

describe('views', () => {
  const order = (edges: Record<string, string[]>) =>
    orderByDependencies(
      Object.keys(edges),
      (name) => name,
      (name) => edges[name] ?? [],
    )
  test('come after what they read; tables are there already', () => {
    expect(order({ c: ['b', 'a'], b: ['a', 'some table'], a: [] })).toEqual(['a', 'b', 'c'])
  })
  test('a cycle, or a view on itself, does not lose any', () => {
    expect(order({ x: ['y'], y: ['x'], z: ['z'] })).toEqual(['z', 'x', 'y'])
  })
})

describe('outcomes', () => {
  test('stay small whatever happened', () => {
    const outcome = outcomeOf('d.t', 'created', {
      statements: Array.from({ length: 9 }, () => 'x'.repeat(10_000)),
      undo: ['u'],
    })
    expect(outcome.statements).toHaveLength(5)
    expect(outcome.statements[4]).toBe('-- and 5 more')
    expect(JSON.stringify(outcome).length).toBeLessThan(3_000)
    expect(outcome.undo).toEqual(['u'])
  })
  test('text is not cut in the middle of a character', () => {
    expect(shorten(`${'a'.repeat(8)}😀😀`, 10)).toBe(`${'a'.repeat(8)}…`)
  })
})
