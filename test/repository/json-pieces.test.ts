import { expect, test } from 'vitest'
import { jsonPieces } from '../../repository/own/json-pieces.ts'

const text = (value: unknown) => [...jsonPieces(value)].join('')

test.each([
  {},
  [],
  null,
  'a "b"\n',
  12.5,
  true,
  { a: undefined },
  { a: undefined, b: 1, c: () => 1, d: Symbol('d'), e: null },
  { a: {}, b: [], c: { d: { e: { f: { g: [1, { h: undefined, i: [undefined] }] } } } } },
  { 'a"b': new Date(0), é: '\ud800', '': [[]] },
  { at: { toJSON: () => 'told' } },
  JSON.parse('{"__proto__":{"a":1},"constructor":{"b":2}}'),
  Object.assign(Object.create(null), { a: 1 }),
])('as JSON.stringify writes it: %j', (value) => {
  expect(text(value)).toBe(JSON.stringify(value))
})

test('64-bit numbers are text', () => {
  expect(text({ a: 1n, b: [{ c: 2n ** 60n }] })).toBe('{"a":"1","b":[{"c":"1152921504606846976"}]}')
})

test('what is large comes in pieces, cut anywhere', () => {
  const tables = Object.fromEntries(Array.from({ length: 2_000 }, (_, i) => [`t${i}`, { ddl: 'x'.repeat(500) }]))
  const value = { label: 'l', record: { tables } }
  const pieces = [...jsonPieces(value)]
  expect(pieces.length).toBeGreaterThan(10)
  expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(66_000)
  expect(pieces.join('')).toBe(JSON.stringify(value))
})
