import { describe, expect, it } from 'vitest'
import { canonicalExpression, quoteName, quoteString, sqlTokens, unquoteString } from '../../starrocks/ddl/index.ts'
import { corpus, lines } from './fixtures.ts'

/** A small generator with a seed, so that a failing run can be repeated. */
function randomTexts(seed: number, count: number): string[] {
  let state = seed
  const next = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
  const pieces = [
    "'",
    '"',
    '`',
    '\\',
    '\n',
    ' ',
    '.',
    ',',
    '(',
    ')',
    ';',
    '--',
    '/*',
    '*/',
    'FROM',
    'shop',
    'uniq',
    '数',
    '😀',
    '0',
    '1e5',
    '\0',
    '%',
    '_',
    'n',
  ]
  return Array.from({ length: count }, () =>
    Array.from({ length: next(14) }, () => pieces[next(pieces.length)] ?? '').join(''),
  )
}

describe('tokens', () => {
  it.each(lines)('of every text of %s make up the text', (line) => {
    for (const text of Object.values(corpus(line).creates)) {
      expect(
        sqlTokens(text)
          .map((token) => token.text)
          .join(''),
      ).toBe(text)
    }
  })

  it.each([1, 2, 3, 4])('of any text make up the text (seed %i)', (seed) => {
    for (const text of randomTexts(seed, 2000)) {
      expect(
        sqlTokens(text)
          .map((token) => token.text)
          .join(''),
      ).toBe(text)
    }
  })

  it.each([5, 6, 7, 8])('any text quoted is one token, and comes back (seed %i)', (seed) => {
    for (const text of randomTexts(seed, 2000)) {
      const literal = quoteString(text)
      expect(sqlTokens(literal).map(({ kind }) => kind)).toEqual(['string'])
      expect(unquoteString(literal)).toBe(text)
      const name = quoteName(text)
      expect(sqlTokens(name).map(({ kind }) => kind)).toEqual(['quoted'])
    }
  })

  it('equal expressions have one text, others do not', () => {
    const same = ["date_trunc('day', `dt`)", 'DATE_TRUNC("day",dt)', "date_trunc( 'day' , DT ) -- x"]
    expect(new Set(same.map(canonicalExpression)).size).toBe(1)
    const others = ["date_trunc('Day', dt)", "date_trunc('day', dt2)", "date_trunc('day', 'dt')"]
    for (const other of others) expect(canonicalExpression(other)).not.toBe(canonicalExpression(same[0] ?? ''))
  })
})
