import { describe, expect, test } from 'vitest'
import { until } from '../support/until.ts'
import { insert, stage } from './support/stage.ts'

const on = stage()

describe('failing jobs', () => {
  test('a table is parked after parkAfter failures with its reason, the others go on, and a retry brings it home', async () => {
    const migration = await on.migration(
      { name: 'park', spec: { parkAfter: 2, intervals: { metadata: 60, stale: 0.5, park: 3600 } } },
      3,
    )
    const fault = migration.target.faults.inject({ kind: 'abort-job', table: 't1', error: 'Source snapshots is empty' })
    await migration.start()
    const status = await migration.untilStatus('t1 is parked', ({ tables }) => tables.parked === 1)
    await until('the others are copied', () => migration.compare(['shop.t0', 'shop.t2']).differing.length === 0)
    expect(fault.struck).toBe(2)
    expect(status.progress).toBeLessThan(1)
    const [parked] = await migration.starferry.parked('park')
    expect(parked).toMatchObject({ table: 'shop.t1', attempts: 2, needsApproval: false })
    expect(parked?.reason).toContain('Source snapshots is empty')
    expect(Date.parse(parked?.retryAt ?? '')).toBeGreaterThan(Date.now() + 3_000_000)
    fault.clear()
    expect(await migration.starferry.retry('park', ['shop.t1', 'shop.t0'])).toEqual({
      accepted: ['shop.t1'],
      rejected: [{ table: 'shop.t0', reason: 'it is not parked' }],
    })
    await migration.caughtUp()
    expect(migration.compare().differing).toEqual([])
    expect(await migration.starferry.parked('park')).toEqual([])
  })

  test('limits and full disks are waited for and never count', async () => {
    const migration = await on.migration({ name: 'busy', spec: { parkAfter: 1, limits: { tables: 1 } } }, 1)
    const busy = migration.target.faults.inject({ kind: 'busy', times: 2 })
    await migration.start()
    await migration.caughtUp()
    expect(busy.struck).toBe(2)
    expect(migration.compare().differing).toEqual([])
  })

  test('a lost job is sent again with a new id', async () => {
    const migration = await on.migration({ name: 'lost' }, 1)
    const fault = migration.target.faults.inject({ kind: 'lose-job', times: 1 })
    await migration.start()
    await migration.caughtUp()
    expect(fault.struck).toBe(1)
    expect(new Set(migration.target.sentJobs.map((job) => job.jobId)).size).toBe(2)
    expect(migration.compare().differing).toEqual([])
  })

  test('a lost answer does not send the job twice', async () => {
    const migration = await on.migration({ name: 'answer' }, 2)
    const fault = migration.target.faults.inject({
      kind: 'drop-rpc',
      cut: 'after',
      method: 'startTableReplication',
      times: 2,
    })
    await migration.start()
    await migration.caughtUp()
    expect(fault.struck).toBe(2)
    expect(migration.jobs.sent).toBe(2)
    expect(migration.compare().differing).toEqual([])
  })
})

describe('rows that a load wrote to the target', () => {
  test('are left alone until approved: the exact statement is shown, and then it is done', async () => {
    const migration = await on.migration({ name: 'approve' }, 2)
    await migration.start()
    await migration.caughtUp()
    migration.target.execute(`INSERT INTO shop.t1 VALUES (-1, 'local')`)
    insert(migration, 't1')
    await migration.untilStatus('t1 waits', ({ tables }) => tables.parked === 1)
    const [parked] = await migration.starferry.parked('approve')
    expect(parked).toMatchObject({
      table: 'shop.t1',
      needsApproval: true,
      statements: ['TRUNCATE TABLE `shop`.`t1` PARTITION(`t1`)'],
    })
    expect(count(migration.target.execute('SELECT count(*) FROM shop.t1 WHERE id = -1'))).toBe('1')
    expect(await migration.starferry.approve('approve', ['shop.t1', 'shop.t0'])).toEqual({
      accepted: ['shop.t1'],
      rejected: [{ table: 'shop.t0', reason: 'nothing of it waits for an approval' }],
    })
    await migration.caughtUp()
    expect(migration.compare().differing).toEqual([])
  })

  test('are discarded when the spec allows it, and that is told', async () => {
    const migration = await on.migration({ name: 'allowed', spec: { allow: { resetDivergedPartitions: true } } }, 1)
    await migration.start()
    await migration.caughtUp()
    migration.target.execute(`INSERT INTO shop.t0 VALUES (-1, 'local')`)
    await migration.settled()
    expect(count(migration.target.execute('SELECT count(*) FROM shop.t0 WHERE id = -1'))).toBe('0')
    const { done } = await migration.starferry.changes('allowed')
    expect(done.at(-1)).toMatchObject({
      table: 'shop.t0',
      reason: expect.stringContaining('rows that starferry did not write were discarded'),
      statements: [expect.stringMatching(/^TRUNCATE TABLE `shop`.`t0`/)],
    })
  })
})

describe('bad input', () => {
  test.each([
    [{ name: 'x', source: 'a', target: 'a' }, 'target: source and target are the same cluster'],
    [{ name: 'x', source: 'a', target: 'b', inclde: [] }, "unknown key 'inclde'; the nearest valid one is 'include'"],
    [
      { name: 'x', source: 'a', target: 'b', limits: { tabels: 1 } },
      "unknown key 'limits.tabels'; the nearest valid one is 'tables'",
    ],
    [{ name: 'x', source: 'a', target: 'b', limits: { bytesPerJob: '5 elephants' } }, "'5 elephants' is no size"],
    [{ name: 'x', source: 'a', target: 'b', carried: {} }, "unknown key 'carried'"],
    [
      { name: 'x', source: 'a', target: 'b', rename: { tables: { 'shop.orders': 'orders2' } } },
      "rename.tables.shop.orders: 'orders2' is not a table name: write it as database.table",
    ],
    [undefined, 'name'],
  ])('%j is one clear failure', async (input, message) => {
    const handle = await on.temporal.client.workflow.start('migrate', {
      taskQueue: 'starferry',
      workflowId: `migrate/bad-${JSON.stringify(input)?.length ?? 0}`,
      args: input === undefined ? [] : [input],
    })
    const failure = await handle.result().then(
      () => undefined,
      (error: { cause?: { type?: string; message?: string } }) => error.cause,
    )
    expect(failure?.type).toBe('BadInput')
    expect(failure?.message).toContain(message)
  })

  const spec = { name: 'x', source: 'a', target: 'b' }
  test.each([
    ['plan', { spec, aftr: 'x' }, "unknown key 'aftr'; the nearest valid one is 'after'"],
    ['tables', { spec, limt: 3 }, "unknown key 'limt'; the nearest valid one is 'limit'"],
    ['restorePlan', { spec: {}, nxt: 3 }, "unknown key 'nxt'; the nearest valid one is 'next'"],
    ['backupDoctor', { bakup: {} }, "unknown key 'bakup'; the nearest valid one is 'backup'"],
    ['backupSet', { spec: {}, knd: 'full' }, "unknown key 'knd'; the nearest valid one is 'kind'"],
    ['backupPlan', { spec: {}, aftr: 'x' }, "unknown key 'aftr'; the nearest valid one is 'after'"],
  ])('%s knows what may stand beside a spec', async (type, input, message) => {
    const options = { taskQueue: 'starferry', workflowId: `envelope-${type}`, args: [input] }
    const handle = await on.temporal.client.workflow.start(type, options)
    const failure = await handle.result().catch((error: { cause?: { message?: string } }) => error.cause)
    expect(failure?.message).toContain(message)
  })

  test('a cluster that the worker does not know, a wrong password', async () => {
    const migration = await on.migration({ name: 'unknown', spec: { source: 'nowhere' } }, 0)
    await migration.start()
    await expect(migration.starferry.result('unknown')).rejects.toThrow(/nowhere/)
  })

  test('names and patches of updates are checked', async () => {
    const migration = await on.migration({ name: 'updates' }, 1)
    await migration.start()
    await migration.caughtUp()
    await expect(migration.starferry.retry('updates', ['no-database'])).rejects.toThrow(/database\.table/)
    await expect(migration.starferry.retry('updates', [])).rejects.toThrow(/tables/)
    const handle = on.temporal.client.workflow.getHandle('migrate/updates')
    const request = { tables: ['shop.t0'], x: 1 }
    await expect(handle.executeUpdate('pauseTables', { args: [request] })).rejects.toMatchObject({
      cause: { message: expect.stringContaining("unknown key 'x'") },
    })
    await expect(migration.starferry.configure('updates', { limits: { tables: -1 } })).rejects.toThrow(/limits.tables/)
    const spec = await migration.starferry.configure('updates', { limits: { tables: 3 }, parkAfter: 9 })
    expect(spec.limits).toMatchObject({ tables: 3, diskPercent: 80 })
    expect(spec.parkAfter).toBe(9)
    // A later patch does not undo the earlier one by defaults.
    expect((await migration.starferry.configure('updates', { limits: { diskPercent: 90 } })).limits).toMatchObject({
      tables: 3,
      diskPercent: 90,
    })
  })
})

function count(result: { rows: unknown[][] }): string {
  return String(result.rows[0]?.[0])
}
