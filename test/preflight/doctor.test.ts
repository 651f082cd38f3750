import { afterEach, describe, expect, test } from 'vitest'
import { createReplicateActivities } from '../../activities/replicate.ts'
import { type DoctorResult, type Finding, type MigrationSpecInput, stepJobPrefix } from '../../contract/index.ts'
import type { LabCluster, LabTable, LabVersion } from '../../lab/index.ts'
import { addressMapOf, StarRocksCluster } from '../../starrocks/index.ts'
import { fill, LabPair } from '../metadata/lab-pair.ts'

let pair: LabPair
afterEach(() => pair.stop())

type Side = { version: LabVersion; runMode?: 'shared_nothing' | 'shared_data'; nodes?: number; frontends?: number }
const start = async (source: Side = { version: '3.5' }, target: Side = { version: '3.5' }) => {
  pair = await LabPair.start(source, target)
  pair.source.execute('CREATE DATABASE d')
}
const doctor = (part: Partial<MigrationSpecInput> = {}): Promise<DoctorResult> =>
  pair.run(pair.preflight.preflight, { spec: pair.spec(part) })
const find = (result: DoctorResult, code: string): Finding => {
  const found = result.findings.find((finding) => finding.code === code)
  if (!found) throw new Error(`no ${code} among ${result.findings.map((f) => f.code).join(', ')}`)
  return found
}
const codes = (result: DoctorResult) => result.findings.map((finding) => finding.code)
const table = (
  name = 't',
  body = '(id INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 2',
  properties = '"replication_num" = "1"',
) => pair.source.execute(`CREATE TABLE d.${name} ${body} PROPERTIES (${properties})`)
const tableOf = (name: string) => pair.source.state.databases.get('d')?.objects.get(name) as LabTable

/** The target's name stands for this cluster from now on, reached by its last frontend. */
async function asTarget(lab: LabCluster): Promise<void> {
  await pair.handles.get('target')?.cluster.close()
  const [user, password] = ['root', '']
  const frontends = lab.endpoints.frontends.slice(-1).map(({ host, queryPort }) => ({ host, port: queryPort }))
  const cluster = new StarRocksCluster({ name: 'target', frontends, user, password })
  pair.handles.set('target', { cluster, token: lab.state.token, addressMap: addressMapOf({}), user, password })
}

describe('a sound pair', () => {
  test('has nothing fatal and tells what it saw', async () => {
    await start({ version: '3.3' }, { version: '3.5' })
    fill(pair.source)
    const result = await doctor()
    expect(result.findings.filter(({ level }) => level === 'fatal')).toEqual([])
    expect(result.ok).toBe(true)
    expect(result.facts).toMatchObject({
      'source source': expect.stringMatching(/^3\.3\S*, shared-nothing, 3 of 3 nodes alive$/),
      tables: String(
        [...pair.source.state.databases.values()]
          .flatMap((d) => [...d.objects.values()])
          .filter((o) => o.kind === 'table').length,
      ),
    })
    expect(find(result, 'external-table').subject).toBe('shop.ext_mysql')
    expect(find(result, 'auto-increment').message).toContain('shop.autoinc')
  })

  test('is not changed by looking', async () => {
    await start()
    fill(pair.source)
    const before = JSON.stringify([...pair.target.state.databases.keys()])
    const config = JSON.stringify([...pair.target.state.config])
    await doctor()
    expect(JSON.stringify([...pair.target.state.databases.keys()])).toBe(before)
    expect(JSON.stringify([...pair.target.state.config])).toBe(config)
  })
})

describe('clusters that cannot be used: one clear finding', () => {
  test('one cluster under two names, which would be emptied to be copied onto itself', async () => {
    await start({ version: '3.5', frontends: 2 })
    table()
    pair.source.execute('INSERT INTO d.t VALUES (1)')
    await asTarget(pair.source)
    const result = await doctor()
    expect(result).toMatchObject({ ok: false, findings: [{ code: 'same-cluster', level: 'fatal' }] })
    // Nor when the worker is configured so later on.
    const step = { spec: pair.spec(), table: 'd.t', jobPrefix: stepJobPrefix('move', 'run', 1) }
    await expect(pair.run(createReplicateActivities(pair.deps).replicate, step)).rejects.toMatchObject({
      type: 'Refused',
      message: expect.stringContaining('are the same cluster'),
    })
    expect(pair.source.execute('SELECT id FROM d.t').rows).toEqual([['1']])
  })

  test('two that print the same address, or have the same id, are two', async () => {
    await start()
    pair.target.state.clusterId = pair.source.state.clusterId
    expect(codes(await doctor())).not.toContain('same-cluster')
  })

  test('unknown', async () => {
    await start()
    const result = await doctor({ source: 'nowhere' })
    expect(codes(result)).toEqual(['unknown-cluster'])
    expect(result.findings[0]?.message).toContain('known are source, target')
  })

  test('a wrong password', async () => {
    await start()
    pair.source.state.users.set('root', { name: 'root', password: 'right', privileges: new Set(['ALL']) })
    const result = await doctor()
    expect(codes(result)).toEqual(['login-refused'])
    expect(JSON.stringify(result)).not.toContain('right')
  })

  test('not there', async () => {
    await start()
    const gone = new StarRocksCluster({
      name: 'target',
      frontends: [{ host: '127.0.0.1', port: 1 }],
      user: 'root',
      password: '',
    })
    pair.handles.set('target', { cluster: gone, addressMap: addressMapOf({}), user: 'root', password: '' })
    const result = await doctor()
    expect(codes(result)).toEqual(['cluster-unreachable'])
    expect(result.ok).toBe(false)
  })

  test('a user who may not look', async () => {
    await start()
    pair.source.state.users.set('weak', { name: 'weak', password: 'pw', privileges: new Set(['SELECT']) })
    await pair.loginAs('source', 'weak', 'pw')
    const result = await doctor()
    expect(new Set(codes(result))).toEqual(new Set(['privilege-missing']))
    expect(result.findings[0]?.message).toMatch(/OPERATE/)
    expect(result.findings[0]?.remedy).toMatch(/GRANT OPERATE|cluster_admin/)
  })
})

describe('privileges on the target', () => {
  test('creating databases is tried', async () => {
    await start()
    pair.target.execute('CREATE DATABASE there')
    pair.target.state.users.set('weak', { name: 'weak', password: 'pw', privileges: new Set(['OPERATE', 'NODE']) })
    await pair.loginAs('target', 'weak', 'pw')
    const result = await doctor()
    expect(find(result, 'privilege-missing')).toMatchObject({
      level: 'fatal',
      message: expect.stringContaining('CREATE DATABASE'),
    })
  })

  test('what is certainly not granted is named, each privilege by itself', async () => {
    await start()
    table()
    pair.target.execute('CREATE DATABASE d')
    pair.target.execute("CREATE USER mover IDENTIFIED BY 'pw'")
    for (const grant of [
      'GRANT OPERATE, NODE ON SYSTEM TO USER mover',
      'GRANT CREATE DATABASE ON CATALOG default_catalog TO USER mover',
      'GRANT CREATE TABLE ON ALL DATABASES TO USER mover',
      'GRANT ALTER, INSERT, SELECT ON ALL TABLES IN ALL DATABASES TO USER mover',
    ]) {
      pair.target.execute(grant)
    }
    await pair.loginAs('target', 'mover', 'pw')
    const missing = (await doctor()).findings.filter(({ code }) => code === 'privilege-missing')
    expect(missing.map(({ level }) => level)).toEqual(['fatal', 'fatal'])
    expect(missing.map(({ message }) => /the privilege (\w+) /.exec(message)?.[1])).toEqual(['DROP', 'DELETE'])
    expect(missing[0]?.remedy).toContain('GRANT DROP ON ALL TABLES IN ALL DATABASES')
  })

  test('views need their own, where there are any to be made', async () => {
    await start()
    table()
    pair.source.execute('CREATE VIEW d.v AS SELECT id FROM d.t')
    pair.source.execute('CREATE MATERIALIZED VIEW d.m REFRESH DEFERRED MANUAL AS SELECT id FROM d.t')
    pair.target.execute('CREATE DATABASE d')
    pair.target.execute("CREATE USER mover IDENTIFIED BY 'pw'")
    for (const grant of [
      'GRANT OPERATE, NODE ON SYSTEM TO USER mover',
      'GRANT CREATE DATABASE ON CATALOG default_catalog TO USER mover',
      'GRANT CREATE TABLE, CREATE MATERIALIZED VIEW ON ALL DATABASES TO USER mover',
      'GRANT ALTER, DROP, DELETE, INSERT, SELECT ON ALL TABLES IN ALL DATABASES TO USER mover',
      'GRANT DROP ON ALL VIEWS IN DATABASE d TO USER mover',
    ]) {
      pair.target.execute(grant)
    }
    await pair.loginAs('target', 'mover', 'pw')
    const missing = async (part?: Partial<MigrationSpecInput>) =>
      (await doctor(part)).findings.filter(({ code }) => code === 'privilege-missing')
    const found = await missing()
    expect(found.map(({ message }) => /the privilege (.+) is not granted in d of target$/.exec(message)?.[1])).toEqual([
      'CREATE VIEW',
      'DROP on materialized views',
    ])
    expect(found.map(({ remedy }) => remedy)).toEqual([
      expect.stringMatching(/^GRANT CREATE VIEW ON ALL DATABASES TO .*, or set sync.views to false$/),
      expect.stringMatching(/^GRANT DROP ON ALL MATERIALIZED VIEWS IN ALL DATABASES TO .*materializedViews to false$/),
    ])
    expect(await missing({ sync: { views: false, materializedViews: false } })).toEqual([])
  })

  test('a role gives them; one that cannot be read is said to be unknown', async () => {
    await start()
    table()
    pair.target.execute('CREATE DATABASE d')
    pair.target.execute("CREATE USER mover IDENTIFIED BY 'pw'")
    for (const statement of [
      'CREATE ROLE movers',
      'GRANT OPERATE, NODE ON SYSTEM TO ROLE movers',
      'GRANT CREATE DATABASE ON CATALOG default_catalog TO ROLE movers',
      'GRANT CREATE TABLE ON ALL DATABASES TO ROLE movers',
      'GRANT ALTER, DROP, DELETE, INSERT, SELECT ON ALL TABLES IN ALL DATABASES TO ROLE movers',
      'GRANT movers TO USER mover',
      'SET DEFAULT ROLE ALL TO mover',
    ]) {
      pair.target.execute(statement)
    }
    await pair.loginAs('target', 'mover', 'pw')
    const about = (await doctor()).findings.filter(({ code }) => code.startsWith('privilege'))
    // SHOW GRANTS FOR ROLE needs GRANT on SYSTEM, which it has not: nothing is known, and nothing is claimed.
    expect(new Set(about.map(({ code }) => code))).toEqual(new Set(['privilege-unproven']))
    pair.target.execute('GRANT GRANT ON SYSTEM TO ROLE movers')
    expect(codes(await doctor()).filter((code) => code.startsWith('privilege'))).toEqual([])
  })

  test('a source table that may not be read is named', async () => {
    await start()
    table('secret')
    pair.source.faults.inject({ kind: 'refuse-privilege', privilege: 'ANY' })
    const result = await doctor()
    expect(find(result, 'privilege-missing').message).toContain('d.secret')
  })
})

describe('versions and run modes', () => {
  test('shared data into shared nothing', async () => {
    await start({ version: '4.1', runMode: 'shared_data' }, { version: '4.1' })
    expect(find(await doctor(), 'pair-unsupported').level).toBe('fatal')
  })

  test('known errors of a patch level', async () => {
    await start({ version: '3.1' }, { version: '3.1' })
    expect(codes(await doctor())).toEqual(expect.arrayContaining(['patch-level-unknown', 'bug-max-version-lock']))
  })
})

describe('addresses and nodes', () => {
  test('source backends that only the target can reach are told, no more', async () => {
    await start()
    const [backend] = pair.source.state.nodes
    const handle = pair.handles.get('source')
    if (!handle || !backend) throw new Error('no backend')
    pair.handles.set('source', {
      ...handle,
      addressMap: addressMapOf({ [backend.host]: `127.0.0.1;${backend.bePort}:1` }),
    })
    const finding = find(await doctor(), 'backend-not-reachable-from-here')
    expect(finding).toMatchObject({
      level: 'info',
      message: expect.stringContaining('127.0.0.1:1 '),
      remedy: expect.stringContaining('nc -z 127.0.0.1 1'),
    })
  })

  test('source backends that cannot be asked for the names of columns are warned of', async () => {
    await start()
    const [backend] = pair.source.state.nodes
    if (!backend) throw new Error('no backend')
    backend.httpPort = 1
    const warnings = (await doctor()).findings.filter(({ code }) => code === 'backend-not-reachable-from-here')
    expect(warnings).toMatchObject([{ level: 'warning', message: expect.stringContaining('allow.renamedColumns') }])
  })

  test("the target leader's rpc port must be open", async () => {
    await start()
    const [leader] = pair.target.state.frontends
    if (leader) leader.rpcPort = 1
    const finding = find(await doctor(), 'frontend-unreachable')
    expect(finding).toMatchObject({ level: 'fatal', message: expect.stringContaining('rpc_port 1') })
  })

  test('nodes that are down', async () => {
    await start()
    pair.source.faults.inject({ kind: 'node-down', node: 1, how: 'dead' })
    expect(find(await doctor(), 'source-node-down').level).toBe('warning')
    for (const node of [0, 1, 2]) pair.target.faults.inject({ kind: 'node-down', node, how: 'dead' })
    expect(find(await doctor(), 'target-without-nodes').level).toBe('fatal')
  })
})

describe('the cluster token', () => {
  const withToken = (token: string | undefined) => {
    const handle = pair.handles.get('source')
    if (handle) pair.handles.set('source', { ...handle, token })
  }

  test('wrong', async () => {
    await start()
    withToken('not-the-token')
    const result = await doctor()
    expect(find(result, 'token-wrong')).toMatchObject({ level: 'fatal', remedy: expect.stringContaining('grep token') })
    expect(JSON.stringify(result)).not.toContain('not-the-token')
  })

  test('missing', async () => {
    await start()
    withToken(undefined)
    expect(find(await doctor(), 'token-missing').level).toBe('fatal')
  })

  test('not to be tried from here', async () => {
    await start()
    for (const node of [0, 1, 2]) pair.source.faults.inject({ kind: 'node-down', node, how: 'unreachable' })
    expect(find(await doctor(), 'token-unchecked').level).toBe('warning')
  })
})

describe('room and limits', () => {
  test('disks', async () => {
    await start()
    pair.target.faults.inject({ kind: 'disk-usage', node: 0, percent: 93 })
    expect(find(await doctor(), 'disk-full').message).toContain('93')
  })

  test('quotas of databases: what is not copied, and what is too low', async () => {
    await start()
    table()
    const [partition] = tableOf('t').partitions
    for (const one of partition?.physical ?? []) one.extraBytes = 3 * 1024 ** 3
    expect(codes(await doctor()).filter((code) => code.startsWith('quota'))).toEqual([])
    pair.source.execute('ALTER DATABASE d SET DATA QUOTA 10G')
    expect(find(await doctor(), 'quota-not-copied')).toMatchObject({ level: 'info', subject: 'd' })
    pair.target.execute('CREATE DATABASE d')
    pair.target.execute('ALTER DATABASE d SET DATA QUOTA 4G')
    expect(codes(await doctor())).not.toContain('quota-too-low')
    expect(find(await doctor({ placement: { replicationNumber: 3 } }), 'quota-too-low')).toMatchObject({
      level: 'warning',
      message: expect.stringMatching(/data quota of 4\.00 GB, and 9\.00 GB are to be there/),
    })
  })

  test('fewer slots than the spec wants', async () => {
    await start()
    expect(find(await doctor({ limits: { tables: 500 } }), 'limit-tables').message).toContain('100')
  })

  test('jobs as large as all that may run', async () => {
    await start()
    pair.target.execute('ADMIN SET FRONTEND CONFIG ("replication_max_parallel_data_size_mb" = "1024")')
    expect(find(await doctor(), 'limit-data-size').level).toBe('info')
  })

  test('a partition with more replicas than all jobs together may have', async () => {
    await start()
    table('wide', '(id INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 8')
    expect(codes(await doctor())).not.toContain('limit-replicas')
    pair.target.execute('ADMIN SET FRONTEND CONFIG ("replication_max_parallel_replica_count" = "6")')
    expect(find(await doctor(), 'limit-replicas')).toMatchObject({
      level: 'info',
      subject: 'd.wide',
      message: expect.stringContaining('up to 8 tablet replicas'),
    })
  })

  test('a transaction that ends before a job can: smaller jobs, or a longer one where a single partition is too large', async () => {
    await start()
    table(
      't',
      '(id INT) DUPLICATE KEY(id) PARTITION BY RANGE(id) (PARTITION a VALUES [("1"),("2")), PARTITION b VALUES [("2"),("3"))) DISTRIBUTED BY HASH(id) BUCKETS 1',
    )
    pair.target.execute('ADMIN SET FRONTEND CONFIG ("replication_transaction_timeout_sec" = "60")')
    const gigabytes = (each: number) => {
      for (const { physical } of tableOf('t').partitions) for (const one of physical) one.extraBytes = each * 1024 ** 3
    }
    gigabytes(6)
    expect(find(await doctor(), 'transaction-timeout')).toMatchObject({
      subject: 'd.t',
      message: expect.stringMatching(/of 12(\.0)? GB/),
      remedy: expect.stringMatching(/^Set limits.bytesPerJob to 4GB, or raise/),
    })
    expect(codes(await doctor({ limits: { bytesPerJob: '8GB' } }))).not.toContain('transaction-timeout')
    gigabytes(20)
    expect(find(await doctor({ limits: { bytesPerJob: '4GB' } }), 'transaction-timeout')).toMatchObject({
      message: expect.stringMatching(/of 20(\.0)? GB/),
      remedy: expect.stringContaining('none is divided'),
    })
  })

  test('more partitions, buckets, replicas than the target takes', async () => {
    await start({ version: '3.5', nodes: 5 }, { version: '3.5', nodes: 2 })
    table(
      'wide',
      '(id INT) DUPLICATE KEY(id) PARTITION BY RANGE(id) (PARTITION a VALUES [("1"),("2")), PARTITION b VALUES [("2"),("3"))) DISTRIBUTED BY HASH(id) BUCKETS 6',
      '"replication_num" = "3"',
    )
    pair.target.execute('ADMIN SET FRONTEND CONFIG ("max_partition_number_per_table" = "1")')
    pair.target.execute('ADMIN SET FRONTEND CONFIG ("max_bucket_number_per_partition" = "4")')
    const result = await doctor()
    expect(find(result, 'limit-partitions').subject).toBe('d.wide')
    expect(find(result, 'limit-buckets').message).toContain('6 buckets')
    expect(find(result, 'too-few-backends').remedy).toContain('placement.replicationNumber to 2')
    expect(codes(await doctor({ placement: { replicationNumber: 1 } }))).not.toContain('too-few-backends')
  })
})

describe('tables that cannot be copied are named', () => {
  test('several physical partitions, names that differ in case, an inverted index', async () => {
    await start({ version: '3.3' }, { version: '3.5' })
    table('grown', '(id INT) DUPLICATE KEY(id) DISTRIBUTED BY RANDOM BUCKETS 2')
    const [partition] = tableOf('grown').partitions
    const [physical] = partition?.physical ?? []
    if (partition && physical) partition.physical.push({ ...physical, id: pair.source.state.nextId() })
    table(
      'cased',
      '(id INT) DUPLICATE KEY(id) PARTITION BY RANGE(id) (PARTITION pa VALUES [("1"),("2")), PARTITION pA VALUES [("2"),("3"))) DISTRIBUTED BY HASH(id) BUCKETS 1',
    )
    const result = await doctor()
    expect(find(result, 'several-physical-partitions')).toMatchObject({ subject: 'd.grown', level: 'warning' })
    expect(find(result, 'partition-names-by-case')).toMatchObject({ subject: 'd.cased' })
  })

  test('patterns and renames that match nothing', async () => {
    await start()
    table()
    const result = await doctor({
      include: ['d.t', 'shop.*'],
      rename: { databases: { D: 'e' }, tables: { 'd.x': 'd.y' } },
    })
    expect(
      result.findings.filter(({ code }) => code === 'include-matches-nothing').map(({ subject }) => subject),
    ).toEqual(['shop.*'])
    expect(
      result.findings.filter(({ code }) => code === 'rename-matches-nothing').map(({ subject }) => subject),
    ).toEqual(['D', 'd.x'])
    expect(codes(result)).not.toContain('nothing-selected')
    expect(codes(await doctor({ include: ['nothing'] }))).toContain('nothing-selected')
  })

  test('what no migration takes along is named by kind; what may not be listed is unknown, and stops nothing', async () => {
    await start()
    const load = (id: number) =>
      `CREATE ROUTINE LOAD d.load${id} ON t FROM KAFKA ("kafka_broker_list" = "k:9092", "kafka_topic" = "t${id}")`
    table()
    for (const sql of [
      "CREATE USER alice IDENTIFIED BY 'pw'",
      'GRANT OPERATE, NODE ON SYSTEM TO USER alice',
      'GRANT SELECT ON ALL TABLES IN ALL DATABASES TO USER alice',
      'CREATE FUNCTION d.twice(INT) RETURNS INT PROPERTIES ("symbol" = "x.Twice", "type" = "StarrocksJar", "file" = "http://h/x.jar")',
      'CREATE RESOURCE GROUP night TO (user = "alice") WITH ("cpu_weight" = "1", "mem_limit" = "20%")',
      'CREATE EXTERNAL CATALOG lake PROPERTIES ("type" = "hive", "hive.metastore.uris" = "thrift://h:9083")',
      load(1),
    ]) {
      pair.source.execute(sql)
    }
    const named = async () => {
      const { findings, ok } = await doctor()
      const about = findings.filter(({ code }) => code.startsWith('not-migrated'))
      return {
        ok,
        about: Object.fromEntries(about.map(({ subject, code, message }) => [subject, `${code}: ${message}`])),
      }
    }
    expect(await named()).toEqual({
      ok: true,
      about: {
        functions: expect.stringMatching(/1 in all: d\.twice\(INT\)$/),
        'routine loads': expect.stringMatching(/1 in all: d\.load1$/),
        users: expect.stringMatching(/1 in all: alice$/),
        'resource groups': expect.stringMatching(/1 in all: night$/),
        'external catalogs': expect.stringMatching(/1 in all: lake$/),
      },
    })
    await pair.loginAs('source', 'alice', 'pw')
    const { ok, about } = await named()
    expect(ok).toBe(true)
    expect(about.users).toMatch(/^not-migrated-unknown: .* is unknown: alice lacks GRANT/)
  })

  test('two that would get one name', async () => {
    await start()
    table()
    pair.source.execute('CREATE DATABASE e')
    pair.source.execute(
      'CREATE TABLE e.t (id INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ("replication_num" = "1")',
    )
    const finding = find(await doctor({ rename: { databases: { e: 'd' } } }), 'rename-collision')
    expect(finding).toMatchObject({ level: 'fatal', subject: 'd.t', message: expect.stringContaining('d.t and e.t') })
  })

  test('no more than 200 are listed, the worst first, the rest is counted', async () => {
    await start({ version: '3.5', nodes: 3 }, { version: '3.5', nodes: 1 })
    for (let i = 0; i < 230; i++) table(`t${i}`, undefined, '"replication_num" = "3"')
    const handle = pair.handles.get('source')
    if (handle) pair.handles.set('source', { ...handle, token: undefined })
    const result = await doctor()
    expect(result.findings).toHaveLength(200)
    expect(result.more).toBeGreaterThanOrEqual(30)
    expect(result.findings[0]?.level).toBe('fatal')
  })
})

describe('settings of the target', () => {
  test('the legacy switch, where a SUM of a narrow DECIMAL needs it', async () => {
    await start({ version: '3.1' }, { version: '3.5' })
    table('sums', '(id INT, s DECIMAL(10,2) SUM) AGGREGATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1')
    const finding = find(await doctor(), 'setting-legacy-compatibility')
    expect(finding.message).toContain('becomes true while the migration runs')
    const kept = await doctor({ settings: { legacyCompatibility: 'keep' } })
    expect(find(kept, 'setting-legacy-compatibility-needed').level).toBe('fatal')
  })

  test('compaction, between shared-data clusters', async () => {
    await start({ version: '4.1', runMode: 'shared_data' }, { version: '4.1', runMode: 'shared_data' })
    pair.target.execute('ADMIN SET FRONTEND CONFIG ("lake_compaction_max_tasks" = "-1")')
    pair.source.state.config.set('lake_autovacuum_grace_period_minutes', {
      value: '30',
      type: 'long',
      mutable: true,
      aliases: '[]',
      comment: '',
    })
    const result = await doctor()
    expect(find(result, 'setting-target-compaction').message).toContain('is -1 and becomes 0')
    expect(find(result, 'storage-volume-missing').message).toContain('src_')
    expect(find(result, 'vacuum-too-early').remedy).toContain('lake_autovacuum_grace_period_minutes')
    expect(codes(result)).not.toContain('service-id-unknown')
  })

  test('a storage volume that is not there', async () => {
    await start({ version: '3.5' }, { version: '4.1', runMode: 'shared_data' })
    expect(find(await doctor({ placement: { storageVolume: 'nope' } }), 'storage-volume-missing').level).toBe('fatal')
    expect(codes(await doctor({ placement: { storageVolume: 'builtin_storage_volume' } }))).not.toContain(
      'storage-volume-missing',
    )
  })

  test('generated columns on shared data may lose values', async () => {
    await start({ version: '3.5' }, { version: '4.1', runMode: 'shared_data' })
    table('g', '(id INT, x INT AS id + 1) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1')
    expect(find(await doctor(), 'bug-generated-columns').message).toContain('d.g')
  })
})
