import { expect, test } from 'vitest'
import type { BackupPlan, BackupPlanInput } from '../../contract/backup/backup-api.ts'
import { TASK_QUEUE } from '../../contract/names.ts'
import { backupStage } from './support/backup-stage.ts'

const stage = backupStage()
const TABLE = `(id INT NOT NULL) DUPLICATE KEY(id) PARTITION BY RANGE(id) (PARTITION p1 VALUES LESS THAN ("10"), PARTITION p2 VALUES LESS THAN ("20")) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ("replication_num" = "1")`

let plans = 0
const plan = (input: BackupPlanInput) =>
  stage.temporal.client.workflow.execute<(input: BackupPlanInput) => Promise<BackupPlan>>('backupPlan', {
    workflowId: `plan/${++plans}`,
    taskQueue: TASK_QUEUE,
    args: [input],
  })

test('a plan says what each database gives, and is what is done then', async () => {
  const cluster = await stage.cluster()
  for (const db of ['a', 'select']) {
    const name = `\`${db}\``
    cluster.execute(`CREATE DATABASE ${name}`)
    cluster.execute(`CREATE TABLE ${name}.t ${TABLE}`)
    cluster.execute(`CREATE TABLE ${name}.u ${TABLE}`)
    cluster.execute(`INSERT INTO ${name}.t VALUES (1),(11)`)
  }
  cluster.execute('CREATE DATABASE empty')
  const spec = stage.spec(cluster, { name: 'planned', objects: { databases: ['*'] }, companion: false })
  const first = await plan({ spec })
  expect(first.databases.map(({ database, kind }) => [database, kind])).toEqual([
    ['a', 'full'],
    ['empty', 'nothing'],
    ['select', 'full'],
  ])
  expect(first.databases[0]).toMatchObject({ tables: 2, partitions: 4, why: 'there is no full one yet' })
  expect(first.databases[2]?.statements[0]).toMatch(
    /^BACKUP DATABASE `select` SNAPSHOT `sf_select_\d{8}T\d{9}_[0-9a-z]{6}1` TO `vault` ON \(TABLE `t`, TABLE `u`\) PROPERTIES/,
  )
  expect(cluster.backupJobs).toHaveLength(0)
  expect((await stage.contents()).own).toEqual([])

  const made = await (await stage.startSet({ spec })).result()
  expect(made).toMatchObject({ ok: true, databases: 3 })
  cluster.execute('INSERT INTO a.t PARTITION (p1) VALUES (2)')
  cluster.execute('ALTER TABLE a.u ADD COLUMN n INT')
  const second = await plan({ spec })
  expect(second.databases[0]).toMatchObject({
    kind: 'differential',
    baseline: made.backups.find(({ database }) => database === 'a')?.id,
    tables: 2,
    partitions: 3,
    whole: [{ table: 'u', why: 'its definition changed' }],
  })
  expect(second.databases[0]?.statements[0]).toContain('(TABLE `t` PARTITION (`p1`), TABLE `u`)')
  expect(second.databases[2]).toMatchObject({ kind: 'differential', tables: 0, statements: [] })
})

test('bad input is one clear sentence', async () => {
  const cluster = await stage.cluster()
  const spec = stage.spec(cluster, { objects: { databases: ['a'] } })
  const bad = async (input: unknown) => {
    const error = await plan(input as BackupPlanInput).then(
      () => undefined,
      (reason: { cause?: Error }) => reason.cause?.message,
    )
    return error
  }
  expect(await bad({})).toContain('give {"spec": …}')
  expect(await bad({ spec: { ...spec, objects: {} } })).toContain('names nothing to back up')
  expect(await bad({ spec: { ...spec, objects: { tables: ['a'] } } })).toContain("'a' is no name of an object")
  expect(await bad({ spec: { ...spec, paralellDatabases: 3 } })).toContain("'parallelDatabases'")
})
