import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { S3Server } from '../../client/s3-server/s3-server.ts'
import { LabCluster } from '../../lab/index.ts'
import { startTestS3 } from '../support/s3-server.ts'
import { attach, backUp, labTable, restore, rowsOf, sendRestore, show, until } from './support/lab-repository.ts'

let s3: S3Server
let lab: LabCluster

const shape = "DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ('replication_num' = '1')"

beforeAll(async () => {
  s3 = await startTestS3()
  lab = await LabCluster.start({ name: 'objects', version: '3.5', timeFactor: 300 })
  await attach(lab, s3, 'repo')
  lab.execute('CREATE DATABASE o')
  lab.execute(`CREATE TABLE o.t (id INT NOT NULL, v INT) DUPLICATE KEY(id) ${shape}`)
  lab.execute(
    "CREATE TABLE o.co (id INT NOT NULL, v INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ('replication_num' = '1', 'colocate_with' = 'grp')",
  )
  lab.execute('INSERT INTO o.t VALUES (1,1),(2,2)')
  lab.execute('CREATE VIEW o.v AS SELECT id FROM o.t')
  lab.execute(
    "CREATE MATERIALIZED VIEW o.mv DISTRIBUTED BY HASH(id) BUCKETS 2 REFRESH DEFERRED MANUAL PROPERTIES ('replication_num' = '1') AS SELECT id, count(*) AS c FROM o.t GROUP BY id",
  )
  lab.execute(
    "CREATE FUNCTION o.f(INT) RETURNS INT PROPERTIES ('type' = 'Python', 'symbol' = 'echo', 'file' = 'inline') AS $$\ndef echo(x):\n    return x\n$$",
  )
})
afterAll(async () => {
  await lab?.stop()
  await s3?.stop()
})

const names = (database: string) => lab.execute(`SHOW TABLES FROM ${database}`).rows.map((row) => row[0])

describe('views', () => {
  test('a whole database leaves materialized views out unless a setting says otherwise', async () => {
    expect(await backUp(lab, 'repo', 'w1', 'BACKUP DATABASE o SNAPSHOT w1 TO REPO')).toMatchObject({
      BackupObjs: '[o.co], [o.t], [o.v]',
    })
    lab.execute("ADMIN SET FRONTEND CONFIG ('enable_backup_materialized_view' = 'true')")
    expect(await backUp(lab, 'repo', 'w2', 'BACKUP DATABASE o SNAPSHOT w2 TO REPO')).toMatchObject({
      BackupObjs: '[o.co], [o.t], [o.mv], [o.v]',
    })
    lab.execute("ADMIN SET FRONTEND CONFIG ('enable_backup_materialized_view' = 'false')")
  })

  test('everything comes back elsewhere: the view names the old database, the materialized view its tables where they are', async () => {
    await restore(lab, 'repo', 'w2', 'RESTORE SNAPSHOT w2 FROM REPO DATABASE o AS o2')
    expect(names('o2')).toEqual(['co', 'mv', 't', 'v'])
    expect(show(lab, 'SHOW CREATE VIEW o2.v')[0]?.['Create View']).toContain('FROM `o`.`t`')
    const [view] = show(lab, 'SHOW MATERIALIZED VIEWS FROM o2')
    expect(view).toMatchObject({ name: 'mv', is_active: 'true' })
    expect(view?.text).toContain('`o2`.`t`')
    expect(show(lab, 'SHOW FULL FUNCTIONS FROM o2')).toMatchObject([{ Signature: 'f(INT)' }])
    // A colocation group is never restored.
    expect(show(lab, 'SHOW CREATE TABLE o2.co')[0]?.['Create Table']).not.toContain('colocate_with')
    expect(labTable(lab, 'o.co').colocateGroup).toBe('grp')
  })

  test('a view is replaced before anything is fetched, and a cancelled restore takes it away', async () => {
    lab.execute('CREATE DATABASE o3')
    lab.execute('CREATE VIEW o3.v AS SELECT 1 AS other')
    const fault = lab.faults.inject({ kind: 'stick-snapshot', state: 'DOWNLOAD' })
    await sendRestore(lab, 'repo', 'w1', 'RESTORE SNAPSHOT w1 FROM REPO DATABASE o AS o3 ON (TABLE t, VIEW v)')
    await until(() => show(lab, 'SHOW RESTORE FROM o3')[0]?.State === 'DOWNLOAD')
    expect(show(lab, 'SHOW CREATE VIEW o3.v')[0]?.['Create View']).toContain('FROM `o`.`t`')
    lab.execute('CANCEL RESTORE FROM o3')
    fault.clear()
    expect(names('o3')).toEqual([])
  })

  test('a table in the place of a view ends the job', async () => {
    lab.execute('CREATE DATABASE o4')
    lab.execute(`CREATE TABLE o4.v (id INT) DUPLICATE KEY(id) ${shape}`)
    expect(
      await restore(lab, 'repo', 'w1', 'RESTORE SNAPSHOT w1 FROM REPO DATABASE o AS o4 ON (VIEW v)'),
    ).toMatchObject({
      State: 'CANCELLED',
      Status: '[BAD_REPLACE, msg: Table: v has existed and it is not a View]',
    })
  })
})

test('objects get new names one by one; functions come only when they are named, or everything is', async () => {
  await restore(
    lab,
    'repo',
    'w1',
    'RESTORE SNAPSHOT w1 FROM REPO DATABASE o AS o5 ON (TABLE t AS t_new, VIEW v AS v_new, FUNCTION f AS f_new)',
  )
  expect(names('o5')).toEqual(['t_new', 'v_new'])
  expect(rowsOf(lab, 'o5.t_new')).toEqual(['1,1', '2,2'])
  expect(show(lab, 'SHOW FULL FUNCTIONS FROM o5')).toMatchObject([{ Signature: 'f_new(INT)' }])
  await restore(lab, 'repo', 'w1', 'RESTORE SNAPSHOT w1 FROM REPO DATABASE o AS o6 ON (TABLE t)')
  expect(show(lab, 'SHOW FULL FUNCTIONS FROM o6')).toEqual([])
  await expect(
    sendRestore(lab, 'repo', 'w1', 'RESTORE SNAPSHOT w1 FROM REPO DATABASE o AS o7 ON (FUNCTION nope)'),
  ).rejects.toThrow('Can not find restore function: nope')
})

test('a restore that is refused for the wrong database makes that database all the same', async () => {
  await expect(sendRestore(lab, 'repo', 'w1', 'RESTORE SNAPSHOT w1 FROM REPO DATABASE wrong')).rejects.toThrow(
    'target database: wrong is not existed in snapshot',
  )
  expect(lab.execute("SHOW DATABASES LIKE 'wrong'").rows).toEqual([['wrong']])
})

test('external catalogs: a job beside the databases, secrets among the definitions', async () => {
  lab.execute(
    "CREATE EXTERNAL CATALOG hive PROPERTIES ('type' = 'hive', 'hive.metastore.uris' = 'thrift://127.0.0.1:9', 'aws.s3.secret_key' = 'a-secret')",
  )
  await lab.run('BACKUP ALL EXTERNAL CATALOGS SNAPSHOT cats TO repo')
  const row = () => show(lab, 'SHOW BACKUP FROM o').find((one) => one.DbName === '')
  await until(() => row()?.State === 'FINISHED')
  expect(row()).toMatchObject({ JobId: '-1', SnapshotName: 'cats', BackupObjs: '', UploadFinishedTime: null })
  expect(JSON.stringify([...((await lab.snapshots.readMeta('repo', 'cats')).catalogs[0]?.properties ?? [])])).toContain(
    'a-secret',
  )
  await sendRestore(lab, 'repo', 'cats', 'RESTORE SNAPSHOT cats FROM REPO EXTERNAL CATALOG (hive AS hive2)', '')
  await until(() => show(lab, 'SHOW RESTORE').find((one) => one.DbName === '')?.State === 'FINISHED')
  expect(lab.execute('SHOW CATALOGS').rows.map((one) => one[0])).toEqual(['default_catalog', 'hive', 'hive2'])
  await expect(
    sendRestore(lab, 'repo', 'cats', 'RESTORE SNAPSHOT cats FROM REPO EXTERNAL CATALOG (nope)', ''),
  ).rejects.toThrow('Can not find restore catalog: nope')
  await expect(
    sendRestore(lab, 'repo', 'w1', 'RESTORE SNAPSHOT w1 FROM REPO ALL EXTERNAL CATALOGS', ''),
  ).rejects.toThrow('This is not a snapshot for external catalog restore, snapshot: w1')
})

test('4.1 cannot back up catalogs, and prints times eight hours ahead; others in the zone of the session', async () => {
  const other = await LabCluster.start({ name: 'other', version: '4.1', timeFactor: 300 })
  try {
    await attach(other, s3, 'other')
    other.execute(
      "CREATE EXTERNAL CATALOG hive PROPERTIES ('type' = 'hive', 'hive.metastore.uris' = 'thrift://127.0.0.1:9')",
    )
    await expect(other.run('BACKUP ALL EXTERNAL CATALOGS SNAPSHOT c TO other')).rejects.toThrow('because "db" is null')
    other.execute('CREATE DATABASE z')
    other.execute(`CREATE TABLE z.t (id INT NOT NULL) DUPLICATE KEY(id) ${shape}`)
    const ahead = await backUp(other, 'other', 'z', 'BACKUP DATABASE z SNAPSHOT z TO REPO')
    const utc = other.state.snapshotJobs.get(other.state.databases.get('z')?.id ?? 0n)?.createdMs ?? 0
    const text = (ms: number) => new Date(ms).toISOString().replace('T', ' ').slice(0, 19)
    expect(ahead.CreateTime).toBe(text(utc + 8 * 3_600_000))
    lab.execute("SET time_zone = 'Asia/Tokyo'")
    const created = lab.state.snapshotJobs.get(lab.state.databases.get('o')?.id ?? 0n)?.createdMs ?? 0
    expect(show(lab, 'SHOW BACKUP FROM o')[0]?.CreateTime).toBe(text(created + 9 * 3_600_000))
  } finally {
    lab.execute("SET time_zone = 'UTC'")
    await other.stop()
  }
})

test('privileges: the repository, exports of what is backed up, and an empty list for who may not export', async () => {
  lab.execute("CREATE USER u IDENTIFIED BY ''")
  const denied = (privilege: string, on: string) =>
    `Access denied; you need (at least one of) the ${privilege} privilege(s) on ${on}`
  const send = (label: string) => lab.run(`BACKUP DATABASE o SNAPSHOT ${label} TO repo ON (TABLE t)`, 'u')
  await expect(send('u1')).rejects.toThrow(denied('REPOSITORY', 'SYSTEM'))
  lab.execute('GRANT REPOSITORY ON SYSTEM TO USER u')
  await expect(send('u1')).rejects.toThrow(denied('EXPORT', 'TABLE t'))
  lab.execute('GRANT EXPORT ON TABLE o.t TO USER u')
  await send('u1')
  await until(() => show(lab, 'SHOW BACKUP FROM o')[0]?.State === 'FINISHED')
  expect(lab.backupJobs.at(-1)).toMatchObject({ label: 'u1', user: 'u' })
  expect(lab.execute('SHOW BACKUP FROM o', 'u').rows).not.toEqual([])
  await backUp(lab, 'repo', 'u2', 'BACKUP DATABASE o SNAPSHOT u2 TO REPO ON (TABLE t, TABLE co)')
  expect(lab.execute('SHOW BACKUP FROM o', 'u').rows).toEqual([])
})

test('a shared-data cluster refuses', async () => {
  const lake = await LabCluster.start({ name: 'lake', version: '4.1', runMode: 'shared_data', timeFactor: 300 })
  try {
    await attach(lake, s3, 'lake')
    lake.execute('CREATE DATABASE d')
    lake.execute('CREATE TABLE d.t (id INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1')
    await expect(lake.run('BACKUP DATABASE d SNAPSHOT s TO lake')).rejects.toThrow(
      'Table: t can not support backup restore, type: CLOUD_NATIVE',
    )
  } finally {
    await lake.stop()
  }
})
