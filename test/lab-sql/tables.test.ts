import { afterEach, describe, expect, test } from 'vitest'
import { LabCluster, LabSqlError, type LabTable, type LabVersion } from '../../lab/index.ts'

const started: LabCluster[] = []
afterEach(async () => {
  await Promise.all(started.splice(0).map((lab) => lab.stop()))
})

const start = async (
  version: LabVersion,
  runMode: 'shared_nothing' | 'shared_data' = 'shared_nothing',
): Promise<LabCluster> => {
  const lab = await LabCluster.start({ name: `tables-${version}-${runMode}`, version, runMode })
  started.push(lab)
  lab.execute('CREATE DATABASE d')
  return lab
}

const tableOf = (lab: LabCluster, name: string): LabTable => {
  const found = lab.state.databases.get('d')?.objects.get(name)
  if (found?.kind !== 'table') throw new Error(`no table ${name}`)
  return found
}

const names = (lab: LabCluster, name: string, temporary = false): string[] =>
  tableOf(lab, name)
    .partitions.filter((p) => p.temporary === temporary)
    .map((p) => p.name)

const refusal = (lab: LabCluster, sql: string): string => {
  try {
    lab.execute(sql)
  } catch (error) {
    if (error instanceof LabSqlError) return error.message
    throw error
  }
  throw new Error(`not refused: ${sql}`)
}

/** What a copy depends on: ids of the index and its tablets, its hash, versions and epochs. */
const shape = (lab: LabCluster) => {
  const table = tableOf(lab, 't')
  const [index] = table.indexes
  const physical = table.partitions[0]?.physical[0]
  return {
    index: index?.id,
    hash: index?.schemaHash,
    tablets: physical?.tablets.get(index?.id ?? 0n)?.map((t) => t.id),
    version: physical?.visibleVersion,
    epoch: physical?.versionEpoch,
    schemaVersion: index?.schemaVersion,
  }
}

describe('schema changes', () => {
  const changes = [
    { sql: 'ADD COLUMN c INT', fastSince: '3.3' },
    { sql: 'DROP COLUMN v', fastSince: '3.3' },
    { sql: 'MODIFY COLUMN n BIGINT', fastSince: undefined },
    { sql: 'ADD COLUMN k3 INT KEY DEFAULT "0"', fastSince: undefined },
  ]
  const releases: LabVersion[] = ['3.1', '3.3', '3.5', '4.1']
  const cases = releases.flatMap((version) =>
    changes.map(
      (change) => [version, change.sql, change.fastSince !== undefined && version >= change.fastSince] as const,
    ),
  )

  test.each(cases)(
    '%s: %s keeps tablets and hash: %s; the schema version always moves, data versions never',
    async (version, sql, fast) => {
      const lab = await start(version)
      lab.execute('CREATE TABLE d.t (k INT, n INT, v VARCHAR(10)) DUPLICATE KEY(k) DISTRIBUTED BY HASH(k) BUCKETS 2')
      lab.execute("INSERT INTO d.t VALUES (1, 2, 'x')")
      const before = shape(lab)
      lab.execute(`ALTER TABLE d.t ${sql}`)
      const after = shape(lab)
      expect(after.version).toBe(before.version)
      expect(after.epoch).toBe(before.epoch)
      expect(after.schemaVersion).toBe((before.schemaVersion ?? 0) + 1)
      expect(after.hash === before.hash).toBe(fast)
      if (fast) expect([after.index, after.tablets]).toEqual([before.index, before.tablets])
      else
        expect([after.index === before.index, after.tablets?.some((id) => before.tablets?.includes(id))]).toEqual([
          false,
          false,
        ])
      expect(lab.execute('SELECT k FROM d.t').rows).toEqual([['1']])
    },
  )

  test('the same table on two clusters has the same hash, and nothing else in common', async () => {
    const [one, two] = [await start('3.5'), await start('3.5')]
    one.execute('CREATE TABLE d.extra (k INT) DUPLICATE KEY(k) DISTRIBUTED BY HASH(k) BUCKETS 1')
    for (const lab of [one, two])
      lab.execute('CREATE TABLE d.t (k INT, n INT) DUPLICATE KEY(k) DISTRIBUTED BY HASH(k) BUCKETS 1')
    expect(shape(one).hash).toBe(shape(two).hash)
    expect(shape(one).epoch).not.toBe(shape(two).epoch)
    expect(shape(one).index).not.toBe(shape(two).index)
  })
})

describe('partitions', () => {
  test('loads make the partitions of automatic tables, named as the frontend names them', async () => {
    const lab = await start('3.5')
    lab.execute(
      "CREATE TABLE d.days (dt DATETIME, v INT) DUPLICATE KEY(dt) PARTITION BY date_trunc('day', dt) DISTRIBUTED BY HASH(v) BUCKETS 1",
    )
    lab.execute(
      "INSERT INTO d.days VALUES ('2024-01-05 10:00:00', 1), ('2024-01-05 11:00:00', 2), ('2024-02-01 00:00:00', 3)",
    )
    expect(names(lab, 'days')).toEqual(['p20240105', 'p20240201'])
    lab.execute(
      'CREATE TABLE d.cities (city VARCHAR(20) NOT NULL, v INT) DUPLICATE KEY(city) PARTITION BY (city) DISTRIBUTED BY HASH(v) BUCKETS 1',
    )
    lab.execute("INSERT INTO d.cities VALUES ('Oslo', 1), ('New York', 2), ('Oslo', 3)")
    expect(names(lab, 'cities')).toHaveLength(2)
    expect(
      lab
        .execute('SHOW PARTITIONS FROM d.cities')
        .rows.map((r) => r[7])
        .sort(),
    ).toEqual(['[["New York"]]', '[["Oslo"]]'])
  })

  test('a table with dynamic partitions takes none by hand and makes its own', async () => {
    const lab = await start('3.5')
    lab.execute(
      "CREATE TABLE d.dyn (dt DATE, v INT) DUPLICATE KEY(dt) PARTITION BY RANGE(dt) () DISTRIBUTED BY HASH(v) BUCKETS 1 PROPERTIES ('dynamic_partition.enable' = 'true', 'dynamic_partition.time_unit' = 'DAY', 'dynamic_partition.end' = '3', 'dynamic_partition.prefix' = 'p')",
    )
    expect(names(lab, 'dyn')).toHaveLength(4)
    expect(refusal(lab, "ALTER TABLE d.dyn ADD PARTITION p1 VALUES LESS THAN ('2020-01-01')")).toContain(
      'Dynamic Partition Table',
    )
    lab.execute("ALTER TABLE d.dyn SET ('dynamic_partition.enable' = 'false')")
    lab.execute("ALTER TABLE d.dyn ADD PARTITION p1 VALUES LESS THAN ('2020-01-01')")
    expect(names(lab, 'dyn')).toContain('p1')
  })

  test('a temporary partition takes the place of another, with its own rows, ids and epoch', async () => {
    const lab = await start('3.5')
    lab.execute(
      "CREATE TABLE d.r (k INT, v INT) DUPLICATE KEY(k) PARTITION BY RANGE(k) (PARTITION p1 VALUES LESS THAN ('10'), PARTITION p2 VALUES LESS THAN ('20')) DISTRIBUTED BY HASH(k) BUCKETS 1",
    )
    lab.execute('INSERT INTO d.r VALUES (1, 1), (11, 11)')
    const [old] = tableOf(lab, 'r').partitions
    lab.execute("ALTER TABLE d.r ADD TEMPORARY PARTITION tp1 VALUES [('-2147483648'), ('10'))")
    expect(names(lab, 'r', true)).toEqual(['tp1'])
    lab.execute('ALTER TABLE d.r REPLACE PARTITION (p1) WITH TEMPORARY PARTITION (tp1)')
    expect(names(lab, 'r', true)).toEqual([])
    expect(names(lab, 'r').sort()).toEqual(['p1', 'p2'])
    const replaced = tableOf(lab, 'r').partitions.find((p) => p.name === 'p1')
    expect(replaced?.id).not.toBe(old?.id)
    expect(replaced?.physical[0]?.versionEpoch).not.toBe(old?.physical[0]?.versionEpoch)
    expect(lab.execute('SELECT k FROM d.r').rows).toEqual([['11']])
  })

  test('ranges that overlap, unknown partitions and values outside of all are refused', async () => {
    const lab = await start('4.1')
    lab.execute(
      "CREATE TABLE d.r (k INT) DUPLICATE KEY(k) PARTITION BY RANGE(k) (PARTITION p1 VALUES LESS THAN ('10')) DISTRIBUTED BY HASH(k) BUCKETS 1",
    )
    expect(refusal(lab, "ALTER TABLE d.r ADD PARTITION p2 VALUES LESS THAN ('5')")).toMatch(/intersect/)
    expect(refusal(lab, 'ALTER TABLE d.r DROP PARTITION nope')).toContain('nope')
    expect(refusal(lab, 'INSERT INTO d.r VALUES (50)')).toContain('Insert has filtered data')
    expect(tableOf(lab, 'r').partitions[0]?.physical[0]?.visibleVersion).toBe(1n)
  })
})

describe('keys', () => {
  test.each([
    ['UNIQUE KEY(k)', [['1', 'b', '7']]],
    ['PRIMARY KEY(k)', [['1', 'b', '7']]],
    [
      'DUPLICATE KEY(k)',
      [
        ['1', 'a', '5'],
        ['1', 'b', '7'],
      ],
    ],
  ])('%s', async (keys, expected) => {
    const lab = await start('3.5')
    lab.execute(`CREATE TABLE d.t (k INT NOT NULL, v VARCHAR(5), n INT) ${keys} DISTRIBUTED BY HASH(k) BUCKETS 1`)
    lab.execute("INSERT INTO d.t VALUES (1, 'a', 5)")
    lab.execute("INSERT INTO d.t VALUES (1, 'b', 7)")
    expect(lab.execute('SELECT k, v, n FROM d.t ORDER BY n').rows).toEqual(expected)
  })

  test('aggregates add up', async () => {
    const lab = await start('3.5')
    lab.execute(
      'CREATE TABLE d.t (k INT, s BIGINT SUM, m INT MAX, r VARCHAR(5) REPLACE) AGGREGATE KEY(k) DISTRIBUTED BY HASH(k) BUCKETS 1',
    )
    lab.execute("INSERT INTO d.t VALUES (1, 5, 5, 'a')")
    lab.execute("INSERT INTO d.t VALUES (1, 7, 3, 'b'), (2, 1, 1, 'c')")
    expect(lab.execute('SELECT k, s, m, r FROM d.t ORDER BY k').rows).toEqual([
      ['1', '12', '5', 'b'],
      ['2', '1', '1', 'c'],
    ])
  })
})

describe('shared data', () => {
  test('tablets have no replicas, tables a storage volume that stays while it is used', async () => {
    const lab = await start('4.1', 'shared_data')
    lab.execute(
      "CREATE STORAGE VOLUME v2 TYPE = S3 LOCATIONS = ('s3://bucket/x') PROPERTIES ('aws.s3.region' = 'eu-north-1', 'aws.s3.secret_key' = 'hidden')",
    )
    lab.execute('SET v2 AS DEFAULT STORAGE VOLUME')
    lab.execute('CREATE TABLE d.t (k INT) DUPLICATE KEY(k) DISTRIBUTED BY HASH(k) BUCKETS 2')
    expect(lab.execute('SHOW CREATE TABLE d.t').rows[0]?.[1]).toContain('"storage_volume" = "v2"')
    expect(lab.execute('DESC STORAGE VOLUME v2').rows[0]?.join()).not.toContain('hidden')
    expect(refusal(lab, 'DROP STORAGE VOLUME v2')).toContain("Storage volume 'v2' is referenced by dbs or tables")
    const [partition] = tableOf(lab, 't').partitions
    expect([...(partition?.physical[0]?.tablets.values() ?? [])].flat().every((t) => t.replicas.length === 0)).toBe(
      true,
    )
  })
})
