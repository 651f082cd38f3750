import { createConnection, type RowDataPacket } from 'mysql2/promise'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { S3Server } from '../../client/s3-server/s3-server.ts'
import { LabCluster, type LabVersion } from '../../lab/index.ts'
import { startTestS3 } from '../support/s3-server.ts'
import { attach, backUp, labTable, restore, rowsOf, sendRestore, show, until } from './support/lab-repository.ts'

let s3: S3Server
let lab: LabCluster
let number = 0

beforeAll(async () => {
  s3 = await startTestS3()
  lab = await LabCluster.start({ name: 'jobs', version: '3.5', timeFactor: 300 })
  await attach(lab, s3, 'repo')
})
afterEach(() => lab.faults.clear())
afterAll(async () => {
  await lab?.stop()
  await s3?.stop()
})

const shape = "DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ('replication_num' = '1')"

/** A database of its own with a table `t` of two rows. */
const fresh = (cluster = lab): string => {
  const db = `j${++number}`
  cluster.execute(`CREATE DATABASE ${db}`)
  cluster.execute(`CREATE TABLE ${db}.t (id INT NOT NULL, v INT) DUPLICATE KEY(id) ${shape}`)
  cluster.execute(`INSERT INTO ${db}.t VALUES (1,1),(2,2)`)
  return db
}

const whole = (db: string, label = db) => `BACKUP DATABASE ${db} SNAPSHOT ${label} TO REPO`
const backup = (db: string) => show(lab, `SHOW BACKUP FROM ${db}`)[0]
const restoreOf = (db: string) => show(lab, `SHOW RESTORE FROM ${db}`)[0]
const labels = async () => (await lab.run('SHOW SNAPSHOT ON repo')).rows.map((row) => [row[0], row[2]])

describe('one job in a database', () => {
  test('a second is refused whatever it is; other databases are free; the repository is in use', async () => {
    const [a, b] = [fresh(), fresh()]
    await backUp(lab, 'repo', a, whole(a))
    lab.faults.inject({ kind: 'stick-snapshot', database: a })
    await lab.run(whole(a, `${a}_2`).replace('REPO', 'repo'))
    const busy = 'Can only run one backup or restore job of a database at same time'
    await expect(lab.run(whole(a, `${a}_3`).replace('REPO', 'repo'))).rejects.toThrow(busy)
    await expect(sendRestore(lab, 'repo', a, `RESTORE SNAPSHOT ${a} FROM REPO`)).rejects.toThrow(busy)
    expect(() => lab.execute('DROP REPOSITORY repo')).toThrow('Backup or restore job is running on this repository')
    expect(await backUp(lab, 'repo', b, whole(b))).toMatchObject({ State: 'FINISHED' })
    expect(() => lab.execute(`CANCEL RESTORE FROM ${a}`)).toThrow('No restore is currently running')
    lab.execute(`CANCEL BACKUP FROM ${a}`)
  })

  test('backup and restore hide each other: only the last job is kept', async () => {
    const db = fresh()
    await backUp(lab, 'repo', db, whole(db))
    await restore(lab, 'repo', db, `RESTORE SNAPSHOT ${db} FROM REPO`)
    expect(backup(db)).toBeUndefined()
    await backUp(lab, 'repo', `${db}_2`, whole(db, `${db}_2`))
    expect(restoreOf(db)).toBeUndefined()
    expect(backup(db)).toMatchObject({ SnapshotName: `${db}_2`, State: 'FINISHED' })
  })

  test('a renamed database keeps its job and the name in it; a dropped one takes it along; RECOVER brings it back', async () => {
    const db = fresh()
    await backUp(lab, 'repo', db, whole(db))
    lab.execute(`ALTER DATABASE ${db} RENAME ${db}_new`)
    expect(backup(`${db}_new`)).toMatchObject({ DbName: db, SnapshotName: db })
    lab.execute(`DROP DATABASE ${db}_new`)
    expect(show(lab, 'SHOW BACKUP').some((row) => row.SnapshotName === db)).toBe(false)
    lab.execute(`RECOVER DATABASE ${db}_new`)
    expect(backup(`${db}_new`)).toMatchObject({ DbName: db, SnapshotName: db })
  })

  test('DROP DATABASE FORCE during a backup: nobody sees the job any more, and it blocks the repository', async () => {
    const other = await LabCluster.start({ name: 'dropper', version: '3.5', timeFactor: 300 })
    try {
      await attach(other, s3, 'dropped')
      const db = fresh(other)
      other.faults.inject({ kind: 'stick-snapshot', state: 'PENDING', times: 3 })
      await other.run(whole(db).replace('REPO', 'dropped'))
      other.execute(`DROP DATABASE ${db} FORCE`)
      expect(show(other, 'SHOW BACKUP')).toEqual([])
      await until(() => (other.faults.struck >= 3 ? true : undefined))
      expect(() => other.execute('DROP REPOSITORY dropped')).toThrow('job is running on this repository')
      expect(() => other.execute(`CANCEL BACKUP FROM ${db}`)).toThrow('Unknown database')
    } finally {
      await other.stop()
    }
  })

  test('one label sent at once in two databases is taken twice, and restored never', async () => {
    const [a, b] = [fresh(), fresh()]
    // Both before either is there; at times of their own, which are all that tells them apart.
    const stuck = lab.faults.inject({ kind: 'stick-snapshot', database: a })
    await lab.run(`BACKUP DATABASE ${a} SNAPSHOT same_${a} TO repo`)
    const begun = lab.state.now()
    await until(() => lab.state.now() > begun)
    await lab.run(`BACKUP DATABASE ${b} SNAPSHOT same_${a} TO repo`)
    stuck.clear()
    for (const db of [a, b]) await until(() => backup(db)?.State === 'FINISHED')
    const { rows } = await lab.run(`SHOW SNAPSHOT ON repo WHERE SNAPSHOT = 'same_${a}'`)
    const times = rows[0]?.[1]?.split('\n') ?? []
    expect(times).toHaveLength(2)
    for (const [i, time] of times.entries()) {
      const [details] = (await lab.run(`SHOW SNAPSHOT ON repo WHERE SNAPSHOT = 'same_${a}' AND TIMESTAMP = '${time}'`))
        .rows
      const to = `r${i}_${a}`
      await lab.run(
        `RESTORE SNAPSHOT same_${a} FROM repo DATABASE ${details?.[2]} AS ${to} PROPERTIES ('backup_timestamp' = '${time}', 'replication_num' = '1')`,
      )
      await until(() => restoreOf(to)?.State === 'CANCELLED')
      expect(restoreOf(to)?.Status).toBe('[COMMON_ERROR, msg: Failed to read backup meta from file]')
    }
    expect(lab.backupJobs.filter((job) => job.kind === 'backup' && job.label === `same_${a}`)).toHaveLength(2)
  })
})

describe('cancelling', () => {
  test.each([
    ['PENDING', 0],
    ['SNAPSHOTING', 0],
    ['UPLOAD_SNAPSHOT', 0],
    ['SAVE_META', 1],
    ['UPLOAD_INFO', 1],
  ] as const)('a backup in %s', async (state, leaves) => {
    const db = fresh()
    lab.faults.inject({ kind: 'stick-snapshot', state, database: db })
    await lab.run(whole(db).replace('REPO', 'repo'))
    await until(() => backup(db)?.State === state)
    lab.execute(`CANCEL BACKUP FROM ${db}`)
    expect(backup(db)).toMatchObject({ State: 'CANCELLED', Status: '[COMMON_ERROR, msg: user cancelled]' })
    expect(() => lab.execute(`CANCEL BACKUP FROM ${db}`)).toThrow(
      `Failed to cancel job: Job with label ${db} can not be cancelled. state: CANCELLED`,
    )
    lab.faults.clear()
    const again = lab.run(whole(db).replace('REPO', 'repo'))
    if (leaves) {
      await expect(again).rejects.toThrow(`Snapshot with name '${db}' already exist in repository`)
      expect(await labels()).toContainEqual([db, 'ERROR: no snapshot'])
    } else {
      await again
      await until(() => backup(db)?.State === 'FINISHED')
    }
  })

  test.each(['PENDING', 'SNAPSHOTING', 'DOWNLOAD', 'DOWNLOADING', 'COMMIT', 'COMMITTING'] as const)(
    'a restore in %s over a table that is there',
    async (state) => {
      const db = fresh()
      await backUp(lab, 'repo', db, whole(db))
      lab.execute(`INSERT INTO ${db}.t VALUES (3,3)`)
      lab.execute(`CREATE TABLE ${db}.bystander (id INT) DUPLICATE KEY(id) ${shape}`)
      lab.faults.inject({ kind: 'stick-snapshot', state, database: db })
      if (state === 'DOWNLOADING')
        lab.faults.inject({ kind: 'fail-snapshot-task', state, error: 'no disk', database: db })
      await sendRestore(lab, 'repo', db, `RESTORE SNAPSHOT ${db} FROM REPO`)
      await until(() => restoreOf(db)?.State === state)
      if (state !== 'PENDING') {
        expect(() => lab.execute(`SELECT * FROM ${db}.t`)).toThrow("Table state is not NORMAL: 'RESTORING'")
        expect(() => lab.execute(`INSERT INTO ${db}.t VALUES (4,4)`)).toThrow('Cannot write RESTORE state table "t"')
        expect(() => lab.execute(`ALTER TABLE ${db}.t ADD COLUMN z INT`)).toThrow(
          'A snapshot restore operation is in progress on the table "t".',
        )
      }
      lab.execute(`CANCEL RESTORE FROM ${db}`)
      expect(restoreOf(db)?.Status).toBe(`[COMMON_ERROR, msg: user cancelled, current state: ${state}]`)
      if (state === 'COMMITTING') {
        expect(() => lab.execute(`INSERT INTO ${db}.t VALUES (4,4)`)).toThrow(/Tablet lost replicas\..*:BAD:ALIVE,/)
      } else {
        lab.execute(`INSERT INTO ${db}.t VALUES (4,4)`)
        expect(rowsOf(lab, `${db}.t`)).toEqual(['1,1', '2,2', '3,3', '4,4'])
      }
    },
  )

  test('a restore of new tables leaves none', async () => {
    const db = fresh()
    await backUp(lab, 'repo', db, whole(db))
    lab.faults.inject({ kind: 'stick-snapshot', state: 'DOWNLOAD' })
    await sendRestore(lab, 'repo', db, `RESTORE SNAPSHOT ${db} FROM REPO DATABASE ${db} AS ${db}_r`)
    await until(() => restoreOf(`${db}_r`)?.State === 'DOWNLOAD')
    expect(lab.execute(`SHOW TABLES FROM ${db}_r`).rows).toEqual([['t']])
    lab.execute(`CANCEL RESTORE FROM ${db}_r`)
    expect(lab.execute(`SHOW TABLES FROM ${db}_r`).rows).toEqual([])
  })
})

describe('what stops jobs', () => {
  test('a view of the name of a table to be restored: nothing moves in any database until the restore is cancelled', async () => {
    const [a, b] = [fresh(), fresh()]
    await backUp(lab, 'repo', a, whole(a))
    lab.execute(`CREATE DATABASE v_${a}`)
    lab.execute(`CREATE VIEW v_${a}.t AS SELECT 1 AS a`)
    await sendRestore(lab, 'repo', a, `RESTORE SNAPSHOT ${a} FROM REPO DATABASE ${a} AS v_${a}`)
    await lab.run(whole(b).replace('REPO', 'repo'))
    // Every round of the daemon prepares the job anew, under a new id.
    const first = await until(() => restoreOf(`v_${a}`)?.JobId !== '-1' && restoreOf(`v_${a}`)?.JobId)
    await until(() => Number(restoreOf(`v_${a}`)?.JobId) > Number(first) + 2)
    expect(restoreOf(`v_${a}`)).toMatchObject({ State: 'PENDING', Status: '[OK]' })
    expect(backup(b)).toMatchObject({ JobId: '-1', State: 'PENDING' })
    lab.execute(`CANCEL RESTORE FROM v_${a}`)
    await until(() => backup(b)?.State === 'FINISHED')
  })

  test('a job that takes longer than its timeout ends', async () => {
    const db = fresh()
    lab.faults.inject({ kind: 'fail-snapshot-task', state: 'UPLOADING', error: 'upload failed: disk full' })
    await lab.run(`${whole(db).replace('REPO', 'repo')} PROPERTIES ('timeout' = '600')`)
    await until(() => backup(db)?.State === 'CANCELLED')
    expect(backup(db)).toMatchObject({ Status: '[TIMEOUT, msg: ]', Timeout: '600' })
    expect(backup(db)?.TaskErrMsg).toMatch(/^\[\d+: upload failed: disk full\], \[\d+: upload failed: disk full\]$/)
  })

  test('a dead backend with the only replica', async () => {
    const db = fresh()
    const replica = [...(labTable(lab, `${db}.t`).partitions[0]?.physical[0]?.tablets.values() ?? [])][0]?.[0]
    const node = lab.state.nodes.findIndex((one) => one.id === replica?.replicas[0]?.backendId)
    lab.faults.inject({ kind: 'node-down', node, how: 'dead' })
    const job = await backUp(lab, 'repo', db, whole(db))
    expect(job).toMatchObject({ State: 'CANCELLED' })
    expect(job.Status).toMatch(
      /^\[COMMON_ERROR, msg: failed to choose replica to make snapshot for tablet \d+\. visible version: 2\]$/,
    )
  })

  test('more replicas than backends, and other replicas than a partition has', async () => {
    const db = fresh()
    await backUp(lab, 'repo', db, whole(db))
    expect(await restore(lab, 'repo', db, `RESTORE SNAPSHOT ${db} FROM REPO`, '')).toMatchObject({
      ReplicationNum: '3',
      Status:
        "[COMMON_ERROR, msg: Partition t in table t has different replication num '1' with partition in repository, which is 3]",
    })
    lab.faults.inject({ kind: 'node-down', node: 0, how: 'dead' })
    const to = `RESTORE SNAPSHOT ${db} FROM REPO DATABASE ${db} AS ${db}_r`
    expect(await restore(lab, 'repo', db, to, '')).toMatchObject({
      Status: '[COMMON_ERROR, msg: failed to find 3 different hosts to create table: t]',
    })
  })

  test('a full disk: downloads fail and are tried until there is room', async () => {
    const db = fresh()
    await backUp(lab, 'repo', db, whole(db))
    const full = [0, 1, 2].map((node) => lab.faults.inject({ kind: 'disk-usage', node, percent: 99 }))
    await sendRestore(lab, 'repo', db, `RESTORE SNAPSHOT ${db} FROM REPO DATABASE ${db} AS ${db}_r`)
    await until(() => restoreOf(`${db}_r`)?.TaskErrMsg?.includes('capacity limit reached'))
    expect(restoreOf(`${db}_r`)).toMatchObject({ State: 'DOWNLOADING', Status: '[OK]' })
    for (const fault of full) fault.clear()
    await until(() => restoreOf(`${db}_r`)?.State === 'FINISHED')
    expect(restoreOf(`${db}_r`)?.TaskErrMsg).toBe('')
    expect(rowsOf(lab, `${db}_r.t`)).toEqual(['1,1', '2,2'])
  })
})

describe('faults', () => {
  test('submissions are refused for a while; nothing is taken', async () => {
    const db = fresh()
    lab.faults.inject({ kind: 'busy-snapshot', times: 1 })
    await expect(lab.run(whole(db).replace('REPO', 'repo'))).rejects.toThrow(
      'Another backup or restore job is being submitted',
    )
    expect(lab.backupJobs.some((job) => job.database === db)).toBe(false)
    await backUp(lab, 'repo', db, whole(db))
    expect(lab.backupJobs.filter((job) => job.database === db)).toMatchObject([
      { kind: 'backup', label: db, user: 'root' },
    ])
  })

  test('slow work shows tasks and files done', async () => {
    const db = fresh()
    lab.faults.inject({ kind: 'slow-snapshot', state: 'UPLOADING', factor: 1500 })
    await lab.run(whole(db).replace('REPO', 'repo'))
    await until(() => backup(db)?.State === 'UPLOADING')
    expect(backup(db)?.UnfinishedTasks).toMatch(/^\d+=\d+, \d+=\d+$/)
    await until(() => /^\d+=\d+$/.test(backup(db)?.UnfinishedTasks ?? ''))
    await until(() => backup(db)?.State === 'FINISHED')
  })

  test('the record of a finished job is lost, or somebody else takes its place; the repository knows better', async () => {
    const [a, b] = [fresh(), fresh()]
    lab.faults.inject({ kind: 'hide-snapshot', how: 'lost', database: a })
    lab.faults.inject({ kind: 'hide-snapshot', how: 'replaced', database: b })
    for (const db of [a, b]) await lab.run(whole(db).replace('REPO', 'repo'))
    await until(() => backup(a) === undefined)
    await until(() => backup(b)?.State === 'FINISHED')
    expect(backup(b)?.SnapshotName).toMatch(/^foreign_/)
    expect(await labels()).toEqual(
      expect.arrayContaining([
        [a, 'OK'],
        [b, 'OK'],
      ]),
    )
  })
})

describe('over the wire', () => {
  const connect = (frontend = 0) => {
    const { host, queryPort } = lab.endpoints.frontends[frontend] ?? { host: '', queryPort: 0 }
    return createConnection({ host, port: queryPort, user: 'root' })
  }

  test('the answer to a BACKUP is lost: the job is there, once', async () => {
    const db = fresh()
    lab.faults.inject({ kind: 'drop-mysql', cut: 'after', match: /^BACKUP/, times: 1 })
    const connection = await connect()
    connection.on('error', () => undefined)
    await expect(connection.query(whole(db).replace('REPO', 'repo'))).rejects.toThrow(/closed|ECONNRESET|lost/i)
    connection.destroy()
    await until(() => backup(db)?.State === 'FINISHED')
    expect(lab.backupJobs.filter((job) => job.database === db)).toHaveLength(1)
  })

  test('statements that wait for storage, and errors of theirs', async () => {
    const db = fresh()
    const connection = await connect()
    try {
      await connection.query(whole(db).replace('REPO', 'repo'))
      await until(() => backup(db)?.State === 'FINISHED')
      const [rows] = await connection.query<RowDataPacket[]>(`SHOW SNAPSHOT ON repo WHERE SNAPSHOT = '${db}'`)
      expect(rows).toMatchObject([{ Snapshot: db, Status: 'OK' }])
      await expect(connection.query(whole(db).replace('REPO', 'repo'))).rejects.toMatchObject({
        errno: 5064,
        sqlState: '42000',
        message: `Snapshot with name '${db}' already exist in repository`,
      })
    } finally {
      await connection.end()
    }
  })
})

test('making the replicas of one restore holds up every other job', async () => {
  const [a, b] = [fresh(), fresh()]
  await backUp(lab, 'repo', a, whole(a))
  lab.faults.inject({ kind: 'slow-snapshot', job: 'restore', state: 'PENDING', factor: 150 })
  await sendRestore(lab, 'repo', a, `RESTORE SNAPSHOT ${a} FROM REPO DATABASE ${a} AS ${a}_r`)
  await until(() => restoreOf(`${a}_r`)?.JobId !== '-1')
  await lab.run(whole(b).replace('REPO', 'repo'))
  while (restoreOf(`${a}_r`)?.State === 'PENDING') {
    expect(backup(b)?.JobId).toBe('-1')
    await until(() => true)
    await new Promise((resolve) => setImmediate(resolve))
  }
  await until(() => backup(b)?.State === 'FINISHED')
})

test('tables under a restore are not dropped, but by force; old jobs are forgotten', async () => {
  const db = fresh()
  await backUp(lab, 'repo', db, whole(db))
  const fault = lab.faults.inject({ kind: 'stick-snapshot', state: 'DOWNLOAD' })
  await sendRestore(lab, 'repo', db, `RESTORE SNAPSHOT ${db} FROM REPO`)
  await until(() => restoreOf(db)?.State === 'DOWNLOAD')
  expect(() => lab.execute(`DROP TABLE ${db}.t`)).toThrow(
    'A snapshot restore operation is in progress on the table "t".',
  )
  expect(() => lab.execute(`DROP DATABASE ${db}`)).toThrow("The table [RESTORE]'s state is RESTORE, cannot be dropped.")
  fault.clear()
  await until(() => restoreOf(db)?.State === 'FINISHED')
  lab.execute(`DROP TABLE ${db}.t FORCE`)
  lab.execute("ADMIN SET FRONTEND CONFIG ('history_job_keep_max_second' = '0')")
  await until(() => restoreOf(db) === undefined)
  lab.execute("ADMIN SET FRONTEND CONFIG ('history_job_keep_max_second' = '604800')")
})

describe.each(['3.3', '3.5', '4.1'] as const)('%s: a frontend that is killed', (version: LabVersion) => {
  const stuck = version !== '3.3'

  test.each(['PENDING', 'SNAPSHOTING', 'UPLOADING', 'SAVE_META', 'UPLOAD_INFO'] as const)(
    'during a backup in %s',
    async (state) => {
      const cluster = await LabCluster.start({ name: `killed-${state}`, version, timeFactor: 300 })
      try {
        const repository = `kill_${version.replace('.', '_')}_${state.toLowerCase()}`
        await attach(cluster, s3, repository)
        const db = fresh(cluster)
        const fault = cluster.faults.inject({ kind: 'stick-snapshot', state })
        if (state === 'UPLOADING')
          cluster.faults.inject({ kind: 'fail-snapshot-task', state, error: 'slow store', times: 2 })
        await cluster.run(`BACKUP SNAPSHOT ${db}.b TO ${repository}`)
        const job = () => show(cluster, `SHOW BACKUP FROM ${db}`)[0]
        await until(() => job()?.State === state)
        await cluster.killFrontend(0)
        fault.clear()
        await cluster.restartFrontend(0)
        if (stuck && (state === 'PENDING' || state === 'SNAPSHOTING')) {
          const first = await until(() => (job()?.JobId === '-1' ? undefined : job()?.JobId))
          await until(() => Number(job()?.JobId) > Number(first) + 3)
          expect(job()).toMatchObject({ State: 'PENDING', Status: '[OK]' })
          cluster.execute(`CANCEL BACKUP FROM ${db}`)
          await cluster.run(`BACKUP SNAPSHOT ${db}.b TO ${repository}`)
        }
        await until(() => job()?.State === 'FINISHED')
      } finally {
        await cluster.stop()
      }
    },
  )
})

test('a leader change in UPLOAD_INFO: the files are on the old leader, until the job is cancelled', async () => {
  const cluster = await LabCluster.start({ name: 'leaders', version: '3.5', timeFactor: 300, frontends: 2 })
  try {
    await attach(cluster, s3, 'leaders')
    const db = fresh(cluster)
    const fault = cluster.faults.inject({ kind: 'stick-snapshot', state: 'UPLOAD_INFO' })
    await cluster.run(whole(db).replace('REPO', 'leaders'))
    const job = () => show(cluster, `SHOW BACKUP FROM ${db}`)[0]
    await until(() => job()?.State === 'UPLOAD_INFO')
    await cluster.switchLeader(1)
    fault.clear()
    await until(() => job()?.Status?.startsWith('[COMMON_ERROR, msg: file is invalid: '))
    expect(job()?.State).toBe('UPLOAD_INFO')
    cluster.execute(`CANCEL BACKUP FROM ${db}`)
    await expect(cluster.run(whole(db).replace('REPO', 'leaders'))).rejects.toThrow('already exist in repository')
  } finally {
    await cluster.stop()
  }
})

test('a restore goes on after its frontend was killed', async () => {
  const cluster = await LabCluster.start({ name: 'restorer', version: '3.5', timeFactor: 300 })
  try {
    await attach(cluster, s3, 'restorer')
    const db = fresh(cluster)
    await backUp(cluster, 'restorer', 'b', whole(db, 'b'))
    for (const state of ['PENDING', 'SNAPSHOTING', 'DOWNLOADING', 'COMMITTING'] as const) {
      const to = `r_${state.toLowerCase()}`
      const fault = cluster.faults.inject({ kind: 'stick-snapshot', state })
      await sendRestore(cluster, 'restorer', 'b', `RESTORE SNAPSHOT b FROM REPO DATABASE ${db} AS ${to}`)
      const job = () => show(cluster, `SHOW RESTORE FROM ${to}`)[0]
      await until(() => job()?.State === state)
      await cluster.killFrontend(0)
      fault.clear()
      await cluster.restartFrontend(0)
      await until(() => job()?.State === 'FINISHED')
      expect(rowsOf(cluster, `${to}.t`)).toEqual(['1,1', '2,2'])
    }
  } finally {
    await cluster.stop()
  }
})
