import { describe, expect, test } from 'vitest'
import { repositoryKeys } from '../../contract/backup/record.ts'
import { backupSetId } from '../../contract/names.ts'
import { until } from '../support/until.ts'
import { backupStage, REPOSITORY } from './support/backup-stage.ts'

const stage = backupStage()

const TABLE = `(id INT NOT NULL, v VARCHAR(20)) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ("replication_num" = "1")`

async function shop(database: string) {
  const cluster = await stage.cluster()
  cluster.execute(`CREATE DATABASE ${database}`)
  cluster.execute(`CREATE TABLE ${database}.t ${TABLE}`)
  cluster.execute(`INSERT INTO ${database}.t VALUES (1,'a')`)
  return cluster
}

describe('records that cannot be read', () => {
  test('are passed over by name: the next backup builds on what can be, and has a record', async () => {
    const cluster = await shop('odd')
    const spec = stage.spec(cluster, { objects: { databases: ['odd'] } })
    const full = await stage.backup(spec, 'odd')
    const { repository } = await stage.objects()
    const torn = 'sf_odd_20990101T000000000_abc1231'
    const newer = 'sf_odd_20990102T000000000_abc1231'
    const key = (id: string) => repositoryKeys.record(REPOSITORY, id)
    await repository.store.put(key(torn), 'this was packed once')
    const own = key(newer).slice(repository.own.directory.length)
    await repository.own.putJson(own, { ...(await stage.record(full.id)), id: newer, format: 2 })

    cluster.execute("INSERT INTO odd.t VALUES (2,'b')")
    const next = await stage.backup(spec, 'odd')
    expect(next).toMatchObject({ kind: 'differential', baseline: full.id, verified: 'ok' })
    for (const id of [torn, newer]) expect(next.warnings.join('\n')).toContain(`record ${id} is passed over`)
    expect(await stage.record(next.id)).toMatchObject({ id: next.id, baseline: full.id })
    await repository.store.deleteMany([key(torn), key(newer)])
  })
})

describe('a storage that does not answer for a while', () => {
  test('is waited for, and the backup has its record', async () => {
    const cluster = await shop('patient')
    const spec = stage.spec(cluster, { objects: { databases: ['patient'] } })
    const properties = { ...stage.s3.properties, 'aws.s3.endpoint': 'http://127.0.0.1:9' }
    stage.worker.configureRepositories({ [REPOSITORY]: { location: 's3a://backups/base', properties } })
    const run = await stage.start(spec, 'patient')
    await until('it has been asked several times', async () => {
      const { status, raw } = await run.describe()
      return status.name !== 'RUNNING' || (raw.pendingActivities?.[0]?.attempt ?? 0) >= 4
    })
    stage.worker.configureRepositories({
      [REPOSITORY]: {
        location: 's3a://backups/base',
        properties: stage.s3.properties,
        clusters: [cluster.state.name],
      },
    })
    const result = await run.result()
    expect(result).toMatchObject({ kind: 'full', verified: 'ok' })
    expect(await stage.record(result.id)).toMatchObject({ id: result.id })
  })
})

describe('what the cluster deletes by itself', () => {
  test('is no baseline', async () => {
    const cluster = await shop('mortal')
    const spec = stage.spec(cluster, { objects: { databases: ['mortal'] } })
    const full = await stage.backup(spec, 'mortal')
    const { repository } = await stage.objects()
    const key = repositoryKeys.record(REPOSITORY, full.id).slice(repository.own.directory.length)
    await repository.own.putJson(key, { ...(await stage.record(full.id)), ttl: '7 DAY' })
    expect(await stage.backup(spec, 'mortal')).toMatchObject({ kind: 'full', chain: 1 })
  })

  test('nothing incremental is made where every backup is to be a full one', async () => {
    const cluster = await shop('whole')
    const spec = stage.spec(cluster, { name: 'whole', objects: { databases: ['whole'] }, incremental: 'off' })
    const why = /incremental: off/
    await expect(stage.backup(spec, 'whole', 'incremental')).rejects.toMatchObject({
      cause: { cause: { message: expect.stringMatching(why) } },
    })
    const set = await stage.startSet({ spec, kind: 'incremental' })
    expect(set.workflowId).toBe(backupSetId('whole'))
    await expect(set.result()).rejects.toMatchObject({ cause: { message: expect.stringMatching(why) } })
    expect(cluster.backupJobs).toEqual([])
  })
})
