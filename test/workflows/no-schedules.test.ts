import { ApplicationFailure } from '@temporalio/common'
import { expect, test } from 'vitest'
import { until } from '../support/until.ts'
import { differences, scripted } from './support/script.ts'

/** It soon suggests to continue as new. */
const on = scripted({ continueAfter: 80 })

test('a migration that may have no Schedule goes on, says so, and ends when it is told to', async () => {
  let denied = true
  let compared = 0
  const schedule = async () => {
    if (denied) throw ApplicationFailure.create({ message: 'no right to Schedules' })
  }
  await on.begin(
    { name: 'denied', intervals: { metadata: 10, stale: 0.5, park: 3600 } },
    {
      putMetadataSchedule: schedule,
      deleteMetadataSchedule: schedule,
      listDifferences: async () => {
        compared++
        return differences()
      },
    },
  )
  const says = (text: string) => async () => (await on.status()).reason?.includes(text) ?? false
  await until('it says why', says('no right to Schedules'))
  const { checkedAt = '' } = await on.status()
  const runs = async () => (await on.temporal.client.workflow.count("WorkflowId = 'migrate/denied'")).count
  await until('it continues as new', async () => (await runs()) > 1)
  await until('it looks', async () => ((await on.status()).checkedAt ?? '') > checkedAt)
  const before = compared
  await until('definitions are compared again and again', () => compared > before + 1)
  denied = false
  await until('the Schedule is there', async () => !(await says('Schedule')()))
  denied = true
  await on.starferry.stop('denied')
  expect(await on.starferry.result('denied')).toMatchObject({
    state: 'stopped',
    findings: [{ code: 'schedule-not-deleted', subject: 'migrate/denied/metadata' }],
  })
})
