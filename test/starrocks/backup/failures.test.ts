import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  classify,
  classifyJobEnd,
  classifySubmission,
  classifyTaskErrors,
  type JobFailure,
  type JobFailureKind,
  readJobStatus,
  readTaskErrors,
  StarRocksError,
} from '../../../starrocks/index.ts'

interface Case {
  source: 'submission' | 'end' | 'tasks'
  text: string
  errno?: number
  kind: JobFailureKind
  names?: string[]
  what?: string
}

const file = new URL('../../fixtures/backup-errors/recorded.json', import.meta.url)
const recorded = JSON.parse(readFileSync(file, 'utf8')) as Case[]

function verdict({ source, text, errno }: Pick<Case, 'source' | 'text' | 'errno'>): JobFailure | undefined {
  if (source === 'end') return classifyJobEnd({ status: readJobStatus(text) })
  if (source === 'tasks') return classifyTaskErrors(readTaskErrors(text))
  return classifySubmission(errno ? Object.assign(new Error(text), { errno }) : text)
}

describe('every text that frontends answered', () => {
  it.each(recorded)('$source $kind: $text', (one) => {
    const failure = verdict(one)
    expect({ kind: failure?.kind, names: failure?.names, what: failure?.what }).toEqual({
      kind: one.kind,
      names: one.names ?? [],
      what: one.what,
    })
    expect(one.kind).not.toBe('unknown')
    expect(failure?.remedy.length).toBeGreaterThan(5)
  })
})

const V = 'Getting analyzing error. Detail message: '

/** Texts known from StarRocks' sources and from those who met them. */
const known: [Case['source'], JobFailureKind, string, string[]?, string?][] = [
  // The statement.
  ['submission', 'retry-later', 'Another backup or restore job is being submitted. Please wait and try again'],
  ['submission', 'retry-later', 'Got interrupted exception when try locking. Try again'],
  ['submission', 'busy', 'Can only run one backup or restore job of external catalog'],
  ['submission', 'retry-later', 'the meta data may has been updated during this period, please try again'],
  ['submission', 'config', 'failed to list remote path: s3a://b/__starrocks_repository_r/__ss_*. msg: listPath failed'],
  [
    'submission',
    'retry-later',
    'failed to list remote path: s3a://b/p. msg: Connection refused (a backend may be down)',
  ],
  ['submission', 'config', 'failed to list remote path: s3a://b/p. msg: Access Denied (Service: S3, Status Code: 403)'],
  [
    'submission',
    'config',
    'failed to list remote path: s3a://b/p. msg: The security token included in the request is expired',
  ],
  [
    'submission',
    'retry-later',
    'failed to list remote path: s3a://b/p. msg: Please reduce your request rate. SlowDown',
  ],
  ['submission', 'new-label', "Snapshot with name 'shop_20260101' already exist in repository", ['shop_20260101']],
  ['submission', 'new-label', 'Currently does not support incremental backup'],
  ['submission', 'config', 'Repository r does not exist', ['r']],
  ['submission', 'config', `${V}Repository [my repo] does not exist.`, ['my repo']],
  ['submission', 'request', `${V}Repository is empty.`],
  ['submission', 're-plan', "Unknown database 'd'", ['d']],
  ['submission', 're-plan', "Unknown table 't'", ['t']],
  ['submission', 're-plan', "Incorrect table name 't'", ['t']],
  ['submission', 're-plan', 'partition[p 1] does not exist  in tablemy table', ['my table', 'p 1']],
  ['submission', 're-plan', 'Unknown partition p1 in tablet1', ['t1', 'p1']],
  ['submission', 'unsupported', 'Table: t can not support backup restore, type: CLOUD_NATIVE', ['t']],
  ['submission', 'unsupported', 'Table: my t can not support backup restore, type: JDBC', ['my t'], 'JDBC'],
  ['submission', 'retry-later', 'Do not support backing up temp partitions'],
  ['submission', 're-plan', 'Failed to copy table t with selected partitions', ['t']],
  ['submission', 're-plan', `${V}Invalid backup function(s), function name: f.`, ['f']],
  ['submission', 're-plan', 'Base table b doest not existed in materialized view m when backup/restore', ['b', 'm']],
  ['submission', 'corrupt', "Failed to get info of snapshot 'l' because: md5sum does not equal. local: a, remote: b"],
  ['submission', 'missing', 'Can not find restore function: f', ['f']],
  ['submission', 'privilege', 'Can not create database: d in restore process', ['d']],
  ['submission', 'empty', 'Database: d is empty', ['d']],
  [
    'submission',
    'privilege',
    'Access denied; you need (at least one of) the EXPORT privilege(s) on TABLE t for this operation. Please ask the admin',
    ['EXPORT on TABLE t'],
  ],
  [
    'submission',
    'privilege',
    'Access denied; you need (at least one of) the CREATE DATABASE privilege(s) on CATALOG default_catalog for this operation',
    ['CREATE DATABASE on CATALOG default_catalog'],
  ],
  ['submission', 'request', 'Invalid timeout format: ten', ['ten']],
  ['submission', 'request', 'Unknown backup job properties: [ttl]', ['ttl']],
  ['submission', 'request', "Invalid ttl: 'x'. Expected a duration such as '7 DAY' or '12 HOUR'"],
  ['submission', 'request', 'ttl must be a positive duration, but got: -1 DAY'],
  ['submission', 'request', "Incorrect label name ''", ['']],
  ['submission', 'request', '`ON` clause is forbidden if no Database explicitly specified in Restore stmt'],
  ['submission', 'request', 'Can not sepcify database name for external catalog Backup/Restore'],
  ['submission', 'request', 'Can not sepcify `ON` clause for external catalog Backup/Restore'],
  ['submission', 'empty', 'No external catalog can be backed up'],
  ['submission', 'request', 'Do not support set alias as default catalog for external catalog restore'],
  ['submission', 'request', 'Can not specify database for external catalog snapshot'],
  // Repositories.
  ['submission', 'corrupt', 'Failed to create repository: failed to parse create time of repository: x'],
  ['submission', 'config', 'Failed to create repository: bucket is null/empty'],
  ['submission', 'config', 'broker does not exist: b', ['b']],
  ['submission', 'config', 'Failed to drop repository: x'],
  // DROP SNAPSHOT.
  ['submission', 'config', 'Repository does not exist: r', ['r']],
  ['submission', 'config', 'Repository r is read only', ['r']],
  ['submission', 'missing', 'Snapshot does not exist in repository r: l', ['l']],
  ['submission', 'busy', 'Can not drop snapshot l: a backup is writing it', ['l']],
  ['submission', 'busy', 'Can not drop snapshot l: a restore is reading it', ['l']],
  [
    'submission',
    'conflict',
    'Snapshot l in repository r does not record which cluster created it. Use DROP SNAPSHOT ... FORCE to drop it anyway',
    ['l'],
    'cluster',
  ],
  [
    'submission',
    'conflict',
    'Snapshot l in repository r was created by cluster 1, and this cluster is 2. Use DROP SNAPSHOT ... FORCE to drop it anyway',
    ['l'],
    'cluster',
  ],
  ['submission', 'config', 'Failed to delete snapshot l', ['l']],

  // The end of a backup.
  ['end', 're-plan', '[NOT_FOUND, msg: table t does not exist]', ['t']],
  ['end', 're-plan', '[NOT_FOUND, msg: partition p does not exist  in tablet]', ['t', 'p']],
  ['end', 're-plan', '[NOT_FOUND, msg: database 10001 does not exist]', ['10001']],
  ['end', 'unsupported', '[UNSUPPORTED, msg: Table: t can not support backup restore, type: VIEW]', ['t'], 'VIEW'],
  [
    'end',
    'retry-later',
    '[COMMON_ERROR, msg: failed to choose replica to make snapshot for tablet 10010. visible version: 4]',
    ['10010'],
  ],
  ['end', 'retry-later', '[OLAP_VERSION_ALREADY_MERGED, msg: make snapshot failed, version already merged]'],
  ['end', 're-plan', '[COMMON_ERROR, msg: faild to copy table: t]', ['t']],
  ['end', 'config', '[COMMON_ERROR, msg: failed to get repository: 10005]'],
  ['end', 'config', '[COMMON_ERROR, msg: Failed to create tmp dir: /tmp/x]'],
  ['end', 'config', '[COMMON_ERROR, msg: Failed to create meta info file: /tmp/x]'],
  ['end', 'config', '[COMMON_ERROR, msg: failed to save meta info and job info file: Permission denied]'],
  ['end', 'new-label', '[COMMON_ERROR, msg: file is invalid: /tmp/__meta]'],
  ['end', 'config', '[COMMON_ERROR, msg: Get properties from s3a://b error.]'],
  [
    'end',
    'retry-later',
    '[COMMON_ERROR, msg: backend 10002 is missing. failed to send upload snapshot task]',
    ['10002'],
  ],
  ['end', 'timeout', '[TIMEOUT, msg: ]'],
  ['end', 'cancelled', '[COMMON_ERROR, msg: user cancelled]'],

  // The end of a restore.
  ['end', 'timeout', '[TIMEOUT, msg: restore job with label: my l  timeout.]', ['my l']],
  ['end', 'corrupt', '[COMMON_ERROR, msg: Failed to read backup meta from file]'],
  [
    'end',
    'retry-later',
    "[COMMON_ERROR, msg: Table my t's state is not NORMAL: SCHEMA_CHANGE]",
    ['my t'],
    'SCHEMA_CHANGE',
  ],
  [
    'end',
    'conflict',
    '[COMMON_ERROR, msg: Table t already exist but with different schema, errMsg: partition distribution col hash is inconsistent]',
    ['t'],
    'partition distribution col hash',
  ],
  ['end', 'conflict', '[COMMON_ERROR, msg: Table t already exist in db: d]', ['t'], 'created meanwhile'],
  ['end', 'config', '[COMMON_ERROR, msg: failed to find 3 different hosts to create table: t]', ['t']],
  ['end', 'retry-later', '[COMMON_ERROR, msg: Failed to create replicas for restore. unfinished marks: 1=2]'],
  [
    'end',
    'conflict',
    '[COMMON_ERROR, msg: check colocate restore failed, errmsg: bucket num differs. you can disable colocate restore by turn off Config.enable_colocate_restore]',
    [],
    'colocate group',
  ],
  ['end', 'conflict', '[BAD_REPLACE, msg: Table: v has existed and it is not a View]', ['v'], 'not a view'],
  ['end', 're-plan', '[NOT_FOUND, msg: database 10001 has been dropped]', ['10001']],
  ['end', 're-plan', '[NOT_FOUND, msg: db 10001 does not exist]', ['10001']],
  ['end', 're-plan', '[NOT_FOUND, msg: restored table 10003]', ['10003']],
  ['end', 'conflict', '[COMMON_ERROR, msg: Add Function: f(INT) failed when restore]', ['f(INT)'], 'function'],
  ['end', 'conflict', '[COMMON_ERROR, msg: Failed to restore external catalog, errmsg: exists]', [], 'catalog'],
  ['end', 'corrupt', '[BAD_FILE, msg: md5sum does not equal. local: a, remote: b]'],
  ['end', 'config', '[CREATE_REMOTE_PATH_FAILED, msg: x]'],
  ['end', 'retry-later', '[BAD_CONNECTION, msg: x]'],
  ['end', 'unknown', '[COMMON_ERROR, msg: something nobody has seen yet]'],

  // Tasks.
  ['tasks', 'retry-later', '[1: Fail to rename file s3://b/x.part, curlCode: 28, Timeout was reached]'],
  ['tasks', 'corrupt', '[1: get nothing from remote path: s3a://b/x]'],
  ['tasks', 'retry-later', '[1: failed to get local tablet: 10010]', ['10010']],
  ['tasks', 'unsupported', '[1: read: Is a directory]'],
  ['tasks', 'capacity', '[1: capacity limit reached]'],
  ['tasks', 'corrupt', '[1: invalid md5 of downloaded file: /x, expected: a, get: b]'],
  ['tasks', 'config', '[1: failed to upload file: Access Denied, Status Code: 403]'],
  ['tasks', 'unknown', '[1: something nobody has seen yet]'],
]

describe('texts known from the sources', () => {
  it.each(known)('%s, %s: %s', (source, kind, text, names, what) => {
    const failure = verdict({ source, text })
    expect(failure?.kind).toBe(kind)
    if (names) expect(failure?.names).toEqual(names)
    if (what) expect(failure?.what).toBe(what)
    expect(failure?.remedy.length).toBeGreaterThan(5)
  })
})

describe('the end of a job', () => {
  it('is no failure while its status is OK', () => {
    expect(
      classifyJobEnd({ status: readJobStatus('[OK]'), taskErrors: [{ message: 'upload failed' }] }),
    ).toBeUndefined()
  })

  it('tells what its tasks complained of before it timed out', () => {
    const end = classifyJobEnd({
      status: readJobStatus('[TIMEOUT, msg: ]'),
      taskErrors: readTaskErrors('[1: failed to get local tablet: 5], [2: read: Is a directory]'),
    })
    expect(end).toMatchObject({ kind: 'timeout', cause: { kind: 'unsupported', text: 'read: Is a directory' } })
  })

  it('says what a cancel in COMMITTING leaves behind', () => {
    const end = (state: string) =>
      classifyJobEnd({ status: { code: 'COMMON_ERROR', message: `user cancelled, current state: ${state}` } })
    expect(end('COMMITTING')?.remedy).toMatch(/bad replicas/)
    expect(end('COMMIT')?.remedy).not.toMatch(/bad replicas/)
  })

  it('hides secrets', () => {
    const secrets = ['abcdefgh']
    const end = classifyJobEnd(
      { status: { code: 'COMMON_ERROR', message: 'failed with abcdefgh' }, taskErrors: [{ message: 'key abcdefgh' }] },
      secrets,
    )
    expect(JSON.stringify(end)).not.toContain('abcdefgh')
    expect(JSON.stringify(classifySubmission(new Error('x "aws.s3.secret_key" = "topsecret"')))).not.toContain(
      'topsecret',
    )
  })
})

describe('thrown errors', () => {
  it('keep their kind when a lost answer tells nothing', () => {
    const lost = new StarRocksError({ kind: 'OutcomeUnknown', detail: 'no answer' })
    expect(classifySubmission(lost)).toMatchObject({ kind: 'unknown', text: 'no answer' })
    expect(classifySubmission(new StarRocksError({ kind: 'NotLeader', detail: 'x', retryAfterMs: 7 }))).toMatchObject({
      kind: 'retry-later',
      retryAfterMs: 7,
    })
  })

  it('are told of a store’s words as of the store, not as of a backend or of privileges', () => {
    const refused = classify(
      'Failed to create repository: failed to list remote path: s3a://b. msg: Access Denied, no backend',
    )
    expect(refused.kind).toBe('Refused')
    expect(classify('failed to list remote path: s3a://b. msg: Connection refused by be').kind).toBe('Refused')
  })
})
