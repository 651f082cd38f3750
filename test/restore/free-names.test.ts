import { expect, test } from 'vitest'
import { discardUpdate } from '../../contract/backup/restore-api.ts'
import type { RestoreSpecInput } from '../../contract/backup/restore-spec.ts'
import type { LabCluster } from '../../lab/index.ts'
import { until } from '../support/until.ts'
import { restoreStage, specFrom } from './support/restore-stage.ts'
import { contentOf, putRecord, takeBackup } from './support/take-backup.ts'

/* Names that are free when a restore begins, and what others do under them before it ends. */

const stage = restoreStage()

const END = "DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ('replication_num' = '1')"
const ORDERS = `CREATE TABLE shop.orders (id INT NOT NULL, v VARCHAR(20)) DUPLICATE KEY(id) PARTITION BY RANGE(id) (PARTITION p1 VALUES LESS THAN ('10'), PARTITION p2 VALUES LESS THAN ('20')) ${END}`
const PEOPLE = `CREATE TABLE shop.people (id INT NOT NULL, v VARCHAR(20)) DUPLICATE KEY(id) ${END}`

/** A cluster with two tables; `watch` sees every statement before it is run. */
async function shop(name: string, watch?: (cluster: LabCluster, sql: string) => void): Promise<LabCluster> {
  let cluster: LabCluster | undefined
  let busy = false
  const onStatement = (sql: string) => {
    if (!cluster || !watch || busy) return
    busy = true
    watch(cluster, sql)
    busy = false
  }
  cluster = await stage.cluster(name, { onStatement })
  for (const sql of [
    'CREATE DATABASE shop',
    ORDERS,
    PEOPLE,
    "INSERT INTO shop.orders VALUES (1,'a'),(11,'c')",
    "INSERT INTO shop.people VALUES (1,'x')",
  ])
    cluster.execute(sql)
  return cluster
}

/** A full backup, and one of what changed. */
async function chain(cluster: LabCluster): Promise<string> {
  const { name } = cluster.state
  const full = await takeBackup(stage, cluster, { label: `${name}_full`, database: 'shop' })
  cluster.execute("INSERT INTO shop.orders PARTITION (p2) VALUES (12,'d')")
  await takeBackup(stage, cluster, { label: `${name}_inc`, database: 'shop', baseline: full })
  return `${name}_inc`
}

const specOf = (name: string, label: string, more: Partial<RestoreSpecInput> = {}): RestoreSpecInput =>
  specFrom(name, label, { tables: ['orders'], ...more })

const objectsOf = (cluster: LabCluster) => [...(cluster.state.databases.get('shop')?.objects.keys() ?? [])].sort()
const failureOf = async (name: string) => {
  const error = await stage.result(name).catch((failure: unknown) => failure)
  return (error as Error & { cause?: Error }).cause?.message ?? ''
}

test('a dropped table gets its name when it is published, and only if nobody made another one meanwhile', async () => {
  const cluster = await shop('dropped')
  const label = await chain(cluster)
  const before = await contentOf(cluster, 'shop', 'orders')
  cluster.execute('DROP TABLE shop.orders FORCE')
  await stage.start(specOf('dropped', label))
  const ready = await stage.state('dropped', 'ready')
  expect(ready.where.join()).toMatch(/beside the free name as shop\.orders__sf_/)
  expect(objectsOf(cluster)).not.toContain('orders')

  // Somebody's load makes the table again.
  cluster.execute(ORDERS)
  cluster.execute("INSERT INTO shop.orders VALUES (2,'theirs')")
  const theirs = await contentOf(cluster, 'shop', 'orders')
  await stage.publish('dropped')
  await until('it tells', async () =>
    (await stage.status('dropped')).waiting?.includes('shop.orders was made meanwhile by somebody'),
  )
  expect(await stage.status('dropped')).toMatchObject({ state: 'ready' })
  expect(await contentOf(cluster, 'shop', 'orders')).toEqual(theirs)

  cluster.execute('ALTER TABLE shop.orders RENAME theirs')
  await stage.publish('dropped')
  expect(await stage.result('dropped')).toMatchObject({ ok: true, published: true })
  expect(await contentOf(cluster, 'shop', 'orders')).toEqual(before)
  expect(await contentOf(cluster, 'shop', 'theirs')).toEqual(theirs)
  expect(objectsOf(cluster).filter((one) => one.includes('__'))).toEqual([])
})

test('a database that somebody made meanwhile is not put aside', async () => {
  const cluster = await shop('newbase')
  const label = await chain(cluster)
  const before = await contentOf(cluster, 'shop', 'orders')
  await stage.start(specOf('newbase', label, { tables: [], rename: { database: 'copy' } }))
  await stage.state('newbase', 'ready')
  expect(cluster.state.databases.has('copy')).toBe(false)
  cluster.execute('CREATE DATABASE copy')
  const theirs = cluster.state.databases.get('copy')?.id
  await stage.publish('newbase')
  await until('it tells', async () =>
    (await stage.status('newbase')).waiting?.includes('Database copy was made meanwhile'),
  )
  expect(cluster.state.databases.get('copy')?.id).toBe(theirs)
  cluster.execute('DROP DATABASE copy')
  await stage.publish('newbase')
  expect(await stage.result('newbase')).toMatchObject({ ok: true, published: true })
  expect(await contentOf(cluster, 'copy', 'orders')).toEqual(before)
})

test('what is not to be published never gets a name that is free', async () => {
  const cluster = await shop('unpublished')
  const label = await chain(cluster)
  const before = await contentOf(cluster, 'shop', 'people')
  cluster.execute('DROP TABLE shop.people FORCE')
  const result = await stage.restore(specOf('unpublished', label, { tables: ['people'], publish: 'never' }))
  expect(result).toMatchObject({ ok: true, published: false })
  const [aside = ''] = objectsOf(cluster).filter((one) => one.startsWith('people'))
  expect(aside).toMatch(/^people__sf_/)
  expect(await contentOf(cluster, 'shop', aside)).toEqual(before)
  expect(result.where.join()).toContain(aside)
})

test('a restore of dropped and of live tables is discarded: what others made and wrote meanwhile stays', async () => {
  const cluster = await shop('mixed')
  const label = await chain(cluster)
  cluster.execute('DROP TABLE shop.people FORCE')
  await stage.start(specOf('mixed', label, { tables: ['orders', 'people'] }))
  await stage.state('mixed', 'ready')
  cluster.execute(PEOPLE)
  cluster.execute("INSERT INTO shop.people VALUES (7,'theirs')")
  cluster.execute("INSERT INTO shop.orders VALUES (3,'theirs')")
  const [people, orders] = [await contentOf(cluster, 'shop', 'people'), await contentOf(cluster, 'shop', 'orders')]
  await stage.temporal.client.workflow.getHandle('restore/mixed').executeUpdate(discardUpdate)
  expect(await stage.result('mixed')).toMatchObject({ ok: false })
  expect(await stage.status('mixed')).toMatchObject({ state: 'cancelled', left: [] })
  expect(objectsOf(cluster)).toEqual(['orders', 'people'])
  expect(await contentOf(cluster, 'shop', 'people')).toEqual(people)
  expect(await contentOf(cluster, 'shop', 'orders')).toEqual(orders)
})

test('rows that were written while a table had the live name are not dropped when the publication is taken back', async () => {
  let former: bigint | undefined
  const cluster = await shop('takenback', (lab, sql) => {
    const live = lab.state.databases.get('shop')?.objects.get('orders')
    if (former === undefined || live?.id === former || !sql.startsWith('SHOW PROC')) return
    former = undefined
    // The swap is done: somebody writes, and somebody takes the free name.
    lab.execute("INSERT INTO shop.orders PARTITION (p1) VALUES (4,'late')")
    lab.execute(PEOPLE)
  })
  const label = await chain(cluster)
  cluster.execute('DROP TABLE shop.people FORCE')
  cluster.execute("INSERT INTO shop.orders VALUES (3,'damage')")
  const damaged = await contentOf(cluster, 'shop', 'orders')
  await stage.start(specOf('takenback', label, { tables: ['orders', 'people'] }))
  await stage.state('takenback', 'ready')
  former = cluster.state.databases.get('shop')?.objects.get('orders')?.id
  await stage.publish('takenback')
  const why = await failureOf('takenback')
  expect(why).toContain('Somebody has made shop.people meanwhile')
  expect(await contentOf(cluster, 'shop', 'orders')).toEqual(damaged)
  const [aside = '', ...more] = objectsOf(cluster).filter((one) => one.includes('__sf_'))
  expect(more).toEqual([])
  expect((await contentOf(cluster, 'shop', aside)).join()).toContain('late')
  const { left } = await stage.status('takenback')
  expect(left.join()).toMatch(/orders__sf_\w+ was written to since it was restored \(partitions p1\)/)
  expect(left.join()).toContain(`DROP TABLE \`shop\`.\`${aside}\``)
})

/** Does something once, right after the first RESTORE has made the table. */
const onceMade = (what: (cluster: LabCluster) => void) => {
  let armed = false
  return {
    arm: () => {
      armed = true
    },
    watch: (cluster: LabCluster) => {
      const table = cluster.state.databases.get('shop')?.objects.get('orders')
      if (!armed || table?.kind !== 'table' || table.state !== 'NORMAL') return
      armed = false
      what(cluster)
    },
  }
}

test('a chain that is put together in place is not restored over what somebody wrote between two snapshots', async () => {
  const between = onceMade((lab) => {
    lab.execute("ALTER TABLE shop.orders ADD PARTITION p2 VALUES LESS THAN ('20')")
    lab.execute("INSERT INTO shop.orders PARTITION (p2) VALUES (15,'theirs')")
  })
  const cluster = await shop('between', between.watch)
  const label = await chain(cluster)
  cluster.execute('DROP TABLE shop.orders FORCE')
  between.arm()
  await stage.start(specOf('between', label, { mode: 'in-place' }))
  const why = await failureOf('between')
  expect(why).toContain('partition p2 of shop.orders')
  expect((await contentOf(cluster, 'shop', 'orders')).join()).toContain('theirs')
  const { left } = await stage.status('between')
  expect(left.join()).toMatch(/shop\.orders was written to .*1 of 2 snapshots.*DROP TABLE `shop`\.`orders`/)
})

test('partitions that are loaded into under the live name stay, and are told', async () => {
  const between = onceMade((lab) => {
    lab.execute("ALTER TABLE shop.orders ADD PARTITION p9 VALUES [('90'), ('99'))")
    lab.execute("INSERT INTO shop.orders PARTITION (p9) VALUES (91,'theirs')")
    lab.execute("ALTER TABLE shop.orders ADD PARTITION empty VALUES [('99'), ('100'))")
  })
  const cluster = await shop('loaded', between.watch)
  const full = await takeBackup(stage, cluster, { label: 'loaded_full', database: 'shop' })
  cluster.execute("INSERT INTO shop.orders PARTITION (p2) VALUES (12,'d')")
  const record = await takeBackup(stage, cluster, { label: 'loaded_inc', database: 'shop', baseline: full })
  // As if the cluster had made and dropped its partitions at the backup.
  if (record.tables.orders) record.tables.orders.dynamic = true
  await putRecord(stage, record)
  cluster.execute('DROP TABLE shop.orders FORCE')
  between.arm()
  const result = await stage.restore(specOf('loaded', record.id, { mode: 'in-place' }))
  expect(result.ok).toBe(true)
  expect(result.warnings.join()).toMatch(/Partition p9 of shop\.orders, which the backup had not, was loaded into/)
  expect(result.warnings.join()).toContain('partitions that the backup had not: p9;')
  const content = (await contentOf(cluster, 'shop', 'orders')).join()
  expect(content).toContain('theirs')
  expect(content).toContain('p2: ')
  // Nobody had loaded into that one.
  expect(content).not.toContain('empty:')
})

/** A load that is run again. */
const RERUN = "INSERT OVERWRITE shop.orders PARTITION (p1) VALUES (4,'rerun')"

test('a partition that was overwritten under the live name, and has the version of the backup again, is not dropped', async () => {
  let former: bigint | undefined
  const cluster = await shop('rerun', (lab, sql) => {
    const live = lab.state.databases.get('shop')?.objects.get('orders')
    if (former === undefined || live?.id === former || !sql.startsWith('SHOW PROC')) return
    former = undefined
    // The swap is done; somebody takes the other name, so that all is taken back.
    lab.execute(RERUN)
    lab.execute(PEOPLE)
  })
  const label = await chain(cluster)
  cluster.execute('DROP TABLE shop.people FORCE')
  await stage.start(specOf('rerun', label, { tables: ['orders', 'people'] }))
  await stage.state('rerun', 'ready')
  former = cluster.state.databases.get('shop')?.objects.get('orders')?.id
  await stage.publish('rerun')
  expect(await failureOf('rerun')).toContain('Somebody has made shop.people meanwhile')
  const [aside = ''] = objectsOf(cluster).filter((one) => one.includes('__sf_'))
  expect((await contentOf(cluster, 'shop', aside)).join()).toContain('rerun')
  const { left } = await stage.status('rerun')
  expect(left.join()).toMatch(/orders__sf_\w+ has other partitions than those that were restored.*DROP TABLE/)
})

test('a partition that was overwritten between two snapshots under the live name is not dropped either', async () => {
  const cluster = await shop('rerunbetween', (lab, sql) => {
    // The first is done and noted, and the next one about to be sent.
    if (sql.startsWith('RESTORE') && sql.includes('rerunbetween_inc')) lab.execute(RERUN)
  })
  const label = await chain(cluster)
  cluster.execute('DROP TABLE shop.orders FORCE')
  cluster.faults.inject({ kind: 'fail-query', error: 'no', match: /^RESTORE[^;]*rerunbetween_inc/ })
  await stage.start(specOf('rerunbetween', label, { mode: 'in-place', attempts: 1 }))
  await failureOf('rerunbetween')
  expect((await contentOf(cluster, 'shop', 'orders')).join()).toContain('rerun')
  const { left } = await stage.status('rerunbetween')
  expect(left.join()).toMatch(/shop\.orders has other partitions than those that were restored.*1 of 2 snapshots/)
})

test('a database that was renamed back is not dropped when somebody has overwritten a partition meanwhile', async () => {
  let former: bigint | undefined
  const cluster = await shop('renamedback', (lab, sql) => {
    const live = lab.state.databases.get('shop')
    if (former === undefined || !live || live.id === former || !sql.startsWith('SHOW PROC')) return
    former = undefined
    // It has the live name, and whether it has cannot be told.
    lab.execute(RERUN)
    lab.faults.inject({ kind: 'fail-query', error: 'no', match: /^SHOW PROC/, times: 1 })
  })
  const label = await chain(cluster)
  await stage.start(specOf('renamedback', label, { tables: [], attempts: 1 }))
  await stage.state('renamedback', 'ready')
  former = cluster.state.databases.get('shop')?.id
  cluster.faults.inject({ kind: 'drop-mysql', cut: 'after', match: /^ALTER DATABASE `shop__sf_/, times: 1 })
  const live = former
  await stage.publish('renamedback')
  await failureOf('renamedback')
  expect(cluster.state.databases.get('shop')?.id).toBe(live)
  const [scratch = ''] = [...cluster.state.databases.keys()].filter((one) => one.startsWith('shop__sf_'))
  expect((await contentOf(cluster, scratch, 'orders')).join()).toContain('rerun')
  const { left } = await stage.status('renamedback')
  expect(left.join()).toMatch(/Database shop__sf_\w+ had the live name: partitions in it are others/)
})

test('a database that somebody makes between the two renames keeps its name, and where the live one is now is told', async () => {
  let made = false
  const cluster = await shop('tworenames', (lab, sql) => {
    if (made || !sql.startsWith('ALTER DATABASE `shop__sf_')) return
    made = true
    lab.execute('CREATE DATABASE shop')
  })
  const label = await chain(cluster)
  await stage.start(specOf('tworenames', label, { tables: [] }))
  await stage.state('tworenames', 'ready')
  const live = cluster.state.databases.get('shop')?.id
  const before = await contentOf(cluster, 'shop', 'orders')
  cluster.faults.inject({ kind: 'drop-mysql', cut: 'before', match: /^ALTER DATABASE `shop__sf_/, times: 1 })
  await stage.publish('tworenames')
  const failure = await failureOf('tworenames')
  expect(failure).toMatch(/Database shop was made.*; the former one had been renamed to shop__replaced_/)
  expect(failure).not.toContain('nothing was renamed')
  const told = (await stage.status('tworenames')).left.join()
  const [, away = '', back = ''] =
    /Somebody has made another database shop .*rename the other one \((ALTER DATABASE .*)\) or drop it, then (ALTER DATABASE \S+ RENAME \S+)/.exec(
      told,
    ) ?? []
  for (const statement of [away, back]) cluster.execute(statement)
  expect(cluster.state.databases.get('shop')?.id).toBe(live)
  expect(await contentOf(cluster, 'shop', 'orders')).toEqual(before)
})
