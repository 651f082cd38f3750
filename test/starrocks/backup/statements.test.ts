import { describe, expect, it } from 'vitest'
import {
  backupStatement,
  cancelStatement,
  createRepositoryStatement,
  dropRepositoryStatement,
  dropSnapshotStatement,
  parseVersion,
  restoreStatement,
  StarRocksError,
  showJobsStatement,
  showSnapshotsStatement,
  type Version,
} from '../../../starrocks/index.ts'
import { type Release, recorded, versionOf } from './recorded.ts'

const newest = versionOf['3.5']
const stamp = '2026-11-20-19-48-32-890'

/** Only quotation and spaces differ from what a frontend took. */
function plain(sql: string): string {
  return sql
    .replace(/[`"']/g, '')
    .replace(/\s+/g, ' ')
    .replace(/PROPERTIES\(/, 'PROPERTIES (')
}

function took(release: Release, sql: string): void {
  const all = recorded(release).accepted.map((text) =>
    plain(text).replace(/backup_timestamp = [\d-]+/, 'backup_timestamp = T'),
  )
  expect(all).toContain(plain(sql).replace(/backup_timestamp = [\d-]+/, 'backup_timestamp = T'))
}

function refusal(act: () => unknown): StarRocksError {
  try {
    act()
  } catch (error) {
    if (error instanceof StarRocksError) return error
    throw error
  }
  throw new Error('not refused')
}

describe('statements that real frontends took', () => {
  it('backs up the whole of a database', () => {
    const input = { database: 'bk', label: 'snap_all', repository: 's3_repo', objects: { kind: 'database' } } as const
    took('3.5', backupStatement(versionOf['3.5'], input))
    took('4.1', backupStatement(versionOf['4.1'], input))
    expect(backupStatement(versionOf['3.3'], input)).toBe('BACKUP SNAPSHOT `bk`.`snap_all` TO `s3_repo`')
  })

  it.each(['3.5', '4.1'] as const)('backs up every kind of object by %s', (release) => {
    const write = (label: string, objects: Parameters<typeof backupStatement>[1]['objects']) =>
      backupStatement(versionOf[release], { database: 'bk', label, repository: 's3_repo', objects })
    took(
      release,
      write('snap_new', {
        kind: 'objects',
        tables: [{ name: 't1', partitions: ['p1'] }, { name: 't3' }],
        views: ['v1'],
        functions: ['f1'],
      }),
    )
    took(release, write('snap_mv', { kind: 'objects', materializedViews: ['mv1'] }))
    const all = write('x', {
      kind: 'objects',
      allTables: true,
      allMaterializedViews: true,
      allViews: true,
      allFunctions: true,
    })
    expect(all).toMatch(/ON \(ALL TABLES, ALL MATERIALIZED VIEWS, ALL VIEWS, ALL FUNCTIONS\)$/)
  })

  it.each(['3.1', '3.3'] as const)('backs up tables, partitions and properties by %s', (release) => {
    const write = (input: Omit<Parameters<typeof backupStatement>[1], 'repository'>, repository = 's3_repo') =>
      backupStatement(versionOf[release], { repository, ...input })
    const tables = [{ name: 't1', partitions: ['p1', 'p2'] }, { name: 't2' }]
    took(release, write({ database: 'bk', label: 'snap1', objects: { kind: 'objects', tables } }))
    const timed = write(
      {
        database: 'shop',
        label: 'b2',
        objects: {
          kind: 'objects',
          tables: [{ name: 'range_date', partitions: ['p202401', 'p202402'] }, { name: 'pk' }],
        },
        type: 'FULL',
        timeoutSeconds: 3600,
      },
      'gram_repo',
    )
    took(release, timed.replace("'FULL'", "'full'"))
  })

  it.each(['3.3', '3.5', '4.1'] as const)('names the shadow partition in backticks by %s', (release) => {
    const sql = backupStatement(versionOf[release], {
      database: 'sh_ed',
      label: 'shtick_ed',
      repository: 'edge_repo',
      objects: { kind: 'objects', tables: [{ name: 't', partitions: ['$shadow_automatic_partition', 'p20240101'] }] },
    })
    expect(sql).toContain('PARTITION (`$shadow_automatic_partition`, `p20240101`)')
    took(release, sql)
  })

  it('backs up external catalogs', () => {
    const write = (label: string, names: string[] | 'all') =>
      backupStatement(newest, { label, repository: 's3_repo', objects: { kind: 'catalogs', names } })
    took('3.5', write('cat_all', 'all'))
    took('3.5', write('cat_two', ['hive_cat', 'ice_rest']))
    took('3.5', write('cat_one', ['hive_cat']).replace('CATALOGS', 'CATALOG'))
  })

  it.each(['3.5', '4.1'] as const)('restores with new names by %s', (release) => {
    took(
      release,
      restoreStatement(versionOf[release], {
        label: 'snap_new',
        repository: 's3_repo',
        timestamp: stamp,
        originDatabase: 'bk',
        targetDatabase: 'rdb_new',
        replicationNum: 1,
        objects: {
          kind: 'objects',
          tables: [{ name: 't1', partitions: ['p1'], as: 't1_new' }, { name: 't3' }],
          views: [{ name: 'v1', as: 'v1_new' }],
          functions: [{ name: 'f1', as: 'f1_new' }],
        },
      }),
    )
  })

  it.each(['3.1', '3.3', '3.5', '4.1'] as const)(
    'restores into a database of another name by %s, whose origin is unknown',
    (release) => {
      const sql = restoreStatement(versionOf[release], {
        label: 'snap1',
        repository: 's3_repo',
        timestamp: stamp,
        targetDatabase: 'rdb',
        replicationNum: 1,
        objects: {
          kind: 'objects',
          tables: [
            { name: 't1', partitions: ['p1'] },
            { name: 't2', as: 't2_copy' },
          ],
        },
      })
      took(release, sql.replaceAll('TABLE ', ''))
    },
  )

  it('restores into another database by the old grammar’s prefix', () => {
    const input = {
      label: 'snap_many',
      repository: 's3_repo',
      timestamp: stamp,
      originDatabase: 'shop',
      targetDatabase: 'rdb_many',
      replicationNum: 1,
      objects: { kind: 'database' },
    } as const
    took('3.3', restoreStatement(versionOf['3.3'], input))
    took('3.5', restoreStatement(versionOf['3.5'], input))
  })

  it('restores external catalogs', () => {
    const write = (label: string, names: Parameters<typeof restoreStatement>[1]['objects']) =>
      restoreStatement(newest, { label, repository: 's3_repo', timestamp: stamp, objects: names })
    took('3.5', write('cat_all', { kind: 'catalogs', names: 'all' }))
    const renamed = write('cat_one', { kind: 'catalogs', names: [{ name: 'hive_cat', as: 'hive_new' }] })
    took('3.5', renamed.replace('CATALOGS', 'CATALOG'))
  })

  it('cancels', () => {
    took('3.1', cancelStatement(versionOf['3.1'], 'backup', { database: 'bk' }))
    took('3.5', cancelStatement(newest, 'restore', { database: 'rdb_f' }))
    took('3.5', cancelStatement(newest, 'backup', { catalogs: true }))
  })

  it('drops a repository', () => {
    took('4.1', dropRepositoryStatement('s3_scheme'))
  })
})

describe('the words of statements', () => {
  it('writes all properties of a restore', () => {
    const sql = restoreStatement(newest, {
      label: 'l',
      repository: 'r',
      timestamp: stamp,
      originDatabase: 'd',
      objects: { kind: 'database' },
      replicationNum: 2,
      timeoutSeconds: 600,
      allowLoad: true,
      metaVersion: 92,
      starrocksMetaVersion: 4,
    })
    expect(sql).toBe(
      "RESTORE SNAPSHOT `l` FROM `r` DATABASE `d` PROPERTIES ('backup_timestamp' = '2026-11-20-19-48-32-890', 'replication_num' = '2', " +
        "'timeout' = '600', 'allow_load' = 'true', 'meta_version' = '92', 'starrocks_meta_version' = '4')",
    )
  })

  it('leaves out an alias that says the same name', () => {
    const sql = restoreStatement(newest, {
      label: 'l',
      repository: 'r',
      timestamp: stamp,
      originDatabase: 'd',
      targetDatabase: 'd',
      objects: { kind: 'objects', tables: [{ name: 't', as: 't' }] },
    })
    expect(sql).not.toContain(' AS ')
  })

  it('names materialized views like tables below 3.4, from 3.2.3 on', () => {
    const input = {
      database: 'bk',
      label: 'snap_mv',
      repository: 's3_repo',
      objects: { kind: 'objects', materializedViews: ['mv1'] },
    } as const
    took('3.3', backupStatement(versionOf['3.3'], input))
    const error = refusal(() => backupStatement(versionOf['3.1'], input))
    expect(error).toMatchObject({ kind: 'Unsupported', names: ['mv1'] })
    expect(error.message).toContain('3.1.14-4c94dd1')
  })

  it('shows jobs and snapshots', () => {
    expect(showJobsStatement('backup')).toBe('SHOW BACKUP')
    expect(showJobsStatement('restore', 'd')).toBe('SHOW RESTORE FROM `d`')
    expect(showSnapshotsStatement('r')).toBe('SHOW SNAPSHOT ON `r`')
    expect(showSnapshotsStatement('r', { labels: ["a'b"] })).toBe("SHOW SNAPSHOT ON `r` WHERE SNAPSHOT = 'a''b'")
    expect(showSnapshotsStatement('r', { labels: ['a', 'b'] })).toBe(
      "SHOW SNAPSHOT ON `r` WHERE SNAPSHOT IN ('a', 'b')",
    )
    expect(showSnapshotsStatement('r', { label: 'a', timestamp: 't' })).toBe(
      "SHOW SNAPSHOT ON `r` WHERE SNAPSHOT = 'a' AND TIMESTAMP = 't'",
    )
    expect(refusal(() => showSnapshotsStatement('r', { labels: [] })).kind).toBe('Refused')
  })

  it('drops and expires snapshots from 4.2 on only', () => {
    const v42 = parseVersion('4.2.0-abc')
    expect(dropSnapshotStatement(v42, { label: 'l', repository: 'r' })).toBe('DROP SNAPSHOT `l` ON `r`')
    expect(dropSnapshotStatement(v42, { label: 'l', repository: 'r', force: true })).toBe(
      'DROP SNAPSHOT `l` ON `r` FORCE',
    )
    const input = { database: 'd', label: 'l', repository: 'r', objects: { kind: 'database' }, ttl: '7 DAY' } as const
    expect(backupStatement(v42, input)).toMatch(/PROPERTIES \('ttl' = '7 DAY'\)$/)
    expect(refusal(() => backupStatement(v42, { ...input, ttl: '7' })).kind).toBe('Refused')
    expect(refusal(() => backupStatement(versionOf['4.1'], input))).toMatchObject({
      kind: 'Unsupported',
      names: ['ttl'],
    })
    const drop = refusal(() => dropSnapshotStatement(versionOf['4.1'], { label: 'l', repository: 'r' }))
    expect(drop).toMatchObject({ kind: 'Unsupported', names: ['l'] })
  })

  it('creates repositories', () => {
    expect(
      createRepositoryStatement({ name: 'r', location: 's3a://b/p', properties: { k: "it's" }, readOnly: true }),
    ).toBe("CREATE READ ONLY REPOSITORY `r` WITH BROKER ON LOCATION 's3a://b/p' PROPERTIES ('k' = 'it''s')")
    expect(createRepositoryStatement({ name: 'r', location: 'hdfs://h/p', properties: {}, broker: 'b' })).toBe(
      "CREATE REPOSITORY `r` WITH BROKER `b` ON LOCATION 'hdfs://h/p'",
    )
  })
})

describe('what is refused before it is sent', () => {
  const old: [string, () => string, string[]][] = (['3.1', '3.3'] as const).flatMap((release) => {
    const version: Version = versionOf[release]
    const backup = (objects: Parameters<typeof backupStatement>[1]['objects'], database?: string) => () =>
      backupStatement(version, { database, label: 'l', repository: 'r', objects })
    return [
      [`${release} a view`, backup({ kind: 'objects', views: ['v'] }, 'd'), ['v']],
      [`${release} a function`, backup({ kind: 'objects', functions: ['f'] }, 'd'), ['f']],
      [`${release} all tables`, backup({ kind: 'objects', allTables: true }, 'd'), []],
      [`${release} a catalog`, backup({ kind: 'catalogs', names: ['c'] }), ['c']],
      [
        `${release} restoring a catalog`,
        () =>
          restoreStatement(version, {
            label: 'l',
            repository: 'r',
            timestamp: stamp,
            objects: { kind: 'catalogs', names: ['c'] },
          }),
        ['c'],
      ],
      [`${release} cancelling catalogs`, () => cancelStatement(version, 'backup', { catalogs: true }), []],
    ] as [string, () => string, string[]][]
  })
  it.each(old)('%s', (_, act, names) => {
    expect(refusal(act)).toMatchObject({ kind: 'Unsupported', names })
  })

  const backup = (input: Partial<Parameters<typeof backupStatement>[1]>) => () =>
    backupStatement(newest, { database: 'd', label: 'l', repository: 'r', objects: { kind: 'database' }, ...input })
  const objects = (more: object) => backup({ objects: { kind: 'objects', ...more } })
  it.each<[string, () => string]>([
    ['no database', backup({ database: undefined })],
    ['no label', backup({ label: '' })],
    ['a label that is a path', backup({ label: '../x' })],
    ['a timeout below ten minutes', backup({ timeoutSeconds: 599 })],
    ['a broken timeout', backup({ timeoutSeconds: 600.5 })],
    ['nothing named', objects({})],
    ['a table without partitions', objects({ tables: [{ name: 't', partitions: [] }] })],
    ['a table twice', objects({ tables: [{ name: 't' }, { name: 't' }] })],
    ['a partition twice', objects({ tables: [{ name: 't', partitions: ['p', 'p'] }] })],
    ['an alias in a backup', objects({ tables: [{ name: 't', as: 'u' }] })],
    ['a database beside catalogs', backup({ objects: { kind: 'catalogs', names: 'all' } })],
    ['no catalog', backup({ database: undefined, objects: { kind: 'catalogs', names: [] } })],
    [
      'an alias that another table has',
      () =>
        restoreStatement(newest, {
          label: 'l',
          repository: 'r',
          timestamp: stamp,
          originDatabase: 'd',
          objects: { kind: 'objects', tables: [{ name: 'a', as: 'b' }, { name: 'b' }] },
        }),
    ],
    [
      'no timestamp',
      () =>
        restoreStatement(newest, {
          label: 'l',
          repository: 'r',
          timestamp: '',
          originDatabase: 'd',
          objects: { kind: 'database' },
        }),
    ],
    [
      'no replicas',
      () =>
        restoreStatement(newest, {
          label: 'l',
          repository: 'r',
          timestamp: stamp,
          originDatabase: 'd',
          objects: { kind: 'database' },
          replicationNum: 0,
        }),
    ],
  ])('%s', (_, act) => {
    expect(refusal(act).kind).toBe('Refused')
  })

  it('names that differ only in case, below 3.4', () => {
    const input = {
      database: 'd',
      label: 'l',
      repository: 'r',
      objects: { kind: 'objects', tables: [{ name: 'T' }, { name: 't' }] },
    } as const
    expect(refusal(() => backupStatement(versionOf['3.3'], input)).names).toEqual(['t'])
    expect(backupStatement(newest, input)).toContain('(TABLE `T`, TABLE `t`)')
  })
})

describe('hostile names', () => {
  const hostile = ['a`; DROP DATABASE x; --', "it's", 'back\\slash', '数据', 'select', 'a"b', 'p) TO evil (']
  it.each(hostile)('%s stays a name', (name) => {
    for (const release of ['3.3', '3.5'] as const) {
      const sql = backupStatement(versionOf[release], {
        database: name,
        label: name.replaceAll(/[\\/]/g, '_'),
        repository: name,
        objects: { kind: 'objects', tables: [{ name, partitions: [name] }] },
      })
      // Outside of backticks only keywords and punctuation are left.
      expect(sql.replace(/`(?:[^`]|``)*`/g, '')).toMatch(
        /^BACKUP (DATABASE {2}SNAPSHOT|SNAPSHOT \.) {0,2}TO {2}ON \((TABLE )? PARTITION \(\)\)$/,
      )
    }
    const show = showSnapshotsStatement(name, { label: name, timestamp: name })
    expect(show.replace(/`(?:[^`]|``)*`|'(?:[^'\\]|''|\\.)*'/g, '?')).toBe(
      'SHOW SNAPSHOT ON ? WHERE SNAPSHOT = ? AND TIMESTAMP = ?',
    )
  })
})
