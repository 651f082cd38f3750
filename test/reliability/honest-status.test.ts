import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { MigrationStatus } from '../../contract/index.ts'
import { metadataWorkflowId } from '../../contract/names.ts'
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

async function withMigration(
  name: string,
  tables: number,
  test: (migration: LabMigration) => Promise<void>,
  options: Partial<LabMigrationOptions> = {},
): Promise<void> {
  const migration = await LabMigration.prepare(
    { name, source: { version: '3.3' }, target: { version: '3.5' }, ...options },
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

/** Tables of the source whose every row is on the target now, and all of them. */
function truth(migration: LabMigration): { equal: number; all: number } {
  const { tables, differing } = migration.compare()
  return { equal: tables - differing.length, all: tables }
}

/** Looks at status and truth until the condition holds; the truth is taken after the status, and may only be ahead of it. */
async function watch(migration: LabMigration, holds: (status: MigrationStatus) => boolean): Promise<MigrationStatus[]> {
  const seen: MigrationStatus[] = []
  await until(
    'the watched condition',
    async () => {
      const status = await migration.status()
      const { equal, all } = truth(migration)
      const { total, lagging, unknown } = status.partitions
      // Each of these tables has one partition.
      expect(total - lagging - unknown, JSON.stringify(status)).toBeLessThanOrEqual(equal)
      if (status.progress === 1) expect(equal).toBe(all)
      if (status.state === 'caughtUp') expect(equal).toBe(all)
      seen.push(status)
      return holds(status)
    },
    { everyMs: 100, explain: () => migration.story(seen.at(-1)) },
  )
  return seen
}

describe.concurrent('the status says no more than what the target’s metadata confirm', () => {
  it('at every moment of a first copy', () =>
    withMigration(
      'honest-copy',
      16,
      async (migration) => {
        // On a slow machine short jobs would come and go between two looks at the status.
        const held = migration.target.faults.inject({ kind: 'slow-jobs', factor: 1_000_000 })
        migration.target.faults.inject({ kind: 'abort-job', error: 'Replicate snapshot failed', times: 4 })
        migration.target.faults.inject({ kind: 'lose-job', times: 2 })
        await migration.start()
        const first = await migration.untilStatus('jobs run', ({ jobs }) => jobs.running > 0)
        held.clear()
        // … and the whole copy between two looks of the migration.
        const last = migration.target.faults.inject({ kind: 'slow-jobs', factor: 1_000_000, table: 'app.t9' })
        migration.target.faults.inject({ kind: 'slow-jobs', factor: 100 })
        const some = await watch(migration, ({ progress }) => progress > 0 && progress < 1)
        last.clear()
        const rest = await watch(migration, ({ state, progress }) => state === 'caughtUp' && progress === 1)
        const seen = [first, ...some, ...rest]
        expect(new Set(seen.map(({ jobs }) => jobs.running)).size).toBeGreaterThan(1)
      },
      { spec: { limits: { tables: 4 } } },
    ))

  it('a job that is committed and not yet visible is no copy', () =>
    withMigration('honest-publish', 3, async (migration) => {
      const late = migration.target.faults.inject({ kind: 'delay-publish', ms: 400_000, table: 'app.t2' })
      await migration.start()
      await until('the job is committed', () => migration.jobs.committed === 3 && late.struck > 0)
      const committed = Date.now()
      const seen = await watch(
        migration,
        ({ checkedAt, partitions }) => Date.parse(checkedAt ?? '') > committed && partitions.lagging === 1,
      )
      expect(seen.at(-1)?.progress).toBeLessThan(1)
      await watch(migration, ({ state, progress }) => state === 'caughtUp' && progress === 1)
    }))

  it('what goes back or comes anew at the source lags at once, whatever its version', () =>
    withMigration('honest-again', 2, async (migration) => {
      const { source, target } = migration
      await migration.start()
      await migration.settled()
      const slow = target.faults.inject({ kind: 'slow-jobs', factor: 1_000_000 })
      source.execute('TRUNCATE TABLE app.t1')
      source.execute("INSERT INTO app.t1 VALUES (7, 'other rows at the same version')")
      const written = Date.now()
      const status = await migration.untilStatus(
        'a look after the write',
        ({ checkedAt }) => Date.parse(checkedAt ?? '') > written,
      )
      expect(status).toMatchObject({ state: 'syncing', partitions: { total: 2, lagging: 1 }, tables: { expired: 1 } })
      expect(status.progress).toBeLessThan(1)
      slow.clear()
      await watch(migration, ({ state, progress }) => state === 'caughtUp' && progress === 1)
    }))

  it('what a target cannot tell is unknown: never 100 %', () =>
    withMigration(
      'honest-unknown',
      2,
      async (migration) => {
        await migration.start()
        const status = await migration.caughtUp()
        expect(status.partitions).toEqual({ total: 2, lagging: 0, unknown: 2, surplus: 0 })
        expect(status.jobs.unknown).toBe(2)
        expect(status).toMatchObject({
          state: 'syncing',
          reason: expect.stringMatching(/does not tell of 2 partitions/),
        })
        expect(status.progress).toBeLessThan(1)
        const { rows } = await migration.starferry.tables(migration.name)
        expect(rows.map(({ state }) => state)).toEqual(['unknown', 'unknown'])
      },
      { source: { version: '3.1' }, target: { version: '3.1' } },
    ))

  it('between frontends whose backends answer no queries', () =>
    withMigration('honest-frontends', 3, async (migration) => {
      for (const cluster of [migration.source, migration.target]) cluster.faults.inject({ kind: 'no-backend-queries' })
      await migration.start()
      await watch(migration, ({ state, progress }) => state === 'caughtUp' && progress === 1)
    }))

  it('a table that is missing, refused or parked is told with its reason', () =>
    withMigration(
      'honest-reasons',
      2,
      async (migration) => {
        const { source, target, starferry, name } = migration
        source.execute(
          `CREATE EXTERNAL TABLE app.ext (id INT) ENGINE=mysql PROPERTIES ("host" = "127.0.0.1", "port" = "3306", "user" = "u", "password" = "secret", "database" = "d", "table" = "t")`,
        )
        const failing = target.faults.inject({
          kind: 'abort-job',
          error: 'Replicate snapshot failed: disk is bad',
          table: 'app.t2',
        })
        await migration.start()
        const status = await migration.untilStatus('parked', ({ tables }) => tables.parked >= 2)
        expect(status.progress).toBeLessThan(1)
        expect(status.reasons.map(({ reason }) => reason).join('\n')).toMatch(/disk is bad/)
        const parked = await starferry.parked(name)
        expect(parked.find(({ table }) => table === 'app.t2')?.reason).toMatch(/disk is bad/)
        expect(parked.find(({ table }) => table === 'app.ext')?.reason).toMatch(/external/i)
        failing.clear()
        expect(await starferry.retry(name, ['app.t2'])).toEqual({ accepted: ['app.t2'], rejected: [] })
        await migration.untilStatus('copied', () => migration.compare().differing.length === 0)
        expect((await starferry.retry(name, ['app.nothing'])).rejected).toHaveLength(1)
      },
      { spec: { parkAfter: 1, intervals: { metadata: 2, stale: 0.5, park: 300 } } },
    ))

  it('a partition that the source dropped is told until the target has dropped it', () =>
    withMigration('honest-dropped', 1, async (migration) => {
      const { source, target } = migration
      source.execute(
        `CREATE TABLE app.days (d INT NOT NULL, v INT) DUPLICATE KEY(d) PARTITION BY RANGE(d) (PARTITION p1 VALUES [("0"), ("10")), PARTITION p2 VALUES [("10"), ("20"))) DISTRIBUTED BY HASH(d) BUCKETS 1 PROPERTIES ("replication_num" = "1")`,
      )
      source.execute('INSERT INTO app.days VALUES (1, 1), (11, 2)')
      await migration.start()
      const copied = await migration.caughtUp()
      expect(copied.definitionsCheckedAt).toBeDefined()
      // A load wrote to it: it may not go without an approval.
      target.execute('INSERT INTO app.days PARTITION (p2) VALUES (12, 3)')
      source.execute('ALTER TABLE app.days DROP PARTITION p2 FORCE')
      const status = await migration.untilStatus('surplus', ({ partitions }) => partitions.surplus === 1)
      expect(status).toMatchObject({ state: 'syncing', partitions: { lagging: 0 } })
      expect(status.progress).toBeLessThan(1)
      await migration.starferry.configure(migration.name, { allow: { dropTargetOnlyPartitions: true } })
      await migration.caughtUp()
    }))

  it('a renamed column that cannot be followed is no 100 %, not even after the difference', () =>
    withMigration('honest-renamed', 1, async (migration) => {
      const { source, target } = migration
      source.execute(
        `CREATE TABLE app.days (d INT NOT NULL, v INT) DUPLICATE KEY(d) PARTITION BY RANGE(d) (PARTITION p1 VALUES [("0"), ("10"))) DISTRIBUTED BY HASH(d) BUCKETS 1 PROPERTIES ("replication_num" = "1")`,
      )
      source.execute('INSERT INTO app.days VALUES (1, 1)')
      await migration.start()
      await migration.caughtUp()
      // Rows of somebody else: the copy cannot be made anew without an approval.
      target.execute('ALTER TABLE app.days ADD PARTITION p2 VALUES [("10"), ("20"))')
      target.execute('INSERT INTO app.days VALUES (12, 3)')
      source.execute('ALTER TABLE app.days RENAME COLUMN v TO w')
      const status = await migration.untilStatus(
        'told after a difference that began later',
        ({ tables, reasons, reason }) => tables.parked > 0 && reasons.length > 0 && reason !== undefined,
      )
      expect(status.state).toBe('syncing')
      expect(status.progress).toBeLessThan(1)
      expect(status.reason).toMatch(/parked, 1 of them until approved/)
    }))

  it('clusters that cannot be reached are told within a minute, with the age of the figures', () =>
    withMigration('honest-gone', 1, async (migration) => {
      await migration.start()
      await migration.caughtUp()
      const gone = migration.source.faults.inject({ kind: 'drop-mysql', cut: 'connect' })
      const still = migration.source.faults.inject({ kind: 'drop-mysql', cut: 'before' })
      const status = await migration.untilStatus('told', ({ reason }) => reason !== undefined, { withinMs: 60_000 })
      expect(status.state).toBe('syncing')
      expect(status.progress).toBeLessThan(1)
      expect(status.reason).toMatch(/the figures are of \d{4}-.*since \d{4}-.*honest-gone-source/)
      gone.clear()
      still.clear()
      await migration.caughtUp()
      // And so is what keeps a stop from coming to its end.
      for (const cut of ['connect', 'before'] as const) migration.target.faults.inject({ kind: 'drop-mysql', cut })
      // A difference that is under way, and fails, is no reason to wait for it.
      const difference = temporal.client.workflow.getHandle(metadataWorkflowId(migration.name))
      await until('a difference fails', async () => {
        const { raw } = await difference.describe()
        return raw.pendingActivities?.some(({ lastFailure }) => lastFailure?.message)
      })
      await migration.starferry.stop(migration.name)
      // Its look at the clusters ends then; until it has, that is what is told.
      const stopping = await migration.untilStatus(
        'told',
        ({ state, reason }) =>
          state === 'stopping' && /(awaitQuiet|listTargetOnly|align\w+) fails, attempt \d+: /.test(reason ?? ''),
      )
      expect(stopping.reason).toContain('waiting for')
    }))

  it('tables that wait for room on a disk have that reason, and no job runs', () =>
    withMigration('honest-disk', 3, async (migration) => {
      const full = migration.target.faults.inject({ kind: 'disk-usage', node: 2, percent: 91 })
      await migration.start()
      const status = await migration.untilStatus('told', ({ reasons }) =>
        reasons.some(({ reason, tables }) => /disk above 80 % on .* \(91(\.\d+)? %\)/.test(reason) && tables === 3),
      )
      expect(status.jobs).toMatchObject({ running: 0, sent: 0, jobPending: 3 })
      full.clear()
      await migration.caughtUp()
    }))
})
