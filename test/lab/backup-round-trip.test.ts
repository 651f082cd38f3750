import { afterAll, beforeAll, expect, test } from 'vitest'
import type { S3Server } from '../../client/s3-server/s3-server.ts'
import { LabCluster } from '../../lab/index.ts'
import { startTestS3 } from '../support/s3-server.ts'
import { attach, finished, rowsOf, statesOf } from './support/lab-repository.ts'

let s3: S3Server
let source: LabCluster
let target: LabCluster

beforeAll(async () => {
  s3 = await startTestS3()
  source = await LabCluster.start({ name: 'source', version: '3.5', timeFactor: 200 })
  target = await LabCluster.start({ name: 'target', version: '3.5', timeFactor: 200 })
})

afterAll(async () => {
  await Promise.all([source?.stop(), target?.stop()])
  await s3?.stop()
})

test('a database is backed up, and rebuilt elsewhere from the objects alone', async () => {
  source.execute('CREATE DATABASE shop')
  source.execute(
    "CREATE TABLE shop.orders (id INT NOT NULL, v STRING) DUPLICATE KEY(id) PARTITION BY RANGE(id) (PARTITION p1 VALUES LESS THAN ('10'), PARTITION p2 VALUES LESS THAN ('20')) DISTRIBUTED BY HASH(id) BUCKETS 3 PROPERTIES ('replication_num' = '1')",
  )
  source.execute(
    "CREATE TABLE shop.people (id BIGINT NOT NULL AUTO_INCREMENT, name STRING) PRIMARY KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ('replication_num' = '1')",
  )
  source.execute("INSERT INTO shop.orders VALUES (1,'a'),(2,'b'),(11,'c'),(12,NULL)")
  source.execute("INSERT INTO shop.people (name) VALUES ('x'),('y')")
  source.execute('CREATE VIEW shop.v AS SELECT id FROM shop.orders')
  await attach(source, s3, 'repo')
  await source.run('BACKUP DATABASE shop SNAPSHOT one TO repo')
  const states = await statesOf(source, 'SHOW BACKUP FROM shop')
  expect(states).toEqual([
    'PENDING',
    'SNAPSHOTING',
    'UPLOAD_SNAPSHOT',
    'UPLOADING',
    'SAVE_META',
    'UPLOAD_INFO',
    'FINISHED',
  ])
  source.execute("INSERT INTO shop.orders VALUES (3,'later')")

  await attach(target, s3, 'repo')
  const [[, timestamp] = []] = (await target.run("SHOW SNAPSHOT ON repo WHERE SNAPSHOT = 'one'")).rows
  await target.run(
    `RESTORE SNAPSHOT one FROM repo PROPERTIES ('backup_timestamp' = '${timestamp}', 'replication_num' = '1')`,
  )
  const job = await finished(target, 'SHOW RESTORE FROM shop')
  expect(job).toMatchObject({ State: 'FINISHED', Status: '[OK]', RestoreObjs: 'v, orders PARTITIONS [p1, p2], people' })
  expect(rowsOf(target, 'shop.orders')).toEqual(['1,a', '11,c', '12,', '2,b'])
  expect(rowsOf(target, 'shop.people')).toEqual(['1,x', '2,y'])
  expect(target.execute('SELECT COUNT(*) FROM shop.v').rows).toEqual([['4']])
})
