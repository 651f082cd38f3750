import { describe, expect, test } from 'vitest'
import { outcomeOf, shorten } from '../../planning/schema-outcome.ts'
import { mayDiscard, partitionOwnership, tableOwnership, whyNotOurs } from '../../planning/schema-ownership.ts'

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
