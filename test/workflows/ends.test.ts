import { Context } from '@temporalio/activity'
import { ApplicationFailure } from '@temporalio/common'
import { expect, test } from 'vitest'
import { beating } from '../../activities/heartbeat.ts'
import { metadataWorkflowId } from '../../contract/index.ts'
import { until } from '../support/until.ts'
import { differences, gate, lagging, looks, scripted } from './support/script.ts'

const on = scripted()

test('a one-time migration answers what it was asked before it ends, and when it ends takes nothing more', async () => {
  const [difference, source, settings] = [gate(), gate(), gate()]
  let compared = 0
  let looked = 0
  let asked = false
  let releasing = false
  await on.begin(
    { name: 'once', oneTime: true },
    {
      findStale: async (input) => {
        const result = await looks()(input)
        looked++
        return result
      },
      listDifferences: async () => {
        if (++compared === 2) await beating(() => difference.opened)
        return differences()
      },
      existingTables: async ({ tables }) => {
        asked = true
        await beating(() => source.opened)
        return tables
      },
      releaseSettings: async () => {
        releasing = true
        await settings.opened
        return { restored: [], left: [] }
      },
    },
  )
  await until('its last difference is at it', () => compared === 2)
  const answer = on.starferry.pauseTables('once', ['shop.t0'])
  await until('the source is asked', () => asked)
  difference.open()
  const handle = on.temporal.client.workflow.getHandle(metadataWorkflowId('once'))
  await until('the difference is over', async () => (await handle.describe()).status.name === 'COMPLETED')
  const before = looked
  await until('it looks, and looks again', () => looked > before + 1)
  expect(releasing).toBe(false)
  source.open()
  expect(await answer).toEqual({ accepted: ['shop.t0'], rejected: [] })

  await on.starferry.resumeTables('once', ['shop.t0'])
  await until('it gives back what it leased', () => releasing)
  const refused = /Migration once is about to end; nothing can be asked of it any more/
  await expect(on.starferry.configure('once', { limits: { tables: 7 } })).rejects.toThrow(refused)
  await expect(on.starferry.retry('once', ['shop.t0'])).rejects.toThrow(refused)
  settings.open()
  expect((await on.starferry.result('once')).state).toBe('finished')
})

test('a stop that was denied the right to cancel jobs cancels them when it is asked for again', async () => {
  const job = gate()
  let denied = true
  let runs = false
  let cancelled = false
  await on.begin(
    { name: 'cancel' },
    {
      findStale: lagging(() => ['shop.t0']),
      // Followed also when it is told to stop.
      replicate: () =>
        beating(async () => {
          runs = true
          await job.opened
          throw ApplicationFailure.create({ type: 'Aborted', message: 'user cancel' })
        }),
      cancelJobs: () => {
        if (denied) throw ApplicationFailure.nonRetryable('no privilege OPERATE', 'Refused')
        cancelled = true
        job.open()
        return beating(() => Context.current().cancelled)
      },
    },
  )
  await until('a job runs', () => runs)
  await on.starferry.stop('cancel', { cancelJobs: true })
  await until('it says that it may not', async () => (await on.status()).reason?.includes('no privilege OPERATE'))
  denied = false
  await on.starferry.stop('cancel', { cancelJobs: true })
  await until('they are cancelled', () => cancelled)
  expect((await on.starferry.result('cancel')).state).toBe('stopped')
})

test('one that failed says why', async () => {
  const refused = () => {
    throw ApplicationFailure.nonRetryable('nobody may read b')
  }
  await on.begin({ name: 'refused' }, { preflight: refused })
  await expect(on.starferry.result('refused')).rejects.toThrow(/nobody may read b/)
  expect(await on.status()).toMatchObject({ state: 'failed', reason: 'nobody may read b' })
})
