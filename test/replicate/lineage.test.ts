import { ActivityCancellationDetails, type ApplicationFailure } from '@temporalio/common'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ReplicateErrorDetails } from '../../contract/index.ts'
import { quietEnvironment } from '../metadata/lab-pair.ts'
import { StepPair } from './support/step-pair.ts'

const TABLE = `CREATE TABLE app.t (id INT NOT NULL, v INT) DUPLICATE KEY(id)
  PARTITION BY RANGE(id) (PARTITION p1 VALUES LESS THAN ("10"), PARTITION p2 VALUES LESS THAN ("20"))
  DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ("replication_num" = "1")`

/** What a step failed with. */
async function failureOf(step: Promise<unknown>): Promise<ApplicationFailure & { details: [ReplicateErrorDetails] }> {
  return step.then(
    () => expect.unreachable('the step should fail'),
    (error) => error,
  )
}

describe('a step that fails between its job’s commit and its own end, on a target that does not tell what wrote', () => {
  let pair: StepPair
  beforeEach(async () => {
    pair = await StepPair.start({ version: '3.1' }, { version: '3.1' })
    pair.make(TABLE)
    pair.source.execute('INSERT INTO app.t VALUES (1, 1), (11, 11)')
  })
  afterEach(() => pair.stop())

  const rows = () => pair.target.execute('SELECT id, v FROM app.t ORDER BY id').rows
  const partitionIds = () => pair.target.execute('SHOW PARTITIONS FROM app.t').rows.map(([id]) => id)
  const whenCommitted = (run: () => void) =>
    pair.target.faults.inject({ kind: 'during-job', state: 'COMMITTED', times: 1, run })

  test('leaves no doubt about what was copied beside what somebody else wrote', async () => {
    whenCommitted(() =>
      pair.before(/^SHOW PARTITIONS/, () => pair.target.execute('INSERT INTO app.t PARTITION(p2) VALUES (12, 12)')),
    )
    expect(await failureOf(pair.step('app.t'))).toMatchObject({
      type: 'Stale',
      message: expect.stringMatching(/p2 .* was changed by somebody else/),
    })
    const asked = await failureOf(pair.step('app.t'))
    expect(asked.type).toBe('NeedsApproval')
    const [{ statements, question }] = asked.details
    expect(statements).toEqual([expect.stringContaining('p2')])
    const [p1, p2] = partitionIds()
    expect((await pair.step('app.t', { approval: question })).state).toBe('in-sync')
    expect(partitionIds()[0]).toBe(p1)
    expect(partitionIds()[1]).not.toBe(p2)
    expect(rows()).toEqual([
      ['1', '1'],
      ['11', '11'],
    ])
  })

  test('forgets nothing when the target’s answer makes no sense', async () => {
    const error = 'nothing that anybody knows'
    whenCommitted(() => pair.target.faults.inject({ kind: 'fail-query', match: /^SHOW PARTITIONS/, error, times: 1 }))
    expect((await failureOf(pair.step('app.t'))).message).toContain(error)
    const ids = partitionIds()
    expect((await pair.step('app.t')).state).toBe('in-sync')
    expect(partitionIds()).toEqual(ids)
    expect(pair.target.sentJobs.length).toBe(1)
  })

  test('goes on where it was when a worker that does not know the cluster had a try', async () => {
    const environment = quietEnvironment()
    let told: unknown
    environment.on('heartbeat', (details) => {
      told = details
    })
    const handle = pair.lab.handles.get('target')
    whenCommitted(() =>
      environment.cancel('WORKER_SHUTDOWN', new ActivityCancellationDetails({ workerShutdown: true })),
    )
    expect((await failureOf(pair.step('app.t', { environment }))).type).toBe('Unreachable')
    pair.lab.handles.delete('target')
    const without = quietEnvironment({ attempt: 2, heartbeatDetails: told })
    without.on('heartbeat', (details) => {
      told = details
    })
    expect(await failureOf(pair.step('app.t', { environment: without }))).toMatchObject({
      type: 'Unreachable',
      message: expect.stringContaining('There is no cluster target'),
    })
    if (handle) pair.lab.handles.set('target', handle)
    const again = quietEnvironment({ attempt: 3, heartbeatDetails: told })
    expect((await pair.step('app.t', { environment: again })).state).toBe('in-sync')
    expect(pair.target.sentJobs.length).toBe(1)
  })
})
