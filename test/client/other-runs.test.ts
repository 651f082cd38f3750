import { afterAll, beforeAll, expect, it } from 'vitest'
import { otherRuns } from '../../client/other-runs.ts'
import { startTemporal, type TestTemporal } from '../support/temporal.ts'
import { until } from '../support/until.ts'

let temporal: TestTemporal
beforeAll(async () => {
  temporal = await startTemporal()
})
afterAll(() => temporal?.stop())

it('what has no status of its own is listed as long as it runs', async () => {
  const { workflow } = temporal.client
  const start = (type: string, workflowId: string) =>
    workflow.start(type, { workflowId, taskQueue: 'nobody', args: [] })
  await start('prune', 'prune/vault/1')
  await start('verifyBackups', 'verify/vault/1')
  await start('repositories', 'repositories/east/1')
  await start('backups', 'backups/vault/1')
  const single = await start('backup', 'backup/alone/shop')
  const seen = async () =>
    (await otherRuns(temporal.client, new Set())).map(({ what, workflowId }) => `${what} ${workflowId}`)
  await until('all are listed', async () => (await seen()).length === 4)
  expect((await seen()).sort()).toEqual([
    'backup backup/alone/shop',
    'repository repositories/east/1',
    'retention prune/vault/1',
    'verification verify/vault/1',
  ])
  await single.terminate()
  expect(await seen()).not.toContain('backup backup/alone/shop')
})
