import { ApplicationFailure } from '@temporalio/common'
import { expect, test } from 'vitest'
import { beating } from '../../activities/heartbeat.ts'
import { until } from '../support/until.ts'
import { differences, gate, lagging, scripted } from './support/script.ts'

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

test('a long history stops nothing while somebody waits for an answer, and a stop deletes the Schedule once', async () => {
  const counts = { jobsSent: 1, partitions: 1, totalPartitions: 1, laggingPartitions: 0, bytes: 1, version: '2' }
  const [source, copies] = [gate(), gate()]
  let open = Array.from({ length: 24 }, (_, i) => `shop.t${i}`)
  let asked = false
  let state: 'in-sync' | 'stopped' = 'in-sync'
  const held = new Map<string, ReturnType<typeof gate>>()
  const waiting = new Set<string>()
  let deleted = 0
  await on.begin(
    { name: 'long', limits: { tables: 4 } },
    {
      findStale: lagging(() => open),
      replicate: ({ table }) =>
        beating(async () => {
          const hold = held.get(table)
          if (hold) waiting.add(table)
          await (hold ?? copies).opened
          open = open.filter((one) => one !== table)
          return { state, ...counts }
        }),
      existingTables: async ({ tables }) => {
        asked = true
        await beating(() => source.opened)
        return tables
      },
      deleteMetadataSchedule: async () => {
        deleted++
      },
    },
  )
  const used = async () => (await on.status()).slots.used
  await until('four run', async () => (await used()) === 4)
  const answer = on.starferry.pauseTables('long', ['shop.none'])
  await until('the source is asked', () => asked)
  const run = async () => (await on.temporal.client.workflow.getHandle('migrate/long').describe()).runId
  const first = await run()
  copies.open()
  await until('all are copied', () => open.length === 0)
  expect(await run()).toBe(first)
  source.open()
  expect((await answer).accepted).toEqual(['shop.none'])
  await until('it continues as new', async () => (await run()) !== first)

  const again = ['shop.t0', 'shop.t1', 'shop.t2', 'shop.t3']
  for (const table of again) held.set(table, gate())
  state = 'stopped'
  open = again
  // One that has not begun when it is told to stop has nothing to wait for.
  await until('four run again', () => waiting.size === 4)
  await on.starferry.stop('long')
  await until('it is told', async () => (await on.status()).state === 'stopping')
  for (const [i, table] of again.entries()) {
    held.get(table)?.open()
    await until(`${table} has ended`, async () => (await used()) === 3 - i)
  }
  expect((await on.starferry.result('long')).state).toBe('stopped')
  // And when everything is undone.
  expect(deleted).toBe(2)
})
