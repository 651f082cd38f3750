import { ApplicationFailure } from '@temporalio/common'
import { describe, expect, test } from 'vitest'
import { beating } from '../../activities/heartbeat.ts'
import { type AlignOutcome, metadataWorkflowId } from '../../contract/index.ts'
import { until } from '../support/until.ts'
import { differences, looks, scripted } from './support/script.ts'

const on = scripted()

const of = (table: string, outcome: AlignOutcome['outcome'], question?: string): AlignOutcome => ({
  table,
  outcome,
  reason: 'why',
  statements: [],
  undo: [],
  question,
})

describe('a one-time migration', () => {
  test('tries again what has to wait while something else is parked', async () => {
    let tried = 0
    await on.begin(
      { name: 'waits', oneTime: true },
      {
        findStale: looks(() => (tried < 3 ? 1 : 0)),
        listDifferences: async () => (tried < 3 ? differences('shop.t0') : differences()),
        alignTables: async () => [of('shop.t0', ++tried < 3 ? 'waiting' : 'created')],
        alignViews: async () => [of('shop.v', 'needs-approval', 'q')],
      },
    )
    await until('it is made', () => tried === 3, { explain: async () => JSON.stringify(await on.status()) })
    expect((await on.status()).tables.parked).toBe(1)
  })

  test('makes a table that came late, however many views are refused', async () => {
    let made = false
    let listed = 0
    await on.begin(
      { name: 'hidden', oneTime: true },
      {
        findStale: looks(() => (made ? 0 : 1)),
        listDifferences: async () => (++listed < 3 ? differences() : differences('shop.t0')),
        alignTables: async () => {
          made = true
          return [of('shop.t0', 'created')]
        },
        alignViews: async () => ['shop.v0', 'shop.v1', 'shop.v2'].map((view) => of(view, 'refused')),
      },
    )
    expect(await on.starferry.result('hidden')).toMatchObject({ state: 'finished', tables: { refused: 3 } })
    expect(made).toBe(true)
  })

  test.each(['fails', 'is told to hold'])(
    'does what was approved when the difference that was to do it %s',
    async (how) => {
      const name = how === 'fails' ? 'failed' : 'held'
      let listed = 0
      let release: () => void = () => undefined
      const released = new Promise<void>((resolve) => {
        release = resolve
      })
      let done = false
      await on.begin(
        { name, oneTime: true },
        {
          listDifferences: async () => {
            if (++listed !== 2) return differences()
            if (name === 'failed') throw ApplicationFailure.nonRetryable('no right to list anything')
            await beating(() => released)
            return differences()
          },
          alignViews: async ({ approvals }) => {
            done ||= approvals?.['shop.v'] === 'q'
            return done ? [of('shop.v', 'recreated')] : [of('shop.v', 'needs-approval', 'q')]
          },
        },
      )
      await until('it asks', async () => (await on.starferry.parked(name)).some(({ needsApproval }) => needsApproval))
      await until('the difference is over', async () => (await on.status()).reason?.includes('parked'))
      expect(await on.starferry.approve(name, ['shop.v'])).toMatchObject({ accepted: ['shop.v'] })
      await until('the next one is at it', () => listed === 2)
      if (name === 'held') {
        await on.starferry.pause(name)
        await until('it is told', async () => {
          const { events } = await on.temporal.client.workflow.getHandle(metadataWorkflowId(name)).fetchHistory()
          return events?.some(({ workflowExecutionSignaledEventAttributes: signal }) => signal?.signalName === 'hold')
        })
        release()
        await until('it rests', async () => (await on.status()).state === 'paused')
        expect(done).toBe(false)
        await on.starferry.resume(name)
      }
      expect(await on.starferry.result(name)).toMatchObject({ state: 'finished', tables: { parked: 0 } })
      expect(done).toBe(true)
    },
  )
})
