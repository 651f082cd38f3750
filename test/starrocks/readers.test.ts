import { describe, expect, it } from 'vitest'
import {
  availableColumns,
  columnDefaults,
  describeAll,
  describeStorageVolume,
  findTransaction,
  frontendSetting,
  indexColumns,
  indexSchemas,
  isNativeTable,
  listAlterJobs,
  listDatabases,
  listIndexes,
  listMaterializedViews,
  listPartitions,
  listStorageVolumes,
  listTables,
  partitionIndexes,
  partitionsMeta,
  partitionsOfTables,
  readBackends,
  readComputeNodes,
  readFrontends,
  replications,
  resultSet,
  runMode,
  showCreate,
  showCreateDatabase,
  showCreateMaterializedView,
  showGrants,
  showTransaction,
  tableData,
  tabletReplicas,
  tablets,
  transactions,
} from '../../starrocks/index.ts'
import { fixedAnswers, profiles, RecordedCluster } from './recorded-cluster.ts'

describe.each(profiles)('answers of %s', (profile) => {
  const cluster = new RecordedCluster(profile)
  const lake = profile === '4.1-shared-data'
  const hasDataVersion = profile !== '3.1'

  async function shop() {
    const databases = await listDatabases(cluster)
    const database = databases.find((candidate) => candidate.name === 'shop')
    if (!database) throw new Error('no database shop')
    const tables = await listTables(cluster, database.id)
    return { databases, database, tables }
  }

  async function rangeInt() {
    const { database, tables } = await shop()
    const table = tables.find((candidate) => candidate.name === 'range_int')
    if (!table) throw new Error('no table range_int')
    const partition = (await listPartitions(cluster, 'shop', 'range_int')).find((candidate) => candidate.name === 'p1')
    if (!partition) throw new Error('no partition p1')
    return { database, table, partition }
  }

  it('nodes', async () => {
    const frontends = readFrontends((await cluster.query('SHOW FRONTENDS')).rows, undefined)
    expect(frontends).toHaveLength(1)
    expect(frontends[0]).toMatchObject({ role: 'LEADER', alive: true, host: '127.0.0.1' })
    expect(frontends[0]?.version).toMatchObject({ known: true, major: Number(profile[0]), minor: Number(profile[2]) })
    expect(frontends[0]?.printed.rpcPort).toBe(Number(cluster.cell('SHOW FRONTENDS', 'RpcPort')))

    const backends = readBackends((await cluster.query('SHOW BACKENDS')).rows)
    expect(backends.length).toBeGreaterThanOrEqual(1)
    for (const backend of backends) {
      expect(backend.id).toBeGreaterThan(10000n)
      expect(backend).toMatchObject({ alive: true, decommissioned: false, maxDiskUsedPercent: 50, usedPercent: 50 })
      expect(backend.totalBytes).toBe(99999723553n)
      expect(backend.host).toMatch(/^127\.0\.0\./)
      expect(backend.bePort).toBeGreaterThan(backend.heartbeatPort)
    }
    expect(readComputeNodes((await cluster.query('SHOW COMPUTE NODES')).rows)).toEqual([])
  })

  it('databases and tables', async () => {
    const { databases, database, tables } = await shop()
    expect(databases.filter((one) => one.system).map((one) => one.name)).toEqual(
      expect.arrayContaining(['information_schema', '_statistics_']),
    )
    expect(database.system).toBe(false)
    const native = lake ? 'CLOUD_NATIVE' : 'OLAP'
    const table = tables.find((one) => one.name === 'range_int')
    expect(table).toMatchObject({ type: native, state: 'NORMAL', partitionType: 'RANGE', indexCount: 1 })
    expect(table?.partitionCount).toBeGreaterThanOrEqual(4)
    expect(tables.find((one) => one.name === 'v_cols')?.type).toBe('VIEW')
    expect(tables.find((one) => one.name === 'mv_async')?.type).toBe(
      lake ? 'CLOUD_NATIVE_MATERIALIZED_VIEW' : 'MATERIALIZED_VIEW',
    )
    expect(isNativeTable(native)).toBe(true)
    await expect(listTables(cluster, 999999n)).rejects.toMatchObject({ kind: 'NotFound' })
  })

  it('statements that create', async () => {
    expect(await showCreate(cluster, 'shop', 'range_int')).toMatchObject({ kind: 'table', name: 'range_int' })
    expect((await showCreate(cluster, 'shop', 'v_cols')).kind).toBe('view')
    const view = await showCreate(cluster, 'shop', 'mv_async')
    expect(view.kind).toBe('materialized view')
    expect(view.text).toMatch(/^CREATE MATERIALIZED VIEW `mv_async`/)
    expect((await showCreateMaterializedView(cluster, 'shop', 'mv_async')).text).toBe(view.text)
    expect(await showCreateDatabase(cluster, 'shop')).toMatch(/^CREATE DATABASE `shop`/)
  })

  it('partitions, with 64-bit epochs exact', async () => {
    const statement = 'SHOW PARTITIONS FROM shop.range_int'
    const partitions = await listPartitions(cluster, 'shop', 'range_int')
    expect(partitions.map((partition) => partition.name).slice(0, 2)).toEqual(['p1', 'p2'])
    const [first] = partitions
    expect(first).toMatchObject({
      id: BigInt(cluster.cell(statement, 'PartitionId') ?? ''),
      visibleVersion: BigInt(cluster.cell(statement, 'VisibleVersion') ?? ''),
      state: 'NORMAL',
      partitionKey: 'id',
      distributionKey: 'id',
      rangeText: '[types: [INT]; keys: [-2147483648]; ..types: [INT]; keys: [10]; )',
    })
    expect(first?.listText).toBeUndefined()
    if (hasDataVersion) {
      expect(first?.versionEpoch?.toString()).toBe(cluster.cell(statement, 'VersionEpoch'))
      expect(first?.dataVersion?.toString()).toBe(cluster.cell(statement, 'DataVersion'))
      expect(first?.txnType).toBe('NORMAL')
    } else {
      expect([first?.versionEpoch, first?.dataVersion, first?.txnType]).toEqual([undefined, undefined, undefined])
    }
    expect(first?.replicationNum).toBe(lake ? undefined : 1)
    expect(first?.compactVersion).toBe(lake ? 0n : undefined)
  })

  it('list and temporary partitions', async () => {
    const lists = await listPartitions(cluster, 'shop', 'list_multi')
    for (const partition of lists) {
      expect(partition.listText).toContain('2024-01-01')
      expect(partition.rangeText).toBeUndefined()
      expect(partition.partitionKey).toBe('dt, city')
    }
    expect(lists.length).toBeGreaterThan(0)
    const temporary = await listPartitions(cluster, 'shop', 'range_int', { temporary: true })
    expect(temporary.map((partition) => partition.name)).toContain('tp1')
  })

  it('indexes and tablets of one partition', async () => {
    const { database, table, partition } = await rangeInt()
    const schemas = await indexSchemas(cluster, database.id, table.id)
    expect(schemas[0]).toMatchObject({ name: 'range_int', keys: 'DUP_KEYS(id)', schemaHash: 1992820813 })
    const columns = await indexColumns(cluster, database.id, table.id, schemas[0]?.id ?? 0n)
    expect(columns[0]).toMatchObject({ name: 'id', type: 'int', nullable: false, key: true, default: null })
    const indexes = await partitionIndexes(cluster, database.id, table.id, partition.id)
    expect(indexes).toEqual([{ id: schemas[0]?.id, name: 'range_int', state: 'NORMAL' }])
    const path = `SHOW PROC '/dbs/${database.id}/${table.id}/partitions/${partition.id}/${schemas[0]?.id}'`
    if (!cluster.answers[path]) return
    const list = await tablets(cluster, database.id, table.id, partition.id, schemas[0]?.id ?? 0n)
    expect(list).toHaveLength(partition.buckets)
    expect(list.map((tablet) => tablet.id)).toEqual(
      [...list.map((tablet) => tablet.id)].sort((a, b) => (a < b ? -1 : 1)),
    )
    if (lake) {
      expect(list[0]?.replicas).toEqual([])
      expect(list[0]?.nodeIds.length).toBe(1)
      return
    }
    expect(list[0]?.replicas[0]).toMatchObject({
      state: 'NORMAL',
      lastFailedVersion: -1n,
      version: partition.visibleVersion,
      isBad: undefined,
    })
    const replicas = await tabletReplicas(
      cluster,
      database.id,
      table.id,
      partition.id,
      schemas[0]?.id ?? 0n,
      list[0]?.id ?? 0n,
    )
    expect(replicas[0]).toMatchObject({ id: list[0]?.replicas[0]?.id, isBad: false })
  })

  it('every recorded partition, index and tablet listing', async () => {
    for (const key of cluster.keys(/^SHOW (TEMPORARY )?PARTITIONS FROM /)) {
      const [database = '', table = ''] = (key.split(' ').at(-1) ?? '').split('.')
      const answer = cluster.answers[key]
      if (answer?.error) continue
      const partitions = await listPartitions(cluster, database, table, { temporary: key.includes('TEMPORARY') })
      expect(partitions).toHaveLength(answer?.rows.length ?? -1)
    }
    for (const key of cluster.keys(/^SHOW PROC '\/dbs\/\d+\/\d+\/partitions\/\d+\/\d+'$/)) {
      const [, database = '', table = '', partition = '', index = ''] =
        /dbs\/(\d+)\/(\d+)\/partitions\/(\d+)\/(\d+)/.exec(key) ?? []
      const answer = cluster.answers[key]
      if (answer?.error) continue
      const list = await tablets(cluster, BigInt(database), BigInt(table), BigInt(partition), BigInt(index))
      const count = list.reduce((sum, tablet) => sum + Math.max(1, tablet.replicas.length), 0)
      expect(count).toBe(answer?.rows.length)
    }
  })

  it('rollups and materialized views', async () => {
    const indexes = await describeAll(cluster, 'shop', 'rollup')
    expect(indexes[0]).toMatchObject({ name: 'rollup', keysType: 'AGG_KEYS' })
    expect(
      indexes
        .slice(1)
        .map((index) => index.name)
        .sort(),
    ).toEqual(['r1', 'r2'])
    expect(indexes[0]?.columns.map((column) => column.name)).toEqual(['k1', 'k2', 'v1', 'v2'])
    expect(indexes[0]?.columns[2]).toMatchObject({ type: 'bigint', extra: 'SUM', key: false, default: null })
    const views = await listMaterializedViews(cluster, 'shop')
    expect(views.find((view) => view.name === 'sync_mv1')).toMatchObject({ refreshType: 'ROLLUP', active: true })
    expect(views.find((view) => view.name === 'mv_async')?.refreshType).toBe('ASYNC')
    expect(views.find((view) => view.name === 'sync_mv1')?.text).toMatch(/^CREATE MATERIALIZED VIEW sync_mv1/)
  })

  it('index definitions, sizes, schema changes', async () => {
    const indexes = await listIndexes(cluster, 'shop', 'indexes')
    expect(indexes.find((index) => index.name === 'idx_a')).toMatchObject({
      columns: ['a'],
      type: 'BITMAP',
      comment: "bitmap 'x'",
    })
    const rollups = await listAlterJobs(cluster, 'shop', 'ROLLUP')
    expect(rollups.find((job) => job.subject === 'r_late')).toMatchObject({
      kind: 'ROLLUP',
      table: 'rollup_later',
      state: 'FINISHED',
    })
    for (const job of await listAlterJobs(cluster, 'shop', 'COLUMN'))
      expect(job).toMatchObject({ table: 'schema_changed', state: 'FINISHED' })
    expect(await listAlterJobs(cluster, 'shop', 'OPTIMIZE')).toEqual([])
    if (lake) return
    const data = await tableData(cluster, 'shop', 'range_int')
    expect(data.map((one) => one.index)).toEqual(['range_int'])
    expect(data[0]?.replicaCount).toBeGreaterThan(0)
  })

  it('settings, storage volumes, grants', async () => {
    expect(await runMode(cluster)).toBe(lake ? 'shared_data' : 'shared_nothing')
    expect(await frontendSetting(cluster, 'run_mode')).toMatchObject({ key: 'run_mode', mutable: false })
    const volumes = await listStorageVolumes(cluster)
    expect(volumes.includes('builtin_storage_volume')).toBe(lake)
    if (lake) {
      const volume = await describeStorageVolume(cluster, 'builtin_storage_volume')
      expect(volume).toMatchObject({ type: 'S3', isDefault: true, enabled: true, location: 's3://lake-bucket/lake' })
      expect(volume.params['aws.s3.region']).toBe('us-east-1')
      await expect(describeStorageVolume(cluster, 'nope')).rejects.toMatchObject({ kind: 'NotFound', names: ['nope'] })
    }
    expect((await showGrants(cluster)).join()).toMatch(/^GRANT 'root'/)
  })

  it('replications, or that there are none in this version', async () => {
    const jobs = await replications(cluster)
    if (profile === '3.1' || profile === '3.3') return expect(jobs).toBe('unsupported')
    if (jobs === 'unsupported') throw new Error('should be supported')
    if (lake) return
    for (const job of jobs) {
      expect(job.databaseId).toBeGreaterThan(0n)
      expect(job.state).toMatch(/^(COMMITTED|ABORTED|INITIALIZING|SNAPSHOTING|REPLICATING)$/)
      if (job.state === 'ABORTED') expect(job.error).not.toBe('')
    }
    expect(jobs.length).toBeGreaterThan(0)
  })

  it('transactions', async () => {
    const { database } = await shop()
    const finished = await transactions(cluster, database.id, 'finished')
    expect(finished.every((one) => one.status === 'VISIBLE' || one.status === 'ABORTED')).toBe(true)
    const [first] = finished
    expect(first?.label).toBeTruthy()
    expect(await findTransaction(cluster, database.id, first?.label ?? '')).toEqual(first)
    expect(await findTransaction(cluster, database.id, 'no such label')).toBeUndefined()
    expect(await showTransaction(cluster, 'shop', 999999999n)).toBeUndefined()
    const [statement = ''] = cluster.keys(/^SHOW TRANSACTION FROM shop WHERE ID = (?!999999999)/)
    const id = BigInt(/\d+$/.exec(statement)?.[0] ?? 0)
    expect(await showTransaction(cluster, 'shop', id)).toMatchObject({ id, status: 'VISIBLE' })
    await expect(transactions(cluster, 999999n, 'running')).rejects.toMatchObject({ kind: 'NotFound' })
  })

  it('columns of partitions_meta', async () => {
    const columns = await availableColumns(cluster)
    expect(columns).toEqual(expect.arrayContaining(['DB_NAME', 'PARTITION_ID', 'VISIBLE_VERSION', 'IS_TEMP']))
    expect(columns.includes('VERSION_EPOCH')).toBe(hasDataVersion)
  })
})

describe('partitions_meta', () => {
  const fields = resultSet(
    ['Field'],
    [
      'DB_NAME',
      'TABLE_NAME',
      'PARTITION_NAME',
      'PARTITION_ID',
      'VISIBLE_VERSION',
      'DATA_VERSION',
      'VERSION_EPOCH',
      'VERSION_TXN_TYPE',
      'IS_TEMP',
      'BUCKETS',
      'DATA_SIZE',
      'ROW_COUNT',
    ].map((name) => [name]),
  )
  const columns = fields.rows.map((row) => row.required('Field'))

  function meta(rows: (string | null)[][]) {
    return fixedAnswers((sql) => (sql.startsWith('DESC') ? fields : resultSet(columns, rows)))
  }

  async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
    const list: T[] = []
    for await (const item of items) list.push(item)
    return list
  }

  it('reads sizes in both forms and leaves out the shadow partition', async () => {
    const rows = [
      ['shop', 't', 'p1', '10101', '3', '2', '455851983377530881', 'TXN_REPLICATION', '0', '4', '195.3KB', '2000'],
      ['shop', 't', 'tp1', '10102', '1', '1', '1152921504606846975', 'TXN_NORMAL', '1', '4', '200000', '0'],
      ['shop', 't', '$shadow_automatic_partition', '10103', '1', '1', '1', 'TXN_NORMAL', '0', '4', '0B', '0'],
    ]
    expect(await all(partitionsMeta(meta(rows)))).toEqual([
      {
        database: 'shop',
        table: 't',
        name: 'p1',
        id: 10101n,
        visibleVersion: 3n,
        dataVersion: 2n,
        versionEpoch: 455851983377530881n,
        txnType: 'REPLICATION',
        temporary: false,
        buckets: 4,
        dataSizeBytes: 199987n,
        rowCount: 2000n,
      },
      {
        database: 'shop',
        table: 't',
        name: 'tp1',
        id: 10102n,
        visibleVersion: 1n,
        dataVersion: 1n,
        versionEpoch: 1152921504606846975n,
        txnType: 'NORMAL',
        temporary: true,
        buckets: 4,
        dataSizeBytes: 200000n,
        rowCount: 0n,
      },
    ])
  })

  it('takes an answer without rows for no answer, unless there may be none', async () => {
    await expect(all(partitionsMeta(meta([])))).rejects.toMatchObject({ kind: 'BackendCannotAnswer' })
    expect(await all(partitionsMeta(meta([]), { expectRows: false }))).toEqual([])
  })

  it('asks only for columns that exist, and quotes the databases', async () => {
    const cluster = new RecordedCluster('3.1')
    const asked: string[] = []
    const source = fixedAnswers((sql) => {
      asked.push(sql)
      return sql.startsWith('DESC')
        ? resultSet(
            ['Field'],
            (cluster.answers['DESC information_schema.partitions_meta']?.rows ?? []).map((row) => [row[0] ?? null]),
          )
        : resultSet(columns, [])
    })
    await all(partitionsMeta(source, { databases: ["it's", 'a\\b'], expectRows: false }))
    expect(asked.at(-1)).toBe(
      'SELECT `DB_NAME`, `TABLE_NAME`, `PARTITION_NAME`, `PARTITION_ID`, `VISIBLE_VERSION`, `VISIBLE_VERSION_TIME`, `IS_TEMP`, `BUCKETS`, `DATA_SIZE`, `ROW_COUNT` ' +
        "FROM information_schema.partitions_meta WHERE DB_NAME IN ('it''s', 'a\\\\b')",
    )
  })
})

describe('partitions table by table', () => {
  const columns = ['PartitionId', 'PartitionName', 'VisibleVersion', 'Buckets', 'DistributionKey']

  it('asks a few at a time, survives a vanished table, and reads no further than its reader', async () => {
    let running = 0
    let most = 0
    let drawn = 0
    const release: (() => void)[] = []
    const cluster = {
      async query(sql: string) {
        running++
        most = Math.max(most, running)
        await new Promise<void>((resolve) => release.push(resolve))
        running--
        if (sql.includes('`t3`')) {
          const { classify } = await import('../../starrocks/index.ts')
          throw classify(
            Object.assign(
              new Error('Getting analyzing error. Detail message: Table[t3] does not exists or is not OLAP table.'),
              { errno: 1064 },
            ),
          )
        }
        return resultSet(columns, [[/t(\d+)/.exec(sql)?.[1] ?? '0', 'p', '1', '1', 'id']])
      },
      async *stream() {},
    }
    function* names() {
      for (let number = 1; number <= 20; number++) {
        drawn = number
        yield { database: 'd', table: `t${number}` }
      }
    }
    const answers = partitionsOfTables(cluster, names(), { concurrency: 4 })
    const first = answers.next()
    await expect.poll(() => release.length).toBe(4)
    expect(drawn).toBe(4)
    const seen: string[] = []
    let gone = 0
    const collect = async () => {
      for (let next = await first; !next.done; next = await answers.next()) {
        seen.push(next.value.table.table)
        if (next.value.partitions === undefined) gone++
      }
    }
    const done = collect()
    let finished = false
    void done.then(() => {
      finished = true
    })
    while (!finished) {
      release.splice(0).forEach((go) => {
        go()
      })
      await new Promise((resolve) => setImmediate(resolve))
    }
    await done
    expect(most).toBe(4)
    expect(new Set(seen).size).toBe(20)
    expect(gone).toBe(1)
  })
})

describe('physical partitions of one name', () => {
  it('are sorted by id, for their order in the answer is that of a hash map', async () => {
    const rows = [
      ['30', 'a', '1', '1', 'ALL KEY'],
      ['12', 'b', '1', '1', 'ALL KEY'],
      ['9', 'a', '1', '1', 'ALL KEY'],
      ['100', 'a', '1', '1', 'ALL KEY'],
    ]
    const cluster = fixedAnswers(() =>
      resultSet(['PartitionId', 'PartitionName', 'VisibleVersion', 'Buckets', 'DistributionKey'], rows),
    )
    const partitions = await listPartitions(cluster, 'd', 't')
    expect(partitions.map(({ name, id }) => `${name}${id}`)).toEqual(['a9', 'a30', 'a100', 'b12'])
  })
})

describe('defaults by cell', () => {
  it('come as they are', async () => {
    const cluster = fixedAnswers(() =>
      resultSet(
        ['Field', 'Type', 'Default'],
        [
          ['a', 'varchar(9)', 'it\'s "x" \\'],
          ['b', 'int', null],
        ],
      ),
    )
    expect(await columnDefaults(cluster, 'd', 't')).toEqual([
      { column: 'a', value: 'it\'s "x" \\' },
      { column: 'b', value: null },
    ])
  })
})
