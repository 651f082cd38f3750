import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { S3Server } from '../../client/s3-server/s3-server.ts'
import type { LabVersion } from '../../lab/index.ts'
import { startTestS3 } from '../support/s3-server.ts'
import { codes, fatalCodes, find, PreflightStage } from './stage.ts'

let s3: S3Server
let stage: PreflightStage
beforeAll(async () => {
  s3 = await startTestS3()
})
afterEach(() => stage.stop())
afterAll(() => s3?.stop())

const one = "PROPERTIES ('replication_num' = '1')"
const hash = 'DISTRIBUTED BY HASH(id) BUCKETS 2'

const start = async (version: LabVersion = '3.5') => {
  stage = await PreflightStage.start(s3, { version })
  stage.execute(
    'CREATE DATABASE shop',
    `CREATE TABLE shop.plain (id INT, v INT) DUPLICATE KEY(id) ${hash} ${one}`,
    `CREATE TABLE shop.ranged (id INT, v INT) DUPLICATE KEY(id) PARTITION BY RANGE(id) (PARTITION p1 VALUES LESS THAN ('10')) ${hash} ${one}`,
  )
}

test('a ttl is refused where the version knows none, and takes no chain with it', async () => {
  await start('4.1')
  const result = await stage.look({ databases: ['shop'] }, { ttl: '30 DAY', incremental: 'off' })
  expect(find(result, 'ttl-unsupported')).toMatchObject({
    level: 'fatal',
    message: expect.stringMatching(/came with 4\.2/),
  })
  expect(codes(await stage.look({ databases: ['shop'] }))).not.toContain('ttl-unsupported')
  expect(() => stage.spec({ databases: ['shop'] }, { ttl: '30 DAY' })).toThrow(/needs incremental: off/)
  expect(() => stage.spec({ databases: ['shop'] }, { ttl: 'soon', incremental: 'off' })).toThrow(/30 DAY/)
})

describe('what is named and does not exist', () => {
  test.each([
    ['a database', { databases: ['shopp', 'shop'] }, 'database-missing', 'shopp'],
    ['a table', { tables: ['shop.plian', 'shop.plain'] }, 'table-missing', 'shop.plian'],
    ['a catalog', { databases: ['shop'], catalogs: ['lake'] }, 'catalog-missing', 'lake'],
  ])('%s: an error for a person, a warning for a policy', async (_, objects, code, subject) => {
    await start()
    const result = await stage.look(objects)
    expect(find(result, code)).toMatchObject({ level: 'fatal', subject })
    expect(result.ok).toBe(false)
    const scheduled = await stage.look(objects, { scheduled: true })
    expect(find(scheduled, code)).toMatchObject({ level: 'warning', subject })
    expect(scheduled.ok).toBe(true)
    expect((await stage.look(objects, { ignore: [code] })).ok).toBe(true)
  })

  test('globs that match nothing', async () => {
    await start()
    const result = await stage.look({ databases: ['shop', 'crm_*'], tables: ['shop.x*', 'shop.pl*'] })
    const idle = result.findings.filter(({ code }) => code === 'pattern-matches-nothing')
    expect(idle.map(({ subject }) => subject)).toEqual(['crm_*', 'shop.x*'])
    expect(result.ok).toBe(true)
  })

  test('nothing at all is fatal for both', async () => {
    await start()
    const objects = { databases: ['crm_*'] }
    expect(fatalCodes(await stage.look(objects))).toEqual(['nothing-selected'])
    expect(fatalCodes(await stage.look(objects, { scheduled: true }))).toEqual(['nothing-selected'])
  })

  test('everything is excluded', async () => {
    await start()
    const objects = { tables: ['shop.*'], exclude: ['shop.*'] }
    expect(fatalCodes(await stage.look(objects))).toContain('nothing-selected')
  })
})

describe('tables that StarRocks will refuse', () => {
  const external =
    "CREATE EXTERNAL TABLE shop.ext (id INT) ENGINE=MYSQL PROPERTIES ('host'='127.0.0.1','port'='3306','user'='u','password'='pw-of-mysql','database'='d','table'='t')"

  test('external ones: left out of a database, refused by name', async () => {
    await start()
    stage.execute(external)
    expect(find(await stage.look(), 'external-table')).toMatchObject({ level: 'info' })
    const named = await stage.look({ tables: ['shop.ext', 'shop.plain'] })
    expect(find(named, 'external-table')).toMatchObject({
      level: 'fatal',
      message: expect.stringContaining('shop.ext'),
    })
    expect(JSON.stringify(named)).not.toContain('pw-of-mysql')
  })

  const list = `CREATE TABLE shop.listed (id INT, city VARCHAR(10) NOT NULL) DUPLICATE KEY(id) PARTITION BY LIST(city) (PARTITION pa VALUES IN ('a')) ${hash} ${one}`
  test.each([
    ['3.1', true],
    ['3.3', true],
    ['3.5', false],
    ['4.1', false],
  ] as const)('list partitions on %s', async (version, told) => {
    await start(version)
    stage.execute(list)
    const result = await stage.look()
    expect(codes(result).includes('list-partitions')).toBe(told)
    if (told) expect(find(result, 'list-partitions').message).toContain('shop.listed')
    expect(fatalCodes(await stage.look({ tables: ['shop.listed'] })).includes('list-partitions')).toBe(told)
  })

  test('a full-text index', async () => {
    await start()
    stage.execute(
      "ADMIN SET FRONTEND CONFIG ('enable_experimental_gin' = 'true')",
      `CREATE TABLE shop.texts (id INT, body VARCHAR(100), INDEX gin_body (body) USING GIN ('parser' = 'english')) DUPLICATE KEY(id) ${hash} PROPERTIES ('replication_num' = '1', 'replicated_storage' = 'false')`,
      `CREATE TABLE shop.harmless (id INT COMMENT 'INDEX a (b) USING GIN', v INT, INDEX b (v) USING BITMAP) DUPLICATE KEY(id) ${hash} ${one}`,
    )
    expect(find(await stage.look(), 'full-text-index')).toMatchObject({
      level: 'warning',
      message: expect.stringMatching(/: shop\.texts$/),
    })
    expect(fatalCodes(await stage.look({ tables: ['shop.texts'] }))).toEqual(['full-text-index'])
  })

  test.each(['backend', 'frontend alone'])('temporary partitions, told by a %s', async (whom) => {
    await start()
    stage.execute("ALTER TABLE shop.ranged ADD TEMPORARY PARTITION tp1 VALUES LESS THAN ('10')")
    if (whom !== 'backend')
      for (const node of [0, 1, 2]) stage.lab.faults.inject({ kind: 'node-down', node, how: 'unreachable' })
    expect(find(await stage.look(), 'temporary-partitions').message).toContain('shop.ranged')
  })
})

describe('what is only kept as a statement', () => {
  const view = 'CREATE VIEW shop.w AS SELECT id FROM shop.plain'
  const mv = `CREATE MATERIALIZED VIEW shop.mv DISTRIBUTED BY HASH(id) BUCKETS 1 REFRESH MANUAL PROPERTIES ('replication_num' = '1') AS SELECT id, count(*) AS c FROM shop.plain GROUP BY id`
  test.each([
    ['3.1', ['views-as-ddl', 'functions-left-out', 'materialized-views-as-ddl'], ['materialized-view-setting']],
    ['3.5', ['materialized-view-setting'], ['views-as-ddl', 'functions-left-out', 'materialized-views-as-ddl']],
    ['4.1', ['materialized-view-setting'], ['views-as-ddl', 'functions-left-out', 'materialized-views-as-ddl']],
  ] as const)('%s', async (version, told, untold) => {
    await start(version)
    stage.execute(view, mv)
    const result = await stage.look()
    expect(codes(result)).toEqual(expect.arrayContaining([...told]))
    for (const code of untold) expect(codes(result)).not.toContain(code)
    expect(result.ok).toBe(true)
  })
})

describe('external catalogs', () => {
  const lake =
    "CREATE EXTERNAL CATALOG lake PROPERTIES ('type' = 'hive', 'hive.metastore.uris' = 'thrift://127.0.0.1:9083')"
  test.each([
    ['3.1', true, 'cannot back up external catalogs'],
    ['3.5', false, ''],
    ['4.1', true, '"db" is null'],
  ] as const)('%s', async (version, broken, text) => {
    await start(version)
    stage.execute(lake)
    const alone = await stage.look({ catalogs: ['lake'] })
    expect(fatalCodes(alone)).toEqual(broken ? ['catalogs-broken'] : [])
    if (broken) expect(find(alone, 'catalogs-broken').message).toContain(text)
    else expect(find(alone, 'catalog-secrets').message).toContain('in clear')
    const beside = await stage.look({ databases: ['shop'], catalogs: ['lake'] })
    expect(beside.ok).toBe(true)
  })
})
