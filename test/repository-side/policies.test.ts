import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BackupClient } from '../../client/backup-client.ts'
import {
  checkPolicy,
  deletePolicy,
  listPolicies,
  pausePolicy,
  putPolicy,
  resumePolicy,
  showPolicy,
  triggerPolicy,
} from '../../client/policies.ts'
import type { PolicySpecInput } from '../../contract/backup/policy.ts'
import { startTemporal, type TestTemporal } from '../support/temporal.ts'
import { until } from '../support/until.ts'

let temporal: TestTemporal
beforeAll(async () => {
  temporal = await startTemporal()
})
afterAll(() => temporal?.stop())

const policy = (name: string, more: Partial<PolicySpecInput> = {}): PolicySpecInput => ({
  name,
  cluster: 'east',
  repository: 'vault',
  objects: { databases: ['shop*'] },
  schedule: { cron: '30 2 * * *', timeZone: 'Europe/Berlin' },
  ...more,
})

describe('a policy', () => {
  it('is a Schedule that starts a backup set with it', async () => {
    const { client } = temporal
    const put = await putPolicy(client, policy('nightly', { retention: { last: 7 } }))
    expect(put.created).toBe(true)
    expect(put.policy).toMatchObject({ name: 'nightly', paused: false, running: [], recent: [] })
    expect(put.policy.spec).toEqual(checkPolicy(policy('nightly', { retention: { last: 7 } })))
    // Half past two in Berlin, in winter as in summer.
    for (const time of put.policy.next) {
      const local = new Date(time).toLocaleTimeString('de-DE', {
        timeZone: 'Europe/Berlin',
        hour: '2-digit',
        minute: '2-digit',
      })
      expect(local).toBe('02:30')
    }
    const { action, policies } = await client.schedule.getHandle('policy/nightly').describe()
    expect(action).toMatchObject({ workflowType: 'backupSet', workflowId: 'backup/nightly', taskQueue: 'starferry' })
    expect(policies).toMatchObject({ overlap: 'SKIP', catchupWindow: 24 * 3_600_000, pauseOnFailure: false })
  })

  it('can be applied again; what a person paused stays so unless the policy says otherwise', async () => {
    const { client } = temporal
    await putPolicy(client, policy('weekly', { onMissed: 'skip', schedule: { everyMinutes: 60, offsetMinutes: 5 } }))
    expect(await pausePolicy(client, 'weekly', 'disk is being exchanged')).toMatchObject({
      paused: true,
      note: 'disk is being exchanged',
    })
    const again = await putPolicy(client, policy('weekly', { cluster: 'west', catchupHours: 2 }))
    expect(again).toMatchObject({ created: false, policy: { paused: true, spec: { cluster: 'west' } } })
    const { spec, policies } = await client.schedule.getHandle('policy/weekly').describe()
    expect({ intervals: spec.intervals?.length ?? 0, catchupWindow: policies.catchupWindow }).toEqual({
      intervals: 0,
      catchupWindow: 7_200_000,
    })
    expect((await putPolicy(client, policy('weekly', { paused: false }))).policy.paused).toBe(false)
    expect(await resumePolicy(client, 'weekly')).toMatchObject({ paused: false })
  })

  it('that was missed and is not to be made up for has no time to catch up', async () => {
    await putPolicy(temporal.client, policy('punctual', { onMissed: 'skip' }))
    const { policies } = await temporal.client.schedule.getHandle('policy/punctual').describe()
    expect(policies.catchupWindow).toBe(60_000)
  })

  it('is called by its name also where a Schedule put the time behind the workflow id', async () => {
    const { client } = temporal
    await putPolicy(client, policy('timed'))
    await putPolicy(client, policy('timed-2026'))
    for (const name of ['timed', 'timed-2026']) await client.schedule.getHandle(`policy/${name}`).trigger()
    const backups = new BackupClient(client)
    const started = (name: string) =>
      until('it runs', async () => (await showPolicy(client, name)).recent[0]?.workflowId)
    const id = await started('timed')
    expect(id).toMatch(/^backup\/timed-\d{4}-/)
    await until(
      'it is listed',
      async () => (await backups.list()).filter(({ name }) => /^timed/.test(name)).length === 2,
    )
    await backups.cancel('timed')
    const asked = async (workflowId: string) => {
      const { events = [] } = await client.workflow.getHandle(workflowId).fetchHistory()
      return events?.some(({ workflowExecutionCancelRequestedEventAttributes: asked }) => asked) ?? false
    }
    expect(await asked(id)).toBe(true)
    expect(await asked(await started('timed-2026'))).toBe(false)
    await expect(backups.cancel('timing')).rejects.toThrow(/There is no backup called 'timing'/)
  })

  it('is triggered once at a time, full when asked for', async () => {
    const { client } = temporal
    await putPolicy(client, policy('manual', { paused: true }))
    expect(await triggerPolicy(client, 'manual', 'full')).toBe('backup/manual')
    // Nobody works here: it waits, and is running as far as anybody can see.
    await expect(triggerPolicy(client, 'manual')).rejects.toThrow(/backs up already: backup\/manual/)
    const { events } = await client.workflow.getHandle('backup/manual').fetchHistory()
    const started = events?.[0]?.workflowExecutionStartedEventAttributes
    const input = JSON.parse(Buffer.from(started?.input?.payloads?.[0]?.data ?? []).toString())
    expect(input).toMatchObject({ kind: 'full', spec: { name: 'manual', cluster: 'east' } })
    await client.workflow.getHandle('backup/manual').terminate()
  })

  it('is listed, shown and deleted by name', async () => {
    const { client } = temporal
    for (const name of ['b-list', 'a-list']) await putPolicy(client, policy(name))
    await until('both are listed', async () => {
      const names = (await listPolicies(client)).map(({ name }) => name).filter((name) => name.endsWith('-list'))
      return names.join() === 'a-list,b-list'
    })
    await deletePolicy(client, 'a-list')
    await expect(showPolicy(client, 'b-lst')).rejects.toThrow(/There is no policy b-lst; did you mean b-list\?/)
    await expect(deletePolicy(client, 'a-list')).rejects.toThrow(/There is no policy a-list/)
    expect((await showPolicy(client, 'b-list')).spec.repository).toBe('vault')
  })
})

describe('a policy that cannot be', () => {
  it.each([
    [{ schedule: { cron: '30 2 * * *', timeZone: 'Europe/Berlim' } }, /no IANA time zone/],
    [{ schedule: { cron: 'CRON_TZ=Asia/Tokyo 30 2 * * *' } }, /write it as timeZone/],
    [{ schedule: { everyMinutes: 10, offsetMinutes: 10 } }, /less than everyMinutes/],
    [{ schedule: {} }, /give either cron or everyMinutes/],
    [{ retention: { lasts: 3 } }, /unknown key 'retention.lasts'; the nearest valid one is 'last'/],
  ])('is refused: %j', async (more, why) => {
    await expect(putPolicy(temporal.client, { ...policy('bad'), ...more })).rejects.toThrow(why)
    await expect(showPolicy(temporal.client, 'bad')).rejects.toThrow(/There is no policy bad/)
  })

  it('because of its cron expression is refused in the words of Temporal, and changes nothing', async () => {
    const cron = '61 2 * * *'
    await expect(putPolicy(temporal.client, policy('badcron', { schedule: { cron } }))).rejects.toThrow(
      /Policy badcron: schedule: Minute is not in range/,
    )
    await putPolicy(temporal.client, policy('goodcron'))
    await expect(putPolicy(temporal.client, policy('goodcron', { schedule: { cron } }))).rejects.toThrow(
      /Policy goodcron: schedule/,
    )
    expect((await showPolicy(temporal.client, 'goodcron')).spec.schedule.cron).toBe('30 2 * * *')
  })
})
