import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { repositoryKeys } from '../../contract/backup/record.ts'
import type { StoreAccess } from '../../repository/index.ts'
import { HeldStore } from '../support/held-store.ts'
import { until } from '../support/until.ts'
import { REPOSITORY, restoreStage, s3Properties, specFrom, vaultOf } from './support/restore-stage.ts'
import { takeBackup } from './support/take-backup.ts'

/* A record that cannot be read is there: what it says of the backup is not known, and its last snapshot alone is not the backup. */

const stage = restoreStage()

const TABLE = `(id INT NOT NULL, v VARCHAR(20)) DUPLICATE KEY(id) PARTITION BY RANGE(id) (PARTITION p1 VALUES LESS THAN ('10'), PARTITION p2 VALUES LESS THAN ('20')) DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ('replication_num' = '1')`

async function chain(name: string): Promise<{ full: string; last: string }> {
  const cluster = await stage.cluster(name)
  cluster.execute('CREATE DATABASE shop')
  cluster.execute(`CREATE TABLE shop.orders ${TABLE}`)
  cluster.execute("INSERT INTO shop.orders VALUES (1,'a'),(11,'b')")
  const full = await takeBackup(stage, cluster, { label: `${name}_full`, database: 'shop' })
  cluster.execute("INSERT INTO shop.orders PARTITION (p2) VALUES (12,'c')")
  const last = await takeBackup(stage, cluster, { label: `${name}_last`, database: 'shop', baseline: full })
  return { full: full.id, last: last.id }
}

const readBy = (access?: StoreAccess) =>
  stage.worker.configureRepositories({
    [REPOSITORY]: { location: 's3a://backups/vault', properties: s3Properties(stage.s3), ...(access && { access }) },
  })

const planned = (name: string, label: string) => stage.plan(specFrom(name, label, { publish: 'auto' }))

const refusal = (name: string, label: string) =>
  planned(name, label).then(
    ({ chain }) => `it is planned from ${chain}`,
    (error: { cause?: { cause?: Error } }) => error.cause?.cause?.message ?? String(error),
  )

describe('a backup that is named by its label', () => {
  test.each([
    ['torn', Buffer.from('no gzip'), /record.*torn_last.*is damaged/],
    ['newer', gzipSync('{"format":2}'), /record.*newer_last.*is damaged/],
  ])('and whose record is %s is refused, though the cluster could restore its snapshot', async (name, content, why) => {
    const { last } = await chain(name)
    expect((await planned(name, last)).chain).toEqual([`${name}_full`, last])
    const store = vaultOf(stage)
    await store.put(repositoryKeys.record(REPOSITORY, last), content)
    store.close()
    // What the worker has read before it need not read again.
    readBy()
    expect(await refusal(name, last)).toMatch(why)
  })

  test('is waited for while the storage asks to slow down', async () => {
    const { full, last } = await chain('slow')
    const held = await HeldStore.before(stage.s3.endpoint)
    readBy({ endpoint: held.endpoint })
    held.refuse('SlowDown')
    const planning = planned('slow', last)
    const handle = stage.temporal.client.workflow.getHandle('restore-plan/slow')
    await until('it is tried again, or has ended', async () => {
      const seen = await handle.describe().catch(() => undefined)
      const attempt = seen?.raw.pendingActivities?.[0]?.attempt ?? 0
      return seen && (attempt > 1 || seen.status.name !== 'RUNNING')
    })
    held.refuse()
    expect((await planning).chain).toEqual([full, last])
    readBy()
    await held.stop()
  })

  test('and whose record nobody here may read is refused; one that is not to be read from here is restored by the cluster', async () => {
    const { full } = await chain('closed')
    readBy({ secretKey: 'wrong', accessKey: stage.s3.accessKey })
    expect(await refusal('closed', full)).toMatch(/check the access key/)
    readBy({ enabled: false })
    expect((await planned('closed', full)).chain).toEqual([full])
    readBy()
  })

  test('and that has no record is restored by the cluster', async () => {
    const { full } = await chain('none')
    const store = vaultOf(stage)
    await store.deleteMany([repositoryKeys.record(REPOSITORY, full)])
    store.close()
    readBy()
    expect((await planned('none', full)).chain).toEqual([full])
  })
})
