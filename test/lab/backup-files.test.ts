import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { S3Server } from '../../client/s3-server/s3-server.ts'
import { LabCluster } from '../../lab/index.ts'
import { startTestS3 } from '../support/s3-server.ts'
import {
  attach,
  backUp,
  restore,
  rowsOf,
  s3Properties,
  sendRestore,
  show,
  timestampOf,
  until,
} from './support/lab-repository.ts'

let s3: S3Server
beforeAll(async () => {
  s3 = await startTestS3()
})
afterAll(() => s3?.stop())

/** Files of a repository as paths below its folder; the server keeps objects as files. */
const files = (repository: string, prefix = ''): string[] =>
  readdirSync(folder(repository), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name).slice(folder(repository).length + 1))
    .filter((name) => name.startsWith(prefix))
    .sort()

const folder = (repository: string) => path.join(s3.dir, 'backups', 'base', `__starrocks_repository_${repository}`)

const only = (repository: string, pattern: RegExp): string => {
  const found = files(repository).filter((name) => pattern.test(name))
  expect(found).toHaveLength(1)
  return path.join(folder(repository), found[0] ?? '')
}

const md5 = (content: Buffer) => createHash('md5').update(content).digest('hex')

describe.each(['3.1', '3.3', '3.5', '4.1'] as const)('%s', (version) => {
  test('the layout and the manifest are those of the release', async () => {
    const repository = `layout_${version.replace('.', '_')}`
    const lab = await LabCluster.start({ name: repository, version, timeFactor: 300 })
    try {
      await attach(lab, s3, repository)
      lab.execute('CREATE DATABASE shop')
      lab.execute(
        "CREATE TABLE shop.t (id INT NOT NULL, v INT) DUPLICATE KEY(id) PARTITION BY RANGE(id) (PARTITION p1 VALUES LESS THAN ('10')) DISTRIBUTED BY HASH(id) BUCKETS 1 ROLLUP (r1 (v, id)) PROPERTIES ('replication_num' = '1')",
      )
      lab.execute('INSERT INTO shop.t VALUES (1,1)')
      await backUp(lab, repository, 'one', 'BACKUP SNAPSHOT shop.one TO REPO')
      const all = files(repository)
      for (const name of all.filter((one) => one !== '__repo_info'))
        expect(name.slice(-32), name).toBe(md5(readFileSync(path.join(folder(repository), name))))
      const time = await timestampOf(lab, repository, 'one')
      expect(time).toMatch(/^\d{4}(-\d\d){5}-\d{3}$/)
      const table = lab.state.databases.get('shop')?.objects.get('t')
      if (table?.kind !== 'table') throw new Error('no table')
      const [partition] = table.partitions
      const physical = partition?.physical[0]
      if (!partition || !physical) throw new Error('no partition')
      const [base, rollup] = table.indexes
      const tablet = (index: typeof base) => physical.tablets.get(index?.id ?? 0n)?.[0]?.id
      const content = `__ss_one/__ss_content/__db_${lab.state.databases.get('shop')?.id}/__tbl_${table.id}/__part_${physical.id}`
      expect(all.map((name) => name.replace(/\.[0-9a-f]{32}$/, ''))).toEqual(
        [
          '__repo_info',
          `__ss_one/__info_${time}`,
          '__ss_one/__meta',
          `${content}/__idx_${base?.id}/__${tablet(base)}/0200000000000001_${tablet(base)}_0_0.dat`,
          `${content}/__idx_${base?.id}/__${tablet(base)}/${tablet(base)}.hdr`,
          `${content}/__idx_${rollup?.id}/__${tablet(rollup)}/${tablet(rollup)}.hdr`,
        ].sort(),
      )
      const info = JSON.parse(readFileSync(only(repository, /__info_/), 'utf8'))
      const indexes = Object.fromEntries(
        [base, rollup].map((index) => [
          index?.name,
          {
            schema_hash: index?.schemaHash,
            tablets_order: [String(tablet(index))],
            id: Number(index?.id),
            tablets: { [String(tablet(index))]: [] },
          },
        ]),
      )
      const p1 = { id: Number(partition.id), version: 2, version_hash: 0 }
      const shapes = {
        '3.1': { ...p1, indexes },
        '3.3': { ...p1, indexes, subPartitions: {} },
        '3.5': {
          ...p1,
          indexes: {},
          subPartitions: { [String(physical.id)]: { indexes, id: Number(physical.id), version: 2 } },
        },
      }
      expect(info.backup_objects).toEqual({
        t: { id: Number(table.id), partitions: { p1: version === '4.1' ? shapes['3.5'] : shapes[version] } },
      })
      expect(info).toMatchObject({ name: 'one', database: 'shop', backup_result: 'succeed', meta_version: 92 })
      expect(info.backup_time).toBe(
        Date.parse(time.replace(/^(\d+)-(\d+)-(\d+)-(\d+)-(\d+)-(\d+)-(\d+)$/, '$1-$2-$3T$4:$5:$6.$7Z')),
      )
      const meta = readFileSync(only(repository, /__meta/))
      expect(meta.readInt32BE(0)).toBe(meta.length - 4)
      const details = await lab.run(`SHOW SNAPSHOT ON ${repository} WHERE SNAPSHOT = 'one' AND TIMESTAMP = '${time}'`)
      expect(details.rows[0]?.slice(2)).toEqual([
        'shop',
        `{\n "database": "shop",\n "meta_version": 92,\n "backup_time": ${info.backup_time},\n "name": "one",\n "starrocks_meta_version": 4,\n "backup_result": "succeed",\n "backup_objects": {"t": {"partitions": {"p1": {}}}}\n}`,
        'OK',
      ])
    } finally {
      await lab.stop()
    }
  })
})

describe('objects that are not as they were', () => {
  let lab: LabCluster
  let number = 0
  beforeAll(async () => {
    lab = await LabCluster.start({ name: 'damaged', version: '3.5', timeFactor: 300 })
    lab.execute('CREATE DATABASE shop')
    lab.execute(
      "CREATE TABLE shop.t (id INT NOT NULL, v INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ('replication_num' = '1')",
    )
    lab.execute('INSERT INTO shop.t VALUES (1,1),(2,2)')
  })
  afterAll(() => lab?.stop())

  const backedUp = async (): Promise<string> => {
    const repository = `damaged${++number}`
    await attach(lab, s3, repository)
    await backUp(lab, repository, 'one', 'BACKUP DATABASE shop SNAPSHOT one TO REPO')
    return repository
  }
  const into = (repository: string) => `RESTORE SNAPSHOT one FROM REPO DATABASE shop AS r_${repository}`
  const job = (repository: string) => show(lab, `SHOW RESTORE FROM r_${repository}`)[0]

  test('wrong content: the md5 does not fit, nothing moves, until the object is right again', async () => {
    const repository = await backedUp()
    const file = only(repository, /\.dat\./)
    const right = readFileSync(file)
    writeFileSync(file, 'something else')
    await sendRestore(lab, repository, 'one', into(repository))
    await until(() => job(repository)?.TaskErrMsg?.includes('invalid md5 of downloaded file'))
    expect(job(repository)?.TaskErrMsg).toMatch(
      /^\[\d+: invalid md5 of downloaded file: \S+\.dat, expected: [0-9a-f]{32}, get: [0-9a-f]{32}\]$/,
    )
    expect(job(repository)).toMatchObject({ State: 'DOWNLOADING', Status: '[OK]' })
    writeFileSync(file, right)
    await until(() => job(repository)?.State === 'FINISHED')
    expect(rowsOf(lab, `r_${repository}.t`)).toEqual(['1,1', '2,2'])
  })

  test.each([
    ['data', /\.dat\./, 'misses data files'],
    ['header', /\.hdr\./, 'no header file'],
  ])('missing %s', async (_what, pattern, text) => {
    const repository = await backedUp()
    rmSync(only(repository, pattern))
    await sendRestore(lab, repository, 'one', into(repository))
    await until(() => job(repository)?.TaskErrMsg?.includes(text))
    expect(job(repository)?.State).toBe('DOWNLOADING')
    lab.execute(`CANCEL RESTORE FROM r_${repository}`)
    expect(lab.execute(`SHOW TABLES FROM r_${repository}`).rows).toEqual([])
  })

  test('a tablet without any object', async () => {
    const repository = await backedUp()
    rmSync(path.dirname(only(repository, /\.hdr\./)), { recursive: true })
    await sendRestore(lab, repository, 'one', into(repository))
    await until(() => job(repository)?.TaskErrMsg?.includes('get nothing from remote path: s3a://backups/base/'))
    lab.execute(`CANCEL RESTORE FROM r_${repository}`)
  })

  test('definitions that are damaged end the job', async () => {
    const repository = await backedUp()
    writeFileSync(only(repository, /__meta\./), 'nothing')
    expect(await restore(lab, repository, 'one', into(repository))).toMatchObject({
      State: 'CANCELLED',
      Status: '[COMMON_ERROR, msg: Failed to read backup meta from file]',
    })
  })

  test('a manifest that is damaged, or gone, is refused at once', async () => {
    const repository = await backedUp()
    const file = only(repository, /__info_/)
    const time = await timestampOf(lab, repository, 'one')
    const send = () =>
      lab.run(`${into(repository).replace('REPO', repository)} PROPERTIES ('backup_timestamp' = '${time}')`)
    writeFileSync(file, '{}')
    await expect(send()).rejects.toThrow(/because: md5sum does not equal\. local: [0-9a-f]{32}, remote: [0-9a-f]{32}\./)
    renameSync(file, `${file}.part`)
    await expect(send()).rejects.toThrow(`__info_${time}. get: 0. Maybe specified wrong backup timestamp`)
    expect((await lab.run(`SHOW SNAPSHOT ON ${repository}`)).rows).toEqual([['one', '', 'ERROR: no snapshot']])
  })

  test('a leader change while files go up can leave two variants of a file', async () => {
    const two = await LabCluster.start({ name: 'variants', version: '3.5', timeFactor: 300, frontends: 2 })
    try {
      await attach(two, s3, 'variants')
      two.execute('CREATE DATABASE shop')
      two.execute(
        "CREATE TABLE shop.t (id INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ('replication_num' = '1')",
      )
      two.execute('INSERT INTO shop.t VALUES (1),(2)')
      two.faults.inject({ kind: 'stale-objects' })
      const fault = two.faults.inject({ kind: 'stick-snapshot', state: 'UPLOADING' })
      await two.run('BACKUP DATABASE shop SNAPSHOT one TO variants')
      const row = () => show(two, 'SHOW BACKUP FROM shop')[0]
      await until(() => row()?.State === 'UPLOADING' && row()?.UnfinishedTasks === '')
      await two.switchLeader(1)
      fault.clear()
      await until(() => row()?.State === 'FINISHED')
      await until(() => files('variants', '__ss_one/__ss_content').length === 4)
      expect(
        new Set(files('variants', '__ss_one/__ss_content').map((name) => name.replace(/\.[0-9a-f]{32}$/, ''))).size,
      ).toBe(2)
    } finally {
      await two.stop()
    }
  })
})

describe('repositories', () => {
  let lab: LabCluster
  beforeAll(async () => {
    lab = await LabCluster.start({ name: 'repositories', version: '3.5', timeFactor: 300 })
  })
  afterAll(() => lab?.stop())
  const create = (name: string, location: string, properties: string) =>
    lab.run(`CREATE REPOSITORY ${name} WITH BROKER ON LOCATION '${location}' PROPERTIES (${properties})`)

  test('one that is there already is attached; its name is part of the path', async () => {
    await attach(lab, s3, 'attached')
    const made = show(lab, 'SHOW REPOSITORIES').find((row) => row.RepoName === 'attached')
    expect(made).toMatchObject({ IsReadOnly: 'false', Location: 's3a://backups/base', Broker: '', ErrMsg: null })
    lab.execute('DROP REPOSITORY attached')
    expect(files('attached')).toEqual(['__repo_info'])
    await attach(lab, s3, 'attached', 'READ ONLY')
    const again = show(lab, 'SHOW REPOSITORIES').find((row) => row.RepoName === 'attached')
    expect(again?.IsReadOnly).toBe('true')
    lab.execute('CREATE DATABASE d')
    lab.execute(
      "CREATE TABLE d.t (id INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ('replication_num' = '1')",
    )
    await expect(lab.run('BACKUP DATABASE d SNAPSHOT s TO attached')).rejects.toThrow(
      'Repository attached is read only',
    )
  })

  test('what cannot be reached is refused in the words of its kind, credentials never among them', async () => {
    const properties = s3Properties(s3)
    await expect(create('r1', 's3a://no-such-bucket/x', properties)).rejects.toThrow(
      /failed to list remote path: s3a:\/\/no-such-bucket\/x\/__starrocks_repository_r1\/__repo_info\. msg: .*NoSuchBucket/,
    )
    await expect(create('r2', 's3a://backups/x', properties.replace(s3.secretKey, 'wrong'))).rejects.toThrow(
      /Status Code: 403/,
    )
    await expect(
      create('r3', 's3a://backups/x', properties.replace(s3.endpoint, 'http://127.0.0.1:1')),
    ).rejects.toThrow('Connect to 127.0.0.1:1 [/127.0.0.1] failed: Connection refused')
    await expect(create('r4', 's3a://back_ups/x', properties)).rejects.toThrow('bucket is null/empty')
    await expect(create('r5', 's3a://backups/x', properties.replace('http://', ''))).resolves.toBeDefined()
    await expect(create('r6', 'hdfs://127.0.0.1:9999/b', "'username' = 'u'")).rejects.toThrow(
      'failed on connection exception',
    )
    await expect(create('r7', '/tmp/x', properties)).rejects.toThrow('msg: invalid path. scheme is null')
    await expect(create('bad-name', 's3a://backups/x', properties)).rejects.toThrow(/syntax|Incorrect repository name/)
    expect(
      show(lab, 'SHOW REPOSITORIES')
        .map((row) => row.RepoName)
        .filter((name) => name?.startsWith('r')),
    ).toEqual(['r5'])
  })
})

test('a database of hundreds of tables', async () => {
  const lab = await LabCluster.start({ name: 'thousand', version: '3.5', timeFactor: 300 })
  try {
    await attach(lab, s3, 'thousand')
    lab.execute('CREATE DATABASE big')
    for (let i = 0; i < 400; i++) {
      lab.execute(
        `CREATE TABLE big.t${i} (id INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ('replication_num' = '1')`,
      )
      lab.execute(`INSERT INTO big.t${i} VALUES (${i})`)
    }
    await lab.run('BACKUP DATABASE big SNAPSHOT all_of_it TO thousand')
    await until(() => show(lab, 'SHOW BACKUP FROM big')[0]?.State === 'FINISHED')
    expect(files('thousand', '__ss_all_of_it/__ss_content')).toHaveLength(800)
    await restore(lab, 'thousand', 'all_of_it', 'RESTORE SNAPSHOT all_of_it FROM REPO DATABASE big AS copy')
    expect(rowsOf(lab, 'copy.t399')).toEqual(['399'])
  } finally {
    await lab.stop()
  }
})
