import { describe, expect, it } from 'vitest'
import {
  isJobOver,
  readBackupJob,
  readBackupObjects,
  readJobStatus,
  readProgress,
  readRepository,
  readRestoreJob,
  readRestoreObjects,
  readSnapshotDetails,
  readSnapshots,
  readTaskErrors,
  readUnfinishedTasks,
  resultSet,
  showBackupOf,
  showCatalogBackup,
  showRestoreOf,
  showSnapshotDetails,
  showSnapshots,
  totalProgress,
} from '../../../starrocks/index.ts'
import { fixedAnswers } from '../recorded-cluster.ts'
import { answer, releases } from './recorded.ts'

const backupStates = [
  'PENDING',
  'SNAPSHOTING',
  'UPLOAD_SNAPSHOT',
  'UPLOADING',
  'SAVE_META',
  'UPLOAD_INFO',
  'FINISHED',
  'CANCELLED',
]
const restoreStates = [
  'PENDING',
  'SNAPSHOTING',
  'DOWNLOAD',
  'DOWNLOADING',
  'COMMIT',
  'COMMITTING',
  'FINISHED',
  'CANCELLED',
]

describe.each(releases)('recorded answers of %s', (release) => {
  it('reads every row of SHOW BACKUP', () => {
    const jobs = answer(release, 'BACKUP').rows.map(readBackupJob)
    for (const job of jobs) {
      expect(backupStates).toContain(job.state)
      expect(job.label).not.toBe('')
      expect(job.jobId).toMatch(/^-?\d+$/)
      expect(job.timeoutSeconds).toBeGreaterThanOrEqual(600)
      expect(job.status.code === 'OK').toBe(job.status.message === '')
      if (job.state === 'FINISHED') expect(job.status.code).toBe('OK')
      if (job.state === 'CANCELLED') expect(job.status.code).not.toBe('OK')
      expect(isJobOver(job)).toBe(job.finishedTime !== undefined)
      for (const object of job.objects) expect(object.name).toMatch(/^\w+$/)
    }
    expect(new Set(jobs.map((job) => job.state)).size).toBeGreaterThanOrEqual(7)
    const failed = jobs.find((job) => job.taskErrors.length > 0)
    expect(failed?.taskErrors[0]?.message).toMatch(
      /^(upload failed: disk full|make snapshot failed: too many open files)$/,
    )
    expect(jobs.find((job) => job.unfinishedTasks.length > 1)?.unfinishedTasks[0]).toMatchObject({
      id: expect.stringMatching(/^\d+$/),
      backendId: expect.stringMatching(/^\d+$/),
    })
  })

  it('reads every row of SHOW RESTORE', () => {
    const jobs = answer(release, 'RESTORE').rows.map(readRestoreJob)
    for (const job of jobs) {
      expect(restoreStates).toContain(job.state)
      expect(job.timestamp).toMatch(/^[\d-]{19,}$/)
      expect(job.status.code === 'OK').toBe(job.status.message === '')
      if (job.state === 'CANCELLED') expect(job.status.code).not.toBe('OK')
      for (const object of job.objects) expect(object.name).toMatch(/^[\w ]+$/)
    }
    expect(new Set(jobs.map((job) => job.state)).size).toBeGreaterThanOrEqual(6)
    expect(jobs.some((job) => job.objects.some((object) => object.partitions?.includes('p1')))).toBe(true)
  })

  it('reads SHOW SNAPSHOT in both forms', () => {
    const list = answer(release, 'SNAPSHOT').rows.flatMap(readSnapshots)
    expect(list.find((snapshot) => snapshot.status.kind === 'ok')?.timestamp).toMatch(/^\d{4}(-\d\d){5}-\d{3}$/)
    expect(list.find((snapshot) => snapshot.status.kind === 'missing')).toMatchObject({ timestamp: undefined })
    const details = answer(release, 'SNAPSHOT5').rows.map(readSnapshotDetails)
    const whole = details.find((snapshot) => snapshot.label === 'snap1')
    expect(whole).toMatchObject({
      database: 'bk',
      status: { kind: 'ok' },
      details: { database: 'bk', result: 'succeed' },
    })
    expect(whole?.details?.objects).toContainEqual({ name: 't1', partitions: expect.arrayContaining(['p1', 'p2']) })
    const wrong = details.find((snapshot) => snapshot.status.kind !== 'ok')
    expect(wrong).toMatchObject({ status: { kind: 'missing' }, database: undefined, details: undefined })
  })

  it('reads SHOW REPOSITORIES', () => {
    const repositories = answer(release, 'REPOSITORIES').rows.map(readRepository)
    expect(repositories.find((repository) => repository.name === 's3_repo')).toMatchObject({
      readOnly: false,
      location: 's3a://backups/base',
      broker: '',
      error: undefined,
    })
    expect(repositories.some((repository) => repository.readOnly)).toBe(true)
  })
})

describe('particular rows', () => {
  it('reads the objects of a backup as 4.1 prints them', () => {
    expect(readBackupObjects('[bk.t1PARTITIONS (p1, p2) AS t1], [bk.t3 AS t3]', 'bk')).toEqual([
      { name: 't1', partitions: ['p1', 'p2'] },
      { name: 't3' },
    ])
    expect(readBackupObjects('[bk.t1PARTITIONS ($shadow_automatic_partition, p1)], [bk.t2]', 'other')).toEqual([
      { name: 't1', partitions: ['$shadow_automatic_partition', 'p1'] },
      { name: 't2' },
    ])
    expect(readBackupObjects('', 'bk')).toEqual([])
    expect(readRestoreObjects('t1 PARTITIONS [p1, p2], t2')).toEqual([
      { name: 't1', partitions: ['p1', 'p2'] },
      { name: 't2' },
    ])
  })

  it('adds up files', () => {
    const tasks = readProgress('[12276: 3/12], [12277: 0/4]')
    expect(tasks).toEqual([
      { taskId: '12276', done: 3, total: 12 },
      { taskId: '12277', done: 0, total: 4 },
    ])
    expect(totalProgress(tasks)).toEqual({ done: 3, total: 16 })
    expect(readProgress('')).toEqual([])
  })

  it('reads tasks, their errors and status, with brackets inside', () => {
    expect(readUnfinishedTasks('[1=2], [3=4]')).toEqual(readUnfinishedTasks('1=2, 3=4'))
    expect(readTaskErrors('[1: a [b], c: d], [22: e]')).toEqual([
      { id: '1', message: 'a [b], c: d' },
      { id: '22', message: 'e' },
    ])
    expect(readTaskErrors('')).toEqual([])
    expect(readJobStatus('[OK]')).toEqual({ code: 'OK', message: '' })
    expect(readJobStatus('[TIMEOUT, msg: ]')).toEqual({ code: 'TIMEOUT', message: '' })
    expect(readJobStatus('[COMMON_ERROR, msg: [1, 2] is bad]')).toEqual({
      code: 'COMMON_ERROR',
      message: '[1, 2] is bad',
    })
  })

  it('reads the columns that 4.2 adds', () => {
    const { rows } = resultSet(
      ['Snapshot', 'Timestamp', 'ClusterId', 'FinishTime', 'TTL', 'ExpireTime', 'Status'],
      [['l', '2026-11-20-19-39-28-347', '900', '2026-11-20 19:40:00', '7 DAY', '2026-11-27 19:40:00', 'OK']],
    )
    expect(rows.flatMap(readSnapshots)).toEqual([
      {
        label: 'l',
        timestamp: '2026-11-20-19-39-28-347',
        status: { kind: 'ok' },
        clusterId: '900',
        finishTime: '2026-11-20 19:40:00',
        ttl: '7 DAY',
        expireTime: '2026-11-27 19:40:00',
      },
    ])
  })

  it('tells a repository that could not be read from a snapshot that is not there', () => {
    const { rows } = resultSet(
      ['Snapshot', 'Timestamp', 'Status'],
      [
        ['a', '', 'ERROR: no snapshot'],
        ['b', '', 'ERROR: Failed to get info: connection refused'],
        ['c', '2020-01-01-00-00-00-000\n2021-01-01-00-00-00-000', 'OK'],
      ],
    )
    const read = rows.flatMap(readSnapshots)
    expect(read.map((snapshot) => snapshot.status.kind)).toEqual(['missing', 'unreadable', 'ok', 'ok'])
    expect(read.map((snapshot) => snapshot.timestamp).slice(2)).toEqual([
      '2020-01-01-00-00-00-000',
      '2021-01-01-00-00-00-000',
    ])
  })
})

describe('asking a cluster', () => {
  it('tells a database’s job from that of the catalogs', async () => {
    const all = answer('3.5', 'BACKUP')
    const catalogs = all.rows.find((row) => row.get('DbName') === '')
    const own = all.rows.find((row) => row.get('DbName') === 'bk')
    if (!catalogs || !own) throw new Error('both kinds are recorded')
    const cluster = fixedAnswers(() => ({ ...all, rows: [catalogs, own] }))
    expect((await showBackupOf(cluster, 'bk'))?.label).toBe(own.get('SnapshotName'))
    expect((await showCatalogBackup(cluster))?.label).toBe(catalogs.get('SnapshotName'))
    const onlyCatalogs = fixedAnswers(() => ({ ...all, rows: [catalogs] }))
    expect(await showBackupOf(onlyCatalogs, 'bk')).toBeUndefined()
  })

  it('finds a job under the new name of its database', async () => {
    const all = answer('3.5', 'RESTORE')
    const row = all.rows.find((candidate) => candidate.get('DbName') !== '')
    if (!row) throw new Error('none recorded')
    let asked = ''
    const cluster = fixedAnswers((sql) => {
      asked = sql
      return { ...all, rows: [row] }
    })
    expect((await showRestoreOf(cluster, 'new`name'))?.database).toBe(row.get('DbName'))
    expect(asked).toBe('SHOW RESTORE FROM `new``name`')
  })

  it('asks for no snapshot without asking', async () => {
    const cluster = fixedAnswers(() => {
      throw new Error('asked')
    })
    expect(await showSnapshots(cluster, 'r', [])).toEqual([])
  })

  it('says nothing of a snapshot that gives no row', async () => {
    const cluster = fixedAnswers(() => resultSet(['Snapshot', 'Timestamp', 'Database', 'Details', 'Status'], []))
    expect(await showSnapshotDetails(cluster, 'r', 'l', 't')).toBeUndefined()
  })
})
