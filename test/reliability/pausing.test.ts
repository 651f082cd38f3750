import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LabMigration, type LabMigrationOptions } from '../support/lab-migration.ts'
import { LabWorker } from '../support/lab-worker.ts'
import { plainTables } from '../support/plain-tables.ts'
import { startTemporal, type TestTemporal } from '../support/temporal.ts'
import { until } from '../support/until.ts'

let temporal: TestTemporal
let worker: LabWorker
beforeAll(async () => {
  temporal = await startTemporal()
  worker = await LabWorker.start(temporal)
})
afterAll(async () => {
  await worker?.stop()
  await temporal?.stop()
})

/** A migration of some plain tables, 3.3 to 3.5, that is stopped at the end of the test. */
async function withMigration(
  name: string,
  tables: number,
  test: (migration: LabMigration) => Promise<void>,
  options: Partial<LabMigrationOptions> = {},
): Promise<void> {
  const migration = await LabMigration.prepare(
    { name, source: { version: '3.3', frontends: 1 }, target: { version: '3.5', frontends: 3 }, ...options },
    temporal,
    worker,
  )
  try {
    migration.fill(plainTables(tables))
    await test(migration)
  } finally {
    await migration.stop()
  }
}

/** Longer than several looks, back-offs and metadata differences of these migrations take. */
const LONG_ENOUGH_MS = 4_000

/** Writes go on at the source, and nothing at all happens on the target. */
async function expectStillness(migration: LabMigration): Promise<void> {
  const before = { sent: migration.jobs.sent, tables: targetTables(migration) }
  for (let i = 0; i < 10; i++) {
    migration.source.execute(`INSERT INTO app.t1 VALUES (${1000 + i}, 'while paused')`)
    await sleep(LONG_ENOUGH_MS / 10)
  }
  expect({ sent: migration.jobs.sent, tables: targetTables(migration) }).toEqual(before)
  expect((await migration.status()).state).toBe('paused')
}

const targetTables = ({ target }: LabMigration) => [...(target.state.databases.get('app')?.objects.keys() ?? [])].sort()

const untilState = (migration: LabMigration, state: string) =>
  migration.untilStatus(state, (status) => status.state === state)

const runningJobs = ({ target }: LabMigration) =>
  target.state.replicationJobs.filter((job) => job.finishedMs === undefined).length

describe.concurrent('a pause truly pauses', () => {
  it('while it checks: nothing is made on the target before it is resumed', () =>
    withMigration('pause-checking', 3, async (migration) => {
      const slow = migration.source.faults.inject({ kind: 'delay-mysql', ms: 150 })
      await migration.start()
      await migration.starferry.pause(migration.name)
      slow.clear()
      await untilState(migration, 'paused')
      expect(targetTables(migration)).toEqual([])
      await expectStillness(migration)
      await migration.starferry.resume(migration.name)
      await migration.settled()
    }))

  it('while it makes tables: no further one is made', () =>
    withMigration(
      'pause-preparing',
      24,
      async (migration) => {
        // So long that the pause comes in the middle, on the slowest machine.
        const slow = migration.target.faults.inject({ kind: 'delay-mysql', ms: 3_000, match: /^CREATE TABLE/i })
        await migration.start()
        await until('a table is made', () => targetTables(migration).length > 0, { everyMs: 5 })
        await migration.starferry.pause(migration.name)
        await untilState(migration, 'paused')
        slow.clear()
        expect(targetTables(migration).length).toBeLessThan(24)
        await expectStillness(migration)
        await migration.starferry.resume(migration.name)
        await migration.settled()
        expect(targetTables(migration)).toHaveLength(24)
      },
      { spec: { limits: { ddlBatch: 2 } } },
    ))

  it('while jobs run: they are followed to their end, and none follows them', () =>
    withMigration('pause-running', 6, async (migration) => {
      const frozen = migration.target.faults.inject({ kind: 'freeze-jobs' })
      await migration.start()
      await until('jobs run', () => runningJobs(migration) >= 3)
      await migration.starferry.pause(migration.name)
      const pausing = await untilState(migration, 'pausing')
      expect(pausing.slots.used).toBeGreaterThan(0)
      await sleep(1_500)
      expect((await migration.status()).state).toBe('pausing')
      frozen.clear()
      await untilState(migration, 'paused')
      expect(runningJobs(migration)).toBe(0)
      await expectStillness(migration)
      await migration.starferry.resume(migration.name)
      await migration.settled()
      expect(migration.jobs.sentTwice()).toEqual([])
    }))

  it('while tables wait after failed attempts', () =>
    withMigration('pause-failing', 4, async (migration) => {
      const failing = migration.target.faults.inject({ kind: 'abort-job', error: 'Replicate snapshot failed' })
      await migration.start()
      await until('some jobs were aborted', () => migration.jobs.aborted >= 4)
      await migration.starferry.pause(migration.name)
      await untilState(migration, 'paused')
      failing.clear()
      await expectStillness(migration)
      await migration.starferry.resume(migration.name)
      await migration.settled()
    }))

  it('while tables wait for a disk, and when the target is busy', () =>
    withMigration('pause-waiting', 4, async (migration) => {
      const full = migration.target.faults.inject({ kind: 'disk-usage', node: 0, percent: 91 })
      const busy = migration.target.faults.inject({ kind: 'busy' })
      await migration.start()
      await migration.untilStatus('tables wait for a disk', ({ slots }) => slots.used > 0)
      expect(migration.jobs.sent).toBe(0)
      await migration.starferry.pause(migration.name)
      await untilState(migration, 'paused')
      full.clear()
      busy.clear()
      await expectStillness(migration)
      await migration.starferry.resume(migration.name)
      await migration.settled()
    }))

  it('when everything is in sync: what is written meanwhile follows after the resume', () =>
    withMigration('pause-idle', 2, async (migration) => {
      await migration.start()
      await migration.caughtUp()
      await migration.starferry.pause(migration.name)
      await untilState(migration, 'paused')
      await expectStillness(migration)
      await migration.starferry.resume(migration.name)
      await migration.settled()
    }))
})
