import { describe, expect, test } from 'vitest'
import { quoteGrant } from '../../activities/companion/quote-grant.ts'
import { resourceGroupEntry } from '../../activities/companion/resource-group-entry.ts'
import { notIncludedOf } from '../../planning/companion/not-included.ts'
import { type CompanionEntry, readCompanion, writeCompanion } from '../../planning/companion/script.ts'

const head = { lines: ['a', 'b'], notIncluded: [] }

describe('the script as text', () => {
  test.each<[string, string[]]>([
    ['several lines, semicolons, comments', ["SELECT 1; -- x\nFROM t; /* ; */ WHERE a = ';\n'"]],
    ['a comment at its end', ['CREATE VIEW v AS SELECT 1 -- no more']],
    ['two statements', ['SET CATALOG `c`', 'GRANT USAGE ON CATALOG `c` TO ROLE r']],
    [
      'what looks like our own marks',
      ['-- starferry:1 {"kind":"user","name":"x"}\nSELECT 1', "SELECT '\n-- starferry:2 +\n'"],
    ],
    ['carriage returns and Unicode', ["SELECT '\r\n\u2028 日本'"]],
  ])('comes back as it was: %s', (name, statements) => {
    const entries: CompanionEntry[] = [
      { kind: 'database', name: 'shop', statements: ['CREATE DATABASE `shop`'] },
      { kind: 'view', name, statements },
      { kind: 'role', name: 'r', statements: ['CREATE ROLE r'] },
    ]
    expect(readCompanion(writeCompanion(head, entries))).toEqual(entries)
  })

  test('what has to be done by hand is never a statement, whatever it holds', () => {
    const text = writeCompanion(
      { lines: ['of\nDROP DATABASE x;'], notIncluded: [{ object: 'a\nDROP TABLE t;', reason: 'r' }] },
      [
        {
          kind: 'catalog',
          name: 'c\nDROP TABLE u;',
          statements: ['CREATE CATALOG c\nPROPERTIES\r(x)\u2028DROP'],
          byHand: 'secret\nDROP',
        },
      ],
    )
    for (const line of text.split(/\r\n|[\n\r\u2028]/)) expect(line === '' || line.startsWith('--'), line).toBe(true)
    expect(readCompanion(text)).toEqual([
      { kind: 'catalog', name: 'c\nDROP TABLE u;', statements: [], byHand: 'secret\nDROP' },
    ])
  })

  test('anything else is refused', () => {
    expect(() => readCompanion('DROP DATABASE shop;')).toThrow('no companion file')
  })
})

describe('grants as printed become statements', () => {
  test.each([
    ["GRANT CREATE TABLE ON DATABASE odd-db TO ROLE 'r'", "GRANT CREATE TABLE ON DATABASE `odd-db` TO ROLE 'r'"],
    [
      "GRANT INSERT, SELECT ON ALL TABLES IN DATABASE shop TO USER 'b'@'%' WITH GRANT OPTION",
      "GRANT INSERT, SELECT ON ALL TABLES IN DATABASE `shop` TO USER 'b'@'%' WITH GRANT OPTION",
    ],
    [
      "GRANT SELECT ON MATERIALIZED VIEW shop.mv TO ROLE 'r'",
      "GRANT SELECT ON MATERIALIZED VIEW `shop`.`mv` TO ROLE 'r'",
    ],
    ["GRANT SELECT ON TABLE shop.a, shop.b TO ROLE 'r'", "GRANT SELECT ON TABLE `shop`.`a`, `shop`.`b` TO ROLE 'r'"],
    [
      "GRANT USAGE ON FUNCTION j_add(INT) in DATABASE shop TO ROLE 'r'",
      "GRANT USAGE ON FUNCTION `shop`.`j_add`(INT) TO ROLE 'r'",
    ],
    [
      "GRANT USAGE ON GLOBAL FUNCTION g(VARCHAR) TO ROLE 'r'",
      "GRANT USAGE ON GLOBAL FUNCTION `g`(VARCHAR) TO ROLE 'r'",
    ],
    ["GRANT REPOSITORY ON SYSTEM TO USER 'b'@'%'", "GRANT REPOSITORY ON SYSTEM TO USER 'b'@'%'"],
    ["GRANT 'analyst' TO 'b'@'%'", "GRANT 'analyst' TO 'b'@'%'"],
  ])('%s', (printed, statement) => {
    expect(quoteGrant(printed)).toBe(statement)
  })
})

test('resource groups as printed become statements', () => {
  const group = (classifiers: string[], limits: Record<string, string>) =>
    resourceGroupEntry({ name: 'g', id: '1', limits, classifiers })?.statements[0]
  expect(
    group(['(id=1, weight=3.0, user=al,ice, query_type in (SELECT, INSERT), source_ip=10.0.0.0/8)'], {
      cpu_weight: '4',
      exclusive_cpu_cores: '0',
      mem_limit: '20.0%',
      spill_mem_limit_threshold: '100.0%',
      type: 'NORMAL',
    }),
  ).toBe(
    "CREATE RESOURCE GROUP IF NOT EXISTS `g` TO (user = 'al,ice', query_type in ('select', 'insert'), source_ip = '10.0.0.0/8') WITH ('cpu_weight' = '4', 'mem_limit' = '20.0%')",
  )
  expect(group(['(weight=0.0)'], { mem_limit: '10%' })).toBe(
    "CREATE RESOURCE GROUP IF NOT EXISTS `g` WITH ('mem_limit' = '10%')",
  )
  expect(resourceGroupEntry({ name: 'default_wg', id: '2', limits: {}, classifiers: [] })).toBeUndefined()
})

test('what is in no backup: found by name, or said to be unknown', () => {
  const none = {
    externalTables: [],
    globalFunctions: [],
    resources: [],
    storageVolumes: [],
    resourceGroups: [],
    catalogs: [],
  }
  const nothing = { ...none, materializedViewsAsDdl: [], viewsAsDdl: [], functionsAsDdl: [] }
  const found = {
    ...nothing,
    temporaryTables: ['tmp'],
    routineLoads: undefined,
    pipes: [],
    tasks: ['nightly'],
    users: 3,
    roles: 1,
  }
  const list = notIncludedOf(found, true)
  expect(list).toEqual(
    expect.arrayContaining([
      { object: 'temporary table tmp', reason: 'it ends with its session' },
      { object: 'routine loads', reason: expect.stringContaining('could not be listed') },
      { object: 'task nightly', reason: 'submit it again' },
      { object: 'users (3)', reason: 'in the companion file, without passwords' },
      { object: 'statistics', reason: expect.stringContaining('ANALYZE TABLE') },
    ]),
  )
  expect(notIncludedOf(found, false)).toContainEqual({ object: 'users (3)', reason: 'in no backup' })
})
