import { expect, test } from 'vitest'
import { jobProgressOf } from '../../client/heartbeats.ts'
import { cancelSignal, type JobProgress } from '../../contract/backup/backup-api.ts'
import { backupId } from '../../contract/names.ts'
import { accessTo } from '../support/lab-worker.ts'
import { until } from '../support/until.ts'
import { backupStage } from './support/backup-stage.ts'

const stage = backupStage()
const TABLE = `(id INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ("replication_num" = "1")`

async function shop(statements: string[] = []) {
  const sent: string[] = []
  const cluster = await stage.cluster({ onStatement: (sql) => sent.push(sql) })
  for (const database of ['d0', 'd1']) {
    cluster.execute(`CREATE DATABASE ${database}`)
    for (const table of ['a', 'b', 'c']) {
      cluster.execute(`CREATE TABLE ${database}.${table} ${TABLE}`)
      cluster.execute(`INSERT INTO ${database}.${table} VALUES (1), (2)`)
    }
  }
  for (const statement of statements) cluster.execute(statement)
  return { cluster, counts: () => sent.filter((sql) => sql.includes('COUNT(*)')) }
}

const rowsOf = async (id: string) =>
  Object.fromEntries(
    Object.entries((await stage.record(id)).tables).map(([name, { partitions }]) => [
      name,
      Object.values(partitions).map(({ rows }) => rows),
    ]),
  )

test('a table whose rows cannot be counted takes nothing from the others', async () => {
  const { cluster, counts } = await shop()
  const memory = 'Memory of query_pool exceed limit. Pipeline Backend: 127.0.0.1'
  cluster.faults.inject({ kind: 'fail-query', error: memory, match: /COUNT\(\*\).*`b`/s })
  const spec = stage.spec(cluster, { objects: { databases: ['d0'] } })
  const first = await stage.backup(spec, 'd0')
  expect(first).toMatchObject({
    verified: 'ok',
    warnings: [expect.stringContaining('Rows of d0.b were not counted: Memory')],
  })
  expect(await rowsOf(first.id)).toEqual({ a: ['2'], b: [undefined], c: ['2'] })
  expect(counts()).toHaveLength(3)
  // The numbers go on into the backups that build on it.
  cluster.faults.clear()
  cluster.execute('INSERT INTO d0.c VALUES (3)')
  const next = await stage.backup(spec, 'd0')
  expect(next).toMatchObject({ kind: 'differential', warnings: [] })
  expect(await rowsOf(next.id)).toEqual({ a: ['2'], b: [undefined], c: ['3'] })
  expect(counts()).toHaveLength(4)
})

test('counting holds no slot and no job up, tells how far it is, and who takes over counts nothing again', async () => {
  const { cluster, counts } = await shop()
  const { name } = cluster.state
  // Not one connection to spare.
  stage.worker.configure({ [name]: accessTo(cluster, { connections: 1 }) })
  const slow = cluster.faults.inject({ kind: 'delay-mysql', ms: 600_000, match: /COUNT\(\*\).*`d0`\.`c`/s })
  cluster.faults.inject({ kind: 'stick-snapshot', state: 'UPLOADING', database: 'd1' })
  const spec = stage.spec(cluster, { objects: { databases: ['d*'] }, parallelDatabases: 1 })
  const set = await stage.startSet({ spec })
  const handleOf = (database: string) => stage.temporal.client.workflow.getHandle(backupId(spec.name, database))
  let told: JobProgress | undefined
  await until(
    'the last table of three is counted',
    async () => {
      told = await jobProgressOf(handleOf('d0'), 'd0').catch(() => undefined)
      return told?.doing === 'counting rows (2 of 3 tables)'
    },
    { explain: () => JSON.stringify(told) },
  )
  const stateOfNext = () => [...cluster.state.snapshotJobs.values()].find((job) => job.databaseName === 'd1')?.state
  await until('the next database has its turn meanwhile', () => stateOfNext() === 'UPLOADING')
  await handleOf('d1').signal(cancelSignal)
  await until('its job is cancelled meanwhile', () => stateOfNext() === 'CANCELLED')
  const before = counts().length
  slow.clear()
  await stage.replaceWorker()
  const result = await set.result()
  expect(result).toMatchObject({ failed: [{ database: 'd1' }], warnings: [] })
  expect(counts().slice(before).join()).not.toMatch(/`d0`\.`[ab]`/)
  expect(await rowsOf(result.backups[0]?.id ?? '')).toEqual({ a: ['2'], b: ['2'], c: ['2'] })
})
