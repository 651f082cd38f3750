import { Context } from '@temporalio/activity'
import { ApplicationFailure } from '@temporalio/common'
import { describe, expect, test } from 'vitest'
import { beating } from '../../activities/heartbeat.ts'
import type { Activities } from '../../activities/index.ts'
import { backupStatusQuery, cancelSignal } from '../../contract/backup/backup-api.ts'
import { backupSpecSchema, policySchema } from '../../contract/backup/policy.ts'
import { cancelRestoreSignal, type RestoreStatus, restoreStatusQuery } from '../../contract/backup/restore-api.ts'
import { migrationSpecSchema } from '../../contract/index.ts'
import { backupId, backupSetId, restoreId, TASK_QUEUE, tableWorkflowId } from '../../contract/names.ts'
import { onTemporal } from '../support/on-temporal.ts'
import { until } from '../support/until.ts'

/** What was asked of the world, with what. */
const asked: [string, unknown][] = []
const inputs = (name: string) => asked.filter(([one]) => one === name).map(([, input]) => input)

/** An activity whose worker hears of the cancellation, and then ends in some other way than by saying so. */
async function untilCancelled<T>(end: () => T): Promise<T> {
  return beating(async () => {
    await Context.current().cancelled.catch(() => undefined)
    return end()
  })
}

/** As of a worker that is being drained, or a cluster that does not answer: to be tried again, as a rule. */
const fails = (): never => {
  throw ApplicationFailure.create({ type: 'Unreachable', message: 'prod does not answer' })
}

let end: () => unknown = fails
const basis = {
  hash: 'abcdef',
  backup: 'b1',
  databaseExisted: true,
  taken: '',
  backends: 1,
  writable: true,
  attached: false,
  steps: 'o',
}
const summary = {
  backup: { id: 'b1', database: 'shop' },
  chain: [],
  tables: 1,
  partitions: 1,
  notRestored: [],
  whereAssembled: ['beside'],
  wherePublished: ['live'],
}
const answers: Record<string, (input: unknown) => unknown> = {
  decideBackup: async () => ({ kind: 'full', why: 'it is the first', warnings: [] }),
  runBackup: () => untilCancelled(end),
  cleanBackup: async () => ({ left: [] }),
  noteBackup: async () => undefined,
  attachRestoreRepository: async () => ({ name: 'vault', attached: false, writable: true }),
  checkRestore: async () => ({ basis, summary, findings: [], warnings: [] }),
  leaseRestoreSnapshots: async () => [],
  checkRestorePublish: async () => [],
  markRestoreStep: async () => ({}),
  runRestoreStep: () => untilCancelled(end),
  undoRestore: async () => [],
  releaseRestoreSnapshots: async () => undefined,
  noteRestore: async () => undefined,
  replicate: () => untilCancelled(end),
  preflightBackup: async () => ({ findings: [] }),
  backupDatabases: async () => ({ total: 0, databases: [], missing: [], more: false }),
  runPrune: () => untilCancelled(() => Context.current().cancelled),
  notifyWebhook: async () => undefined,
  cancelJobs: async () => undefined,
}

const on = onTemporal({ continueAfter: 10 }, (_: Activities) =>
  Object.fromEntries(
    Object.entries(answers).map(([name, answer]) => [
      name,
      (input: unknown) => {
        asked.push([name, input])
        return answer(input)
      },
    ]),
  ),
)

const start = (type: string, workflowId: string, input: unknown) =>
  on.temporal.client.workflow.start(type, { workflowId, taskQueue: TASK_QUEUE, args: [input] })

async function backup(database: string) {
  const spec = backupSpecSchema.parse({
    name: 'x',
    cluster: 'prod',
    repository: 'vault',
    objects: { databases: ['*'] },
  })
  const handle = await start('backup', backupId('x', database), { spec, set: 'test', database, kind: 'full' })
  await until('it is at work', () => asked.some(([name, input]) => name === 'runBackup' && of(input) === database))
  return handle
}
const of = (input: unknown) => (input as { database?: string; name?: string }).database

async function stateOf(workflowId: string) {
  return (await on.temporal.client.workflow.getHandle(workflowId).describe()).status.name
}

describe('a backup that is cancelled', () => {
  test('is cancelled, also when its last activity fails instead of saying so', async () => {
    end = fails
    const handle = await backup('by-temporal')
    await handle.cancel()
    await expect(handle.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } })
    expect(await stateOf(handle.workflowId)).toBe('CANCELLED')
    expect(inputs('noteBackup').at(-1)).toMatchObject({ database: 'by-temporal', outcome: 'cancelled' })
  })

  test('by its signal, says so', async () => {
    end = fails
    const handle = await backup('by-signal')
    await handle.signal(cancelSignal)
    await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'Cancelled' } })
    expect(inputs('noteBackup').at(-1)).toMatchObject({ database: 'by-signal', outcome: 'cancelled' })
  })

  test('does not go on as a new run that knows nothing of it', async () => {
    end = () => ({ label: 'l1', done: false, late: false, kind: 'full', tables: 1, partitions: 1, warnings: [] })
    const handle = await backup('long')
    await handle.cancel()
    await until('it has ended', async () => (await stateOf(handle.workflowId)) !== 'RUNNING')
    expect(await stateOf(handle.workflowId)).toBe('CANCELLED')
    expect(inputs('runBackup').filter((input) => of(input) === 'long')).toHaveLength(1)
  })
})

describe('a policy that is cancelled while it applies retention', () => {
  test.each(['signal', 'Temporal'])('by %s: ends, and somebody is told', async (how) => {
    const name = `late-${how.toLowerCase()}`
    const spec = policySchema.parse({
      name,
      cluster: 'prod',
      repository: 'vault',
      objects: { databases: ['*'] },
      schedule: { cron: '0 3 * * *' },
      retention: { last: 3 },
      notify: { webhook: '${webhook:chat}', on: ['failure'] },
    })
    const pruned = () => inputs('runPrune').some((input) => (input as { policy: string }).policy === name)
    const handle = await start('backupSet', backupSetId(name), { spec })
    await until('it deletes', pruned)
    if (how === 'signal') await handle.signal(cancelSignal)
    else await handle.cancel()
    await expect(handle.result()).rejects.toThrow()
    expect(await stateOf(handle.workflowId)).toBe(how === 'signal' ? 'FAILED' : 'CANCELLED')
    expect(await handle.query(backupStatusQuery)).toMatchObject({ state: 'cancelled' })
    expect(inputs('notifyWebhook').at(-1)).toMatchObject({
      notice: { event: 'failure', policy: name, text: expect.stringContaining('while retention was applied') },
    })
  })
})

test('a table that is cancelled does not go on as a new run that knows nothing of it', async () => {
  const counts = { jobsSent: 1, partitions: 1, totalPartitions: 2, laggingPartitions: 1, bytes: 1, version: '2' }
  end = () => ({ state: 'more', ...counts })
  const spec = migrationSpecSchema.parse({ name: 'move', source: 'a', target: 'b' })
  const input = { spec, migrationId: 'migrate/move', table: 'd.t', parkAfter: 5 }
  const handle = await start('replicateTable', tableWorkflowId('move', 'd.t'), input)
  // So that there is enough to forget.
  await until('it is at work', () => inputs('replicate').length > 0)
  await handle.cancel()
  await until('it has ended', async () => (await stateOf(handle.workflowId)) !== 'RUNNING')
  expect(await stateOf(handle.workflowId)).toBe('CANCELLED')
  expect(inputs('replicate')).toHaveLength(1)
})

describe('a restore that is cancelled while it overwrites', () => {
  test.each(['signal', 'Temporal'])(
    'by %s: is cancelled, and says that the overwriting may have been done',
    async (how) => {
      end = fails
      const name = `over-${how.toLowerCase()}`
      const spec = { name, cluster: 'prod', repository: 'vault', from: { label: 'b1' }, publish: 'auto' }
      const before = inputs('runRestoreStep').length
      const handle = await start('restore', restoreId(name), spec)
      await until('it overwrites', () => inputs('runRestoreStep').length > before)
      if (how === 'signal') await handle.signal(cancelRestoreSignal)
      else await handle.cancel()
      await expect(handle.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } })
      const status: RestoreStatus = await handle.query(restoreStatusQuery)
      expect(status.state).toBe('cancelled')
      expect(status.left).toEqual([expect.stringContaining('An INSERT OVERWRITE was under way')])
      expect(inputs('noteRestore').at(-1)).toMatchObject({ outcome: 'cancelled' })
    },
  )
})
