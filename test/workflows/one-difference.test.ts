import { describe, expect, test } from 'vitest'
import { metadataScheduleId, metadataWorkflowId } from '../../contract/index.ts'
import type { LabMigration } from '../support/lab-migration.ts'
import { until } from '../support/until.ts'
import { insert, stage } from './support/stage.ts'

const on = stage()

/** Ids of all runs of `syncMetadata` of a migration, and of those that do something on a cluster now. */
async function differences(name: string): Promise<{ all: string[]; atWork: string[] }> {
  const all: string[] = []
  const atWork: string[] = []
  for await (const one of on.temporal.client.workflow.list({ query: "WorkflowType = 'syncMetadata'" })) {
    if (!one.workflowId.startsWith(metadataWorkflowId(name))) continue
    all.push(one.workflowId)
    // The list may be a moment old.
    const now = await on.temporal.client.workflow.getHandle(one.workflowId, one.runId).describe()
    if (now.status.name === 'RUNNING' && now.raw.pendingActivities?.length) atWork.push(one.workflowId)
  }
  return { all, atWork }
}

const tablesOf = ({ target }: LabMigration) => target.state.databases.get('later')?.objects.size ?? 0

/** Many tables appear at the source, and each takes the target a while. */
function makeMore({ source, target }: LabMigration, count: number) {
  const slow = target.faults.inject({ kind: 'delay-mysql', ms: 150, match: /^(CREATE TABLE|ALTER TABLE)/ })
  source.execute('CREATE DATABASE later')
  for (let i = 0; i < count; i++) {
    source.execute(
      `CREATE TABLE later.t${i} (id INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ("replication_num" = "1")`,
    )
  }
  return slow
}

describe('a difference that the Schedule asked for', () => {
  test('is the only one, and neither a pause nor a stop is through before it has ended', async () => {
    const spec = { limits: { ddlBatch: 4 }, intervals: { metadata: 3600, stale: 0.5, park: 1 } }
    const migration = await on.migration({ name: 'rest', spec }, 1)
    const schedule = on.temporal.client.schedule.getHandle(metadataScheduleId('rest'))
    const ticks = async () => (await differences('rest')).all.filter((id) => id !== metadataWorkflowId('rest')).length
    /** The Schedule's next run. A trigger is skipped while the Schedule does not know yet that the run before has ended: asked again. */
    const tick = async () => {
      const before = await ticks()
      await until(
        'a tick has passed',
        async () => {
          if ((await ticks()) > before) return true
          await schedule.trigger()
          return undefined
        },
        { everyMs: 1_000 },
      )
    }
    await migration.start()
    await migration.caughtUp()
    const slow = makeMore(migration, 60)
    await tick()
    await until('some are made', () => tablesOf(migration) > 0)
    await tick()
    const atWork = await until('one is at work', async () => {
      const now = await differences('rest')
      return now.atWork.length > 0 && now.atWork
    })
    expect(atWork).toEqual([metadataWorkflowId('rest')])
    await migration.starferry.pause('rest')
    await migration.untilStatus('paused', ({ state }) => state === 'paused')
    expect((await differences('rest')).atWork).toEqual([])
    const before = tablesOf(migration)
    expect(before).toBeLessThan(60)
    // What is triggered by hand meanwhile comes to nothing.
    await tick()
    expect((await differences('rest')).atWork).toEqual([])
    expect(tablesOf(migration)).toBe(before)
    await migration.starferry.resume('rest')
    await tick()
    await until('more are made', () => tablesOf(migration) > before)
    await migration.starferry.stop('rest')
    expect((await migration.starferry.result('rest')).state).toBe('stopped')
    expect((await differences('rest')).atWork).toEqual([])
    slow.clear()
  })
})

describe('an approval', () => {
  const count = ({ target }: LabMigration, where: string) =>
    String(target.execute(`SELECT count(*) FROM shop.t1 WHERE ${where}`).rows[0]?.[0])
  const asked = (migration: LabMigration, statement: RegExp) =>
    until(
      `it asks for ${statement}`,
      async () => {
        const [parked] = await migration.starferry.parked(migration.name)
        return parked?.needsApproval && statement.test(parked.statements[0] ?? '') ? parked : undefined
      },
      { explain: async () => migration.story(await migration.status()) },
    )

  test('is used once: what is loaded afterwards is asked about again, by whatever would destroy it', async () => {
    const migration = await on.migration({ name: 'used' }, 2)
    await migration.start()
    await migration.caughtUp()
    migration.target.execute(`INSERT INTO shop.t1 VALUES (-1, 'local')`)
    insert(migration, 't1')
    await asked(migration, /^TRUNCATE/)
    await migration.starferry.approve('used', ['shop.t1'])
    await migration.settled()
    // The same again, and the difference would make the table anew.
    migration.target.execute(`INSERT INTO shop.t1 VALUES (-2, 'local')`)
    migration.source.execute('ALTER TABLE shop.t1 ADD COLUMN w INT')
    await asked(migration, /^DROP TABLE/)
    expect(count(migration, 'id = -2')).toBe('1')
    await migration.starferry.approve('used', ['shop.t1'])
    await migration.settled()
    expect(count(migration, 'id = -2')).toBe('0')
  })

  test('is void for what was loaded after the question', async () => {
    const spec = { intervals: { metadata: 3600, stale: 0.5, park: 3600 } }
    const migration = await on.migration({ name: 'seen', spec }, 2)
    await migration.start()
    await migration.caughtUp()
    migration.target.execute(`INSERT INTO shop.t1 VALUES (-1, 'local')`)
    insert(migration, 't1')
    await asked(migration, /^TRUNCATE/)
    const ended = async () => {
      const query = "WorkflowType = 'replicateTable' AND ExecutionStatus != 'Running'"
      return (await on.temporal.client.workflow.count(query)).count
    }
    const before = await ended()
    migration.target.execute(`INSERT INTO shop.t1 VALUES (-2, 'nobody was asked about')`)
    await migration.starferry.approve('seen', ['shop.t1'])
    await until('it was tried', async () => (await ended()) > before)
    await asked(migration, /^TRUNCATE/)
    expect(count(migration, 'id < 0')).toBe('2')
    await migration.starferry.approve('seen', ['shop.t1'])
    await migration.settled()
  })

  test('of a table that only the target has is carried out, and forgotten', async () => {
    const migration = await on.migration(
      { name: 'only', spec: { intervals: { metadata: 3600, stale: 0.5, park: 1 } } },
      1,
    )
    const others = () => {
      migration.target.execute(
        'CREATE TABLE shop.own (id INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ("replication_num" = "1")',
      )
      migration.target.execute('INSERT INTO shop.own VALUES (1)')
    }
    migration.target.execute('CREATE DATABASE shop')
    others()
    await migration.start()
    await asked(migration, /^DROP TABLE IF EXISTS `shop`.`own`/)
    await migration.starferry.approve('only', ['shop.own'])
    const exists = () => migration.target.state.databases.get('shop')?.objects.has('own')
    await until('it is dropped', () => !exists())
    await until('nothing waits', async () => (await migration.starferry.parked('only')).length === 0)
    // A tick passes without a difference while one is at it.
    await until('the difference has ended', async () => {
      const handle = on.temporal.client.workflow.getHandle(metadataWorkflowId('only'))
      return (await handle.describe()).status.name === 'COMPLETED'
    })
    await migration.caughtUp()
    others()
    await on.temporal.client.schedule.getHandle(metadataScheduleId('only')).trigger()
    await asked(migration, /^DROP TABLE IF EXISTS `shop`.`own`/)
    expect(exists()).toBe(true)
  })

  test('is needed for a load that commits between the decision and the TRUNCATE', async () => {
    const spec = { intervals: { metadata: 3600, stale: 0.5, park: 3600 } }
    const migration = await on.migration({ name: 'between', spec }, 2)
    await migration.start()
    await migration.caughtUp()
    const slow = migration.target.faults.inject({
      kind: 'delay-mysql',
      ms: 1_500,
      match: /^SHOW CREATE TABLE `shop`.`t1`/,
    })
    migration.source.execute('TRUNCATE TABLE shop.t1')
    insert(migration, 't1')
    await until('its copy is about to be emptied', () => slow.struck > 0)
    migration.target.execute(`INSERT INTO shop.t1 VALUES (-1, 'local')`)
    slow.clear()
    await asked(migration, /^TRUNCATE/)
    expect(count(migration, 'id = -1')).toBe('1')
  })
})

describe('a one-time migration', () => {
  test('tries DDL that failed again, and comes to its end', async () => {
    const migration = await on.migration(
      { name: 'ends', spec: { oneTime: true, settings: { legacyCompatibility: 'on' } } },
      3,
    )
    const slow = migration.target.faults.inject({ kind: 'delay-mysql', ms: 500, match: /^ADMIN SET/ })
    await migration.start()
    await until('it begins', () => slow.struck > 0)
    const dead = migration.target.state.nodes.map((_, node) =>
      migration.target.faults.inject({ kind: 'node-down', node, how: 'dead' }),
    )
    const status = await migration.untilStatus('DDL failed', ({ tables }) => tables.parked === 3)
    expect(JSON.stringify(status.reasons)).toContain('number of available BE nodes')
    for (const fault of dead) fault.clear()
    expect(await migration.starferry.result('ends')).toMatchObject({ state: 'finished', progress: 1 })
    expect(migration.compare().differing).toEqual([])
  })
})

describe('stop with cancelJobs', () => {
  test('also cancels a job that is sent while it is at it', async () => {
    const migration = await on.migration({ name: 'late', spec: { limits: { tables: 1 } } }, 1)
    migration.target.faults.inject({ kind: 'slow-jobs', factor: 1_000_000 })
    const late = migration.target.faults.inject({ kind: 'delay-rpc', ms: 3_000, method: 'startTableReplication' })
    await migration.start()
    await until('it is being sent', () => late.struck > 0)
    await migration.starferry.stop('late', { cancelJobs: true })
    expect((await migration.starferry.result('late')).state).toBe('stopped')
    expect(migration.jobs).toMatchObject({ sent: 1, committed: 0, aborted: 1 })
  })
})
