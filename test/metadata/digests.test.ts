import { describe, expect, test } from 'vitest'
import { neutralValues } from '../../activities/metadata/partition-digests.ts'
import { TextDigest } from '../../activities/metadata/text-digest.ts'

describe('partition values are one text whatever version prints them', () => {
  test.each([
    // 3.1 and 3.3, 3.5 and 4.1
    ["('beijing', 'shanghai')", '[["beijing"],["shanghai"]]'],
    [`('o'brien', 'a"b')`, '[["o\\u0027brien"],["a\\"b"]]'],
    ["(('2024-01-01', 'paris'))", '[["2024-01-01","paris"]]'],
    ["(('x', '1'), ('y', '2'))", '[["x","1"],["y","2"]]'],
    ["('NULL')", '[["NULL"]]'],
    [
      '[types: [INT]; keys: [-2147483648]; ..types: [INT]; keys: [10]; )',
      '[types: [INT]; keys: [-2147483648]; ..types: [INT]; keys: [10]; )',
    ],
  ])('%s = %s', (old, recent) => {
    expect(neutralValues(old)).toBe(neutralValues(recent))
  })

  test('and other values are another text', () => {
    const texts = [
      '[["a"],["b"]]',
      '[["b"],["a"]]',
      '[["a"]]',
      '',
      '[types: [INT]; keys: [1]; ..types: [INT]; keys: [10]; )',
      '[types: [INT]; keys: [1]; ..types: [INT]; keys: [11]; )',
      '[types: [INT]; keys: [1]; ..types: [INT]; keys: [MAXVALUE]; )',
    ]
    expect(new Set(texts.map(neutralValues)).size).toBe(texts.length)
  })
})

describe('the digest of many partitions', () => {
  const digest = (...texts: string[]) => {
    const made = new TextDigest()
    for (const text of texts) made.add(text)
    return made.toString()
  }

  test('does not depend on their order, but on each and on how many there are', () => {
    expect(digest('a', 'b', 'c')).toBe(digest('c', 'a', 'b'))
    expect(digest('a', 'b')).not.toBe(digest('a', 'c'))
    expect(digest('a', 'b')).not.toBe(digest('a', 'b', 'b'))
    expect(digest('ab', 'c')).not.toBe(digest('a', 'bc'))
    expect(digest()).not.toBe(digest(''))
  })

  test('no two of a hundred thousand near names agree', () => {
    const seen = new Set<string>()
    for (let i = 0; i < 100_000; i++) seen.add(digest(`p${20_000_000 + i}\0[${i}]\0${i % 7}`))
    expect(seen.size).toBe(100_000)
  })
})
