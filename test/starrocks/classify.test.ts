import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { classify, type ErrorKind, type ErrorSource, maskSecrets, StarRocksError } from '../../starrocks/index.ts'

interface Case {
  kind: ErrorKind
  text: string
  errno?: number
  source: ErrorSource
  privilege?: string
  names?: string[]
}

const cases = JSON.parse(readFileSync(new URL('../fixtures/starrocks/errors.json', import.meta.url), 'utf8')) as Case[]

describe('every text that frontends answered', () => {
  it.each(cases)('$kind: $text', ({ kind, text, errno, source, privilege, names }) => {
    const error = classify(errno ? Object.assign(new Error(text), { errno }) : text, { source })
    expect(error).toBeInstanceOf(StarRocksError)
    expect({ kind: error.kind, privilege: error.privilege, names: error.names }).toEqual({
      kind,
      privilege,
      names: names ?? [],
    })
    expect(error.errno).toBe(errno)
    expect(error.message).not.toMatch(/^(Unexpected exception|Getting analyzing error)/)
    if (kind === 'Busy') expect(error.retryAfterMs).toBeGreaterThan(0)
  })
})

/** Texts that are known from StarRocks' source, version by version. */
const known: [ErrorSource, ErrorKind, string][] = [
  ['replication', 'Stale', 'Database 10001 not found'],
  ['replication', 'Stale', 'Table 10002 in database shop not found'],
  ['replication', 'Refused', 'Table 10002 in database shop is not olap table'],
  ['replication', 'Stale', 'Partition 10003 in table t in database d not found'],
  ['replication', 'Stale', 'Index 10004 in partition 10003 in table t not found'],
  ['replication', 'Stale', 'Tablet 10005 in index 10004 in table t not found'],
  ['replication', 'Busy', 'Partition 10003 in table t in database d publish version not finished'],
  ['replication', 'TargetAhead', 'Target visible version: 4 is larger than source visible version: 3'],
  ['replication', 'TargetAhead', 'Target data version: 4 is larger than source data version: 3'],
  ['replication', 'NothingToReplicate', 'No data need to replicate'],
  ['replication', 'Busy', 'Replication job of table 10002 is already running'],
  ['replication', 'Busy', 'Replication job of table 10002 is being constructed'],
  ['replication', 'Busy', 'The replication jobs exceeds the replication_max_parallel_table_count: 100'],
  [
    'replication',
    'Busy',
    'The replicating replica count in all running replication jobs 11000 exceeds replication_max_parallel_replica_count: 10240',
  ],
  [
    'replication',
    'Busy',
    'The replicating data size in all running replication jobs 2000000(MB) exceeds replication_max_parallel_data_size_mb: 1048576',
  ],
  ['replication', 'Refused', 'Source cluster partition id: -1 is invalid'],
  ['replication', 'Refused', 'Source storage volume not found: src_builtin'],
  ['replication', 'Refused', 'Unknown src storage volume while creating virtual tablet: src_builtin'],
  ['replication', 'Stale', 'Database 10001 does not exist'],
  ['replication', 'Stale', 'OLAP table 10002 does not exist'],
  ['replication', 'NotLeader', 'Leader work admission is closed'],
  ['replication', 'Busy', 'Table t state is not NORMAL: SCHEMA_CHANGE'],
  ['statement', 'Busy', "Table [t]'s state is SCHEMA_CHANGE. Do not allow doing ALTER ops"],
  ['replication', 'NotLeader', 'forward request to fe master failed'],
  ['replication', 'Busy', '/ by zero'],
  ['replication', 'Busy', 'Cannot write RESTORE state table "t"'],
  ['job', 'Aborted', 'Source snapshots is empty'],
  ['job', 'Aborted', 'Running tasks is empty'],
  [
    'job',
    'Aborted',
    'Commit failed. txn: 1 table: t tablet: 2 quorum: 1<2 errorReplicas: 3:{be:4 10.0.0.1 st:NORMAL V:1 LFV:-1}, commitBackends: ',
  ],
  ['job', 'Aborted', 'table \'t" has unfinished tablets: [1, 2]'],
  ['job', 'Aborted', 'Replication job cancelled'],
  ['job', 'Aborted', 'Table is deleted'],
  ['job', 'Aborted', 'user cancel'],
  ['job', 'Aborted', 'timeout by txn manager'],
  ['job', 'Busy', 'current running txns on db 10001 is 1000, larger than limit 1000'],
  ['job', 'Refused', 'disable_load_job is set to true, all load jobs are rejected'],
  ['job', 'Refused', 'Database[d] data size exceeds quota[1.000 GB]'],
  ['job', 'Busy', 'The cluster is under safe mode state, all load jobs are rejected.'],
  ['job', 'Aborted', 'Label [REPLICATION_1_2_x] has already been used.'],
  ['job', 'Aborted', 'No missing version'],
  ['job', 'Aborted', 'Disk reach capacity limit'],
  ['job', 'WrongToken', 'Failed to parse remote snapshot header file: 1.hdr, content: invalid token.'],
  ['job', 'Aborted', 'Failed to get source schema'],
  ['job', 'Aborted', 'Missmatched version'],
  ['job', 'Aborted', 'Transaction is aborted'],
  ['job', 'Refused', 'Unsupported snapshot format version'],
  ['job', 'Aborted', 'something nobody has seen yet'],
  ['statement', 'Denied', 'Access denied; you need (at least one of) the OPERATE privilege(s) for this operation'],
  ['statement', 'NotLeader', 'Current node is not leader'],
  ['statement', 'BackendCannotAnswer', 'Backend node not found. Check if any backend node is down.backend: []'],
  [
    'statement',
    'BackendCannotAnswer',
    'Compute node not found. Check if any compute node is down or not. nodeId: 10001',
  ],
  ['statement', 'Busy', 'Reach limit of connections'],
  ['statement', 'Unsupported', 'In-Memory index is not supported, please create table with persistent index'],
  ['http', 'NotFound', 'transaction not found: REPLICATION_1_2_x'],
  ['http', 'Denied', 'Need auth information.'],
]

describe('texts known from the source', () => {
  it.each(known)('%s, %s: %s', (source, kind, text) => {
    expect(classify(text, { source }).kind).toBe(kind)
  })

  it('names the storage volume that is missing', () => {
    expect(classify('Source storage volume not found: src_v', { source: 'replication' }).names).toEqual(['src_v'])
  })

  it('names every unknown property, whatever their values hold', () => {
    const error = classify(
      'Unknown properties: {a.b=x, y, c_d={1, 2}, partition_retention_condition=dt >= CURRENT_DATE() - INTERVAL 3 MONTH}',
    )
    expect(error.names).toEqual(['a.b', 'c_d', 'partition_retention_condition'])
  })

  it('lets the job of an unknown statement error be the statement', () => {
    expect(classify(Object.assign(new Error('Quite new'), { errno: 1064 })).kind).toBe('Refused')
    expect(classify(new TypeError('x is not a function')).kind).toBe('Unknown')
    expect(classify('Quite new', { source: 'replication' }).kind).toBe('Unknown')
  })

  it('leaves what was classified before', () => {
    const first = classify('No data need to replicate', { source: 'replication' })
    expect(classify(first)).toBe(first)
  })
})

describe('secrets', () => {
  it.each([
    [`PROPERTIES ("aws.s3.secret_key" = "hush-hush", "aws.s3.region" = "eu")`, /"\*{6}".*"aws.s3.region" = "eu"/],
    ['Unknown properties: {aws.s3.access_key=hush-hush, a=b}', /access_key=\*{6}, a=b/],
    ['Unknown properties: {fs.tos.access-key-id=hush-hush, a=b}', /access-key-id=\*{6}, a=b/],
    [`"fs.gs.auth.service.account.private.key" = "hush-hush"`, /private\.key" = "\*{6}"$/],
    ["CREATE USER x IDENTIFIED BY 'hush-hush'", /IDENTIFIED BY '\*{6}'/],
    ['GET /api/_tablet/_download?token=hush-hush&type=V2', /token=\*{6}&type=V2/],
    ['http://root:hush-hush@10.0.0.1:8030/api', /root:\*{6}@10/],
    ["'password' => 'it\\'s hush-hush'", /'\*{6}'$/],
  ])('are hidden in %s', (text, expected) => {
    expect(maskSecrets(text)).toMatch(expected)
    expect(maskSecrets(text)).not.toContain('hush-hush')
    expect(classify(text).message).not.toContain('hush-hush')
  })

  it('that are known are hidden wherever they stand', () => {
    expect(classify('odd place: s3cr3t!', { secrets: ['s3cr3t!'] }).message).toBe('odd place: ******')
  })

  it('leave what only says whether there was one', () => {
    expect(maskSecrets("Access denied for user 'a' (using password: YES)")).toBe(
      "Access denied for user 'a' (using password: YES)",
    )
  })
})
