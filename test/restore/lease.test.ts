import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { leasesOf, readLeaseInfo } from '../../activities/repository/leases.ts'
import { readRepository } from '../../repository/index.ts'
import { HeldStore } from '../support/held-store.ts'
import { until } from '../support/until.ts'
import { REPOSITORY, restoreStage, s3Properties, specFrom, vaultOf } from './support/restore-stage.ts'
import { takeBackup } from './support/take-backup.ts'

/* What a restore reads is leased, so that retention leaves it alone: also when the storage did not answer at first. */

const stage = restoreStage()

let held: HeldStore
beforeAll(async () => {
  held = await HeldStore.before(stage.s3.endpoint)
  const access = { endpoint: held.endpoint }
  const properties = s3Properties(stage.s3)
  stage.worker.configureRepositories({ [REPOSITORY]: { location: 's3a://backups/vault', properties, access } })
})
afterAll(() => held?.stop())

const isLease = (request: string) => request.startsWith('PUT') && request.includes('/leases/read/')

async function backUp(name: string): Promise<string> {
  const cluster = await stage.cluster(name)
  cluster.execute('CREATE DATABASE shop')
  cluster.execute(
    "CREATE TABLE shop.orders (id INT NOT NULL) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ('replication_num' = '1')",
  )
  cluster.execute('INSERT INTO shop.orders VALUES (1)')
  return (await takeBackup(stage, cluster, { label: `${name}_full`, database: 'shop' })).id
}

async function leasedFor(name: string): Promise<string[]> {
  const store = vaultOf(stage)
  const repository = await readRepository(store, REPOSITORY)
  const leases = (await leasesOf(repository).list('read')).map(readLeaseInfo)
  store.close()
  return leases.filter(({ holder }) => holder === `restore/${name}`).flatMap(({ labels }) => labels)
}

describe('the lease of what a restore reads', () => {
  test('is waited for while the storage asks to slow down', async () => {
    const label = await backUp('slow')
    held.refuse('SlowDown', isLease)
    await stage.start(specFrom('slow', label, { tables: ['orders'] }))
    await until(
      'it is tried again, or has gone on without',
      async () => {
        const { raw } = await stage.temporal.client.workflow.getHandle('restore/slow').describe()
        const lease = raw.pendingActivities?.find(({ activityType }) => activityType?.name === 'leaseRestoreSnapshots')
        return (lease?.attempt ?? 0) > 1 || (await stage.status('slow')).state === 'ready'
      },
      { everyMs: 200 },
    )
    held.refuse()
    const { warnings } = await stage.state('slow', 'ready')
    expect(warnings.join()).not.toMatch(/Nothing keeps the snapshots/)
    expect(await leasedFor('slow')).toEqual([label])
    await stage.publish('slow')
    expect(await stage.result('slow')).toMatchObject({ ok: true })
    expect(await leasedFor('slow')).toEqual([])
  })

  test('is done without where nobody here may write, and that is told', async () => {
    const label = await backUp('readonly')
    held.refuse('AccessDenied', isLease)
    await stage.start(specFrom('readonly', label, { tables: ['orders'], publish: 'auto' }))
    const { ok, warnings } = await stage.result('readonly')
    held.refuse()
    expect(ok).toBe(true)
    expect(warnings.join()).toMatch(/Nothing keeps the snapshots from being deleted by retention.*AccessDenied/)
  })
})
