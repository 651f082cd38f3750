import { beforeAll, describe, expect, test } from 'vitest'
import type { RestoreFlags } from '../../client/restore-spec.ts'
import type { LabCluster } from '../../lab/index.ts'
import { until } from '../support/until.ts'
import { REPOSITORY, seedStage } from './support/seed-stage.ts'
import { activeViews, CATALOGS, functionsOf, makeHub, objectsOf, rowsOf, show } from './support/sr-hub.ts'

const stage = seedStage()
const sent: string[] = []
const sentThere: string[] = []
let here: LabCluster
let there: LabCluster
let label: string
let catalogs: string
let members: string[]
let pmc: string[]

beforeAll(async () => {
  here = await stage.cluster({ name: 'here', onStatement: (sql) => sent.push(sql) })
  there = await stage.cluster({ name: 'there', repository: false, onStatement: (sql) => sentThere.push(sql) })
  makeHub(here, 'hub')
  for (const statement of Object.values(CATALOGS)) here.execute(statement)
  const [database, all] = await Promise.all([
    stage.backUp('here', { database: ['hub'] }),
    stage.backUp('here', { catalog: ['*'] }),
  ])
  label = stage.idOf(database)
  catalogs = stage.idOf(all)
  members = await rowsOf(here, 'hub.sr_member')
  pmc = await rowsOf(here, 'hub.sr_pmc')
})

const restore = (flags: RestoreFlags, cluster = 'here') => stage.restore(cluster, { label, ...flags })
/** The RESTORE that made a database, in one line without quotes, and without the name that it has until it is complete. */
const statementFor = (database: string) =>
  sent
    .filter((sql) => /^RESTORE/.test(sql))
    .map((sql) =>
      sql
        .replaceAll(/__sf_\w+/g, '')
        .replaceAll('`', '')
        .replaceAll(/\s+/g, ' '),
    )
    .filter((sql) => sql.includes(`AS ${database} `))

describe.concurrent('RESTORE', () => {
  test('a database into another cluster, which gets the repository read-only, under its name, for that long', async () => {
    const done = await restore({}, 'there')
    expect(done).toMatchObject({ ok: true, published: true })
    expect(await rowsOf(there, 'hub.sr_member')).toEqual(members)
    expect(await rowsOf(there, 'hub.sr_pmc')).toEqual(pmc)
    expect(objectsOf(there, 'hub')).toEqual(['sr_member', 'sr_mv1', 'sr_mv2', 'sr_pmc', 'sr_view1', 'sr_view2'])
    expect(await functionsOf(there, 'hub')).toEqual(['sr_udf1(INT)', 'sr_udf2(INT)'])
    expect(await activeViews(there, 'hub')).toEqual({ sr_mv1: 'true', sr_mv2: 'true' })
    expect((await there.run('SELECT count(*) FROM hub.sr_view1')).rows).toEqual([['4']])
    expect(sentThere.join('\n')).toContain(`CREATE READ ONLY REPOSITORY \`${REPOSITORY}\``)
    expect(await show(there, 'SHOW REPOSITORIES')).toEqual([])
    // The time of the snapshot is the one that SHOW SNAPSHOT prints.
    const [snapshot] = await show(here, `SHOW SNAPSHOT ON ${REPOSITORY} WHERE SNAPSHOT = '${label}'`)
    expect(sentThere.find((sql) => /^RESTORE/.test(sql))).toContain(`'backup_timestamp' = '${snapshot?.Timestamp}'`)
  })

  test('a database under another name, made by the restore', async () => {
    expect(await restore({ as: 'hub_new' })).toMatchObject({ ok: true, tables: 2 })
    expect(await rowsOf(here, 'hub_new.sr_member')).toEqual(members)
    expect(objectsOf(here, 'hub_new')).toEqual(objectsOf(here, 'hub'))
    expect(await functionsOf(here, 'hub_new')).toEqual(['sr_udf1(INT)', 'sr_udf2(INT)'])
    // What reads the old database by its name is made to read the new one.
    const [view] = await show(here, 'SHOW CREATE VIEW hub_new.sr_view1')
    expect(view?.['Create View']).not.toContain('`hub`')
    expect(await activeViews(here, 'hub_new')).toEqual({ sr_mv1: 'true', sr_mv2: 'true' })
  })

  test('a table under another name in another database', async () => {
    const done = await restore({ table: ['sr_member'], as: 'hub_other', renameTable: ['sr_member=sr_member_new'] })
    expect(done).toMatchObject({ ok: true, tables: 1, partitions: 3 })
    expect(objectsOf(here, 'hub_other')).toEqual(['sr_member_new'])
    expect(await rowsOf(here, 'hub_other.sr_member_new')).toEqual(members)
    expect(statementFor('hub_other').join()).toContain(
      'DATABASE hub AS hub_other ON (TABLE sr_member AS sr_member_new)',
    )
  })

  test('several tables, all tables, one of many', async () => {
    expect(await restore({ table: ['sr_member', 'sr_pmc'], as: 'hub_two' })).toMatchObject({ ok: true })
    expect(objectsOf(here, 'hub_two')).toEqual(['sr_member', 'sr_pmc'])
    expect(await restore({ table: ['*'], as: 'hub_all' })).toMatchObject({ ok: true })
    expect(objectsOf(here, 'hub_all')).toEqual(['sr_member', 'sr_pmc'])
    expect(await restore({ table: ['sr_pmc'], as: 'hub_one' })).toMatchObject({ ok: true })
    expect(objectsOf(here, 'hub_one')).toEqual(['sr_pmc'])
    expect(await rowsOf(here, 'hub_one.sr_pmc')).toEqual(pmc)
  })

  test('partitions: one, several', async () => {
    expect(await restore({ partition: ['sr_member=p1'], as: 'hub_p1' })).toMatchObject({ ok: true, partitions: 1 })
    expect(await rowsOf(here, 'hub_p1.sr_member')).toEqual(['1,ulm,1', '2,bonn,2'])
    expect(await restore({ partition: ['sr_member=p1,p3'], as: 'hub_p13' })).toMatchObject({ ok: true, partitions: 2 })
    expect(await rowsOf(here, 'hub_p13.sr_member')).toEqual(['1,ulm,1', '2,bonn,2', '21,kiel,4'])
  })

  test('functions: one, several, all', async () => {
    await restore({ function: ['sr_udf1'], as: 'hub_f1' })
    expect(await functionsOf(here, 'hub_f1')).toEqual(['sr_udf1(INT)'])
    await restore({ function: ['sr_udf1', 'sr_udf2'], as: 'hub_f2' })
    expect(await functionsOf(here, 'hub_f2')).toEqual(['sr_udf1(INT)', 'sr_udf2(INT)'])
    await restore({ function: ['*'], as: 'hub_f3' })
    expect(await functionsOf(here, 'hub_f3')).toEqual(['sr_udf1(INT)', 'sr_udf2(INT)'])
    expect(objectsOf(here, 'hub_f3')).toEqual([])
  })

  test('external catalogs: one under another name, several, all; what has the name is left alone', async () => {
    const names = async (cluster: LabCluster) => (await show(cluster, 'SHOW CATALOGS')).map((row) => row.Catalog).sort()
    const one = await stage.restore('here', {
      label: catalogs,
      catalog: ['iceberg'],
      renameCatalog: ['iceberg=iceberg_new'],
    })
    expect(one.ok).toBe(true)
    expect(await names(here)).toEqual(['default_catalog', 'hive', 'iceberg', 'iceberg_new', 'paimon'])
    const target = await stage.cluster({ name: 'catalogs', repository: false })
    expect((await stage.restore('catalogs', { label: catalogs, catalog: ['iceberg', 'hive'] })).ok).toBe(true)
    expect(await names(target)).toEqual(['default_catalog', 'hive', 'iceberg'])
    const all = await stage.restore('catalogs', { label: catalogs, catalog: ['*'] })
    expect(await names(target)).toEqual(['default_catalog', 'hive', 'iceberg', 'paimon'])
    expect(all.warnings.join()).toContain('there is an external catalog hive')
  })
})

describe('views and materialized views', () => {
  test('materialized views alone are inactive, and are activated once their tables are there', async () => {
    const lonely = await stage.cluster({ name: 'lonely', repository: false })
    const one = await restore({ materializedView: ['sr_mv1'] }, 'lonely')
    expect(objectsOf(lonely, 'hub')).toEqual(['sr_mv1'])
    expect(await activeViews(lonely, 'hub')).toEqual({ sr_mv1: 'false' })
    expect(one.warnings.join()).toMatch(/sr_mv1.*(inactive|activ)/)
    await restore({ materializedView: ['sr_mv2'] }, 'lonely')
    expect(await activeViews(lonely, 'hub')).toEqual({ sr_mv1: 'false', sr_mv2: 'false' })
    await restore({ table: ['*'] }, 'lonely')
    expect(await activeViews(lonely, 'hub')).toEqual({ sr_mv1: 'true', sr_mv2: 'true' })
  })

  test('materialized views: several, all', async () => {
    await restore({ materializedView: ['sr_mv1', 'sr_mv2'], table: ['*'], as: 'hub_mv2' })
    expect(await activeViews(here, 'hub_mv2')).toEqual({ sr_mv1: 'true', sr_mv2: 'true' })
    await restore({ materializedView: ['*'], table: ['*'], as: 'hub_mv3' })
    expect(objectsOf(here, 'hub_mv3')).toEqual(['sr_member', 'sr_mv1', 'sr_mv2', 'sr_pmc'])
  })

  test('views: one, several, all', async () => {
    await restore({ view: ['sr_view1'], table: ['*'], as: 'hub_v1' })
    expect(objectsOf(here, 'hub_v1')).toEqual(['sr_member', 'sr_pmc', 'sr_view1'])
    expect((await here.run('SELECT count(*) FROM hub_v1.sr_view1')).rows).toEqual([['4']])
    await restore({ view: ['sr_view2'], as: 'hub_v1' })
    expect(objectsOf(here, 'hub_v1')).toEqual(['sr_member', 'sr_pmc', 'sr_view1', 'sr_view2'])
    await restore({ view: ['*'], table: ['*'], as: 'hub_v2' })
    expect(objectsOf(here, 'hub_v2')).toEqual(['sr_member', 'sr_pmc', 'sr_view1', 'sr_view2'])
  })
})

describe('CANCEL RESTORE', () => {
  test('of a database: the job ends, what it made is removed', async () => {
    const stick = here.faults.inject({ kind: 'stick-snapshot', job: 'restore', state: 'DOWNLOADING' })
    const name = await stage.startRestore('here', { label, as: 'hub_gone' })
    await until('it downloads', () => stick.struck > 0)
    await stage.restores.cancel(name)
    expect(await stage.refusal(stage.restores.result(name))).toMatch(/cancell?ed/i)
    stick.clear()
    expect(objectsOf(here, 'hub_gone')).toEqual([])
    expect([...here.state.databases.keys()].filter((one) => one.includes('__sf_') || one === 'hub_gone')).toEqual([])
  })

  test('of external catalogs', async () => {
    const stick = here.faults.inject({ kind: 'stick-snapshot', job: 'restore', database: '' })
    const name = await stage.startRestore('here', {
      label: catalogs,
      catalog: ['paimon'],
      renameCatalog: ['paimon=paimon2'],
    })
    await until('it runs', () => stick.struck > 0)
    await stage.restores.cancel(name)
    expect(await stage.refusal(stage.restores.result(name))).toMatch(/cancell?ed/i)
    stick.clear()
    expect((await show(here, 'SHOW RESTORE')).find(({ DbName }) => DbName === '')).toMatchObject({ State: 'CANCELLED' })
    expect((await show(here, 'SHOW CATALOGS')).map(({ Catalog }) => Catalog)).not.toContain('paimon2')
  })
})
