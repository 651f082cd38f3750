import { beforeAll, describe, expect, test } from 'vitest'
import type { BackupFlags } from '../../client/backup-spec.ts'
import type { LabCluster } from '../../lab/index.ts'
import { until } from '../support/until.ts'
import { REPOSITORY, seedStage } from './support/seed-stage.ts'
import { CATALOGS, makeHub, show } from './support/sr-hub.ts'

const stage = seedStage()
const sent: string[] = []
let cluster: LabCluster

beforeAll(async () => {
  cluster = await stage.cluster({ name: 'new', onStatement: (sql) => /^BACKUP/.test(sql) && sent.push(sql) })
  for (const database of ['hub', 'hub_mv', 'hub_view', 'hub_udf', 'hub_cancel']) makeHub(cluster, database)
  for (const statement of Object.values(CATALOGS)) cluster.execute(statement)
  cluster.execute('CREATE MATERIALIZED VIEW hub.sr_sync AS SELECT city, sum(n) FROM hub.sr_member GROUP BY city')
  await until('the synchronous view is there', async () => {
    const [job] = await show(cluster, 'SHOW ALTER MATERIALIZED VIEW FROM hub')
    return job?.State === 'FINISHED'
  })
})

/** The objects of the statement that a backup sent, and of its record. */
async function backUp(flags: BackupFlags) {
  const id = stage.idOf(await stage.backUp('new', flags))
  const record = await stage.record(id)
  const statement = sent.find((sql) => sql.includes(id)) ?? ''
  return {
    id,
    on: /ON \((.*)\) PROPERTIES/s.exec(statement)?.[1]?.replaceAll('`', '').replaceAll(/\s+/g, ' '),
    statement,
    tables: Object.keys(record.tables).sort(),
    materializedViews: Object.keys(record.materializedViews).sort(),
    views: Object.keys(record.views).sort(),
    functions: Object.keys(record.functions).sort(),
    record,
  }
}

const nothing = { tables: [], materializedViews: [], views: [], functions: [] }

describe.concurrent('BACKUP DATABASE, tables and partitions', () => {
  test('the database: tables, materialized views, views, functions, each by name', async () => {
    const made = await backUp({ database: ['hub'] })
    expect(made).toMatchObject({
      tables: ['sr_member', 'sr_pmc'],
      materializedViews: ['sr_mv1', 'sr_mv2'],
      views: ['sr_view1', 'sr_view2'],
      functions: ['sr_udf1', 'sr_udf2'],
      on: 'TABLE sr_member, TABLE sr_pmc, MATERIALIZED VIEW sr_mv1, MATERIALIZED VIEW sr_mv2, VIEW sr_view1, VIEW sr_view2, FUNCTION sr_udf1, FUNCTION sr_udf2',
    })
    expect(made.statement).toContain(`BACKUP DATABASE \`hub\` SNAPSHOT \`${made.id}\` TO \`${REPOSITORY}\``)
    // The synchronous one goes with its table.
    const meta = await cluster.snapshots.readMeta(REPOSITORY, made.id)
    const member = meta.tblNameMap.get('sr_member')
    expect(member?.kind === 'table' && member.table.indexes.map(({ name }) => name)).toContain('sr_sync')

    expect((await backUp({ table: ['hub.sr_member'] })).on).toBe('TABLE sr_member')
    expect((await backUp({ table: ['hub.sr_member', 'hub.sr_pmc'] })).on).toBe('TABLE sr_member, TABLE sr_pmc')
    expect(await backUp({ database: ['hub'], only: ['tables'] })).toMatchObject({
      ...nothing,
      tables: ['sr_member', 'sr_pmc'],
      on: 'TABLE sr_member, TABLE sr_pmc',
    })
    const partition = await backUp({ table: ['hub.sr_member'], partition: ['p1'] })
    expect(partition.on).toBe('TABLE sr_member PARTITION (p1)')
    expect(Object.keys(partition.record.tables.sr_member?.partitions ?? {})).toEqual(['p1'])
    expect((await backUp({ table: ['hub.sr_member'], partition: ['p1', 'p3'] })).on).toBe(
      'TABLE sr_member PARTITION (p1, p3)',
    )
    expect((await backUp({ table: ['hub.sr_member'], newestPartitions: 2 })).on).toBe(
      'TABLE sr_member PARTITION (p2, p3)',
    )
  })

  test('materialized views: one, several, all', async () => {
    expect(await backUp({ table: ['hub_mv.sr_mv1'] })).toMatchObject({
      ...nothing,
      on: 'MATERIALIZED VIEW sr_mv1',
      materializedViews: ['sr_mv1'],
    })
    expect((await backUp({ table: ['hub_mv.sr_mv1', 'hub_mv.sr_mv2'] })).on).toBe(
      'MATERIALIZED VIEW sr_mv1, MATERIALIZED VIEW sr_mv2',
    )
    expect((await backUp({ database: ['hub_mv'], only: ['materializedViews'] })).on).toBe(
      'MATERIALIZED VIEW sr_mv1, MATERIALIZED VIEW sr_mv2',
    )
  })

  test('views: one, several, all', async () => {
    expect(await backUp({ table: ['hub_view.sr_view1'] })).toMatchObject({
      ...nothing,
      on: 'VIEW sr_view1',
      views: ['sr_view1'],
    })
    expect((await backUp({ table: ['hub_view.sr_view?'] })).on).toBe('VIEW sr_view1, VIEW sr_view2')
    expect((await backUp({ database: ['hub_view'], only: ['views'] })).on).toBe('VIEW sr_view1, VIEW sr_view2')
  })

  test('functions: one, several, all', async () => {
    expect(await backUp({ function: ['hub_udf.sr_udf1'] })).toMatchObject({
      ...nothing,
      on: 'FUNCTION sr_udf1',
      functions: ['sr_udf1'],
    })
    expect((await backUp({ function: ['hub_udf.sr_udf1', 'hub_udf.sr_udf2'] })).on).toBe(
      'FUNCTION sr_udf1, FUNCTION sr_udf2',
    )
    expect((await backUp({ database: ['hub_udf'], only: ['functions'] })).on).toBe('FUNCTION sr_udf1, FUNCTION sr_udf2')
    expect(await stage.refusal(stage.backUp('new', { function: ['hub_udf.nope'] }))).toContain(
      'has no function hub_udf.nope',
    )
  })

  test('external catalogs: one, several, all', async () => {
    const one = await backUp({ catalog: ['iceberg'] })
    expect(one.statement).toMatch(/^BACKUP EXTERNAL CATALOGS? \(`iceberg`\) SNAPSHOT/)
    expect(one.record.catalogs).toEqual(['iceberg'])
    const two = await backUp({ catalog: ['iceberg', 'hive'] })
    expect(two.statement).toMatch(/^BACKUP EXTERNAL CATALOGS \(`hive`, `iceberg`\) SNAPSHOT/)
    const all = await backUp({ catalog: ['*'] })
    expect(all.record).toMatchObject({ catalogs: ['hive', 'iceberg', 'paimon'], kind: 'catalogs', database: '' })
  })
})

describe('CANCEL BACKUP', () => {
  test('of a database: the job ends on the cluster, nothing is left in the repository', async () => {
    const stick = cluster.faults.inject({ kind: 'stick-snapshot', database: 'hub_cancel', state: 'UPLOADING' })
    const name = await stage.startBackup('new', { database: ['hub_cancel'] })
    await until('it uploads', async () => (await stage.backups.status(name)).jobs[0]?.state === 'UPLOADING')
    await stage.backups.cancel(name)
    expect(await stage.refusal(stage.backups.result(name))).toMatch(/cancell?ed/i)
    stick.clear()
    const [job] = await show(cluster, 'SHOW BACKUP FROM hub_cancel')
    expect(job).toMatchObject({ State: 'CANCELLED' })
    expect(await show(cluster, `SHOW SNAPSHOT ON ${REPOSITORY} WHERE SNAPSHOT = '${job?.SnapshotName}'`)).toMatchObject(
      [{ Status: expect.not.stringMatching(/^OK$/) }],
    )
  })

  test('of external catalogs', async () => {
    const stick = cluster.faults.inject({ kind: 'stick-snapshot', database: '', job: 'backup' })
    const name = await stage.startBackup('new', { catalog: ['*'] })
    const job = async () => (await show(cluster, 'SHOW BACKUP')).find(({ DbName }) => DbName === '')
    await until('it runs', () => stick.struck > 0)
    const label = (await job())?.SnapshotName
    await stage.backups.cancel(name)
    expect(await stage.refusal(stage.backups.result(name))).toMatch(/cancell?ed/i)
    stick.clear()
    expect(await job()).toMatchObject({ State: 'CANCELLED', SnapshotName: label })
  })
})
