import { ActivityCancellationDetails } from '@temporalio/common'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { listJob, quietEnvironment } from '../metadata/lab-pair.ts'
import { StepPair } from './support/step-pair.ts'

let pair: StepPair
beforeEach(async () => {
  pair = await StepPair.start()
  pair.make(TABLE)
  pair.source.execute('INSERT INTO app.t VALUES (1, 11), (101, 111), (201, 211)')
  expect(await pair.step('app.t')).toMatchObject({ state: 'in-sync', jobsSent: 1 })
})
afterEach(() => pair.stop())

const TABLE =
  'CREATE TABLE app.t (id INT NOT NULL, v INT) DUPLICATE KEY(id) PARTITION BY RANGE(id) ' +
  '(PARTITION p1 VALUES [("1"),("100")), PARTITION p2 VALUES [("100"),("200")), PARTITION p3 VALUES [("200"),("300"))) ' +
  'DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ("replication_num" = "1")'

/** Other rows, of another epoch: the copy of this partition is to be emptied. */
function madeAnew(partition: string, id: number): void {
  pair.source.execute(`TRUNCATE TABLE app.t PARTITION(${partition})`)
  pair.source.execute(`INSERT INTO app.t (id, v) VALUES (${id}, ${id})`)
}

describe('what changes at the source while partitions of the copy are emptied', () => {
  const STALE = { type: 'Stale', details: [expect.objectContaining({ align: true })] }
  const CHANGES: [string, string[]][] = [
    [
      'a new column, and rows that have it',
      ['ALTER TABLE app.t ADD COLUMN y INT', 'INSERT INTO app.t VALUES (2, 12, 7)'],
    ],
    [
      'a column that is replaced under its name, and rows in between',
      [
        'ALTER TABLE app.t ADD COLUMN x INT',
        'INSERT INTO app.t VALUES (2, 12, 7)',
        'ALTER TABLE app.t DROP COLUMN v',
        'ALTER TABLE app.t RENAME COLUMN x TO v',
      ],
    ],
    ['a renamed column', ['ALTER TABLE app.t RENAME COLUMN v TO w']],
    [
      'a partition that is made again with other values',
      [
        'ALTER TABLE app.t DROP PARTITION p1 FORCE',
        'ALTER TABLE app.t ADD PARTITION p1 VALUES [("1"),("50"))',
        'INSERT INTO app.t VALUES (2, 12)',
      ],
    ],
  ]
  test.each(CHANGES)('%s: nothing is sent before it is decided anew', async (_what, statements) => {
    madeAnew('p1', 5)
    const sent = pair.target.sentJobs.length
    pair.before(/^TRUNCATE/, () => {
      for (const sql of statements) pair.source.execute(sql)
    })
    await expect(pair.step('app.t')).rejects.toMatchObject(STALE)
    expect(pair.target.sentJobs.length).toBe(sent)
  })

  test('nothing: the job follows in the same step', async () => {
    madeAnew('p1', 5)
    expect(await pair.step('app.t')).toMatchObject({ state: 'in-sync', jobsSent: 1 })
    expect(pair.target.execute('SELECT id FROM app.t ORDER BY id').rows.map(String)).toEqual(['5', '101', '201'])
  })
})

describe('a load on the target that comes while partitions are emptied, one after the other', () => {
  const loaded = () => pair.target.execute('SELECT id FROM app.t WHERE id = 299').rows.map(String)
  /** Long after the look at all of them, when only the first is being emptied. */
  const loadLate = () => {
    pair.target.faults.inject({ kind: 'delay-mysql', ms: 1_200, match: /^TRUNCATE/, times: 1 })
    pair.before(/^TRUNCATE/, () => pair.target.execute('INSERT INTO app.t PARTITION(p3) VALUES (299, -1)'))
  }

  test('is seen before its partition is, too', async () => {
    madeAnew('p1', 5)
    madeAnew('p3', 205)
    loadLate()
    await expect(pair.step('app.t')).rejects.toMatchObject({ type: 'Stale', message: expect.stringContaining('p3') })
    expect(loaded()).toEqual(['299'])
    await expect(pair.step('app.t')).rejects.toMatchObject({ type: 'NeedsApproval' })
  })

  test('stays where what a job brought is thrown away again', async () => {
    pair.source.execute('INSERT INTO app.t VALUES (2, 12), (102, 112), (202, 212)')
    const change = () => pair.source.execute('ALTER TABLE app.t RENAME COLUMN v TO w')
    pair.target.faults.inject({ kind: 'during-job', state: 'REPLICATING', times: 1, run: change })
    loadLate()
    await expect(pair.step('app.t')).rejects.toMatchObject({
      type: 'Stale',
      message: expect.stringContaining('while it was being copied'),
    })
    expect(pair.target.execute('SELECT id FROM app.t ORDER BY id').rows.map(String)).toContain('299')
    expect(pair.target.execute('SELECT id FROM app.t WHERE id < 200').rows).toEqual([])
  })
})

describe('a step that waited long between its first look and the first TRUNCATE', () => {
  const ids = () => pair.copy('t').partitions.flatMap(({ physical }) => physical.map(({ id }) => id))
  /** The last statement that decides whether anything is emptied. */
  const DECIDED = /^SHOW CREATE TABLE/
  const nothingIsEmptied = async (failure: Record<string, unknown>, environment = quietEnvironment()) => {
    const before = ids()
    const sent = pair.target.sentJobs.length
    await expect(pair.step('app.t', { environment })).rejects.toMatchObject(failure)
    expect(ids()).toEqual(before)
    expect(pair.target.sentJobs.length).toBe(sent)
  }
  test.each([
    ['runs', 'REPLICATING', 'is running'],
    ['is committed, and not published,', 'COMMITTED', 'is not published yet'],
  ] as const)('empties nothing while a job %s by then', async (_what, state, why) => {
    madeAnew('p1', 5)
    pair.before(DECIDED, () => listJob(pair.target, 'app', 't', state))
    await nothingIsEmptied({ type: 'Busy', message: expect.stringContaining(`another of app.t ${why}`) })
  })

  test.each([
    ['empties', DECIDED, () => madeAnew('p1', 5)],
    [
      'sends',
      /^SHOW PROC '\/dbs\/\d+\/\d+\/partitions\//,
      () => pair.source.execute('INSERT INTO app.t VALUES (2, 12)'),
    ],
  ])('%s nothing when its attempt is over by then', async (_what, match, change) => {
    change()
    const environment = quietEnvironment()
    const details = new ActivityCancellationDetails({ timedOut: true })
    pair.before(match, () => environment.cancel('TIMED_OUT', details))
    await nothingIsEmptied({ type: 'Unreachable' }, environment)
  })
})
