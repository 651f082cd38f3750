import { describe, expect, test } from 'vitest'
import { compareStored } from '../../planning/stored-names.ts'

const columns = (...list: [string, number][]) => list.map(([name, uniqueId]) => ({ name, uniqueId }))
/** At version 3, of which the backend has heard up to `heard`. */
const judge = (printed: string[], stored: ReturnType<typeof columns>, { heard }: { heard?: number } = { heard: 3 }) =>
  compareStored({ printed, version: 3, stored: { schemaVersion: heard, columns: stored } })

describe('names that frontends print, and names that backends have', () => {
  test('are alike, whatever the case, and whatever StarRocks makes for itself', () => {
    expect(judge(['id', 'V'], columns(['id', 0], ['v', 1]))).toEqual({ verdict: 'alike' })
    const generated = columns(['id', 0], ['v', 1], ['__generated_partition_column_0', 2])
    expect(judge(['id', 'v'], generated)).toEqual({ verdict: 'alike' })
  })

  test('a renamed column of a table that was made in one piece', () => {
    const verdict = judge(['id', 'w'], columns(['id', 0], ['v', 1]))
    expect(verdict).toEqual({ verdict: 'renamed', columns: [{ name: 'w', stored: 'v' }], inOrder: true })
  })

  test('a column that took the place of a dropped one', () => {
    const verdict = judge(['id', 'v'], columns(['id', 0], ['x', 2]))
    expect(verdict).toEqual({ verdict: 'renamed', columns: [{ name: 'v', stored: 'x' }], inOrder: false })
  })

  test('two that exchanged their names leave none over', () => {
    const verdict = judge(['id', 'b', 'a'], columns(['id', 0], ['a', 1], ['b', 2]))
    expect(verdict).toMatchObject({ verdict: 'renamed', inOrder: true })
  })

  test('columns that came or went since the backend last heard of the table', () => {
    expect(judge(['id', 'v', 'y'], columns(['id', 0], ['v', 1]), { heard: 2 })).toEqual({ verdict: 'alike' })
    expect(judge(['id'], columns(['id', 0], ['v', 1]), { heard: 2 })).toEqual({ verdict: 'alike' })
  })

  test.each([{ heard: 2 }, {}])('nobody knows whether one was renamed, or dropped and another added (%o)', (heard) => {
    const verdict = judge(['id', 'w'], columns(['id', 0], ['v', 1]), heard)
    expect(verdict).toEqual({ verdict: 'unclear', missing: ['w'], surplus: ['v'] })
  })
})
