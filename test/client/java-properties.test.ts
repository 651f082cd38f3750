import { expect, it } from 'vitest'
import { parseProperties } from '../../workers/properties/java-properties.ts'

const read = (text: string) => Object.fromEntries([...parseProperties(text).values()].map((p) => [p.key, p.value]))

it.each([
  ['equals, colon and blank divide', 'a=1\nb:2\nc 3\nd\t=\t4', { a: '1', b: '2', c: '3', d: '4' }],
  ['only the first divider counts', 'a==1\nb=x:y=z', { a: '=1', b: 'x:y=z' }],
  ['a key alone has an empty value', 'a\nb=\nc:', { a: '', b: '', c: '' }],
  ['comments and blank lines are passed over', '# no\n! no\n\n   \n  a=1 # yes', { a: '1 # yes' }],
  ['a backslash at the end continues', 'a=1,\\\n    2,\\\n  3\nb=x', { a: '1,2,3', b: 'x' }],
  ['a comment sign on a continued line is text', 'a=1\\\n#2', { a: '1#2' }],
  ['an even number of them does not', 'a=1\\\\\nb=2', { a: '1\\', b: '2' }],
  ['one on the last line continues nothing', 'a=1\\', { a: '1' }],
  ['escapes', 'a=\\t\\n\\r\\f\\u00fc\\q\\\\', { a: '\t\n\r\f\u00fcq\\' }],
  ['escaped dividers belong to the key', 'a\\=b\\:c\\ d=1', { 'a=b:c d': '1' }],
  ['all line ends, and a byte order mark', '\uFEFFa=1\r\nb=2\rc=3', { a: '1', b: '2', c: '3' }],
  ['blanks at the end belong to the value', 'a=1  ', { a: '1  ' }],
  ['a later line wins', 'a=1\na=2', { a: '2' }],
])('%s', (_, text, expected) => {
  expect(read(text)).toEqual(expected)
})

it('names the line of a broken escape', () => {
  expect(() => parseProperties('a=1\nb=\\u12')).toThrow('line 2: \\u must be followed by four hexadecimal digits')
})

it('knows the line on which a property starts', () => {
  expect(parseProperties('a=1,\\\n2\n\nb=3').get('b')?.line).toBe(4)
})
