import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { LabRunMode, LabVersion } from '../../lab/index.ts'
import { LabMigration } from '../support/lab-migration.ts'
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

const PAIRS: { to: LabVersion; from: LabVersion; mode?: LabRunMode; pair: string }[] = [
  { from: '3.5', to: '3.5', pair: '3.5 to 3.5' },
  { from: '3.1', to: '3.5', pair: '3.1 to 3.5' },
  { from: '3.5', to: '4.1', mode: 'shared_data', pair: '3.5 to 4.1 shared-data' },
  { from: '3.1', to: '3.1', pair: '3.1 to 3.1' },
]

async function copied(name: string, pair: (typeof PAIRS)[number], test: (migration: LabMigration) => Promise<void>) {
  const migration = await LabMigration.prepare(
    {
      name: `${name}-${pair.from}-${pair.to}`,
      source: { version: pair.from },
      target: { version: pair.to, runMode: pair.mode },
      spec: { parkAfter: 2 },
    },
    temporal,
    worker,
  )
  try {
    migration.fill(plainTables(2))
    await migration.start()
    await migration.settled()
    await test(migration)
  } finally {
    await migration.stop()
  }
}

const versionOf = ({ source }: LabMigration) => {
  const table = source.state.databases.get('app')?.objects.get('t1')
  return table?.kind === 'table' ? table.partitions[0]?.physical[0]?.dataVersion : undefined
}

describe.concurrent('a copy knows of which rows it is one', () => {
  it.each(PAIRS)('emptied and filled again up to the same version: $pair', (pair) =>
    copied('again', pair, async (migration) => {
      const before = versionOf(migration)
      // All in one moment, between two looks.
      migration.source.execute('TRUNCATE TABLE app.t1')
      migration.source.execute("INSERT INTO app.t1 VALUES (1, 'new'), (2, 'rows')")
      expect(versionOf(migration)).toBe(before)
      await migration.settled()
    }),
  )

  it.each(PAIRS)('paused in the middle of a job, jobs failed: no approval is needed for our own copy: $pair', (pair) =>
    copied('own', pair, async (migration) => {
      const { source, target, starferry, name } = migration
      const slow = target.faults.inject({ kind: 'slow-jobs', factor: 1_000_000 })
      source.execute("INSERT INTO app.t1 VALUES (100, 'more')")
      await until('a job runs', () => target.replication.jobs().length > 0)
      await starferry.pause(name)
      await migration.untilStatus('pausing', ({ state }) => state === 'pausing')
      slow.clear()
      await migration.untilStatus('paused', ({ state }) => state === 'paused')
      await starferry.resume(name)
      await migration.settled()
      // Parked after failures, and going on by itself.
      const failing = target.faults.inject({ kind: 'abort-job', error: 'Replicate snapshot failed', times: 3 })
      source.execute("INSERT INTO app.t1 VALUES (101, 'and more')")
      await until('jobs failed', () => failing.struck === 3)
      await migration.settled()
      expect(await starferry.parked(name)).toEqual([])
    }),
  )
})
