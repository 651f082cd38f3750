import { describe, expect, test } from 'vitest'
import { jobIdOf, schemaOfJobId, stepJobPrefix } from '../../contract/index.ts'
import {
  coversChange,
  definitionText,
  isExplained,
  isSameSchema,
  readMark,
  type SchemaMark,
  writeMark,
} from '../../planning/schema-mark.ts'
import { readTable } from '../../starrocks/ddl/index.ts'

const mark = (change: Partial<SchemaMark> = {}): SchemaMark => ({
  index: 10816n,
  version: 3,
  definition: '0badcafe',
  ...change,
})

describe('marks', () => {
  test.each([mark(), mark({ index: 9_223_372_036_854_775_807n, version: 123_456 }), mark({ version: 0 })])(
    'are read as they were written: %o',
    (one) => {
      expect(readMark(writeMark(one))).toEqual(one)
    },
  )

  test.each(['', '1', '1-2', '1-2-xyz', 'a_b-1-00000000', '1-1-000000000', undefined])('%s is none', (text) => {
    expect(readMark(text)).toBeUndefined()
  })

  test('fit into job ids, where other ids have none', () => {
    const prefix = stepJobPrefix(`${'x'.repeat(60)}_.y`, '019365af-1234-7abc-8def-0123456789ab', 123456)
    const text = writeMark(mark({ index: 999_999_999n, version: 999 }))
    const id = jobIdOf(prefix, 999, text)
    expect(id).toMatch(/^[-A-Za-z0-9_]{1,90}$/)
    expect(schemaOfJobId(id)).toBe(text)
    expect(readMark(schemaOfJobId(`${prefix}1`))).toBeUndefined()
    expect(readMark(schemaOfJobId('1_2_3_4_5_6'))).toBeUndefined()
  })
})

describe('what may have happened between two marks', () => {
  test.each([
    ['nothing', mark(), true, false],
    ['renaming: the definition alone', mark({ definition: '00000001' }), true, false],
    ['one change, and it shows', mark({ version: 4, definition: '00000001' }), false, true],
    [
      'one change that rewrote the tablets, and it shows',
      mark({ index: 1n, version: 4, definition: '1' }),
      false,
      true,
    ],
    ['one change that does not show', mark({ version: 4 }), false, false],
    ['two changes: one may hide behind the other', mark({ version: 5, definition: '00000001' }), false, false],
    ['another table', mark({ index: 7n, version: 0, definition: '00000001' }), false, false],
  ])('%s', (_, now, same, explained) => {
    expect(isSameSchema(mark(), now)).toBe(same)
    expect(isExplained(mark(), now)).toBe(explained)
  })

  test.each([
    ['a light change before', { id: 10824n, indexId: 10816n, schemaVersion: 3 }, true],
    ['a light change after', { id: 10824n, indexId: 10816n, schemaVersion: 4 }, false],
    ['a heavy change after: another index', { id: 10826n, indexId: 10827n, schemaVersion: 4 }, false],
    ['of a table that had the name before', { id: 10700n, indexId: 10690n, schemaVersion: 9 }, true],
    ['not told', { id: 10824n }, false],
  ])('a listed change: %s', (_, change, covered) => {
    expect(coversChange(mark(), change)).toBe(covered)
  })
})

describe('a definition', () => {
  const text = (v: string, properties = '') =>
    definitionText(
      readTable(
        [
          'CREATE TABLE `t` (',
          '  `id` int(11) NOT NULL COMMENT "",',
          `  ${v}`,
          ') ENGINE=OLAP',
          'DUPLICATE KEY(`id`)',
          'DISTRIBUTED BY HASH(`id`) BUCKETS 2',
          `PROPERTIES (${properties}"replication_num" = "1")`,
        ].join('\n'),
        { version: { major: 3, minor: 5 } },
      ),
    )
  const plain = text('`v` int(11) NULL COMMENT ""')

  test.each([
    '`v` bigint(20) NULL COMMENT ""',
    '`w` int(11) NULL COMMENT ""',
    '`v` int(11) NULL DEFAULT "1" COMMENT ""',
  ])('shows its columns: %s', (v) => {
    expect(text(v)).not.toBe(plain)
  })

  test('shows what indexes them', () => {
    expect(text('`v` int(11) NULL COMMENT ""', '"bloom_filter_columns" = "v", ')).not.toBe(plain)
  })

  test('shows nothing that moves no SchemaVersion', () => {
    expect(text('`v` int(11) NULL COMMENT "why"')).toBe(plain)
    expect(text('`v` int(11) NULL COMMENT ""', '"compression" = "LZ4", ')).toBe(plain)
  })
})
