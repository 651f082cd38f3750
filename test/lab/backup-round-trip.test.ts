import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { S3Server } from '../../client/s3-server/s3-server.ts'
import { misplacedRows } from '../../lab/data/index.ts'
import { LabCluster, type LabTable, type LabVersion } from '../../lab/index.ts'
import { openStore, readRepository, verifySnapshot } from '../../repository/index.ts'
import { startTestS3 } from '../support/s3-server.ts'
import { attach, backUp, labTable, restore, rowsOf, show, stateChanges } from './support/lab-repository.ts'

const one = "PROPERTIES ('replication_num' = '1')"
const hash = 'DISTRIBUTED BY HASH(id) BUCKETS 3'

/** A table of each kind, with its rows. Lists can be backed up from 3.4 on. */
const kinds: Record<string, { create: string; rows: string; since?: LabVersion }> = {
  ranged: {
    create: `(id INT NOT NULL, v STRING) DUPLICATE KEY(id) PARTITION BY RANGE(id) (PARTITION p1 VALUES LESS THAN ('10'), PARTITION p2 VALUES LESS THAN ('20')) ${hash} ${one}`,
    rows: "(1,'a'),(2,NULL),(11,'c'),(11,'c')",
  },
  plain_pk: {
    create: `(id BIGINT NOT NULL, d DECIMAL(12,3), t DATETIME) PRIMARY KEY(id) ${hash} ${one}`,
    rows: "(9007199254740993, 1.250, '2024-02-03 04:05:06'),(-1, NULL, NULL)",
  },
  sums: {
    create: `(id INT, v BIGINT SUM) AGGREGATE KEY(id) ${hash} ROLLUP (r (id)) ${one}`,
    rows: '(1,1),(1,2),(2,5)',
  },
  latest: { create: `(id INT, v INT) UNIQUE KEY(id) ${hash} ${one}`, rows: '(1,1),(1,2)' },
  random: {
    create: `(id INT, v INT) DUPLICATE KEY(id) DISTRIBUTED BY RANDOM BUCKETS 4 ${one}`,
    rows: '(1,1),(2,2),(3,3)',
  },
  daily: {
    create: `(dt DATETIME NOT NULL, id INT) DUPLICATE KEY(dt) PARTITION BY date_trunc('day', dt) ${hash} ${one}`,
    rows: "('2024-01-01 10:00:00',1),('2024-01-02 11:00:00',2)",
  },
  cities: {
    create: `(id INT, city VARCHAR(20) NOT NULL) DUPLICATE KEY(id) PARTITION BY LIST(city) (PARTITION pa VALUES IN ('a','b'), PARTITION pc VALUES IN ('c')) ${hash} ${one}`,
    rows: "(1,'a'),(2,'b'),(3,'c')",
    since: '3.5',
  },
  towns: {
    create: `(id INT, city VARCHAR(20) NOT NULL) DUPLICATE KEY(id) PARTITION BY (city) ${hash} ${one}`,
    rows: "(1,'x'),(2,'y')",
    since: '3.5',
  },
}

let s3: S3Server
beforeAll(async () => {
  s3 = await startTestS3()
})
afterAll(() => s3?.stop())

const isNew = (version: LabVersion) => version === '3.5' || version === '4.1'

describe.each(['3.1', '3.3', '3.5', '4.1'] as const)('%s', (version) => {
  let source: LabCluster
  let target: LabCluster
  const names = Object.keys(kinds).filter((name) => kinds[name]?.since === undefined || isNew(version))

  beforeAll(async () => {
    source = await LabCluster.start({ name: `source-${version}`, version, timeFactor: 300 })
    target = await LabCluster.start({
      name: `target-${version}`,
      version: isNew(version) ? version : '3.5',
      timeFactor: 300,
    })
    source.execute('CREATE DATABASE shop')
    for (const name of names) {
      source.execute(`CREATE TABLE shop.${name} ${kinds[name]?.create}`)
      source.execute(`INSERT INTO shop.${name} VALUES ${kinds[name]?.rows}`)
    }
    await attach(source, s3, `repo_${version.replace('.', '_')}`)
    await attach(target, s3, `repo_${version.replace('.', '_')}`)
  })
  afterAll(() => Promise.all([source?.stop(), target?.stop()]))

  test('rows, partitions and versions of every kind of table come back from the objects alone', async () => {
    const repository = `repo_${version.replace('.', '_')}`
    await source.run(`BACKUP SNAPSHOT shop.whole TO ${repository}`)
    const states = await stateChanges(source, 'SHOW BACKUP FROM shop')
    expect(states).toEqual([
      'PENDING',
      'SNAPSHOTING',
      'UPLOAD_SNAPSHOT',
      'UPLOADING',
      'SAVE_META',
      'UPLOAD_INFO',
      'FINISHED',
    ])
    expect(await verified(repository, 'whole')).toEqual([])
    // What comes after the instant of the snapshot is not in it.
    const before = Object.fromEntries(names.map((name) => [name, rowsOf(source, `shop.${name}`)]))
    for (const name of names) source.execute(`INSERT INTO shop.${name} VALUES ${kinds[name]?.rows}`)

    const job = await restore(target, repository, 'whole')
    expect(job).toMatchObject({ State: 'FINISHED', Status: '[OK]', TaskErrMsg: '' })
    for (const name of names) {
      const copy = labTable(target, `shop.${name}`)
      const original = labTable(source, `shop.${name}`)
      expect(rowsOf(target, `shop.${name}`), name).toEqual(before[name])
      expect(misplacedRows(copy), name).toBe(0)
      expect(copy.partitions.map((p) => p.name).sort()).toEqual(original.partitions.map((p) => p.name).sort())
      expect(epochs(copy)).toEqual(epochs(original))
      expect(copy.id).not.toBe(original.id)
      expect(copy.state).toBe('NORMAL')
      // Loads go on from the snapshot's version.
      target.execute(`INSERT INTO shop.${name} VALUES ${kinds[name]?.rows}`)
      expect(rowsOf(target, `shop.${name}`), name).toEqual(rowsOf(source, `shop.${name}`))
    }
  })

  test('a write while the backup runs is not in it, whenever it was uploaded', async () => {
    const repository = `repo_${version.replace('.', '_')}`
    const name = 'shop.ranged'
    const before = rowsOf(source, name)
    const fault = source.faults.inject({
      kind: 'during-snapshot',
      state: 'SNAPSHOTING',
      run: () => source.execute("INSERT INTO shop.ranged VALUES (5,'during')"),
    })
    await backUp(source, repository, 'during', 'BACKUP SNAPSHOT shop.during TO REPO ON (ranged)')
    expect(fault.struck).toBe(1)
    fault.clear()
    target.execute('CREATE DATABASE late')
    await restore(target, repository, 'during', 'RESTORE SNAPSHOT late.during FROM REPO')
    expect(rowsOf(target, 'late.ranged')).toEqual(before)
    expect(rowsOf(source, name)).toHaveLength(before.length + 1)
  })

  test('statements of 3.4 and later are no grammar before', async () => {
    const repository = `repo_${version.replace('.', '_')}`
    const statement = source.run(
      `BACKUP DATABASE shop SNAPSHOT wide TO ${repository} ON (TABLE ranged PARTITION (p1), ALL FUNCTIONS)`,
    )
    if (isNew(version)) {
      await statement
      expect(show(source, 'SHOW BACKUP FROM shop')[0]?.BackupObjs).toBe(
        version === '4.1' ? '[shop.rangedPARTITIONS (p1) AS ranged]' : '[shop.rangedPARTITIONS (p1)]',
      )
      source.execute('CANCEL BACKUP FROM shop')
    } else
      await expect(statement).rejects.toThrow("Unexpected input 'DATABASE', the most similar input is {'SNAPSHOT'}")
  })
})

/** What the product's own reader of repositories finds wrong with a snapshot, every object looked at. */
const verified = async (name: string, label: string): Promise<unknown> => {
  const store = openStore({
    location: 's3a://backups/base',
    properties: {
      'aws.s3.access_key': s3.accessKey,
      'aws.s3.secret_key': s3.secretKey,
      'aws.s3.endpoint': s3.endpoint,
      'aws.s3.region': s3.region,
    },
  })
  const { findings } = await verifySnapshot(await readRepository(store, name), label, { deep: true })
  return findings
}

const epochs = (table: LabTable) =>
  table.partitions
    .map((partition) => `${partition.name} ${partition.physical.map((p) => p.versionEpoch).join()}`)
    .sort()
