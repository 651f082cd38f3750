import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createCompanionActivities } from '../../activities/companion/index.ts'
import type { S3Server } from '../../client/s3-server/s3-server.ts'
import type { CompanionApplied, CompanionKind } from '../../contract/backup/companion-api.ts'
import type { LabVersion } from '../../lab/index.ts'
import { PreflightStage, REPOSITORY } from '../backup-preflight/stage.ts'
import { fill } from '../metadata/lab-pair.ts'
import { startTestS3 } from '../support/s3-server.ts'

let s3: S3Server
let stages: PreflightStage[] = []
beforeAll(async () => {
  s3 = await startTestS3()
})
afterEach(async () => {
  await Promise.all(stages.map((stage) => stage.stop()))
  stages = []
})
afterAll(() => s3?.stop())

const SECRETS = ['secret-of-alice', 'AKID-of-lake', 'key-of-lake']

async function start(version: LabVersion, options: { repository?: boolean } = {}) {
  const stage = await PreflightStage.start(s3, { version, ...options })
  stages.push(stage)
  return { stage, lab: stage.lab, companion: createCompanionActivities(stage.deps) }
}

/** The forty odd tables of the demo with views, and what lies around them. */
async function full(version: LabVersion) {
  const started = await start(version)
  fill(started.lab)
  started.stage.execute(
    "CREATE ROLE analyst COMMENT 'it''s'",
    "CREATE USER alice IDENTIFIED BY 'secret-of-alice'",
    "CREATE USER bob@'127.0.0.%'",
    'GRANT SELECT ON ALL TABLES IN DATABASE shop TO ROLE analyst',
    'GRANT SELECT ON VIEW shop.v_simple TO ROLE analyst',
    "GRANT analyst TO USER bob@'127.0.0.%'",
    'GRANT EXPORT ON TABLE shop.uniq TO USER alice',
    "CREATE RESOURCE GROUP rg TO (user='bob', query_type in ('select')) WITH ('cpu_core_limit' = '2', 'mem_limit' = '20%')",
    "CREATE EXTERNAL CATALOG lake PROPERTIES ('type' = 'hive', 'hive.metastore.uris' = 'thrift://127.0.0.1:9083', 'aws.s3.access_key' = 'AKID-of-lake', 'aws.s3.secret_key' = 'key-of-lake')",
    "CREATE EXTERNAL CATALOG open PROPERTIES ('type' = 'hive', 'hive.metastore.uris' = 'thrift://127.0.0.1:9083')",
    'GRANT USAGE ON CATALOG open TO ROLE analyst',
  )
  return started
}

const shown = (lab: { execute(sql: string): { rows: (readonly unknown[])[] } }, sql: string) =>
  lab
    .execute(sql)
    .rows.map((row) => row.map(String).join(' | '))
    .sort()

describe.each(['3.1', '3.3', '3.5', '4.1'] as const)('%s', (version) => {
  test('saved, read, and run on an empty cluster after its tables were made: everything is there', async () => {
    const { stage, lab, companion } = await full(version)
    const spec = stage.spec({ databases: ['*'] })
    const saved = await stage.run(companion.saveCompanion, { spec, database: 'shop', id: 'one' })
    expect(saved.key).toBe('__starferry_vault/companions/one.sql.gz')
    expect(saved.warnings).toEqual([])
    const { text, ...page } = await stage.run(companion.companionPage, {
      op: 'print',
      repository: REPOSITORY,
      id: 'one',
    })
    expect(page).toMatchObject({ key: saved.key, statements: saved.statements, byHand: saved.byHand })
    for (const secret of SECRETS) expect(text).not.toContain(secret)
    expect(text).toContain("-- CREATE USER 'alice'@'%' IDENTIFIED BY '…'")

    // What RESTORE brings, and what has to be made by hand.
    const other = await start(version, { repository: false })
    fill(other.lab)
    other.stage.execute(
      'DROP VIEW shop.v_on_v',
      'DROP VIEW shop.v_cross',
      'DROP VIEW shop.v_cols',
      'DROP VIEW shop.v_simple',
      'DROP MATERIALIZED VIEW shop.mv_deferred',
      "CREATE USER alice IDENTIFIED BY 'another'",
    )
    const apply = () =>
      other.stage.run(other.companion.applyCompanion, {
        op: 'apply' as const,
        repository: REPOSITORY,
        id: 'one',
        cluster: 'lab',
      })
    const applied = await apply()
    expect(applied.failed).toEqual([])
    expect(applied).toMatchObject({ ok: true, more: 0 })
    expect(applied.byHand.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      'catalog lake',
      'externalTable shop.ext_mysql',
      "user 'alice'@'%'",
    ])
    for (const sql of [
      'SHOW GRANTS FOR ROLE analyst',
      "SHOW GRANTS FOR bob@'127.0.0.%'",
      'SHOW GRANTS FOR alice',
      'SHOW CREATE VIEW shop.v_on_v',
      'SHOW CREATE VIEW shop.v_cols',
      'SHOW CREATE CATALOG open',
    ]) {
      expect(shown(other.lab, sql), sql).toEqual(shown(lab, sql))
    }
    expect(shown(other.lab, 'SHOW RESOURCE GROUPS ALL').length).toBe(shown(lab, 'SHOW RESOURCE GROUPS ALL').length)

    // Once more: nothing changes, nothing fails.
    const again = await apply()
    expect(again).toMatchObject({ ok: true, failed: [] })
    expect(again.applied + again.existed).toBe(applied.applied + applied.existed)
    expect(shown(other.lab, 'SHOW GRANTS FOR ROLE analyst')).toEqual(shown(lab, 'SHOW GRANTS FOR ROLE analyst'))
  })
})

test('what fails is told, statement by statement, and stops nothing', async () => {
  const { stage, companion } = await full('3.5')
  await stage.run(companion.saveCompanion, { spec: stage.spec({ databases: ['*'] }), database: 'shop', id: 'two' })
  // No tables, no alice: their views and grants cannot be made.
  const other = await start('3.5', { repository: false })
  const applied: CompanionApplied = await other.stage.run(other.companion.applyCompanion, {
    op: 'apply',
    repository: REPOSITORY,
    id: 'two',
    cluster: 'lab',
  })
  expect(applied.ok).toBe(false)
  const kinds = new Set(applied.failed.map(({ kind }) => kind))
  expect(kinds).toEqual(new Set<CompanionKind>(['view', 'materializedView', 'grant']))
  expect(applied.failed.find(({ name }) => name === 'shop.v_simple')?.reason).toContain('uniq')
  expect(shown(other.lab, 'SHOW ROLES').join()).toContain('analyst')
  // Only some kinds.
  const roles = await other.stage.run(other.companion.applyCompanion, {
    op: 'apply',
    repository: REPOSITORY,
    id: 'two',
    cluster: 'lab',
    kinds: ['role', 'database'],
  })
  expect(roles).toMatchObject({ ok: true, failed: [], byHand: [] })
  expect(roles.applied).toBe(2)
})

test('a user who may not read accounts is told; the rest is saved', async () => {
  const { stage, companion } = await full('3.5')
  stage.execute(
    "CREATE USER weak IDENTIFIED BY 'pw'",
    'GRANT OPERATE, REPOSITORY ON SYSTEM TO USER weak',
    'GRANT SELECT ON ALL TABLES IN ALL DATABASES TO USER weak',
    'GRANT SELECT ON ALL VIEWS IN ALL DATABASES TO USER weak',
    'GRANT SELECT ON ALL MATERIALIZED VIEWS IN ALL DATABASES TO USER weak',
  )
  stage.loginAs('weak', 'pw')
  const saved = await stage.run(companion.saveCompanion, {
    spec: stage.spec({ databases: ['*'] }),
    database: 'shop',
    id: 'three',
  })
  expect(saved.warnings.join()).toContain('Users, roles and grants of lab are not in the companion file')
  const { text } = await stage.run(companion.companionPage, { op: 'print', repository: REPOSITORY, id: 'three' })
  expect(text).toContain('CREATE VIEW IF NOT EXISTS `shop`.`v_simple`')
  expect(text).not.toContain('CREATE ROLE')
})

test('none is written where none is wanted; what is not in the backup is told all the same', async () => {
  const { stage, companion } = await full('3.5')
  const spec = stage.spec({ databases: ['*'] }, { companion: false })
  const saved = await stage.run(companion.saveCompanion, { spec, database: 'shop', id: 'four' })
  expect(saved.key).toBeUndefined()
  expect(saved.notIncluded.map(({ object }) => object)).toEqual(
    expect.arrayContaining(['users', 'roles and all grants', 'resource groups', 'routine loads', 'temporary tables']),
  )
  expect(JSON.stringify(saved.notIncluded)).not.toContain('ext_mysql')
  await expect(
    stage.run(companion.companionPage, { op: 'print', repository: REPOSITORY, id: 'four' }),
  ).rejects.toMatchObject({ type: 'Refused', message: expect.stringContaining('has no companion file') })
})

test('long scripts come page by page', async () => {
  const { stage, companion } = await start('3.5')
  stage.execute(
    'CREATE DATABASE shop',
    "CREATE TABLE shop.t (id INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ('replication_num' = '1')",
  )
  const column = 'c'.repeat(60)
  for (let n = 0; n < 900; n++) stage.execute(`CREATE VIEW shop.v${n} AS SELECT id AS ${column}${n} FROM shop.t`)
  await stage.run(companion.saveCompanion, { spec: stage.spec({ databases: ['*'] }), database: 'shop', id: 'five' })
  let from: number | undefined
  let text = ''
  let pages = 0
  do {
    const page = await stage.run(companion.companionPage, {
      op: 'print',
      repository: REPOSITORY,
      id: 'five',
      ...(from === undefined ? {} : { from }),
    })
    text += page.text
    from = page.next
    pages++
  } while (from !== undefined)
  expect(pages).toBeGreaterThan(1)
  expect(text.match(/^CREATE VIEW/gm)?.length).toBe(900)
  expect(text.endsWith(';\n')).toBe(true)
})

test('a damaged script is said to be so, and nothing of it is run', async () => {
  const { stage, companion } = await start('3.5')
  const repository = await stage.deps.repository(REPOSITORY).open()
  await repository.own.putText('companions/six.sql.gz', 'DROP DATABASE shop;')
  await expect(
    stage.run(companion.applyCompanion, { op: 'apply', repository: REPOSITORY, id: 'six', cluster: 'lab' }),
  ).rejects.toMatchObject({ type: 'Corrupt' })
})
