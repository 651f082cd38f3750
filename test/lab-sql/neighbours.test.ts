import { afterEach, describe, expect, test } from 'vitest'
import { LabCluster, LabSqlError, type LabVersion } from '../../lab/index.ts'
import { hasPrivilege, onObject, onSystem } from '../../lab/sql/has-privilege.ts'

const started: LabCluster[] = []
afterEach(async () => {
  await Promise.all(started.splice(0).map((lab) => lab.stop()))
})

const start = async (version: LabVersion = '3.5', timeFactor = 1): Promise<LabCluster> => {
  const lab = await LabCluster.start({ name: `neighbours-${version}`, version, timeFactor })
  started.push(lab)
  for (const db of ['d', 'd2']) lab.execute(`CREATE DATABASE ${db}`)
  return lab
}

const ranged = (name: string, more = ''): string =>
  `CREATE TABLE ${name} (id INT NOT NULL, v INT) DUPLICATE KEY(id) PARTITION BY RANGE(id) (PARTITION p1 VALUES LESS THAN ('10'), PARTITION p2 VALUES LESS THAN ('20')) DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ('replication_num' = '1'${more})`

const grants = (lab: LabCluster, user: string): (string | null)[] =>
  lab.execute(`SHOW GRANTS FOR ${user}`).rows.map((r) => r[2] ?? null)

const refusal = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    if (error instanceof LabSqlError) return error.message
    throw error
  }
  throw new Error('not refused')
}

const count = (lab: LabCluster, sql: string): string[] => lab.execute(sql).rows.map((r) => r[0] ?? '')

const activity = (lab: LabCluster, db: string): Record<string, string> => {
  const { columns, rows } = lab.execute(`SHOW MATERIALIZED VIEWS FROM ${db}`)
  const at = (name: string): number => columns.findIndex((c) => c.name === name)
  return Object.fromEntries(
    rows.map((r) => [r[at('name')], r[at('is_active')] === 'true' ? 'active' : r[at('inactive_reason')]]),
  )
}

describe('grants', () => {
  test('follow the id of a table through SWAP and the id of a database through RENAME', async () => {
    const lab = await start()
    for (const name of ['t', 't_r']) lab.execute(ranged(`d.${name}`))
    lab.execute("CREATE USER u IDENTIFIED BY ''")
    lab.execute('GRANT SELECT ON TABLE d.t TO USER u')
    lab.execute('GRANT SELECT ON ALL TABLES IN DATABASE d TO USER u')
    lab.execute('ALTER TABLE d.t SWAP WITH t_r')
    expect(grants(lab, 'u')).toEqual([
      "GRANT SELECT ON ALL TABLES IN DATABASE d TO USER 'u'@'%'",
      "GRANT SELECT ON TABLE d.t_r TO USER 'u'@'%'",
    ])
    lab.execute('ALTER DATABASE d RENAME d_old')
    lab.execute('ALTER DATABASE d2 RENAME d')
    lab.execute(ranged('d.t'))
    expect(grants(lab, 'u')).toEqual([
      "GRANT SELECT ON ALL TABLES IN DATABASE d_old TO USER 'u'@'%'",
      "GRANT SELECT ON TABLE d_old.t_r TO USER 'u'@'%'",
    ])
    expect(refusal(() => lab.execute('SELECT * FROM d.t', 'u'))).toMatch(/SELECT privilege\(s\) on TABLE t/)
    expect(lab.execute('SELECT count(*) FROM d_old.t', 'u').rows).toEqual([['0']])
  })

  test('count on the object that they name, of a user or by a role, and end with REVOKE', async () => {
    const lab = await start()
    for (const name of ['d.a', 'd.b']) lab.execute(ranged(name))
    lab.execute('CREATE ROLE copier')
    lab.execute("CREATE USER u IDENTIFIED BY '' DEFAULT ROLE copier")
    lab.execute('GRANT EXPORT, SELECT ON TABLE d.a TO ROLE copier')
    lab.execute('GRANT REPOSITORY ON SYSTEM TO ROLE copier')
    const database = lab.state.databases.get('d')
    const a = database?.objects.get('a')
    const b = database?.objects.get('b')
    if (!database || !a || !b) throw new Error('no tables')
    const has = (privilege: string, object: typeof a): boolean =>
      hasPrivilege(lab.state, 'u', privilege, onObject(database, object))
    expect([has('EXPORT', a), has('EXPORT', b), has('INSERT', a)]).toEqual([true, false, false])
    expect(hasPrivilege(lab.state, 'u', 'REPOSITORY', onSystem)).toBe(true)
    expect(lab.execute('SHOW TABLES FROM d', 'u').rows).toEqual([['a']])
    lab.execute('REVOKE EXPORT ON TABLE d.a FROM ROLE copier')
    lab.execute('REVOKE copier FROM USER u')
    expect(has('SELECT', a)).toBe(false)
    expect(grants(lab, 'u')).toEqual([])
    expect(lab.execute('SHOW GRANTS FOR ROLE copier').rows.map((r) => r[2])).toEqual([
      "GRANT SELECT ON TABLE d.a TO ROLE 'copier'",
      "GRANT REPOSITORY ON SYSTEM TO ROLE 'copier'",
    ])
  })
})

describe('materialized views', () => {
  const views = (lab: LabCluster): void => {
    const made = `DISTRIBUTED BY HASH(id) BUCKETS 2 REFRESH DEFERRED MANUAL PROPERTIES ('replication_num' = '1')`
    for (const name of ['t', 't_r']) lab.execute(ranged(`d.${name}`))
    lab.execute(`CREATE MATERIALIZED VIEW d.mv ${made} AS SELECT id, sum(v) AS s FROM d.t GROUP BY id`)
    lab.execute(`CREATE MATERIALIZED VIEW d.mv_on_mv ${made} AS SELECT id FROM d.mv`)
  }
  const active = { mv: 'active', mv_on_mv: 'active' }

  test.each(['3.3', '3.5'] as const)(
    '%s: SWAP switches them off, ACTIVE on again, and so may the drop',
    async (version) => {
      const lab = await start(version)
      views(lab)
      expect(activity(lab, 'd')).toEqual(active)
      lab.execute('ALTER TABLE d.t SWAP WITH t_r')
      const swapped = { mv: 'base-table swapped: t_r', mv_on_mv: 'base-mv inactive: mv' }
      expect(activity(lab, 'd')).toEqual(swapped)
      expect(refusal(() => lab.execute('ALTER MATERIALIZED VIEW d.mv_on_mv ACTIVE'))).toMatch(/inactive.*mv/s)
      expect(refusal(() => lab.execute('REFRESH MATERIALIZED VIEW d.mv'))).toMatch(/not active/)
      lab.execute('ALTER MATERIALIZED VIEW d.mv ACTIVE')
      lab.execute('ALTER MATERIALIZED VIEW d.mv_on_mv ACTIVE')
      expect(activity(lab, 'd')).toEqual(active)
      lab.execute('DROP TABLE d.t_r')
      expect(activity(lab, 'd')).toEqual(
        version === '3.3' ? { mv: 'base-table dropped: t_r', mv_on_mv: 'base-mv inactive: mv' } : active,
      )
    },
  )

  test('renaming a table breaks its views until one of that name is back; renaming the database breaks nothing', async () => {
    const lab = await start()
    views(lab)
    lab.execute('CREATE VIEW d.v AS SELECT id FROM d.t')
    lab.execute('ALTER TABLE d.t RENAME t_damaged')
    expect(activity(lab, 'd')).toEqual({ mv: 'base-table renamed: t', mv_on_mv: 'base-mv inactive: mv' })
    expect(refusal(() => lab.execute('SELECT * FROM d.v'))).toMatch(/Unknown table 'd\.t'/)
    expect(refusal(() => lab.execute('ALTER MATERIALIZED VIEW d.mv ACTIVE'))).toMatch(/Unknown table 'd\.t'/)
    lab.execute('ALTER TABLE d.t_r RENAME t')
    lab.execute('INSERT INTO d.t VALUES (1, 1)')
    lab.execute('ALTER MATERIALIZED VIEW d.mv ACTIVE')
    lab.execute('ALTER MATERIALIZED VIEW d.mv_on_mv ACTIVE')
    lab.execute('REFRESH MATERIALIZED VIEW d.mv')
    lab.execute('ALTER DATABASE d RENAME d_old')
    expect(activity(lab, 'd_old')).toEqual(active)
    // The old database's views read whatever bears the old name.
    lab.execute('ALTER DATABASE d2 RENAME d')
    lab.execute(ranged('d.t'))
    lab.execute('INSERT INTO d.t VALUES (2, 2), (12, 3)')
    expect(count(lab, 'SELECT id FROM d_old.v ORDER BY id')).toEqual(['2', '12'])
  })
})

describe('publishing', () => {
  test('INSERT OVERWRITE of a partition from another database, and REPLACE PARTITION, touch that partition alone', async () => {
    const lab = await start()
    for (const name of ['d.t', 'd2.t']) lab.execute(ranged(name))
    lab.execute('INSERT INTO d.t VALUES (1, 0), (11, 0)')
    lab.execute('INSERT INTO d2.t VALUES (2, 1), (12, 1)')
    lab.execute('INSERT OVERWRITE d.t PARTITION (p2) SELECT * FROM d2.t PARTITION (p2)')
    const all = 'SELECT id FROM d.t ORDER BY id'
    expect(count(lab, all)).toEqual(['1', '12'])
    expect(refusal(() => lab.execute('INSERT OVERWRITE d.t PARTITION (p9) SELECT * FROM d2.t PARTITION (p2)'))).toBe(
      "Getting analyzing error. Detail message: Unknown partition 'p9' in table 't'.",
    )
    lab.execute("ALTER TABLE d.t ADD TEMPORARY PARTITION tp1 VALUES LESS THAN ('10')")
    expect(lab.execute('SHOW TEMPORARY PARTITIONS FROM d.t').rows).toHaveLength(1)
    lab.execute('INSERT INTO d.t TEMPORARY PARTITION (tp1) SELECT * FROM d2.t PARTITION (p1)')
    expect(count(lab, all)).toEqual(['1', '12'])
    lab.execute('ALTER TABLE d.t REPLACE PARTITION (p1) WITH TEMPORARY PARTITION (tp1)')
    expect(count(lab, all)).toEqual(['2', '12'])
    expect(
      count(lab, 'SELECT COUNT(*) FROM d.t PARTITION (p1) UNION ALL SELECT COUNT(*) FROM d.t PARTITION (`p2`)'),
    ).toEqual(['1', '1'])
  })

  test('colocation follows the id through SWAP; a table cannot be swapped with itself, a view or into another database', async () => {
    const lab = await start()
    lab.execute(ranged('d.a', ", 'colocate_with' = 'g'"))
    lab.execute(ranged('d.b'))
    lab.execute('CREATE VIEW d.v AS SELECT id FROM d.b')
    lab.execute('ALTER TABLE d.a SWAP WITH b')
    expect(lab.execute("SHOW PROC '/colocation_group'").rows.map((r) => r[3])).toEqual(['b'])
    expect(refusal(() => lab.execute('ALTER TABLE d.a SWAP WITH a'))).toBe(
      'New name conflicts with rollup index name: a',
    )
    expect(refusal(() => lab.execute('ALTER TABLE d.a SWAP WITH v'))).toBe(
      'Table v does not exist or is not OLAP/LAKE table',
    )
    expect(refusal(() => lab.execute('ALTER TABLE d.a SWAP WITH d2.a'))).toMatch(/Unexpected input '\.'/)
  })

  test('RECOVER brings back what was dropped without FORCE, rows and ids too', async () => {
    const lab = await start()
    lab.execute(ranged('d.t'))
    lab.execute('INSERT INTO d.t VALUES (1, 1), (11, 1)')
    const id = lab.state.databases.get('d')?.objects.get('t')?.id
    lab.execute('ALTER TABLE d.t DROP PARTITION p2')
    lab.execute('RECOVER PARTITION p2 FROM d.t')
    lab.execute('DROP TABLE d.t')
    lab.execute('RECOVER TABLE d.t')
    lab.execute('DROP DATABASE d')
    lab.execute('RECOVER DATABASE d')
    expect(lab.state.databases.get('d')?.objects.get('t')?.id).toBe(id)
    expect(count(lab, 'SELECT id FROM d.t ORDER BY id')).toEqual(['1', '11'])
    lab.execute('DROP TABLE d.t FORCE')
    expect(refusal(() => lab.execute('RECOVER TABLE d.t'))).toBe("Unknown table 't'")
  })
})

describe('dynamic partitions', () => {
  const day = (offset: number): string => new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10)
  const partitions = (lab: LabCluster): (string | null)[] =>
    lab.execute('SHOW PARTITIONS FROM d.t').rows.map((r) => r[1] ?? null)

  test('a round of the scheduler drops old data of an enabled table for good, and of no other', async () => {
    const lab = await start()
    lab.execute(
      `CREATE TABLE d.t (dt DATE, id INT) DUPLICATE KEY(dt) PARTITION BY RANGE(dt) () DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ('replication_num' = '1', 'dynamic_partition.enable' = 'false', 'dynamic_partition.time_unit' = 'DAY', 'dynamic_partition.start' = '-3', 'dynamic_partition.end' = '1', 'dynamic_partition.prefix' = 'p', 'dynamic_partition.buckets' = '2')`,
    )
    lab.execute(`ALTER TABLE d.t ADD PARTITION old VALUES [('${day(-9)}'), ('${day(-8)}'))`)
    lab.execute(`ALTER TABLE d.t ADD PARTITION kept VALUES [('${day(-3)}'), ('${day(-2)}'))`)
    lab.execute(`INSERT INTO d.t VALUES ('${day(-9)}', 1), ('${day(-3)}', 2)`)
    lab.partitionScheduler.run()
    expect(partitions(lab)).toEqual(['old', 'kept'])
    lab.execute("ALTER TABLE d.t SET ('dynamic_partition.enable' = 'true')")
    lab.partitionScheduler.run()
    const compact = (offset: number): string => `p${day(offset).replaceAll('-', '')}`
    expect(partitions(lab)).toEqual(['kept', compact(0), compact(1)])
    expect(count(lab, 'SELECT id FROM d.t')).toEqual(['2'])
    expect(refusal(() => lab.execute('RECOVER PARTITION old FROM d.t'))).toMatch(/No partition named/)
  })

  test('the scheduler runs by itself, and keeps the newest live partitions', async () => {
    const lab = await start('3.5', 5000)
    lab.execute(
      "CREATE TABLE d.t (dt DATE, id INT) DUPLICATE KEY(dt) PARTITION BY RANGE(dt) (START ('2024-01-01') END ('2024-01-06') EVERY (INTERVAL 1 DAY)) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ('replication_num' = '1', 'partition_live_number' = '2')",
    )
    await expect.poll(() => partitions(lab), { timeout: 200_000 }).toEqual(['p20240104', 'p20240105'])
  })
})

describe('functions and catalogs', () => {
  const jar = "PROPERTIES ('symbol' = 'x.Add', 'type' = 'StarrocksJar', 'file' = 'http://jars/add.jar')"

  test('functions are told apart by their argument types, in a database and globally', async () => {
    const lab = await start()
    lab.execute(`CREATE FUNCTION d.f(INT) RETURNS INT ${jar}`)
    lab.execute(`CREATE FUNCTION d.f(STRING, ARRAY<INT>) RETURNS STRING ${jar}`)
    lab.execute(`CREATE GLOBAL FUNCTION g(INT) RETURNS INT ${jar}`)
    expect(lab.execute('SHOW FULL FUNCTIONS IN d').rows.map((r) => r.slice(0, 2))).toEqual([
      ['f(INT)', 'INT'],
      ['f(VARCHAR, ARRAY<INT>)', 'VARCHAR'],
    ])
    lab.execute('DROP FUNCTION d.f(INT)')
    expect(lab.state.databases.get('d')?.functions.map((f) => f.argumentTypes)).toEqual([['VARCHAR', 'ARRAY<INT>']])
    expect(lab.execute('SHOW GLOBAL FUNCTIONS').rows).toEqual([['g']])
  })

  test('a catalog shows its secrets masked, keeps them in clear, and its text made again gives the same', async () => {
    const lab = await start()
    lab.execute(
      "CREATE EXTERNAL CATALOG c COMMENT 'x' PROPERTIES ('type' = 'hive', 'hive.metastore.uris' = 'thrift://h:9083', 'aws.s3.secret_key' = 'topsecretvalue')",
    )
    const text = lab.execute('SHOW CREATE CATALOG c').rows[0]?.[1] ?? ''
    expect(text).toContain('"to******ue"')
    expect(lab.state.catalogs.get('c')?.properties.get('aws.s3.secret_key')).toBe('topsecretvalue')
    lab.execute('DROP CATALOG c')
    lab.execute(text)
    expect(lab.execute('SHOW CATALOGS').rows.map((r) => r.slice(0, 3))).toContainEqual(['c', 'Hive', 'x'])
  })

  test('a resource group is shown with each of its classifiers', async () => {
    const lab = await start()
    lab.execute(
      "CREATE RESOURCE GROUP rg TO (user='u', source_ip='10.0.0.0/8'), (role='r') WITH ('cpu_weight' = '4', 'mem_limit' = '20%')",
    )
    const { columns, rows } = lab.execute('SHOW RESOURCE GROUPS ALL')
    const at = columns.findIndex((c) => c.name === 'classifiers')
    expect(rows.map((r) => r[2])).toEqual(['4', '4'])
    expect(rows.map((r) => r[at])).toEqual([
      expect.stringContaining("user='u', source_ip='10.0.0.0/8'"),
      expect.stringContaining("role='r'"),
    ])
  })
})
