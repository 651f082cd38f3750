import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { S3Server } from '../../client/s3-server/s3-server.ts'
import { LabCluster } from '../../lab/index.ts'
import { startTestS3 } from '../support/s3-server.ts'
import { attach, backUp, labTable, restore, rowsOf, show } from './support/lab-repository.ts'

const shape = "DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ('replication_num' = '1')"
const ranged = `(id INT NOT NULL, v INT) DUPLICATE KEY(id) PARTITION BY RANGE(id) (PARTITION p1 VALUES LESS THAN ('10'), PARTITION p2 VALUES LESS THAN ('20')) ${shape}`
const listed = `(id INT, city VARCHAR(20) NOT NULL) DUPLICATE KEY(id) PARTITION BY LIST(city) (PARTITION p1 VALUES IN ('a'), PARTITION p2 VALUES IN ('b')) ${shape}`

let s3: S3Server
let lab: LabCluster
let number = 0

beforeAll(async () => {
  s3 = await startTestS3()
  lab = await LabCluster.start({ name: 'chains', version: '3.5', timeFactor: 300 })
  await attach(lab, s3, 'repo')
})
afterAll(async () => {
  await lab?.stop()
  await s3?.stop()
})

/** A database of its own with one table `t`, and a scratch database to restore it into. */
const fresh = (create: string): { db: string; scratch: string } => {
  const db = `d${++number}`
  lab.execute(`CREATE DATABASE ${db}`)
  lab.execute(`CREATE TABLE ${db}.t ${create}`)
  return { db, scratch: `s${number}` }
}

const full = (db: string) =>
  backUp(lab, 'repo', `full_${db}`, `BACKUP DATABASE ${db} SNAPSHOT full_${db} TO REPO ON (TABLE t)`)

const increment = (db: string, partitions: string) =>
  backUp(
    lab,
    'repo',
    `inc_${db}`,
    `BACKUP DATABASE ${db} SNAPSHOT inc_${db} TO REPO ON (TABLE t PARTITION (${partitions}))`,
  )

const apply = (db: string, scratch: string, label: string, partitions = '') =>
  restore(
    lab,
    'repo',
    label,
    `RESTORE SNAPSHOT ${label} FROM REPO DATABASE ${db} AS ${scratch} ON (TABLE t${partitions === '' ? '' : ` PARTITION (${partitions})`})`,
  )

const partitionsOf = (table: string) =>
  Object.fromEntries(show(lab, `SHOW PARTITIONS FROM ${table}`).map((row) => [row.PartitionName, row]))

describe('a full backup, and a later one of some partitions over it', () => {
  test('range: partitions are replaced, made, and go down to their version; what had been dropped is still there', async () => {
    const { db, scratch } = fresh(ranged)
    lab.execute(`INSERT INTO ${db}.t VALUES (1,1),(11,11)`)
    lab.execute(`INSERT INTO ${db}.t PARTITION (p1) VALUES (2,2)`)
    await full(db)
    lab.execute(`TRUNCATE TABLE ${db}.t PARTITION (p1)`)
    lab.execute(`ALTER TABLE ${db}.t ADD PARTITION p3 VALUES LESS THAN ('30')`)
    lab.execute(`INSERT INTO ${db}.t PARTITION (p3) VALUES (21,21)`)
    lab.execute(`ALTER TABLE ${db}.t DROP PARTITION p2 FORCE`)
    await increment(db, 'p1, p3')
    expect(await apply(db, scratch, `full_${db}`)).toMatchObject({ State: 'FINISHED' })
    const first = partitionsOf(`${scratch}.t`)
    expect(await apply(db, scratch, `inc_${db}`, 'p1, p3')).toMatchObject({ State: 'FINISHED' })
    const second = partitionsOf(`${scratch}.t`)
    expect(rowsOf(lab, `${scratch}.t`)).toEqual(['11,11', '21,21'])
    expect(second.p1?.PartitionId).toBe(first.p1?.PartitionId)
    expect(first.p1?.VisibleVersion).toBe('3')
    expect(second.p1).toMatchObject({ VisibleVersion: '1', DataVersion: '1', VersionEpoch: first.p1?.VersionEpoch })
    expect(second.p3?.VersionEpoch).toBe(partitionsOf(`${db}.t`).p3?.VersionEpoch)
  })

  test('list: a new partition cancels it and nothing is applied; added before with the same buckets it goes in', async () => {
    const { db, scratch } = fresh(listed)
    lab.execute(`INSERT INTO ${db}.t VALUES (1,'a')`)
    await full(db)
    lab.execute(`INSERT INTO ${db}.t VALUES (2,'a')`)
    lab.execute(`ALTER TABLE ${db}.t ADD PARTITION p3 VALUES IN ('c')`)
    lab.execute(`INSERT INTO ${db}.t VALUES (3,'c')`)
    await increment(db, 'p1, p3')
    await apply(db, scratch, `full_${db}`)
    expect(await apply(db, scratch, `inc_${db}`, 'p1, p3')).toMatchObject({
      State: 'CANCELLED',
      Status: '[COMMON_ERROR, msg: No partition exist in single partitioned table t]',
    })
    expect(rowsOf(lab, `${scratch}.t`)).toEqual(['1,a'])
    lab.execute(`ALTER TABLE ${scratch}.t ADD PARTITION p3 VALUES IN ('c')`)
    expect(await apply(db, scratch, `inc_${db}`, 'p1, p3')).toMatchObject({ State: 'FINISHED' })
    expect(rowsOf(lab, `${scratch}.t`)).toEqual(['1,a', '2,a', '3,c'])
  })

  test('list: other values under the same name finish, and the partition keeps its own with rows that are none of them', async () => {
    const { db, scratch } = fresh(listed)
    lab.execute(`INSERT INTO ${db}.t VALUES (1,'a')`)
    await full(db)
    lab.execute(`ALTER TABLE ${db}.t DROP PARTITION p1 FORCE`)
    lab.execute(`ALTER TABLE ${db}.t ADD PARTITION p1 VALUES IN ('x')`)
    lab.execute(`INSERT INTO ${db}.t VALUES (7,'x')`)
    await increment(db, 'p1')
    await apply(db, scratch, `full_${db}`)
    expect(await apply(db, scratch, `inc_${db}`, 'p1')).toMatchObject({ State: 'FINISHED', Status: '[OK]' })
    expect(partitionsOf(`${scratch}.t`).p1?.List).toBe('[["a"]]')
    expect(rowsOf(lab, `${scratch}.t`)).toEqual(['7,x'])
    expect(() => lab.execute(`INSERT INTO ${scratch}.t VALUES (8,'x')`)).toThrow('Insert has filtered data')
  })

  test.each([
    [
      'RENAME PARTITION p1 q1',
      'q1',
      'Partition q1 in table t has conflict range with existing ranges',
      'RENAME PARTITION p1 q1',
    ],
    [
      "DROP PARTITION p2 FORCE; ADD PARTITION p2 VALUES LESS THAN ('30')",
      'p2',
      'Partition p2 in table t has different range with partition in repository',
      'DROP PARTITION p2 FORCE',
    ],
    [
      "DROP PARTITION p2 FORCE; ADD PARTITION p2 VALUES LESS THAN ('20') DISTRIBUTED BY HASH(id) BUCKETS 5",
      'p2',
      'Table t already exist but with different schema, errMsg: bucket num is inconsistent',
      'DROP PARTITION p2 FORCE',
    ],
    [
      "ADD COLUMN w INT DEFAULT '0'",
      'p1',
      'Table t already exist but with different schema, errMsg: ',
      "ADD COLUMN w INT DEFAULT '0'",
    ],
    ['DROP COLUMN v', 'p1', 'Table t already exist but with different schema, errMsg: ', 'DROP COLUMN v'],
    [
      'MODIFY COLUMN v BIGINT',
      'p1',
      'Table t already exist but with different schema, column: v in existed table is different from the column in backup snapshot, column: v',
      'MODIFY COLUMN v BIGINT',
    ],
  ])('%s in between: refused until the scratch table is prepared', async (changes, partition, text, preparation) => {
    const { db, scratch } = fresh(ranged)
    lab.execute(`INSERT INTO ${db}.t VALUES (1,1),(11,11)`)
    await full(db)
    for (const change of changes.split('; ')) lab.execute(`ALTER TABLE ${db}.t ${change}`)
    await increment(db, partition)
    await apply(db, scratch, `full_${db}`)
    expect(await apply(db, scratch, `inc_${db}`, partition)).toMatchObject({
      State: 'CANCELLED',
      Status: `[COMMON_ERROR, msg: ${text}]`,
    })
    expect(labTable(lab, `${scratch}.t`).state).toBe('NORMAL')
    lab.execute(`ALTER TABLE ${scratch}.t ${preparation}`)
    expect(await apply(db, scratch, `inc_${db}`, partition)).toMatchObject({ State: 'FINISHED' })
    expect(rowsOf(lab, `${scratch}.t`)).toEqual(rowsOf(lab, `${db}.t`).sort())
  })
})

describe('automatic partitions', () => {
  const automatic = `(id INT, city VARCHAR(20) NOT NULL) DUPLICATE KEY(id) PARTITION BY (city) ${shape}`
  const empty = 'data cannot be inserted into table with empty partition'
  const overwrite = (table: string) => `INSERT /*+ SET_VAR(dynamic_overwrite=true) */ OVERWRITE ${table} VALUES (9,'z')`

  test('a table restored from one partition alone lacks the shadow partition', async () => {
    const { db, scratch } = fresh(automatic)
    lab.execute(`INSERT INTO ${db}.t VALUES (1,'a'),(2,'b')`)
    await increment(db, 'pa')
    await apply(db, scratch, `inc_${db}`)
    expect(() => lab.execute(overwrite(`${scratch}.t`))).toThrow('getPartition(String)" is null')
    lab.execute(`INSERT INTO ${scratch}.t VALUES (3,'c')`)
    for (const name of ['pa', 'pc']) lab.execute(`ALTER TABLE ${scratch}.t DROP PARTITION ${name} FORCE`)
    expect(() => lab.execute(`INSERT INTO ${scratch}.t VALUES (3,'c')`)).toThrow(empty)
  })

  test('named with it, it keeps it', async () => {
    const { db, scratch } = fresh(automatic)
    lab.execute(`INSERT INTO ${db}.t VALUES (1,'a'),(2,'b')`)
    const job = await increment(db, '"$shadow_automatic_partition", pa')
    expect(job.BackupObjs).toBe(`[${db}.tPARTITIONS ($shadow_automatic_partition, pa)]`)
    const restored = await apply(db, scratch, `inc_${db}`)
    expect(restored.RestoreObjs).toBe('t PARTITIONS [pa, $shadow_automatic_partition]')
    lab.execute(overwrite(`${scratch}.t`))
    expect(rowsOf(lab, `${scratch}.t`)).toEqual(['1,a', '9,z'])
    for (const name of ['pa', 'pz']) lab.execute(`ALTER TABLE ${scratch}.t DROP PARTITION ${name} FORCE`)
    lab.execute(`INSERT INTO ${scratch}.t VALUES (3,'c')`)
    expect(rowsOf(lab, `${scratch}.t`)).toEqual(['3,c'])
  })
})

test('AS makes a new table, and never goes onto one that is there', async () => {
  const { db } = fresh(ranged)
  lab.execute(`INSERT INTO ${db}.t VALUES (1,1),(11,11)`)
  await full(db)
  const as = (partitions: string) =>
    restore(
      lab,
      'repo',
      `full_${db}`,
      `RESTORE SNAPSHOT full_${db} FROM REPO DATABASE ${db} ON (TABLE t PARTITION (${partitions}) AS t_new)`,
    )
  expect(await as('p1')).toMatchObject({ State: 'FINISHED', RestoreObjs: 't PARTITIONS [p1]' })
  expect(rowsOf(lab, `${db}.t_new`)).toEqual(['1,1'])
  expect(await as('p2')).toMatchObject({
    State: 'CANCELLED',
    Status:
      '[COMMON_ERROR, msg: Table t_new already exist but with different schema, errMsg: Table name is inconsistent]',
  })
  // Under the snapshot's own name it takes the other partition.
  lab.execute(`ALTER TABLE ${db}.t RENAME t_other`)
  lab.execute(`ALTER TABLE ${db}.t_new RENAME t`)
  expect(await apply(db, db, `full_${db}`, 'p2')).toMatchObject({ State: 'FINISHED' })
  expect(rowsOf(lab, `${db}.t`)).toEqual(['1,1', '11,11'])
})

test('several physical partitions restore as a new table only', async () => {
  const random =
    "(id INT NOT NULL, v INT) DUPLICATE KEY(id) PARTITION BY RANGE(id) (PARTITION p1 VALUES LESS THAN ('10')) DISTRIBUTED BY RANDOM BUCKETS 3 PROPERTIES ('replication_num' = '1')"
  const { db, scratch } = fresh(random)
  lab.execute(`INSERT INTO ${db}.t VALUES (1,1)`)
  await full(db)
  const source = labTable(lab, `${db}.t`)
  const [p1] = source.partitions
  if (!p1?.physical[0]) throw new Error('no partition')
  const twin = structuredClone(p1.physical[0])
  for (const tablets of twin.tablets.values()) for (const tablet of tablets) tablet.id = lab.state.nextId()
  p1.physical.push({ ...twin, id: lab.state.nextId() })
  await increment(db, 'p1')
  await apply(db, scratch, `full_${db}`)
  expect(await apply(db, scratch, `inc_${db}`, 'p1')).toMatchObject({
    Status: '[COMMON_ERROR, msg: Partition p1 in table t is automatic bucket partition, can not be restored]',
  })
  lab.execute(`ALTER TABLE ${scratch}.t DROP PARTITION p1 FORCE`)
  expect(await apply(db, scratch, `inc_${db}`, 'p1')).toMatchObject({
    Status: "[COMMON_ERROR, msg: Table t's state is not NORMAL: RESTORE]",
  })
  expect(labTable(lab, `${scratch}.t`).state).toBe('NORMAL')
  expect(await apply(db, `${scratch}_new`, `inc_${db}`)).toMatchObject({ State: 'FINISHED' })
  expect(rowsOf(lab, `${scratch}_new.t`)).toEqual(['1,1', '1,1'])
})
