import { describe, expect, it } from 'vitest'
import { grantStatement, isGranted, type Need, needText } from '../../planning/backup-preflight/needs.ts'

const need = (privilege: string, on: Need['on'], more: Partial<Need> = {}): Need => ({
  privilege,
  on,
  certain: true,
  ...more,
})

describe('a privilege that a statement needs', () => {
  it.each<[Need, string, boolean]>([
    [
      need('CREATE EXTERNAL CATALOG', 'SYSTEM'),
      "GRANT REPOSITORY, CREATE EXTERNAL CATALOG ON SYSTEM TO USER 'u'",
      true,
    ],
    [need('CREATE EXTERNAL CATALOG', 'SYSTEM'), "GRANT REPOSITORY ON SYSTEM TO USER 'u'", false],
    [
      need('CREATE DATABASE', 'CATALOG', { name: 'default_catalog' }),
      "GRANT CREATE DATABASE ON CATALOG default_catalog TO USER 'u'@'%'",
      true,
    ],
    [need('USAGE', 'CATALOG', { name: 'hive' }), 'GRANT USAGE ON CATALOG hive_cat TO ROLE r', false],
    [need('USAGE', 'CATALOG', { name: 'hive' }), 'GRANT USAGE ON ALL CATALOGS TO ROLE r', true],
    [need('CREATE TABLE', 'DATABASE', { name: 'shop' }), 'GRANT CREATE TABLE ON DATABASE shop, b TO ROLE r', true],
    [need('CREATE TABLE', 'DATABASE', { name: 'shop' }), 'GRANT CREATE VIEW ON ALL DATABASES TO ROLE r', false],
    [need('DROP', 'DATABASE'), 'GRANT DROP ON DATABASE shop TO ROLE r', false],
    [need('DROP', 'DATABASE'), 'GRANT ALL ON ALL DATABASES TO ROLE r', true],
    [need('EXPORT', 'TABLE'), 'GRANT EXPORT ON ALL TABLES IN DATABASE shop TO ROLE r', false],
    [need('EXPORT', 'TABLE'), 'GRANT SELECT, EXPORT ON ALL TABLES IN ALL DATABASES TO ROLE r', true],
    [
      need('ALTER', 'TABLE', { database: 'shop', name: 't' }),
      'GRANT ALTER ON ALL TABLES IN DATABASE shop TO ROLE r',
      true,
    ],
    [need('ALTER', 'TABLE', { database: 'shop', name: 't' }), 'GRANT ALTER ON TABLE shop.t TO ROLE r', true],
    [need('ALTER', 'TABLE', { database: 'shop', name: 't' }), 'GRANT ALTER ON TABLE shop.t2 TO ROLE r', false],
    [need('USAGE', 'FUNCTION', { database: 'd', name: 'f' }), 'GRANT USAGE ON FUNCTION d.f(INT) TO ROLE r', true],
    [need('USAGE', 'FUNCTION', { database: 'd', name: 'f' }), 'GRANT USAGE ON FUNCTION d.f2(INT) TO ROLE r', false],
    [need('USAGE', 'FUNCTION', { database: 'd', name: 'f' }), "GRANT 'root' TO 'u'@'%'", false],
  ])('%j by %s: %s', (one, grant, given) => {
    expect(isGranted(one, [grant])).toBe(given)
  })

  it('is asked for by the statement that gives it', () => {
    const all = [
      need('CREATE EXTERNAL CATALOG', 'SYSTEM'),
      need('CREATE DATABASE', 'CATALOG', { name: 'default_catalog' }),
      need('CREATE TABLE', 'DATABASE', { name: 'my shop' }),
      need('DROP', 'DATABASE'),
      need('ALTER', 'TABLE', { database: 'shop', name: 't' }),
      need('EXPORT', 'TABLE'),
    ]
    expect(all.map((one) => grantStatement(one, 'u'))).toEqual([
      "GRANT CREATE EXTERNAL CATALOG ON SYSTEM TO USER 'u'",
      "GRANT CREATE DATABASE ON CATALOG default_catalog TO USER 'u'",
      "GRANT CREATE TABLE ON DATABASE `my shop` TO USER 'u'",
      "GRANT DROP ON ALL DATABASES TO USER 'u'",
      "GRANT ALTER ON ALL TABLES IN DATABASE `shop` TO USER 'u'",
      "GRANT EXPORT ON ALL TABLES IN ALL DATABASES TO USER 'u'",
    ])
    for (const one of all) expect(isGranted(one, [grantStatement(one, 'u')])).toBe(true)
    expect(all.map(needText)).toEqual([
      'CREATE EXTERNAL CATALOG on SYSTEM',
      'CREATE DATABASE on catalog default_catalog',
      'CREATE TABLE on database my shop',
      'DROP on all databases',
      'ALTER on table shop.t',
      'EXPORT on all tables',
    ])
  })
})
