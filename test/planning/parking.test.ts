import { describe, expect, test } from 'vitest'
import type { ParkedTable } from '../../contract/index.ts'
import { byteLength } from '../../planning/byte-length.ts'
import { firstOf, withinPayload } from '../../planning/parking.ts'

/** Temporal's. */
const LONGEST_PAYLOAD = 2 * 1024 * 1024

const full = (char: string, statement = 600): ParkedTable[] =>
  Array.from({ length: 500 }, (_, i) => ({
    table: `shop.t${i}`,
    reason: char.repeat(300),
    attempts: 1,
    needsApproval: true,
    statements: Array.from({ length: 9 }, () => `ALTER TABLE ${char.repeat(statement)}`),
  }))

describe('a full list of parked tables', () => {
  test.each(['x', '表', '𠮷'])('is within what an answer may be, written in %s', (char) => {
    const list = full(char)
    const told = withinPayload(list)
    expect(told.map(({ table }) => table)).toEqual(list.map(({ table }) => table))
    expect(byteLength(JSON.stringify(told))).toBeLessThan(LONGEST_PAYLOAD)
  })

  test('is told as it is when there is room', () => {
    const list = full('x', 10)
    expect(withinPayload(list)).toBe(list)
  })

  test('tells the first statement and how many follow, and none where even that is too long', () => {
    expect(withinPayload(full('x'))[0]).toMatchObject({
      reason: 'x'.repeat(300),
      statements: [expect.stringMatching(/^ALTER TABLE x+…$/), '-- and 8 more'],
    })
    expect(withinPayload(full('x'), 200_000)[0]).toMatchObject({ reason: `${'x'.repeat(99)}…`, statements: [] })
  })
})

test('the first of statements counts the others, also those that were left out before', () => {
  expect(firstOf([])).toEqual([])
  expect(firstOf(['a'])).toEqual(['a'])
  expect(firstOf(['a', 'b', 'c'])).toEqual(['a', '-- and 2 more'])
  expect(firstOf(firstOf(['a', 'b', 'c']))).toEqual(['a', '-- and 2 more'])
  expect(firstOf(['a', 'b', '-- and 7 more'])).toEqual(['a', '-- and 8 more'])
})
