import { describe, expect, test } from 'vitest'
import { repositoryKeys } from '../../contract/backup/record.ts'
import { cancelRestoreSignal } from '../../contract/backup/restore-api.ts'
import { restoreId } from '../../contract/names.ts'
import { createPhysicalPartition } from '../../lab/data/index.ts'
import type { LabCluster, LabClusterOptions } from '../../lab/index.ts'
import { listObjects, openStore } from '../../repository/index.ts'
import { OwnObjects } from '../../repository/own/own-objects.ts'
import { REPOSITORY, restoreStage, s3Properties } from '../restore/support/restore-stage.ts'
import { contentOf, takeBackup } from '../restore/support/take-backup.ts'
import { until } from '../support/until.ts'

const stage = restoreStage()

const store = () => openStore({ location: 's3a://backups/vault', properties: s3Properties(stage.s3) })

/** shop.orders out of a chain of two snapshots, and damaged since. */
async function damagedShop(name: string, options: Partial<LabClusterOptions> = {}) {
  const cluster = await stage.cluster(name, options)
  for (const statement of [
    'CREATE DATABASE shop',
    "CREATE TABLE shop.orders (id INT NOT NULL, v VARCHAR(20)) DUPLICATE KEY(id) PARTITION BY RANGE(id) (PARTITION p1 VALUES LESS THAN ('10'), PARTITION p2 VALUES LESS THAN ('20')) DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ('replication_num' = '1')",
    "INSERT INTO shop.orders VALUES (1,'a'),(2,'b'),(11,'c')",
  ]) {
    cluster.execute(statement)
  }
  const full = await takeBackup(stage, cluster, { label: `${name}_full`, database: 'shop' })
  cluster.execute("INSERT INTO shop.orders PARTITION (p2) VALUES (12,'d')")
  const record = await takeBackup(stage, cluster, { label: `${name}_inc`, database: 'shop', baseline: full })
  const backedUp = await contentOf(cluster, 'shop', 'orders')
  cluster.execute("INSERT INTO shop.orders VALUES (3,'damage')")
  return { cluster, record, backedUp, damaged: await contentOf(cluster, 'shop', 'orders') }
}

const spec = (name: string, more = {}) => ({
  name,
  cluster: name,
  repository: REPOSITORY,
  from: { label: `${name}_inc` },
  tables: ['orders'],
  publish: 'auto' as const,
  ...more,
})

const restoresOf = (cluster: LabCluster) => cluster.backupJobs.filter((job) => job.kind === 'restore')

/** Nothing beside what was there before, on the cluster or in the repository. */
async function expectUntouched(cluster: LabCluster, damaged: string[]) {
  expect([...cluster.state.databases.keys()].filter((name) => name.includes('__sf_'))).toEqual([])
  expect([...(cluster.state.databases.get('shop')?.objects.keys() ?? [])]).toEqual(['orders'])
  expect(await contentOf(cluster, 'shop', 'orders')).toEqual(damaged)
  const open = store()
  const left: string[] = []
  for await (const { key } of listObjects(open, '')) {
    if (key.includes('__ss_sfr_') || key.includes('/leases/read/')) left.push(key)
  }
  open.close()
  expect(left).toEqual([])
}

describe('cancelled', () => {
  test.each(['PENDING', 'SNAPSHOTING', 'DOWNLOADING', 'COMMIT'] as const)(
    'while a job is %s: the job is cancelled, everything is as it was',
    async (state) => {
      const name = `cancel${state.toLowerCase()}`
      const { cluster, damaged } = await damagedShop(name)
      const fault = cluster.faults.inject({ kind: 'stick-snapshot', job: 'restore', state })
      await stage.start(spec(name))
      await until('the job is there', () => restoresOf(cluster).length > 0 && fault.struck > 0)
      await stage.temporal.client.workflow.getHandle(restoreId(name)).signal(cancelRestoreSignal)
      await expect(stage.result(name)).rejects.toThrow()
      expect(await stage.status(name)).toMatchObject({ state: 'cancelled', left: [] })
      await expectUntouched(cluster, damaged)
    },
  )

  test('while a job is COMMITTING: its end is waited for, then everything is as it was', async () => {
    const cancels: string[] = []
    const { cluster, damaged } = await damagedShop('cancelcommitting', {
      onStatement: (sql) => /^CANCEL/.test(sql) && cancels.push(sql),
    })
    const fault = cluster.faults.inject({ kind: 'stick-snapshot', job: 'restore', state: 'COMMITTING' })
    await stage.start(spec('cancelcommitting'))
    await until('the job is there', () => fault.struck > 3)
    await stage.temporal.client.workflow.getHandle(restoreId('cancelcommitting')).cancel()
    const handle = stage.temporal.client.workflow.getHandle(restoreId('cancelcommitting'))
    await until('it says what it waits for', async () => {
      const { raw } = await handle.describe()
      const details = raw.pendingActivities?.map((one) =>
        Buffer.from(one.heartbeatDetails?.payloads?.[0]?.data ?? []).toString(),
      )
      return details?.join().includes('its end is waited for')
    })
    fault.clear()
    await expect(stage.result('cancelcommitting')).rejects.toThrow()
    expect(await stage.status('cancelcommitting')).toMatchObject({ state: 'cancelled', left: [] })
    expect(cancels).toEqual([])
    await expectUntouched(cluster, damaged)
  })
})

describe('damaged snapshots', () => {
  test.each(['changed', 'missing'] as const)('an object is %s: found, named, given up at once', async (how) => {
    const name = `damage${how}`
    const { cluster, damaged, record } = await damagedShop(name)
    const open = store()
    const physical = record.tables.orders?.partitions.p1?.physical[0]?.[0] ?? ''
    let victim = ''
    const content = `__starrocks_repository_${REPOSITORY}/__ss_${name}_full/__ss_content`
    for await (const { key } of listObjects(open, content)) if (key.includes(`/__part_${physical}/`)) victim = key
    if (how === 'changed') await open.put(victim, 'something else')
    else await open.deletePrefix(victim.slice(0, victim.lastIndexOf('/') + 1))
    open.close()
    const error = await stage.restore(spec(name)).catch((failure: unknown) => failure)
    const text = JSON.stringify((error as { cause?: { message?: string } }).cause?.message)
    expect(text).toContain(how === 'changed' ? victim : victim.slice(0, victim.lastIndexOf('/')))
    expect(text).toContain('damaged')
    expect(await stage.status(name)).toMatchObject({ state: 'failed', left: [] })
    await expectUntouched(cluster, damaged)
  })

  test('rows are not those of the record: never published', async () => {
    const { cluster, damaged, record } = await damagedShop('wrongrows')
    const open = store()
    const own = new OwnObjects(open, REPOSITORY)
    const p1 = record.tables.orders?.partitions.p1
    if (p1) p1.rows = '7'
    await own.putJson(repositoryKeys.record(REPOSITORY, record.id).slice(own.directory.length), record)
    open.close()
    const error = await stage.restore(spec('wrongrows')).catch((failure: unknown) => failure)
    expect(JSON.stringify((error as Error & { cause?: Error }).cause?.message)).toMatch(/has 2 rows, the backup had 7/)
    await expectUntouched(cluster, damaged)
  })
})

describe('bad days', () => {
  test('an answer to RESTORE, BACKUP or SWAP that gets lost is no reason to send twice', async () => {
    const { cluster, backedUp } = await damagedShop('lostreply')
    const before = cluster.backupJobs.length
    for (const match of [/^RESTORE/, /^BACKUP/, /SWAP WITH/]) {
      cluster.faults.inject({ kind: 'drop-mysql', cut: 'after', match, times: 1 })
    }
    const result = await stage.restore(spec('lostreply'))
    expect(result.ok).toBe(true)
    expect(await contentOf(cluster, 'shop', 'orders')).toEqual(backedUp)
    expect(cluster.backupJobs.slice(before).map((job) => job.kind)).toEqual(['restore', 'restore', 'backup', 'restore'])
  })

  test('a snapshot by which tables are moved that StarRocks gives up is made anew, under another label', async () => {
    const { cluster, backedUp } = await damagedShop('givenup')
    const before = cluster.backupJobs.length
    cluster.faults.inject({
      kind: 'during-snapshot',
      job: 'backup',
      state: 'SNAPSHOTING',
      times: 1,
      run: (job) => {
        job.state = 'CANCELLED'
        job.status = { code: 'COMMON_ERROR', message: 'failed to choose replica to make snapshot for tablet 10042' }
        job.finishedMs = cluster.state.now()
      },
    })
    const result = await stage.restore(spec('givenup'))
    expect(result.ok).toBe(true)
    expect(result.warnings.join()).toContain('failed to choose replica')
    expect(await contentOf(cluster, 'shop', 'orders')).toEqual(backedUp)
    const passages = cluster.backupJobs.slice(before).filter(({ kind }) => kind === 'backup')
    expect(passages.map(({ label }) => label.replace(/^sfr_[a-z0-9]{6}/, ''))).toEqual(['_1_1', '_1_2'])
  })

  test('a chain that StarRocks can never put together ends, and is not tried for ever', async () => {
    const cluster = await stage.cluster('never')
    for (const statement of [
      'CREATE DATABASE shop',
      "CREATE TABLE shop.orders (id INT NOT NULL, v VARCHAR(20)) DUPLICATE KEY(id) PARTITION BY RANGE(id) (PARTITION p1 VALUES LESS THAN ('10')) DISTRIBUTED BY RANDOM BUCKETS 2 PROPERTIES ('replication_num' = '1')",
      "INSERT INTO shop.orders VALUES (1,'a')",
    ])
      cluster.execute(statement)
    const full = await takeBackup(stage, cluster, { label: 'never_full', database: 'shop' })
    cluster.execute("ALTER TABLE shop.orders ADD PARTITION p2 VALUES LESS THAN ('20')")
    const table = cluster.state.databases.get('shop')?.objects.get('orders')
    const p2 = table?.kind === 'table' ? table.partitions[1] : undefined
    if (table?.kind !== 'table' || !p2) throw new Error('there is no partition p2')
    p2.physical.push(createPhysicalPartition(cluster.state, table, p2))
    await takeBackup(stage, cluster, { label: 'never_inc', database: 'shop', baseline: full })
    const error = await stage.restore(spec('never', { attempts: 2 })).catch((failure: unknown) => failure)
    expect((error as Error & { cause?: Error }).cause?.message).toContain("Table orders's state is not NORMAL: RESTORE")
    expect(restoresOf(cluster)).toHaveLength(3)
    expect([...cluster.state.databases.keys()].filter((name) => name.includes('__sf_'))).toEqual([])
  })

  test('another frontend leads, twice while a job runs: one restore, its rows, nothing sent twice', async () => {
    const { cluster, backedUp } = await damagedShop('leader', { frontends: 3 })
    const before = cluster.backupJobs.length
    const later = cluster.faults.inject({ kind: 'stick-snapshot', job: 'restore', state: 'COMMITTING' })
    const soon = cluster.faults.inject({ kind: 'stick-snapshot', job: 'restore', state: 'DOWNLOADING' })
    await stage.start(spec('leader'))
    for (const [position, fault] of [soon, later].entries()) {
      await until('the job stands', () => fault.struck > 0)
      await cluster.switchLeader(position + 1)
      fault.clear()
    }
    const result = await stage.result('leader')
    expect(result.ok).toBe(true)
    expect(await contentOf(cluster, 'shop', 'orders')).toEqual(backedUp)
    expect(cluster.backupJobs.slice(before).map((job) => job.kind)).toEqual(['restore', 'restore', 'backup', 'restore'])
  })

  test('another job of the database is waited for, and named', async () => {
    const { cluster, backedUp } = await damagedShop('busyplace')
    const fault = cluster.faults.inject({ kind: 'stick-snapshot', job: 'backup', label: 'foreign' })
    await cluster.run(`BACKUP DATABASE shop SNAPSHOT foreign TO ${REPOSITORY}`)
    await stage.start(spec('busyplace', { from: { label: 'busyplace_full' } }))
    const handle = stage.temporal.client.workflow.getHandle(restoreId('busyplace'))
    await until('it waits for the other', async () => {
      const { raw } = await handle.describe()
      return raw.pendingActivities?.some((one) => one.lastFailure?.message?.includes('backup foreign'))
    })
    fault.clear()
    expect(await stage.result('busyplace')).toMatchObject({ ok: true })
    expect(await contentOf(cluster, 'shop', 'orders')).not.toEqual(backedUp)
    const foreign = cluster.backupJobs.find((job) => job.label === 'foreign')
    expect(foreign).toBeDefined()
    expect((await cluster.run(`SHOW SNAPSHOT ON ${REPOSITORY} WHERE SNAPSHOT = 'foreign'`)).rows[0]?.[2]).toBe('OK')
  })

  test('the record of a restore that is gone, or taken by another job: the data tell', async () => {
    for (const how of ['lost', 'replaced'] as const) {
      const { cluster, backedUp } = await damagedShop(`hidden${how}`)
      cluster.faults.inject({ kind: 'hide-snapshot', how, job: 'restore', times: 1 })
      const result = await stage.restore(spec(`hidden${how}`))
      expect(result.ok).toBe(true)
      expect(await contentOf(cluster, 'shop', 'orders')).toEqual(backedUp)
    }
  })

  test('tasks that fail for a while do not fail the restore', async () => {
    const { cluster, backedUp } = await damagedShop('failing')
    cluster.faults.inject({
      kind: 'fail-snapshot-task',
      error: 'capacity limit reached',
      job: 'restore',
      state: 'DOWNLOADING',
      times: 3,
    })
    expect(await stage.restore(spec('failing'))).toMatchObject({ ok: true })
    expect(await contentOf(cluster, 'shop', 'orders')).toEqual(backedUp)
  })

  test('a publication that fails is taken back', async () => {
    const { cluster } = await damagedShop('halfway')
    cluster.execute(
      "CREATE TABLE shop.second (id INT NOT NULL) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ('replication_num' = '1')",
    )
    const record = await takeBackup(stage, cluster, { label: 'halfway_two', database: 'shop' })
    cluster.execute('INSERT INTO shop.second VALUES (1)')
    cluster.execute("INSERT INTO shop.orders VALUES (4,'more')")
    const [orders, second] = [await contentOf(cluster, 'shop', 'orders'), await contentOf(cluster, 'shop', 'second')]
    await stage.start(spec('halfway', { from: { label: record.id }, tables: ['orders', 'second'], publish: 'ask' }))
    await stage.state('halfway', 'ready')
    // Somebody tidies up: what was restored for the second of two tables is gone.
    const tables = [...(cluster.state.databases.get('shop')?.objects.keys() ?? [])]
    cluster.execute(`DROP TABLE shop.${tables.find((one) => one.startsWith('second__sf_'))} FORCE`)
    await stage.publish('halfway').catch(() => undefined)
    await expect(stage.result('halfway')).rejects.toThrow()
    expect(await contentOf(cluster, 'shop', 'orders')).toEqual(orders)
    expect(await contentOf(cluster, 'shop', 'second')).toEqual(second)
    expect([...(cluster.state.databases.get('shop')?.objects.keys() ?? [])].sort()).toEqual(['orders', 'second'])
  })

  test('a view of a table’s name is refused before anything is sent', async () => {
    const { cluster } = await damagedShop('viewname')
    cluster.execute('ALTER TABLE shop.orders RENAME orders_old')
    cluster.execute('CREATE VIEW shop.orders AS SELECT 1 AS one')
    const error = await stage.restore(spec('viewname')).catch((failure: unknown) => failure)
    expect(JSON.stringify((error as Error & { cause?: Error }).cause?.message)).toContain('restore-name-clash')
    expect(restoresOf(cluster)).toEqual([])
  })

  test('it is published only when it is ready', async () => {
    const { cluster } = await damagedShop('early')
    const fault = cluster.faults.inject({ kind: 'stick-snapshot', job: 'restore', state: 'DOWNLOADING' })
    await stage.start(spec('early', { publish: 'ask' }))
    await until('it runs', () => fault.struck > 0)
    await expect(stage.publish('early')).rejects.toThrow()
    await stage.temporal.client.workflow.getHandle(restoreId('early')).executeUpdate('discard')
    expect(await stage.result('early')).toMatchObject({ ok: false })
  })
})
