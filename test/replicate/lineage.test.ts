import { ActivityCancellationDetails, type ApplicationFailure } from '@temporalio/common'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ReplicateErrorDetails } from '../../contract/index.ts'
import { quietEnvironment } from '../metadata/lab-pair.ts'
import { StepPair } from './support/step-pair.ts'

const TABLE = `CREATE TABLE app.t (id INT NOT NULL, v INT) DUPLICATE KEY(id)
  PARTITION BY RANGE(id) (PARTITION p1 VALUES LESS THAN ("10"), PARTITION p2 VALUES LESS THAN ("20"))
  DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ("replication_num" = "1")`
const WHOLE = `CREATE TABLE app.t (id INT NOT NULL, v INT) DUPLICATE KEY(id)
  DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ("replication_num" = "1")`

let pair: StepPair
afterEach(() => pair.stop())

const rows = () => pair.target.execute('SELECT id, v FROM app.t ORDER BY id').rows
const partitionIds = () => pair.target.execute('SHOW PARTITIONS FROM app.t').rows.map(([id]) => id)
const whenCommitted = (run: () => void) =>
  pair.target.faults.inject({ kind: 'during-job', state: 'COMMITTED', times: 1, run })

/** What a step failed with. */
async function failureOf(step: Promise<unknown>): Promise<ApplicationFailure & { details: [ReplicateErrorDetails] }> {
  return step.then(
    () => expect.unreachable('the step should fail'),
    (error) => error,
  )
}

/** Environments for the attempts of one step: each is told what the one before told with its heartbeats. */
function attempts(): () => ReturnType<typeof quietEnvironment> {
  let told: unknown
  let attempt = 0
  return () => {
    const environment = quietEnvironment({ attempt: ++attempt, heartbeatDetails: told })
    environment.on('heartbeat', (details) => {
      told = details
    })
    return environment
  }
}

describe('a step that fails between its job’s commit and its own end, on a target that does not tell what wrote', () => {
  beforeEach(async () => {
    pair = await StepPair.start({ version: '3.1' }, { version: '3.1' })
    pair.make(TABLE)
    pair.source.execute('INSERT INTO app.t VALUES (1, 1), (11, 11)')
  })

  /** The worker stops the moment that the job is committed. */
  const leavingWhenCommitted = (environment: ReturnType<typeof quietEnvironment>) => {
    whenCommitted(() =>
      environment.cancel('WORKER_SHUTDOWN', new ActivityCancellationDetails({ workerShutdown: true })),
    )
    return environment
  }

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
    const next = attempts()
    const handle = pair.lab.handles.get('target')
    const environment = leavingWhenCommitted(next())
    expect((await failureOf(pair.step('app.t', { environment }))).type).toBe('Unreachable')
    pair.lab.handles.delete('target')
    expect(await failureOf(pair.step('app.t', { environment: next() }))).toMatchObject({
      type: 'Unreachable',
      message: expect.stringContaining('There is no cluster target'),
    })
    if (handle) pair.lab.handles.set('target', handle)
    expect((await pair.step('app.t', { environment: next() })).state).toBe('in-sync')
    expect(pair.target.sentJobs.length).toBe(1)
  })

  /** Two are as many as intents are kept. */
  async function refusedTwice(next: () => ReturnType<typeof quietEnvironment>, spec = pair.lab.spec()): Promise<void> {
    pair.source.execute('INSERT INTO app.t PARTITION(p2) VALUES (12, 12)')
    const busy = pair.target.faults.inject({ kind: 'busy', text: 'Replication job of table 1 is being constructed' })
    for (let attempt = 1; attempt <= 2; attempt++) {
      expect((await failureOf(pair.step('app.t', { environment: next(), spec }))).type).toBe('Busy')
    }
    busy.clear()
  }

  test('is not forgotten over the jobs of the next step that the target refuses', async () => {
    const error = 'nothing that anybody knows'
    whenCommitted(() => pair.target.faults.inject({ kind: 'fail-query', match: /^SHOW PARTITIONS/, error, times: 1 }))
    expect((await failureOf(pair.step('app.t'))).message).toContain(error)
    const ids = partitionIds()
    const next = attempts()
    await refusedTwice(next)
    expect((await pair.step('app.t', { environment: next() })).state).toBe('in-sync')
    expect(partitionIds()).toEqual(ids)
  })

  test('nor over those of its own other attempts: what it brought is not emptied, even where that is allowed', async () => {
    const spec = pair.lab.spec({ allow: { resetDivergedPartitions: true } })
    const next = attempts()
    const environment = leavingWhenCommitted(next())
    expect((await failureOf(pair.step('app.t', { environment, spec }))).type).toBe('Unreachable')
    const ids = partitionIds()
    await refusedTwice(next, spec)
    expect((await pair.step('app.t', { environment: next(), spec })).state).toBe('in-sync')
    expect(partitionIds()).toEqual(ids)
  })
})

describe('a copy on a target that does not tell what wrote it', () => {
  const inSync = async () => expect((await pair.step('app.t')).state).toBe('in-sync')
  const alter = (...clauses: string[]) => {
    for (const clause of clauses) pair.source.execute(`ALTER TABLE app.t ${clause}`)
  }
  /** What somebody else loaded stays, and is asked about. */
  async function isAskedAbout(loaded: string): Promise<void> {
    expect(await failureOf(pair.step('app.t'))).toMatchObject({ type: 'NeedsApproval' })
    expect(rows().map(String)).toContain(loaded)
  }

  test('is none any more once somebody truncated it and loaded up to the remembered version', async () => {
    pair = await StepPair.start({ version: '3.1' }, { version: '3.1' })
    pair.make(TABLE)
    pair.source.execute('INSERT INTO app.t VALUES (1, 1)')
    await inSync()
    pair.target.execute('TRUNCATE TABLE app.t PARTITION(p1)')
    pair.target.execute('INSERT INTO app.t PARTITION(p1) VALUES (2, 666)')
    await isAskedAbout('2,666')
  })

  test('that was emptied is forgotten, also when nothing else is remembered', async () => {
    pair = await StepPair.start({ version: '3.1' }, { version: '3.1' })
    pair.make(WHOLE)
    pair.source.execute('INSERT INTO app.t VALUES (1, 1)')
    await inSync()
    alter('DROP COLUMN v', 'ADD COLUMN v INT')
    // Emptied, and looked at again; what it is replaced with is about to be sent.
    pair.before(/^TRUNCATE/, () =>
      pair.before(/^SHOW PARTITIONS/, () =>
        pair.before(/^SHOW PARTITIONS/, () => pair.target.execute('INSERT INTO app.t VALUES (2, 666)')),
      ),
    )
    expect(await failureOf(pair.step('app.t'))).toMatchObject({ type: 'Stale' })
    await isAskedAbout('2,666')
  })

  test.each([
    ['and whose table is made again', '3.1', [], 'recreated'],
    ['and changed back', '3.5', ['DROP COLUMN w'], 'unchanged'],
  ] as const)(
    'that is thrown away again, for columns that changed during its job %s, is not believed of that job',
    async (_, version, then, outcome) => {
      pair = await StepPair.start({ version }, { version: '3.1' })
      pair.make(WHOLE)
      pair.source.execute('INSERT INTO app.t VALUES (1, 1)')
      whenCommitted(() => alter('ADD COLUMN w INT'))
      expect(await failureOf(pair.step('app.t'))).toMatchObject({ type: 'Stale' })
      expect(rows()).toEqual([])
      alter(...then)
      const aligned = await pair.lab.run(pair.lab.metadata.alignTables, { spec: pair.lab.spec(), tables: ['app.t'] })
      expect(aligned).toMatchObject([{ outcome }])
      pair.target.execute('INSERT INTO app.t (id, v) VALUES (2, 666)')
      await isAskedAbout('2,666')
    },
  )
})
