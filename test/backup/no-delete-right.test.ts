import { expect, test } from 'vitest'
import { HeldStore } from '../support/held-store.ts'
import { backupStage, REPOSITORY } from './support/backup-stage.ts'

const stage = backupStage()

test('a backup whose announcement may not be removed has not failed', async () => {
  const cluster = await stage.cluster()
  cluster.execute('CREATE DATABASE shop')
  cluster.execute(
    'CREATE TABLE shop.t (id INT NOT NULL) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ("replication_num" = "1")',
  )
  const held = await HeldStore.before(stage.s3.endpoint)
  const { properties } = stage.s3
  stage.worker.configureRepositories({
    [REPOSITORY]: { location: 's3a://backups/base', properties, access: { endpoint: held.endpoint } },
  })
  held.refuse('AccessDenied', (text) => /^(DELETE|POST \S*[?&]delete)/.test(text) && text.includes('/intents/'))
  const spec = stage.spec(cluster, { objects: { databases: ['shop'] } })
  for (const own of [1, 0]) {
    const { id, warnings } = await stage.backup(spec, 'shop')
    expect(warnings.join()).toMatch(/What announced snapshot .* could not be removed .* The backup is complete/)
    expect(await stage.record(id)).toMatchObject({ own })
  }
  expect((await stage.contents()).own.filter((key) => key.startsWith('intents/'))).toHaveLength(2)
  await held.stop()
})
