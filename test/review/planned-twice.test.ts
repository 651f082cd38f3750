import { expect, test } from 'vitest'
import { backupStage } from '../backup/support/backup-stage.ts'

const stage = backupStage()

/** BACKUP is sent, and nobody knows whether it will arrive: it is planned once more under the same label, and then it does. */
test.each([
  ['view', 'CREATE VIEW shop.w AS SELECT id FROM shop.t', /does not name view w/],
  [
    'function',
    "CREATE FUNCTION shop.twice(INT) RETURNS INT PROPERTIES ('symbol' = 'com.x.Twice', 'type' = 'StarrocksJar', 'file' = 'http://127.0.0.1:8999/twice.jar')",
    /the functions that snapshot .* was to hold have changed/,
  ],
])('a %s that was made meanwhile is not recorded as in a snapshot that lacks it', async (kind, made, why) => {
  const sent: string[] = []
  const cluster = await stage.cluster({
    onStatement: (sql) => {
      if (!/^BACKUP/.test(sql)) return
      const [first] = sent
      if (sent.push(sql) === 1) cluster.execute(made)
      // The one of before, while that of now is lost.
      else if (sent.length === 2 && first !== undefined) setImmediate(() => cluster.run(first).catch(() => undefined))
    },
  })
  for (const statement of [
    'CREATE DATABASE shop',
    'CREATE TABLE shop.t (id INT NOT NULL) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ("replication_num" = "1")',
    'INSERT INTO shop.t VALUES (1)',
  ]) {
    cluster.execute(statement)
  }
  const lost = cluster.faults.inject({
    kind: 'drop-mysql',
    cut: 'before',
    match: /^BACKUP/,
    times: kind === 'view' ? 2 : 1,
  })
  const result = await stage.backup(stage.spec(cluster, { objects: { databases: ['shop'] } }), 'shop')
  expect(lost.struck).toBe(kind === 'view' ? 2 : 1)
  expect(result.attempts).toBe(2)
  expect(result.warnings.join()).toMatch(why)
  const { views, functions, labels } = await stage.record(result.id)
  expect(Object.keys({ ...views, ...functions })).toHaveLength(1)
  expect(labels.map(({ label }) => label)).toEqual([result.id])
})
