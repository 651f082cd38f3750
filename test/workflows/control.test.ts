import { defineSearchAttributeKey } from '@temporalio/common'
import { describe, expect, test } from 'vitest'
import {
  metadataReportSignal,
  metadataScheduleId,
  SEARCH_ATTRIBUTES,
  tableReportSignal,
  tableWorkflowId,
} from '../../contract/index.ts'
import { until } from '../support/until.ts'
import { insert, stage } from './support/stage.ts'

const on = stage()
const TABLE = defineSearchAttributeKey(SEARCH_ATTRIBUTES.table, 'KEYWORD')

describe('one-time', () => {
  test('copies everything once, also what has the longest of names, then finishes with everything confirmed', async () => {
    const migration = await on.migration({ name: 'once', spec: { oneTime: true } }, 5)
    const name = 'x'.repeat(1_024)
    migration.source.execute(`ALTER TABLE shop.t0 RENAME ${name}`)
    await migration.start()
    const status = await migration.starferry.result('once')
    expect(status).toMatchObject({ state: 'finished', progress: 1, partitions: { total: 5, lagging: 0, unknown: 0 } })
    expect(status.tables).toMatchObject({ total: 5, finished: 5, expired: 0, parked: 0 })
    expect(migration.compare()).toMatchObject({ rowsCompared: 50, differing: [] })
    expect(migration.jobs.sent).toBe(5)
    const long = await on.temporal.client.workflow.getHandle(tableWorkflowId('once', `shop.${name}`)).describe()
    // More is not stored everywhere.
    expect(long.typedSearchAttributes.get(TABLE)).toBe('x'.repeat(255))
  })

  test('without any table it finishes too', async () => {
    const migration = await on.migration({ name: 'nothing', spec: { oneTime: true } }, 0)
    await migration.start()
    expect(await migration.starferry.result('nothing')).toMatchObject({ state: 'finished', tables: { total: 0 } })
  })
})

describe('pause and resume', () => {
  test('running jobs are followed to their end, nothing new is sent, and it goes on afterwards', async () => {
    const migration = await on.migration({ name: 'pause', spec: { limits: { tables: 2 } } }, 6)
    const frozen = migration.target.faults.inject({ kind: 'freeze-jobs' })
    await migration.start()
    await until('two jobs run', () => migration.jobs.sent === 2)
    await migration.starferry.pause('pause')
    await migration.untilStatus('pausing', ({ state }) => state === 'pausing')
    const schedule = on.temporal.client.schedule.getHandle(metadataScheduleId('pause'))
    await until('the Schedule is paused', async () => (await schedule.describe()).state.paused)
    frozen.clear()
    await migration.untilStatus('paused', ({ state, slots }) => state === 'paused' && slots.used === 0)
    expect(jobCounts(migration)).toMatchObject({ sent: 2, committed: 2 })
    insert(migration, 't0')
    await migration.starferry.resume('pause')
    await migration.caughtUp()
    expect(migration.compare().differing).toEqual([])
    expect(migration.jobs.sentTwice()).toEqual([])
  })

  test('before anything was prepared, and while caught up', async () => {
    const migration = await on.migration({ name: 'early' }, 2)
    await migration.start()
    await migration.starferry.pause('early')
    await migration.untilStatus('paused', ({ state }) => state === 'paused')
    const sent = migration.jobs.sent
    await migration.starferry.resume('early')
    await migration.caughtUp()
    expect(migration.jobs.sent).toBeGreaterThanOrEqual(sent)
    await migration.starferry.pause('early')
    await migration.untilStatus('paused again', ({ state }) => state === 'paused')
    insert(migration, 't1')
    await migration.starferry.resume('early')
    await migration.caughtUp()
    expect(migration.compare().differing).toEqual([])
  })

  test('single tables can be paused', async () => {
    const migration = await on.migration({ name: 'single' }, 2)
    await migration.start()
    await migration.caughtUp()
    expect(await migration.starferry.pauseTables('single', ['shop.t1', 'shop.none'])).toEqual({
      accepted: ['shop.t1'],
      rejected: [{ table: 'shop.none', reason: 'there is no such table on single-source' }],
    })
    insert(migration, 't0')
    insert(migration, 't1')
    await until('t0 is copied', () => migration.compare(['shop.t0']).differing.length === 0)
    await migration.untilStatus('t1 waits', ({ reasons }) =>
      reasons.some(({ reason }) => reason === 'paused by an operator'),
    )
    expect(migration.compare(['shop.t1']).differing).toHaveLength(1)
    expect(await migration.starferry.resumeTables('single', ['shop.t1', 'shop.t0'])).toEqual({
      accepted: ['shop.t1'],
      rejected: [{ table: 'shop.t0', reason: 'it is not paused' }],
    })
    await migration.caughtUp()
    expect(migration.compare().differing).toEqual([])
  })
})

describe('stop', () => {
  test('follows running jobs, then takes everything down that it had put up', async () => {
    const migration = await on.migration(
      { name: 'stop', spec: { limits: { tables: 1 }, settings: { legacyCompatibility: 'on' } } },
      3,
    )
    const frozen = migration.target.faults.inject({ kind: 'freeze-jobs' })
    await migration.start()
    await until('a job runs', () => migration.jobs.sent === 1)
    const key = 'enable_legacy_compatibility_for_replication'
    expect(setting(migration, key)).toBe('true')
    await migration.starferry.stop('stop')
    await migration.untilStatus('stopping', ({ state }) => state === 'stopping')
    frozen.clear()
    const status = await migration.starferry.result('stop')
    expect(status.state).toBe('stopped')
    expect(jobCounts(migration)).toMatchObject({ sent: 1, committed: 1 })
    expect(setting(migration, key)).toBe('false')
    await expect(on.temporal.client.schedule.getHandle(metadataScheduleId('stop')).describe()).rejects.toThrow(
      /not found/i,
    )
  })

  test('told in words that it does not know, it goes on and says so, until it is told anew', async () => {
    const migration = await on.migration({ name: 'misspelt' }, 1)
    await migration.start()
    await migration.caughtUp()
    const handle = on.temporal.client.workflow.getHandle('migrate/misspelt')
    // As one click in the Temporal UI sends them.
    for (const report of [tableReportSignal, metadataReportSignal]) await handle.signal(report.name)
    await handle.signal('stop', { cancelJob: true })
    const found = await until('the status tells', async () =>
      (await migration.status()).findings.find(({ code }) => code === 'stop-not-understood'),
    )
    expect(found?.message).toContain("unknown key 'cancelJob'; the nearest valid one is 'cancelJobs'")
    await migration.untilStatus('it goes on', ({ state }) => state === 'caughtUp')
    await handle.signal('stop', { cancelJobs: true })
    const end = await migration.starferry.result('misspelt')
    expect(end.state).toBe('stopped')
    expect(end.findings.filter(({ code }) => code === 'stop-not-understood')).toEqual([])
  })

  test('with cancelJobs the running ones are cancelled on the target', async () => {
    const migration = await on.migration({ name: 'cancel', spec: { limits: { tables: 2 } } }, 4)
    migration.target.faults.inject({ kind: 'slow-jobs', factor: 10_000 })
    await migration.start()
    await until('two jobs run', () => migration.jobs.sent === 2)
    await migration.starferry.stop('cancel', { cancelJobs: true })
    expect((await migration.starferry.result('cancel')).state).toBe('stopped')
    expect(jobCounts(migration)).toMatchObject({ committed: 0, aborted: 2 })
  })

  test('cancelling the workflow in the Temporal UI does the same', async () => {
    const migration = await on.migration({ name: 'ui-cancel' }, 1)
    migration.target.faults.inject({ kind: 'slow-jobs', factor: 10_000 })
    await migration.start()
    await until('a job runs', () => migration.jobs.sent === 1)
    const handle = on.temporal.client.workflow.getHandle('migrate/ui-cancel')
    await handle.cancel()
    await expect(handle.result()).rejects.toThrow(/cancel/i)
    expect(jobCounts(migration)).toMatchObject({ committed: 0, aborted: 1 })
    await expect(on.temporal.client.schedule.getHandle(metadataScheduleId('ui-cancel')).describe()).rejects.toThrow(
      /not found/i,
    )
  })

  test('cancelling a table’s workflow cancels its job, and the migration goes on with a new one', async () => {
    const migration = await on.migration({ name: 'table-cancel' }, 1)
    const frozen = migration.target.faults.inject({ kind: 'slow-jobs', factor: 10_000 })
    await migration.start()
    await until('a job runs', () => migration.jobs.sent === 1)
    await on.temporal.client.workflow.getHandle('migrate/table-cancel/table/shop.t0').cancel()
    await until('its job is cancelled', () => migration.jobs.aborted === 1)
    frozen.clear()
    await migration.caughtUp()
    expect(migration.compare().differing).toEqual([])
  })
})

function jobCounts({ jobs: { sent, committed, aborted } }: { jobs: Record<'sent' | 'committed' | 'aborted', number> }) {
  return { sent, committed, aborted }
}

function setting({ target }: { target: { execute(sql: string): { rows: unknown[][] } } }, key: string): unknown {
  return target.execute(`ADMIN SHOW FRONTEND CONFIG LIKE '${key}'`).rows[0]?.[2]
}
