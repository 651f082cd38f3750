import { Context } from '@temporalio/activity'
import { ApplicationFailure } from '@temporalio/common'
import { describe, expect, test } from 'vitest'
import { beating } from '../../activities/heartbeat.ts'
import type { KeepSettingsInput } from '../../activities/settings.ts'
import { leasesQuery, leaseUpdate, settingsWorkflowId, TASK_QUEUE } from '../../contract/index.ts'
import { until } from '../support/until.ts'
import { type Script, scripted } from './support/script.ts'

const on = scripted()
const SETTING = { key: 'k', value: 'changed', reason: 'a test needs it' }
const forever = () => beating(() => Context.current().cancelled)

/** A cluster's settings workflow, where frontends take everything that is set; ended after the test. */
async function leased(cluster: string, script: Script, test: (lease: (holder: string) => Promise<unknown>) => unknown) {
  const values = new Map([['k', 'original']])
  on.says({
    readSetting: async ({ key }) => values.get(key) ?? null,
    writeSetting: async ({ key, value }) => void values.set(key, value),
    leaderProcess: async () => 'fe since 1',
    awaitClosed: forever,
    keepSettings: forever,
    ...script,
  })
  const handle = await on.temporal.client.workflow.start('clusterSettings', {
    workflowId: settingsWorkflowId(cluster),
    taskQueue: TASK_QUEUE,
    args: [{ cluster }],
  })
  try {
    await test((holder) => handle.executeUpdate(leaseUpdate, { args: [{ holder, settings: [SETTING] }] }))
  } finally {
    await handle.terminate()
  }
}

const lease = async (cluster: string) =>
  (await on.temporal.client.workflow.getHandle(settingsWorkflowId(cluster)).query(leasesQuery))[0]

describe('leased settings are watched', () => {
  test('from the next lease on when it was not known before who leads', async () => {
    const leaders = [null, 'fe since 1']
    const watched: KeepSettingsInput[] = []
    const script: Script = {
      leaderProcess: async () => leaders.shift() ?? null,
      keepSettings: (input) => {
        watched.push(input)
        return forever()
      },
    }
    await leased('unknown', script, async (ask) => {
      await ask('one')
      expect(await lease('unknown')).not.toHaveProperty('leader')
      await ask('two')
      expect(await lease('unknown')).toMatchObject({ leader: 'fe since 1', holders: ['one', 'two'] })
      await until('it is watched', () => watched.length > 0)
      expect(watched[0]).toMatchObject({ leader: 'fe since 1', settings: [{ key: 'k', original: 'original' }] })
    })
  })

  test('again when that ended as it should not have', async () => {
    let times = 0
    const script: Script = {
      keepSettings: () => {
        if (++times === 1) throw ApplicationFailure.nonRetryable('as nobody thought')
        return forever()
      },
    }
    await leased('again', script, async (ask) => {
      await ask('one')
      await until('it is watched again', () => times === 2)
    })
  })
})
