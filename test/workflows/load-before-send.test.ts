import { expect, test } from 'vitest'
import type { LabMigration } from '../support/lab-migration.ts'
import { until } from '../support/until.ts'
import { insert, stage } from './support/stage.ts'

const on = stage()

/** A migration of one table, and a way to have a load on its target in the moment of a statement there. */
async function prepare(name: string) {
  let strike: ((sql: string) => boolean) | undefined
  const migration = await on.migration(
    {
      name,
      target: {
        version: '3.5',
        onStatement: (sql) => {
          if (!strike?.(sql)) return
          strike = undefined
          migration.target.execute(LOAD)
        },
      },
    },
    1,
  )
  await migration.start()
  await migration.caughtUp()
  const arm = (when: (sql: string) => boolean) => {
    strike = when
  }
  return { migration, arm, loaded: () => strike === undefined }
}

const LOAD = `INSERT INTO shop.t0 VALUES (-1, 'local')`

/** The source is ahead of what the load makes of the copy: the target would take a job, and mix both. */
function goAhead(migration: LabMigration): void {
  for (let version = 0; version < 3; version++) insert(migration, 't0')
}

async function asksFirst(migration: LabMigration): Promise<void> {
  const parkedNow = async () => {
    const list = await migration.starferry.parked(migration.name)
    return list.length > 0 && list
  }
  const [parked] = await until('t0 waits', parkedNow, { withinMs: 60_000 })
  expect(parked).toMatchObject({ table: 'shop.t0', needsApproval: true })
  expect(migration.target.execute('SELECT id FROM shop.t0 WHERE id = -1').rows).toHaveLength(1)
}

test('a load on the target while tablets are mapped is seen before the job is sent', async () => {
  const { migration, arm, loaded } = await prepare('mapped')
  const sent = migration.jobs.sent
  arm((sql) => /^SHOW PROC '\/dbs\/\d+\/\d+\/partitions\/\d+\/\d+'/.test(sql))
  goAhead(migration)
  await until('the load has come', loaded)
  await asksFirst(migration)
  expect(migration.jobs.sent).toBe(sent)
})

test('a load between a request without an answer and the next one is seen, too', async () => {
  const { migration, arm, loaded } = await prepare('again')
  const sent = migration.jobs.sent
  const lost = migration.target.faults.inject({
    kind: 'drop-rpc',
    cut: 'before',
    method: 'startTableReplication',
    times: 1,
  })
  arm((sql) => lost.struck === 1 && /replications/i.test(sql))
  goAhead(migration)
  await until('the load has come', loaded)
  await asksFirst(migration)
  expect(migration.jobs.sent).toBe(sent)
})
