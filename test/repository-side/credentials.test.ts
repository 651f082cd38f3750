import { afterAll, beforeAll, expect, it } from 'vitest'
import type { S3Server } from '../../client/s3-server/s3-server.ts'
import { TASK_QUEUE } from '../../contract/names.ts'
import { HeldStore } from '../support/held-store.ts'
import { LabWorker } from '../support/lab-worker.ts'
import { startTemporal, type TestTemporal } from '../support/temporal.ts'
import { startVaults, Vault } from './support/vault.ts'

let server: S3Server
let temporal: TestTemporal
let worker: LabWorker
let held: HeldStore
beforeAll(async () => {
  ;[server, temporal] = await Promise.all([startVaults(), startTemporal()])
  held = await HeldStore.before(server.endpoint)
  const made = await Vault.on(server, 'expired')
  await made.backup({ id: 'f1', finishedAt: '2026-03-01T02:00:00.000Z' })
  await made.backup({ id: 'f2', finishedAt: '2026-03-02T02:00:00.000Z' })
  worker = await LabWorker.start(temporal)
  const properties = { ...made.config.vault.properties, 'aws.s3.endpoint': held.endpoint }
  worker.configureRepositories({ vault: { location: made.location, properties } })
  // The worker knows the repository, so that only what comes later finds out.
  await execute('backups', {})
})
afterAll(async () => {
  await worker?.stop()
  await held?.stop()
  await temporal?.stop()
  await server?.stop()
})

let runs = 0
const execute = (type: string, input: object): Promise<unknown> =>
  temporal.client.workflow.execute(type, {
    workflowId: `${type}-${++runs}`,
    taskQueue: TASK_QUEUE,
    args: [{ repository: 'vault', ...input }],
  })

it.each([
  ['verifyBackups', {}],
  ['prune', { retention: { last: 1, daily: 0, weekly: 0, monthly: 0, yearly: 0 }, confirmed: 'all' }],
])('%s with credentials that have run out gives up, and says what to do', async (type, input) => {
  held.refuse('ExpiredToken')
  const text = await execute(type, input).then(
    () => 'it ended well',
    (error: Error & { cause?: Error & { cause?: Error } }) => error.cause?.cause?.message ?? '',
  )
  held.refuse()
  expect(text).toMatch(/repository vault: .*ExpiredToken.*the session token has run out.*give new credentials/)
  expect(text).toMatch(/given up after 4 tries/)
})

it('a deep look that was begun with good ones, too', async () => {
  const begun = held.hold((text) => text.includes('__ss_content'))
  const verified = execute('verifyBackups', { deep: true }).catch((error: Error) => error)
  await begun
  held.refuse('ExpiredToken')
  held.letGo()
  const error = (await verified) as Error & { cause?: Error & { cause?: Error } }
  held.refuse()
  expect(error.cause?.cause?.message).toMatch(/verifying repository vault: .*ExpiredToken/)
})
