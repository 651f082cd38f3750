import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { leasesQuery, leaseUpdate, releaseUpdate, settingsWorkflowId, TASK_QUEUE } from '../../contract/index.ts'
import type { LabMigration } from '../support/lab-migration.ts'
import { accessTo } from '../support/lab-worker.ts'
import { until } from '../support/until.ts'
import { stage } from './support/stage.ts'

const on = stage()
const KEY = 'enable_legacy_compatibility_for_replication'

function present({ target }: LabMigration): unknown {
  return target.execute(`ADMIN SHOW FRONTEND CONFIG LIKE '${KEY}'`).rows[0]?.[2]
}

/** A second migration into the first one's target, and back. */
async function pair(name: string): Promise<[LabMigration, LabMigration]> {
  const spec = { settings: { legacyCompatibility: 'on' as const } }
  const first = await on.migration({ name: `${name}-1`, spec }, 1)
  const second = await on.migration(
    { name: `${name}-2`, spec: { ...spec, target: `${name}-1-target`, include: ['other'] } },
    1,
  )
  on.worker.configure({ [`${name}-1-target`]: accessTo(first.target) })
  return [first, second]
}

/** What the settings' workflow did, and what holds it. */
async function storyOf(migration: LabMigration): Promise<string> {
  const handle = on.temporal.client.workflow.getHandle(settingsWorkflowId(migration.target.state.name))
  const { events } = await handle.fetchHistory()
  const { raw } = await handle.describe()
  return [
    JSON.stringify(await migration.status().catch(String)),
    ...(events ?? []).map(({ eventId, eventTime, eventType, activityTaskScheduledEventAttributes: activity }) =>
      [eventId, eventTime?.seconds, eventType, activity?.activityType?.name].join(' '),
    ),
    JSON.stringify(raw.pendingActivities),
  ].join('\n')
}

describe('settings of a target that two migrations need', () => {
  test('are put back with the last of them', async () => {
    const [first, second] = await pair('share')
    expect(present(first)).toBe('false')
    await first.start()
    await first.untilStatus('changed', ({ settings }) => settings.length === 1)
    await second.start()
    await second.untilStatus('runs', ({ state }) => state === 'caughtUp' || state === 'syncing')
    expect(present(first)).toBe('true')
    await first.starferry.stop(first.name)
    await first.starferry.result(first.name)
    expect(present(first)).toBe('true')
    await second.starferry.stop(second.name)
    await second.starferry.result(second.name)
    expect(present(first)).toBe('false')
  })

  test('are put back when a holder was terminated', async () => {
    const migration = await on.migration({ name: 'gone', spec: { settings: { legacyCompatibility: 'on' } } }, 1)
    await migration.start()
    await migration.untilStatus('changed', ({ settings }) => settings.length === 1)
    await on.temporal.client.workflow.getHandle('migrate/gone').terminate('as somebody may do')
    await until('put back', () => present(migration) === 'false')
    // Nobody is left to report to: the Schedule goes too.
    await until('the Schedule is gone', async () => {
      for await (const schedule of on.temporal.client.schedule.list())
        if (schedule.scheduleId.includes('gone')) return false
      return true
    })
  })

  test('are set again when the frontend was restarted and has forgotten them', async () => {
    const migration = await on.migration({ name: 'again', spec: { settings: { legacyCompatibility: 'on' } } }, 1)
    await migration.start()
    await migration.untilStatus('changed', ({ settings }) => settings.length === 1)
    await migration.target.killFrontend(0)
    await migration.target.restartFrontend(0)
    expect(present(migration)).toBe('false')
    await until('it is set again', () => present(migration) === 'true', { explain: () => storyOf(migration) })
    await migration.starferry.stop('again')
    await migration.starferry.result('again')
    expect(present(migration)).toBe('false')
  })

  test('that somebody else changed meanwhile are left alone', async () => {
    const migration = await on.migration({ name: 'touched', spec: { settings: { legacyCompatibility: 'on' } } }, 1)
    await migration.start()
    await migration.untilStatus('changed', ({ settings }) => settings.length === 1)
    migration.target.execute(`ADMIN SET FRONTEND CONFIG ("${KEY}" = "false")`)
    await migration.starferry.stop('touched')
    await migration.starferry.result('touched')
    expect(present(migration)).toBe('false')
  })

  test('that somebody put back stay so when another process leads', async () => {
    const migration = await on.migration({ name: 'back', spec: { settings: { legacyCompatibility: 'on' } } }, 1)
    await migration.start()
    await migration.untilStatus('changed', ({ settings }) => settings.length === 1)
    migration.target.execute(`ADMIN SET FRONTEND CONFIG ("${KEY}" = "false")`)
    const settings = on.temporal.client.workflow.getHandle(settingsWorkflowId(migration.target.state.name))
    await until(
      'it is seen that somebody did',
      async () => (await settings.query(leasesQuery))[0]?.leader === undefined,
      { withinMs: 90_000, everyMs: 500, explain: () => storyOf(migration) },
    )
    await migration.target.killFrontend(0)
    await migration.target.restartFrontend(0)
    // Longer than from one look to the next.
    await sleep(20_000)
    expect(present(migration)).toBe('false')
  })

  test('that cannot be put back yet are reported, and put back when they can', async () => {
    const migration = await on.migration({ name: 'denied', spec: { settings: { legacyCompatibility: 'on' } } }, 1)
    await migration.start()
    await migration.untilStatus('changed', ({ settings }) => settings.length === 1)
    await on.temporal.client.workflow.getHandle('migrate/denied').terminate('as somebody may do')
    const denied = migration.target.faults.inject({ kind: 'refuse-privilege', privilege: 'OPERATE' })
    const settings = on.temporal.client.workflow.getHandle('settings/denied-target')
    const answer = await settings.executeUpdate('release', { args: [{ holder: 'migrate/denied' }] })
    expect(answer).toMatchObject({
      restored: [],
      left: [{ key: KEY, goesOn: true, reason: expect.stringMatching(/put back to false yet.*OPERATE/) }],
    })
    const [lease] = await settings.query<unknown[]>('leases')
    expect(lease).toMatchObject({ key: KEY, original: 'false', restoring: { holder: 'migrate/denied' } })
    denied.clear()
    await until('put back', () => present(migration) === 'false')
  })

  test('stay when asked to', async () => {
    const migration = await on.migration({ name: 'keep', spec: { settings: { legacyCompatibility: 'on' } } }, 1)
    await migration.start()
    await migration.untilStatus('changed', ({ settings }) => settings.length === 1)
    await migration.starferry.stop('keep', { keepSettings: true })
    await migration.starferry.result('keep')
    expect(present(migration)).toBe('true')
  })
})

test('leases and releases that are none are refused, and nobody else is harmed', async () => {
  const handle = await on.temporal.client.workflow.start('clusterSettings', {
    workflowId: settingsWorkflowId('nobody'),
    taskQueue: TASK_QUEUE,
    args: [{ cluster: 'nobody' }],
  })
  const said = (update: { name: string }, request: unknown) =>
    handle.executeUpdate(update.name, { args: [request] }).then(JSON.stringify, ({ cause }) => cause.message)
  for (const setting of [null, 'k', {}, { key: 'k' }, { key: '', value: 'v' }, { key: 'k', value: 3 }]) {
    expect(await said(leaseUpdate, { holder: 'h', settings: [setting] })).toMatch(/^lease: give .*all of them texts/)
  }
  for (const request of [null, { settings: [] }, { holder: 3, settings: [] }, { holder: 'h' }]) {
    expect(await said(leaseUpdate, request)).toMatch(/^lease: give/)
  }
  for (const request of [null, {}, { holder: ['h'] }])
    expect(await said(releaseUpdate, request)).toMatch(/^release: give/)
  expect(await said(releaseUpdate, { holder: 'h' })).toBe('{"restored":[],"left":[]}')
  await handle.result()
})
