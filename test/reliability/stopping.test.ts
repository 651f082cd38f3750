import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { metadataScheduleId, migrationId, settingsWorkflowId } from '../../contract/names.ts'
import { LabMigration } from '../support/lab-migration.ts'
import { LabWorker } from '../support/lab-worker.ts'
import { plainTables } from '../support/plain-tables.ts'
import { startTemporal, type TestTemporal } from '../support/temporal.ts'
import { until } from '../support/until.ts'
import { sendForeignJob } from './foreign-job.ts'

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

const SETTING = 'enable_legacy_compatibility_for_replication'

/** A migration that changes a setting of its target, and whose jobs take for ever unless the test lets them go. */
async function withSlowJobs(
  name: string,
  test: (migration: LabMigration, letGo: () => void) => Promise<void>,
): Promise<void> {
  const migration = await LabMigration.prepare(
    {
      name,
      source: { version: '3.3' },
      target: { version: '3.5', frontends: 3 },
      spec: { include: ['app'], settings: { legacyCompatibility: 'on' } },
    },
    temporal,
    worker,
  )
  try {
    expect(settingOf(migration)).toBe('false')
    migration.fill(plainTables(3))
    const slow = migration.target.faults.inject({ kind: 'slow-jobs', factor: 1_000_000 })
    await migration.start()
    await until('jobs run', () => migration.target.replication.jobs().length >= 3)
    expect(settingOf(migration)).toBe('true')
    await test(migration, () => slow.clear())
  } finally {
    await migration.stop()
  }
}

const settingOf = ({ target }: LabMigration) => target.state.config.get(SETTING)?.value

async function scheduleExists(name: string): Promise<boolean> {
  try {
    await temporal.client.schedule.getHandle(metadataScheduleId(name)).describe()
    return true
  } catch {
    return false
  }
}

const untilStopped = (migration: LabMigration) => migration.untilStatus('stopped', ({ state }) => state === 'stopped')

describe.concurrent('a migration that ends leaves nothing behind', () => {
  it('stop: running jobs are followed to their end, settings put back, the Schedule is gone', () =>
    withSlowJobs('stop-plain', async (migration, letGo) => {
      await migration.starferry.stop(migration.name)
      await migration.untilStatus('stopping', ({ state }) => state === 'stopping')
      expect(migration.target.replication.jobs()).toHaveLength(3)
      letGo()
      const status = await untilStopped(migration)
      expect(status.tables.total).toBe(3)
      expect(migration.jobs).toMatchObject({ sent: 3, committed: 3, aborted: 0 })
      expect(settingOf(migration)).toBe('false')
      expect(await scheduleExists(migration.name)).toBe(false)
    }))

  it('stop --cancel-jobs: our jobs are cancelled on the target, and nobody else’s', () =>
    withSlowJobs('stop-cancel', async (migration) => {
      const foreign = await sendForeignJob(migration, 'somebody-elses-job')
      await migration.starferry.stop(migration.name, { cancelJobs: true })
      await untilStopped(migration)
      const jobs = migration.target.state.replicationJobs
      expect(jobs.filter((job) => job.jobId !== foreign).map(({ state, error }) => `${state}: ${error}`)).toEqual(
        Array.from({ length: 3 }, () => 'ABORTED: user cancel'),
      )
      expect(jobs.find((job) => job.jobId === foreign)?.state).not.toBe('ABORTED')
      expect(migration.target.replication.jobs().map((job) => job.record.jobId)).toEqual([foreign])
      expect(settingOf(migration)).toBe('false')
      expect(await scheduleExists(migration.name)).toBe(false)
    }))

  it('stop --keep-settings: the setting stays', () =>
    withSlowJobs('stop-keep', async (migration, letGo) => {
      letGo()
      await migration.starferry.stop(migration.name, { keepSettings: true })
      await untilStopped(migration)
      expect(settingOf(migration)).toBe('true')
    }))

  it('cancelled in the Temporal UI: jobs are cancelled, settings put back', () =>
    withSlowJobs('stop-cancelled', async (migration) => {
      await temporal.client.workflow.getHandle(migrationId(migration.name)).cancel()
      let execution = ''
      await until(
        'it is cancelled',
        async () => {
          execution = (await temporal.client.workflow.getHandle(migrationId(migration.name)).describe()).status.name
          return execution === 'CANCELLED'
        },
        { explain: async () => `${execution}, ${await migration.story(await migration.status())}` },
      )
      expect(migration.target.replication.jobs()).toEqual([])
      expect(settingOf(migration)).toBe('false')
      expect(await scheduleExists(migration.name)).toBe(false)
    }))

  it('terminated in the Temporal UI: settings are put back all the same, and differences cease', () =>
    withSlowJobs('stop-terminated', async (migration, letGo) => {
      await temporal.client.workflow.getHandle(migrationId(migration.name)).terminate('by a test')
      letGo()
      await until('the setting is put back', () => settingOf(migration) === 'false')
      await until('the settings workflow has ended', async () => {
        const handle = temporal.client.workflow.getHandle(settingsWorkflowId(migration.target.state.name))
        return (await handle.describe()).status.name === 'COMPLETED'
      })
      await until('the Schedule is gone', async () => !(await scheduleExists(migration.name)))
    }))

  it('a value that somebody else set meanwhile is left alone', () =>
    withSlowJobs('stop-changed', async (migration, letGo) => {
      const setting = migration.target.state.config.get(SETTING)
      if (setting) setting.value = 'FALSE'
      letGo()
      await migration.starferry.stop(migration.name)
      await untilStopped(migration)
      expect(settingOf(migration)).toBe('FALSE')
    }))
})
