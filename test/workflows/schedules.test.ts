import { expect, test } from 'vitest'
import { beating } from '../../activities/heartbeat.ts'
import { createScheduleActivities } from '../../activities/schedules.ts'
import { metadataScheduleId, migrationId } from '../../contract/index.ts'
import { until } from '../support/until.ts'
import { differences, gate, scripted } from './support/script.ts'

const on = scripted()

const scheduleOf = (name: string) => on.temporal.client.schedule.getHandle(metadataScheduleId(name))
const exists = (name: string) =>
  scheduleOf(name)
    .describe()
    .then(() => true)
    .catch(() => false)
const isRunning = async (workflowId: string) =>
  (await on.temporal.client.workflow.getHandle(workflowId).describe()).status.name === 'RUNNING'
const terminate = (name: string) => on.temporal.client.workflow.getHandle(migrationId(name)).terminate('by hand')
const activities = () => createScheduleActivities({ client: on.temporal.client } as never)

test('what a former migration of its name compared on another target counts for nothing, and costs no Schedule', async () => {
  const [former, next] = [gate(), gate()]
  const compared: string[] = []
  const script = {
    listDifferences: async ({ spec: { target } }: { spec: { target: string } }) => {
      compared.push(target)
      await beating(() => (target === 'former' ? former : next).opened)
      return differences()
    },
    // Sooner than by the activity's own clock.
    awaitClosed: ({ workflowIds }: { workflowIds: string[] }) =>
      beating(async () => {
        await until('they are closed', async () => !(await isRunning(workflowIds[0] ?? '')))
        return workflowIds
      }),
  }
  await on.begin({ name: 'again', target: 'former' }, script)
  await until('its difference is at it', () => compared.length === 1)
  await terminate('again')
  await on.begin({ name: 'again', target: 'next' }, script)
  await until('there is a Schedule', () => exists('again'))
  // As of a difference that found nobody to tell while there was nobody.
  await activities().deleteMetadataSchedule({ name: 'again', unlessOpen: true })
  expect(await exists('again')).toBe(true)
  former.open()
  await until('its own difference is at it', () => compared.length === 2)
  expect(compared).toEqual(['former', 'next'])
  const status = await on.status()
  expect(status.state).toBe('syncing')
  expect(status.definitionsCheckedAt).toBeUndefined()
  next.open()
  await until('caught up', async () => (await on.status()).state === 'caughtUp')
})

test('a Schedule that was paused by hand stays so, and goes when it finds nobody to tell', async () => {
  const asked: unknown[] = []
  const script = {
    deleteMetadataSchedule: async (input: { name: string }) => {
      if (input.name === 'paused') asked.push(input)
      await activities().deleteMetadataSchedule(input)
    },
  }
  await on.begin({ name: 'paused' }, script)
  // A difference that still ran when the migration ends would find nobody to tell as well.
  await until('its first difference is over', async () => (await on.status()).state === 'caughtUp')
  await until('there is a Schedule', () => exists('paused'))
  const note = 'no DDL during the quarter close'
  await scheduleOf('paused').pause(note)
  await on.starferry.configure('paused', { intervals: { metadata: 1_800 } })
  const { state } = await until('it is configured', async () => {
    const schedule = await scheduleOf('paused').describe()
    return schedule.spec.intervals?.[0]?.every === 1_800_000 && schedule
  })
  expect(state).toMatchObject({ paused: true, note })
  await terminate('paused')
  expect(asked).toEqual([])
  await scheduleOf('paused').trigger()
  await until('it is gone', async () => !(await exists('paused')))
  expect(asked).toEqual([{ name: 'paused', unlessOpen: true }])
})
