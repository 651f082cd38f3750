import { expect, test } from 'vitest'
import { HeldStore } from '../support/held-store.ts'
import { backupStage, REPOSITORY } from './support/backup-stage.ts'

const stage = backupStage()

const TABLE = `(id INT NOT NULL, v VARCHAR(20)) DUPLICATE KEY(id) PARTITION BY RANGE(id) (PARTITION p1 VALUES [("0"), ("10")), PARTITION p2 VALUES [("10"), ("20"))) DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ("replication_num" = "1")`

/** Retention of another starferry, or somebody with a console, is through with it before the backup says that it needs it. */
test.each(['record and snapshot', 'snapshot'])(
  'a baseline of which %s went between the plan and its announcement is not built upon',
  async (what) => {
    const cluster = await stage.cluster()
    cluster.execute('CREATE DATABASE shop')
    cluster.execute(`CREATE TABLE shop.t ${TABLE}`)
    cluster.execute("INSERT INTO shop.t VALUES (1,'a'),(11,'b')")
    const spec = stage.spec(cluster, { objects: { databases: ['shop'] }, incremental: 'incremental' })
    const full = await stage.backup(spec, 'shop')
    cluster.execute("INSERT INTO shop.t PARTITION (p2) VALUES (12,'c')")

    const held = await HeldStore.before(stage.s3.endpoint)
    const { properties } = stage.s3
    stage.worker.configureRepositories({
      [REPOSITORY]: { location: 's3a://backups/base', properties, access: { endpoint: held.endpoint } },
    })
    const announcing = held.hold((text) => text.startsWith('PUT') && text.includes('/intents/'))
    const running = await stage.start(spec, 'shop')
    await announcing
    const objects = await stage.objects()
    const { store } = objects.repository
    await store.deletePrefix(objects.repository.snapshotDirectory(full.id))
    if (what !== 'snapshot') await objects.removeRecord(full.id, [])
    held.letGo()

    const result = await running.result()
    expect(result).toMatchObject({ kind: 'full', chain: 1 })
    expect(result.warnings.join()).toMatch(what === 'snapshot' ? /snapshot .* is gone/ : /backup .* has been deleted/)
    expect((await stage.record(result.id)).labels).toHaveLength(1)
    expect((await stage.contents()).own.filter((key) => key.startsWith('intents/'))).toEqual([])
    await held.stop()
  },
)
