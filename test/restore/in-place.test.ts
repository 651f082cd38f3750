import { describe, expect, test } from 'vitest'
import type { RestoreSpecInput } from '../../contract/backup/restore-spec.ts'
import { restoreId } from '../../contract/names.ts'
import type { LabCluster } from '../../lab/index.ts'
import { until } from '../support/until.ts'
import { REPOSITORY, restoreStage, specFrom } from './support/restore-stage.ts'
import { contentOf, putRecord, takeBackup } from './support/take-backup.ts'

/* Over live tables: whose partitions have other numbers of buckets than in some snapshot, or the same versions with other rows in them. */

const stage = restoreStage()

const ORDERS = `CREATE TABLE shop.orders (id INT NOT NULL, v VARCHAR(20)) DUPLICATE KEY(id) PARTITION BY RANGE(id) (PARTITION p1 VALUES [('0'), ('10')), PARTITION p2 VALUES [('10'), ('20'))) DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ('replication_num' = '1')`

async function shop(name: string) {
  const cluster = await stage.cluster(name)
  for (const sql of ['CREATE DATABASE shop', ORDERS, "INSERT INTO shop.orders VALUES (1,'a'),(11,'c')"])
    cluster.execute(sql)
  const full = await takeBackup(stage, cluster, { label: `${name}_full`, database: 'shop' })
  const anew = () => {
    cluster.execute('ALTER TABLE shop.orders DROP PARTITION p2 FORCE')
    cluster.execute(
      "ALTER TABLE shop.orders ADD PARTITION p2 VALUES [('10'), ('20')) DISTRIBUTED BY HASH(id) BUCKETS 3",
    )
    cluster.execute("INSERT INTO shop.orders PARTITION (p2) VALUES (12,'d')")
  }
  return { cluster, full, anew }
}

/** Two tables of dates with what they need to make partitions themselves, backed up. */
async function two(name: string) {
  const cluster = await stage.cluster(name)
  cluster.execute('CREATE DATABASE shop')
  for (const table of ['a', 'b']) {
    cluster.execute(
      `CREATE TABLE shop.${table} (dt DATE NOT NULL, id INT) DUPLICATE KEY(dt) PARTITION BY RANGE(dt) (PARTITION p1 VALUES [('2020-01-01'), ('2020-01-02'))) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ('replication_num' = '1', 'dynamic_partition.enable' = 'false', 'dynamic_partition.time_unit' = 'DAY', 'dynamic_partition.start' = '-2147483648', 'dynamic_partition.end' = '1', 'dynamic_partition.prefix' = 'p', 'dynamic_partition.buckets' = '1')`,
    )
    cluster.execute(`INSERT INTO shop.${table} VALUES ('2020-01-01', 1)`)
  }
  await takeBackup(stage, cluster, { label: `${name}_full`, database: 'shop' })
  return cluster
}

const contents = async (cluster: LabCluster) => [
  await contentOf(cluster, 'shop', 'a'),
  await contentOf(cluster, 'shop', 'b'),
]

/** A partition that the backup has not, in both. */
function surplus(cluster: LabCluster) {
  for (const table of ['a', 'b'])
    cluster.execute(`ALTER TABLE shop.${table} ADD PARTITION p3 VALUES [('2020-01-03'), ('2020-01-04'))`)
}

function tableOf(cluster: LabCluster, name: string) {
  const table = cluster.state.databases.get('shop')?.objects.get(name)
  if (table?.kind !== 'table') throw new Error(`there is no table ${name}`)
  return table
}

const partitionsOf = (cluster: LabCluster, name: string) => tableOf(cluster, name).partitions.map((one) => one.name)

const specOf = (name: string, label: string, more: Partial<RestoreSpecInput> = {}): RestoreSpecInput =>
  specFrom(name, label, { mode: 'in-place', ...more })

test('a chain in which a partition got other buckets is restored over the live table, and what that costs is told before', async () => {
  const { cluster, full, anew } = await shop('buckets')
  anew()
  await takeBackup(stage, cluster, { label: 'buckets_inc', database: 'shop', baseline: full })
  const before = await contentOf(cluster, 'shop', 'orders')
  cluster.execute("ALTER TABLE shop.orders ADD PARTITION p3 VALUES [('20'), ('30'))")
  cluster.execute("INSERT INTO shop.orders VALUES (2,'damage'),(13,'damage'),(21,'damage')")
  const spec = specOf('buckets', 'buckets_inc', { tables: ['orders'] })
  const { findings } = await stage.plan(spec)
  expect(findings.find(({ code }) => code === 'in-place-drops')?.message).toMatch(
    /p2 \(has 3 buckets, in an earlier snapshot of the chain it had 2\), p3 \(was not there at the backup\)/,
  )
  expect(await stage.restore(spec)).toMatchObject({ ok: true })
  expect(await contentOf(cluster, 'shop', 'orders')).toEqual(before)
})

test('chosen partitions are not restored in place beside one that StarRocks would refuse; nothing is dropped', async () => {
  const { cluster, anew } = await shop('chosen')
  anew()
  cluster.execute("ALTER TABLE shop.orders ADD PARTITION p3 VALUES [('20'), ('30'))")
  const before = await contentOf(cluster, 'shop', 'orders')
  const spec = specOf('chosen', 'chosen_full', { partitions: { orders: ['p1'] } })
  const { findings } = await stage.plan(spec)
  expect(findings.find(({ code }) => code === 'restore-in-place-impossible')?.message).toContain(
    'partition p2, which is not to be restored, has 3 buckets',
  )
  const error = await stage.restore(spec).catch((failure: unknown) => failure)
  expect((error as Error & { cause?: Error }).cause?.message).toContain('restore-in-place-impossible')
  expect(await contentOf(cluster, 'shop', 'orders')).toEqual(before)
})

/** Starts a restore while another job holds the database, and lets go of it once the restore has been sent away. */
async function afterAnotherJob(cluster: LabCluster, spec: RestoreSpecInput, meanwhile = () => {}) {
  const label = `foreign_${spec.name}`
  const fault = cluster.faults.inject({ kind: 'stick-snapshot', job: 'backup', label })
  await cluster.run(`BACKUP DATABASE shop SNAPSHOT ${label} TO ${REPOSITORY}`)
  await stage.start(spec)
  await until('it waits for the other', async () => {
    const { raw } = await stage.temporal.client.workflow.getHandle(restoreId(spec.name)).describe()
    return raw.pendingActivities?.some((one) => one.lastFailure?.message?.includes(`backup ${label}`))
  })
  meanwhile()
  fault.clear()
}

test('a partition that was overwritten since, and has the version of the backup again, is restored all the same', async () => {
  const { cluster } = await shop('rerun')
  cluster.execute("INSERT OVERWRITE shop.orders PARTITION (p1) VALUES (1,'good'),(2,'good')")
  await takeBackup(stage, cluster, { label: 'rerun_good', database: 'shop' })
  const before = await contentOf(cluster, 'shop', 'orders')
  cluster.execute("INSERT OVERWRITE shop.orders PARTITION (p1) VALUES (1,'bad'),(2,'bad')")
  await afterAnotherJob(cluster, specOf('rerun', 'rerun_good', { tables: ['orders'] }))
  expect(await stage.result('rerun')).toMatchObject({ ok: true })
  expect(await contentOf(cluster, 'shop', 'orders')).toEqual(before)
})

describe('a job whose row another one hides after it was done', () => {
  const damage = ["INSERT INTO shop.orders VALUES (2,'damage'),(12,'damage')"]
  /** The restore is done, `since` is loaded, and a job of somebody else takes its row before anybody looks. */
  async function hidden(name: string, before: string[], since: string[], more: () => void = () => {}) {
    const { cluster } = await shop(name)
    const backedUp = await contentOf(cluster, 'shop', 'orders')
    for (const sql of before) cluster.execute(sql)
    // Frontends tell times of versions in seconds, of which a real RESTORE takes several.
    const second = () => Math.floor(cluster.state.now() / 1_000)
    const written = second()
    await until('the clock shows another second', () => second() > written)
    cluster.faults.inject({ kind: 'hide-snapshot', how: 'replaced', job: 'restore', times: 1 })
    const run = () => {
      for (const sql of since) cluster.execute(sql)
      more()
    }
    cluster.faults.inject({ kind: 'during-snapshot', job: 'restore', state: 'FINISHED', times: 1, run })
    return { cluster, backedUp, spec: specOf(name, `${name}_full`, { tables: ['orders'] }) }
  }
  const restoresOf = (cluster: LabCluster) => cluster.backupJobs.filter(({ kind }) => kind === 'restore')

  test('is not sent once more over what was loaded since', async () => {
    const { cluster, spec } = await hidden('hidden', damage, [
      "INSERT INTO shop.orders PARTITION (p1) VALUES (3,'new')",
    ])
    expect(await stage.restore(spec)).toMatchObject({ ok: true })
    expect(restoresOf(cluster)).toHaveLength(1)
    const content = (await contentOf(cluster, 'shop', 'orders')).join()
    expect(content).toContain('new')
    expect(content).not.toContain('damage')
  })

  test('is neither taken for done nor sent once more where that cannot be told', async () => {
    const { cluster, spec } = await hidden(
      'unclear',
      ['TRUNCATE TABLE shop.orders'],
      ["INSERT INTO shop.orders VALUES (3,'new'),(13,'new')"],
    )
    const error = await stage.restore(spec).catch((failure: unknown) => failure)
    expect((error as Error & { cause?: Error }).cause?.message).toMatch(
      /Whether orders was restored over cannot be told/,
    )
    expect(restoresOf(cluster)).toHaveLength(1)
    expect((await contentOf(cluster, 'shop', 'orders')).join()).toContain('new')
    expect((await stage.status('unclear')).left.join()).toMatch(
      /Whether snapshot 1 of backup unclear_full was restored over orders cannot be told.*next one was begun, see above/,
    )
  })

  test('is told as done when the restore is discarded before it looks again', async () => {
    let gone = false
    const { cluster, backedUp, spec } = await hidden('discarded', damage, [], () => {
      gone = true
      cluster.faults.inject({ kind: 'drop-mysql', cut: 'before', match: /./ })
    })
    await stage.start(spec)
    await until('it is done', () => gone)
    const handle = stage.temporal.client.workflow.getHandle(restoreId('discarded'))
    await handle.executeUpdate('discard')
    await until('it is being taken back', async () => (await stage.status('discarded')).state === 'undoing')
    cluster.faults.clear()
    expect(await stage.result('discarded')).toMatchObject({ ok: false })
    expect(await contentOf(cluster, 'shop', 'orders')).toEqual(backedUp)
    expect((await stage.status('discarded')).left.join()).toContain(
      'orders holds the backup discarded_full, completely',
    )
  })
})

test('a table that is loaded while the restore waits for another job is restored over all the same', async () => {
  const { cluster } = await shop('streaming')
  const before = await contentOf(cluster, 'shop', 'orders')
  const load = () => void cluster.execute("INSERT INTO shop.orders VALUES (2,'since'),(12,'since')")
  load()
  await afterAnotherJob(cluster, specOf('streaming', 'streaming_full', { tables: ['orders'] }), load)
  expect(await stage.result('streaming')).toMatchObject({ ok: true })
  expect(await contentOf(cluster, 'shop', 'orders')).toEqual(before)
})

test('more rows than the backup had, at its very version, are not somebody’s load', async () => {
  const { cluster, full } = await shop('toomany')
  const p1 = full.tables.orders?.partitions.p1
  if (p1) p1.rows = '0'
  await putRecord(stage, full)
  const error = await stage.restore(specOf('toomany', full.id, { tables: ['orders'] })).catch((failure) => failure)
  expect((error as Error & { cause?: Error }).cause?.message).toContain('partition p1 has 1 rows, the backup had 0')
  expect(cluster.backupJobs.filter(({ kind }) => kind === 'restore')).toHaveLength(1)
})

test('rows that are loaded as soon as a table is there again are told, and no failure', async () => {
  const { cluster } = await shop('loaded')
  cluster.faults.inject({
    kind: 'during-snapshot',
    job: 'restore',
    state: 'FINISHED',
    times: 1,
    run: () => void cluster.execute("INSERT INTO shop.orders PARTITION (p1) VALUES (3,'new')"),
  })
  const result = await stage.restore(specOf('loaded', 'loaded_full', { tables: ['orders'] }))
  expect(result.ok).toBe(true)
  expect(result.warnings.join()).toContain('p1 has 2 rows, the backup had 1: it was written to meanwhile')
})

test('a view that somebody made meanwhile is not taken for the restored one', async () => {
  const { cluster } = await shop('viewed')
  cluster.execute('CREATE VIEW shop.v AS SELECT id FROM shop.orders')
  const record = await takeBackup(stage, cluster, { label: 'viewed_all', database: 'shop' })
  if (record.views.v) record.views.v.ddl = ''
  await putRecord(stage, record)
  cluster.execute('DROP VIEW shop.v')
  await afterAnotherJob(cluster, specOf('viewed', record.id, { views: ['v'] }), () => {
    cluster.execute('CREATE VIEW shop.v AS SELECT 7 AS id')
  })
  const error = await stage.result('viewed').catch((failure: unknown) => failure)
  expect((error as Error & { cause?: Error }).cause?.message).toContain('somebody has made, or written to, shop.v')
  expect(cluster.execute('SELECT id FROM shop.v').rows).toEqual([['7']])
})

describe('nothing is dropped of a table', () => {
  test('while another one of the same restore is being altered', async () => {
    const cluster = await two('altered')
    const before = await contents(cluster)
    surplus(cluster)
    const b = tableOf(cluster, 'b')
    b.state = 'SCHEMA_CHANGE'
    await stage.start(specOf('altered', 'altered_full', { tables: ['a', 'b'] }))
    await until('it waits', async () => {
      const { raw } = await stage.temporal.client.workflow.getHandle(restoreId('altered')).describe()
      return raw.pendingActivities?.some((one) => one.lastFailure?.message?.includes('shop.b is being altered'))
    })
    expect(partitionsOf(cluster, 'a')).toEqual(['p1', 'p3'])
    b.state = 'NORMAL'
    expect(await stage.result('altered')).toMatchObject({ ok: true })
    expect(await contents(cluster)).toEqual(before)
  })

  test('before tables that make their own partitions have stopped to; what a failure leaves is told with its names', async () => {
    const cluster = await two('halfway')
    surplus(cluster)
    cluster.execute("ALTER TABLE shop.b SET ('dynamic_partition.enable' = 'true')")
    cluster.faults.inject({ kind: 'fail-query', error: 'no', match: /`b` SET .*dynamic_partition.enable/ })
    const spec = specOf('halfway', 'halfway_full', { tables: ['a', 'b'], attempts: 1 })
    await expect(stage.restore(spec)).rejects.toThrow()
    expect(partitionsOf(cluster, 'a')).toEqual(['p1', 'p3'])
    cluster.faults.clear()
    cluster.faults.inject({ kind: 'fail-query', error: 'no', match: /`b` DROP PARTITION/ })
    await expect(stage.restore({ ...spec, name: 'halfway-2' })).rejects.toThrow()
    expect(partitionsOf(cluster, 'a')).toEqual(['p1'])
    const { left } = await stage.status('halfway-2')
    expect(left.join()).toMatch(/a: 0 of 1 snapshots .*; partitions that were in the way may have been dropped: p3/)
  })
})

const ON = "SET ('dynamic_partition.enable' = 'true')"
const isOn = (cluster: LabCluster, table: string) =>
  /"dynamic_partition.enable" = "true"/.test(cluster.execute(`SHOW CREATE TABLE shop.${table}`).rows[0]?.[1] ?? '')

describe('what makes a live table drop partitions by itself', () => {
  test('is afterwards as it was on the live table, not as at the backup', async () => {
    const cluster = await two('settings')
    const record = await takeBackup(stage, cluster, { label: 'settings_all', database: 'shop' })
    const b = record.tables.b
    if (b) b.ddl = b.ddl.replace('"dynamic_partition.enable" = "false"', '"dynamic_partition.enable" = "true"')
    await putRecord(stage, record)
    cluster.execute(`ALTER TABLE shop.a ${ON}`)
    cluster.execute("INSERT INTO shop.a VALUES ('2020-01-01', 2)")
    const result = await stage.restore(specOf('settings', record.id, { tables: ['a', 'b'] }))
    expect(result.ok).toBe(true)
    expect([isOn(cluster, 'a'), isOn(cluster, 'b')]).toEqual([true, false])
    expect(result.warnings.join()).toMatch(/dynamic_partition\.enable of shop\.b was off .* it stays off.*ALTER TABLE/)
    expect((await contentOf(cluster, 'shop', 'a')).join()).toContain('p1')
  })

  test('is switched on again when nothing was restored, and told when old partitions may be there', async () => {
    const cluster = await two('failing')
    const full = await takeBackup(stage, cluster, { label: 'failing_1', database: 'shop' })
    surplus(cluster)
    cluster.execute("INSERT INTO shop.a PARTITION (p3) VALUES ('2020-01-03', 3)")
    await takeBackup(stage, cluster, { label: 'failing_2', database: 'shop', baseline: full })
    cluster.execute(`ALTER TABLE shop.a ${ON}`)
    const spec = specOf('failing', 'failing_2', { tables: ['a'], attempts: 1 })
    cluster.faults.inject({ kind: 'fail-query', error: 'no', match: /^RESTORE/ })
    await expect(stage.restore(spec)).rejects.toThrow()
    expect(isOn(cluster, 'a')).toBe(true)
    cluster.faults.clear()
    cluster.faults.inject({ kind: 'fail-query', error: 'no', match: /^RESTORE[^;]*failing_2/ })
    await expect(stage.restore({ ...spec, name: 'failing-2' })).rejects.toThrow()
    expect(isOn(cluster, 'a')).toBe(false)
    const { left } = await stage.status('failing-2')
    expect(left.join()).toMatch(/dynamic_partition\.enable of shop\.a was switched off.*ALTER TABLE `shop`\.`a` SET/)
  })
})

describe('a live table that makes and drops its own partitions gets back a chosen one', () => {
  const spec = (name: string): RestoreSpecInput =>
    specFrom(name, `${name}_full`, { partitions: { a: ['p1'] }, publish: 'auto' })
  /** The partition is gone from the live table, which since then makes its own. */
  async function without(name: string, start: string) {
    const cluster = await two(name)
    const before = await contentOf(cluster, 'shop', 'a')
    cluster.execute('ALTER TABLE shop.a DROP PARTITION p1 FORCE')
    cluster.execute(
      `ALTER TABLE shop.a SET ('dynamic_partition.enable' = 'true', 'dynamic_partition.start' = '${start}')`,
    )
    return { cluster, before }
  }
  const p1 = async (cluster: LabCluster) =>
    (await contentOf(cluster, 'shop', 'a')).filter((row) => row.startsWith('p1'))

  test('and keeps it: what would drop it again is switched off, stays off, and is told', async () => {
    const { cluster, before } = await without('tooold', '-3')
    const { findings } = await stage.plan(spec('tooold'))
    expect(findings.find(({ code }) => code === 'dynamic-partitions')?.message).toMatch(
      /a: partition p1 .*older than 3/,
    )
    const { ok, warnings } = await stage.restore(spec('tooold'))
    expect(ok).toBe(true)
    expect(await p1(cluster)).toEqual(before)
    expect(isOn(cluster, 'a')).toBe(false)
    expect(warnings.join()).toMatch(/dynamic_partition\.enable of shop\.a stays off: .*To switch it on: ALTER TABLE/)
  })

  test('and makes its own again afterwards where that one survives it', async () => {
    const { cluster, before } = await without('young', '-2147483648')
    expect((await stage.plan(spec('young'))).findings.map(({ code }) => code)).not.toContain('dynamic-partitions')
    expect(await stage.restore(spec('young'))).toMatchObject({ ok: true })
    expect(await p1(cluster)).toEqual(before)
    expect(isOn(cluster, 'a')).toBe(true)
  })

  test('or makes its own again when that is given up', async () => {
    const { cluster } = await without('givenup', '-3')
    cluster.faults.inject({ kind: 'fail-query', error: 'no', match: /^INSERT OVERWRITE/ })
    await stage.start({ ...spec('givenup'), attempts: 1 })
    const held = await stage.state('givenup', 'ready')
    expect(held.waiting).toContain('until that is done or discarded, a is without dynamic_partition.enable')
    expect(isOn(cluster, 'a')).toBe(false)
    await stage.temporal.client.workflow.getHandle(restoreId('givenup')).executeUpdate('discard')
    expect(await stage.result('givenup')).toMatchObject({ ok: false })
    expect(isOn(cluster, 'a')).toBe(true)
    expect((await stage.status('givenup')).left).toEqual([])
  })
})

describe('chosen partitions of a snapshot without a record', () => {
  const byHand = async (name: string) => {
    const cluster = await stage.cluster(name)
    for (const sql of ['CREATE DATABASE shop', ORDERS, "INSERT INTO shop.orders VALUES (1,'a'),(11,'c')"])
      cluster.execute(sql)
    await cluster.run(`BACKUP DATABASE shop SNAPSHOT ${name}_by_hand TO ${REPOSITORY}`)
    await until('done', async () => (await cluster.run('SHOW BACKUP FROM shop')).rows[0]?.includes('FINISHED'))
    const before = await contentOf(cluster, 'shop', 'orders')
    cluster.execute("INSERT INTO shop.orders VALUES (2,'damage'),(12,'since')")
    return { cluster, before }
  }
  const more = { partitions: { orders: ['p1'] }, replicationNumber: 1 }

  test('are restored in place, and no others', async () => {
    const { cluster, before } = await byHand('bare')
    const live = await contentOf(cluster, 'shop', 'orders')
    expect(await stage.restore(specOf('bare', 'bare_by_hand', more))).toMatchObject({ ok: true })
    const [p1, p2] = [before, live].map((rows, at) => rows.filter((row) => row.startsWith(`p${at + 1}`)))
    expect(await contentOf(cluster, 'shop', 'orders')).toEqual([...(p1 ?? []), ...(p2 ?? [])])
  })

  test('are restored under another name, and no others', async () => {
    const { cluster, before } = await byHand('bareaside')
    const spec = specFrom('bareaside', 'bareaside_by_hand', {
      ...more,
      rename: { tables: { orders: 'some' } },
      publish: 'auto',
    })
    expect(await stage.restore(spec)).toMatchObject({ ok: true })
    expect(await contentOf(cluster, 'shop', 'some')).toEqual(before.filter((row) => row.startsWith('p1')))
  })
})
