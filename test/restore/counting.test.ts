import { describe, expect, test } from 'vitest'
import type { BackupRecord } from '../../contract/backup/record.ts'
import { restoreId } from '../../contract/names.ts'
import type { LabCluster, LabClusterOptions } from '../../lab/index.ts'
import { readRepository } from '../../repository/index.ts'
import { until } from '../support/until.ts'
import { REPOSITORY, restoreStage, specFrom, vaultOf } from './support/restore-stage.ts'
import { contentOf, takeBackup } from './support/take-backup.ts'

const stage = restoreStage()

const RANGE = `(id INT NOT NULL, v VARCHAR(20)) DUPLICATE KEY(id) PARTITION BY RANGE(id) (PARTITION p1 VALUES LESS THAN ('10'), PARTITION p2 VALUES LESS THAN ('20')) DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ('replication_num' = '1')`

const records = new Map<string, BackupRecord>()

async function shop(name: string, options: Partial<LabClusterOptions> = {}) {
  const cluster = await stage.cluster(name, options)
  for (const statement of [
    'CREATE DATABASE shop',
    `CREATE TABLE shop.orders ${RANGE}`,
    `CREATE TABLE shop.people ${RANGE}`,
    "INSERT INTO shop.orders VALUES (1,'a'),(2,'b'),(11,'c')",
    "INSERT INTO shop.people VALUES (1,'x'),(12,'y')",
  ]) {
    cluster.execute(statement)
  }
  records.set(name, await takeBackup(stage, cluster, { label: `${name}_full`, database: 'shop' }))
  return cluster
}

async function passagesInRepository(): Promise<string[]> {
  const store = vaultOf(stage)
  const labels: string[] = []
  for await (const label of (await readRepository(store, REPOSITORY)).listSnapshots()) labels.push(label)
  return labels.filter((label) => label.startsWith('sfr_'))
}

describe('rows that cannot be counted', () => {
  test('what takes longer than the cluster gives to a query is counted; what takes for ever is told, once, and undoes nothing', async () => {
    const cluster = await shop('slow')
    const before = await contentOf(cluster, 'shop', 'orders')
    cluster.execute('TRUNCATE TABLE shop.orders')
    const hopeless = cluster.faults.inject({ kind: 'slow-query', seconds: 50_000, match: /COUNT\(\*\).*orders/s })
    cluster.faults.inject({ kind: 'slow-query', seconds: 1_000, match: /COUNT\(\*\).*people/s })
    await stage.start({
      name: 'slow',
      cluster: 'slow',
      repository: REPOSITORY,
      from: { label: 'slow_full' },
      tables: ['orders', 'people'],
      publish: 'auto',
    })
    // Counts were asked for: a person says whether it goes without.
    const ready = await stage.state('slow', 'ready')
    expect(ready.waiting).toMatch(/rows of 1 tables could not be counted/)
    expect(ready.warnings.join()).toMatch(/Rows of shop\.orders\S* were not counted: Query reached its timeout/)
    expect(ready.warnings.join()).not.toMatch(/people/)
    expect(hopeless.struck).toBe(1)
    await stage.publish('slow')
    const result = await stage.result('slow')
    expect(result).toMatchObject({ ok: true, published: true, rowsChecked: expect.stringContaining('2 partitions') })
    expect(await contentOf(cluster, 'shop', 'orders')).toEqual(before)
  })
})

/** Takes longer than any limit, as often as it is tried. */
const neverWritten = (cluster: LabCluster) =>
  cluster.faults.inject({ kind: 'slow-query', seconds: 50_000, match: /^INSERT OVERWRITE.*`people`/s })

describe('INSERT OVERWRITE that fails', () => {
  test('keeps what was assembled; what was overwritten before is told, and not overwritten once more', async () => {
    // Of a version that knows no limit for INSERTs alone.
    const cluster = await shop('held', { version: '3.3' })
    const before = await contentOf(cluster, 'shop', 'people')
    for (const table of ['orders', 'people']) cluster.execute(`TRUNCATE TABLE shop.${table} PARTITION (p1)`)
    cluster.faults.inject({ kind: 'slow-query', seconds: 20_000, match: /^INSERT OVERWRITE.*`orders`/s })
    const hopeless = neverWritten(cluster)
    await stage.start(
      specFrom('held', 'held_full', { partitions: { orders: ['p1'], people: ['p1'] }, publish: 'auto' }),
    )
    const held = await stage.state('held', 'ready')
    expect(held.waiting).toMatch(
      /Partitions of people were not overwritten: Query reached its timeout of 21600 seconds/,
    )
    expect(held.where.join()).toMatch(/Chosen partitions of orders were overwritten/)
    expect([...cluster.state.databases.keys()].filter((name) => name.includes('__sf_'))).toHaveLength(1)
    expect(hopeless.struck).toBe(1)
    hopeless.clear()
    cluster.execute("INSERT INTO shop.orders VALUES (4,'since')")
    await stage.publish('held')
    expect(await stage.result('held')).toMatchObject({ ok: true, published: true })
    expect(await contentOf(cluster, 'shop', 'people')).toEqual(before)
    expect((await contentOf(cluster, 'shop', 'orders')).join()).toContain('since')
  })

  test('is done when it is published once more, also where others wrote the partitions anew meanwhile', async () => {
    const cluster = await shop('anew', { version: '3.3' })
    const before = await contentOf(cluster, 'shop', 'people')
    const hopeless = neverWritten(cluster)
    await stage.start(
      specFrom('anew', 'anew_full', { tables: ['orders'], partitions: { people: ['p1'] }, publish: 'auto' }),
    )
    const where = (await stage.state('anew', 'ready')).where.join()
    expect(where).toMatch(/orders: restored, under the live names.*what was replaced is beside as shop\.orders__sf_/)
    expect(where).not.toContain('untouched')
    hopeless.clear()
    // As many rows as the backup has, and other ones.
    cluster.execute("INSERT OVERWRITE shop.people PARTITION (p1) VALUES (9,'not the backup')")
    await stage.publish('anew')
    expect(await stage.result('anew')).toMatchObject({ ok: true, published: true })
    expect(await contentOf(cluster, 'shop', 'people')).toEqual(before)
  })

  test('keeps no table behind it from being overwritten, whoever writes to that one meanwhile', async () => {
    const cluster = await shop('behind', { version: '3.3' })
    const before = [await contentOf(cluster, 'shop', 'orders'), await contentOf(cluster, 'shop', 'people')]
    const refused = cluster.faults.inject({ kind: 'fail-query', error: 'no', match: /^INSERT OVERWRITE.*`orders`/s })
    const partitions = { orders: ['p1'], people: ['p1'] }
    await stage.start(specFrom('behind', 'behind_full', { partitions, publish: 'auto', verify: 'off', attempts: 1 }))
    await stage.state('behind', 'ready')
    refused.clear()
    cluster.execute("INSERT OVERWRITE shop.people PARTITION (p1) VALUES (8,'hourly'),(9,'hourly')")
    await stage.publish('behind')
    expect(await stage.result('behind')).toMatchObject({ ok: true, published: true })
    expect([await contentOf(cluster, 'shop', 'orders'), await contentOf(cluster, 'shop', 'people')]).toEqual(before)
  })
})

describe('INSERT OVERWRITE whose answer is lost', () => {
  const isOverwrite = /^INSERT OVERWRITE/
  const spec = (name: string) => specFrom(name, `${name}_full`, { partitions: { people: ['p1'] }, publish: 'auto' })
  const waits = (name: string, why: string) =>
    until('it waits for its end', async () => {
      const { raw } = await stage.temporal.client.workflow.getHandle(restoreId(name)).describe()
      return raw.pendingActivities?.some((one) => one.lastFailure?.message?.includes(why))
    })

  test('is waited for while the cluster is at it, also by another worker, and is not sent once more', async () => {
    const sent: string[] = []
    const cluster = await shop('atit', { onStatement: (sql) => void (isOverwrite.test(sql) && sent.push(sql)) })
    const before = await contentOf(cluster, 'shop', 'people')
    cluster.execute('TRUNCATE TABLE shop.people PARTITION (p1)')
    const slow = cluster.faults.inject({ kind: 'delay-mysql', ms: 40_000, match: isOverwrite, times: 1 })
    await stage.start(spec('atit'))
    await until('it was sent', () => slow.struck > 0)
    await stage.replaceWorker()
    await waits('atit', 'is under way (it is the statement of connection')
    expect(await stage.result('atit')).toMatchObject({ ok: true, published: true })
    expect(sent).toHaveLength(1)
    expect(await contentOf(cluster, 'shop', 'people')).toEqual(before)
  })

  test('is waited for by its temporary partitions', async () => {
    const sent: string[] = []
    const cluster = await shop('temporary', { onStatement: (sql) => void (isOverwrite.test(sql) && sent.push(sql)) })
    const before = await contentOf(cluster, 'shop', 'people')
    cluster.execute("INSERT INTO shop.people PARTITION (p1) VALUES (3,'damage')")
    cluster.execute("ALTER TABLE shop.people ADD TEMPORARY PARTITION p1_4711 VALUES LESS THAN ('10')")
    cluster.faults.inject({ kind: 'drop-mysql', cut: 'before', match: isOverwrite, times: 1 })
    await stage.start(spec('temporary'))
    await waits('temporary', 'has its temporary partition p1_4711')
    // Its end.
    cluster.execute(sent[0] ?? '')
    cluster.execute('ALTER TABLE shop.people DROP TEMPORARY PARTITION p1_4711')
    expect(await stage.result('temporary')).toMatchObject({ ok: true, published: true })
    expect(sent).toHaveLength(1)
    expect(await contentOf(cluster, 'shop', 'people')).toEqual(before)
  })

  test('is left to a person where others have written the partitions anew since: it may not have been done', async () => {
    let others: (() => void) | undefined
    const onStatement = (sql: string) => {
      if (!isOverwrite.test(sql)) return
      others?.()
      others = undefined
    }
    const cluster = await shop('doubt', { onStatement })
    const before = await contentOf(cluster, 'shop', 'people')
    cluster.faults.inject({ kind: 'drop-mysql', cut: 'before', match: isOverwrite, times: 1 })
    others = () => void cluster.execute("INSERT OVERWRITE shop.people PARTITION (p1) VALUES (8,'hourly'),(9,'hourly')")
    await stage.start({ ...spec('doubt'), verify: 'off' })
    const held = await stage.state('doubt', 'ready')
    expect(held.waiting).toMatch(
      /Whether partitions of people were overwritten cannot be told.*Rows in p1: 2, in the backup: 1/,
    )
    expect((await contentOf(cluster, 'shop', 'people')).join()).toContain('hourly')
    await stage.publish('doubt')
    expect(await stage.result('doubt')).toMatchObject({ ok: true, published: true })
    expect(await contentOf(cluster, 'shop', 'people')).toEqual(before)
  })

  test('is left to a person where others have written all the partitions anew after it was done', async () => {
    let done = false
    let hourly = false
    const cluster = await shop('after', {
      onStatement: (sql) => {
        if (isOverwrite.test(sql)) done = true
        else if (done && !hourly) {
          hourly = true
          cluster.execute("INSERT OVERWRITE shop.people PARTITION (p1) VALUES (8,'hourly'),(9,'hourly')")
        }
      },
    })
    cluster.faults.inject({ kind: 'drop-mysql', cut: 'after', match: isOverwrite, times: 1 })
    await stage.start({ ...spec('after'), verify: 'off' })
    const held = await stage.state('after', 'ready')
    expect(held.waiting).toMatch(/Whether partitions of people were overwritten cannot be told/)
    expect((await contentOf(cluster, 'shop', 'people')).join()).toContain('hourly')
    await stage.publish('after')
    expect(await stage.result('after')).toMatchObject({ ok: true, published: true })
  })

  test('is sent once more, under another label, where it loaded and its partitions never took the place of the former ones', async () => {
    const sent: string[] = []
    const cluster = await shop('leader', {
      onStatement: (sql) => {
        if (!isOverwrite.test(sql) || sent.push(sql) > 1) return
        // As a frontend leaves it that was the leader until right after the load.
        cluster.state.transactions.push({
          id: 900_001n,
          dbId: cluster.state.databases.get('shop')?.id ?? 0n,
          label: /WITH LABEL `(.*?)`/.exec(sql)?.[1] ?? '',
          status: 'VISIBLE',
          sourceType: 'INSERT_STREAMING',
          prepareMs: cluster.state.now(),
          reason: '',
          timeoutMs: 300_000,
          tableIds: [1n],
          partitionIds: [900_002n],
        })
      },
    })
    const before = await contentOf(cluster, 'shop', 'people')
    cluster.execute("INSERT INTO shop.people PARTITION (p1) VALUES (3,'damage')")
    cluster.faults.inject({ kind: 'drop-mysql', cut: 'before', match: isOverwrite, times: 1 })
    expect(await stage.restore(spec('leader'))).toMatchObject({ ok: true, published: true })
    const labels = sent.map((sql) => /WITH LABEL `(.*?)`/.exec(sql)?.[1])
    expect(labels).toEqual([expect.stringMatching(/^sf_overwrite_/), `${labels[0]}_2`])
    expect(await contentOf(cluster, 'shop', 'people')).toEqual(before)
  })

  test('was done, though a second one is refused: it is not sent a third time', async () => {
    const sent: string[] = []
    let lab: LabCluster | undefined
    const onStatement = (sql: string) => {
      if (!isOverwrite.test(sql) || sent.push(sql) !== 2) return
      // The first gets through before the second is looked at.
      lab?.execute(sql)
    }
    const cluster = await shop('second', { onStatement })
    lab = cluster
    const before = await contentOf(cluster, 'shop', 'people')
    cluster.execute("INSERT INTO shop.people PARTITION (p1) VALUES (3,'damage')")
    cluster.faults.inject({ kind: 'drop-mysql', cut: 'before', match: isOverwrite, times: 1 })
    cluster.faults.inject({ kind: 'fail-query', error: 'another one has the partition', match: isOverwrite, times: 1 })
    expect(await stage.restore(spec('second'))).toMatchObject({ ok: true, published: true })
    expect(sent).toHaveLength(2)
    expect(await contentOf(cluster, 'shop', 'people')).toEqual(before)
  })
})

test('nothing is left of the snapshots by which tables were moved, failed ones included', async () => {
  const cluster = await shop('moved')
  const full = records.get('moved')
  cluster.execute("INSERT INTO shop.orders PARTITION (p2) VALUES (12,'d')")
  await takeBackup(stage, cluster, { label: 'moved_inc', database: 'shop', baseline: full })
  const stuck = cluster.faults.inject({ kind: 'stick-snapshot', job: 'backup', state: 'SAVE_META' })
  await stage.start({
    name: 'moved',
    cluster: 'moved',
    repository: REPOSITORY,
    from: { label: 'moved_inc' },
    tables: ['orders'],
    publish: 'auto',
    stallMinutes: 0.02,
  })
  const passages = () => [...cluster.state.snapshotJobs.values()].filter(({ label }) => label.startsWith('sfr_'))
  await until('the first is cancelled', () => passages().some(({ state }) => state === 'CANCELLED'))
  expect(await passagesInRepository()).toHaveLength(1)
  stuck.clear()
  expect(await stage.result('moved')).toMatchObject({ ok: true })
  expect(await passagesInRepository()).toEqual([])
})
