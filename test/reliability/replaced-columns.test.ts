import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tableWorkflowId } from '../../contract/index.ts'
import type { LabRunMode, LabVersion } from '../../lab/index.ts'
import { LabMigration, QUICK } from '../support/lab-migration.ts'
import { LabWorker } from '../support/lab-worker.ts'
import { startTemporal, type TestTemporal } from '../support/temporal.ts'
import { until } from '../support/until.ts'

let temporal: TestTemporal
let worker: LabWorker
beforeAll(async () => {
  temporal = await startTemporal()
  worker = await LabWorker.start(temporal)
})
afterAll(async () => {
  await worker?.stop()
  await temporal?.stop()
})

interface Pair {
  from: LabVersion
  to: LabVersion
  mode?: LabRunMode
  pair: string
}
/** 3.1 rewrites all tablets for a column and gives the index another id; from 3.3 on only the SchemaVersion moves. */
const PAIRS: Pair[] = [
  { from: '3.3', to: '3.5', pair: '3.3 to 3.5' },
  { from: '3.5', to: '4.1', pair: '3.5 to 4.1' },
  { from: '3.1', to: '3.5', pair: '3.1 to 3.5' },
  { from: '3.1', to: '3.1', pair: '3.1 to 3.1' },
  { from: '3.5', to: '4.1', mode: 'shared_data', pair: '3.5 to 4.1 shared-data' },
]
/** Those that differ in how the source changes, or in what the target is. */
const DIFFERENT = PAIRS.filter(({ pair }) => pair !== '3.5 to 4.1')
const FIRST: Pair = { from: '3.3', to: '3.5', pair: '3.3 to 3.5' }

const TABLE =
  'CREATE TABLE app.t (id INT NOT NULL, v INT) DUPLICATE KEY(id) PARTITION BY RANGE(id) ' +
  '(PARTITION p1 VALUES LESS THAN ("100"), PARTITION p2 VALUES LESS THAN ("200")) ' +
  'DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ("replication_num" = "1")'

/** Moves the version of p1 alone. */
const LOAD = 'INSERT INTO app.t PARTITION(p1) (id) VALUES (3)'

async function copied(name: string, pair: Pair, test: (migration: LabMigration) => Promise<void>) {
  const migration = await LabMigration.prepare(
    {
      name: `${name}-${pair.from}-${pair.to}${pair.mode ? '-lake' : ''}`.replaceAll('.', ''),
      source: { version: pair.from, lateSchemas: true },
      target: { version: pair.to, runMode: pair.mode },
      spec: { parkAfter: 2 },
    },
    temporal,
    worker,
  )
  try {
    migration.source.execute('CREATE DATABASE app')
    migration.source.execute(TABLE)
    migration.source.execute('INSERT INTO app.t VALUES (1, 11), (2, 12), (101, 111), (102, 112)')
    await migration.start()
    await migration.settled()
    await test(migration)
  } finally {
    await migration.stop()
  }
}

/** Another column takes the place of v under its name; afterwards everything is printed as before. */
function replaceColumn({ source }: LabMigration, between: () => void = () => undefined): void {
  const printed = source.execute('SHOW CREATE TABLE app.t').rows
  source.execute('ALTER TABLE app.t DROP COLUMN v')
  between()
  source.execute('ALTER TABLE app.t ADD COLUMN v INT')
  expect(source.execute('SHOW CREATE TABLE app.t').rows).toEqual(printed)
}

/** Tablets hear of changes when they are loaded: from 3.3 on the copy would be made of what they took for the columns before. */
async function refusedUntilLoaded({ source, starferry, name }: LabMigration, { from }: Pair): Promise<void> {
  if (from !== '3.1') {
    await until('it is refused', async () =>
      (await starferry.parked(name)).some((one) => one.reason.includes('backends still go by the former ones')),
    )
    expect((await starferry.status(name)).progress).toBeLessThan(1)
  }
  source.execute('INSERT INTO app.t (id) VALUES (9), (109)')
}

const tableOf = ({ state }: LabMigration['source']) => {
  const table = state.databases.get('app')?.objects.get('t')
  if (table?.kind !== 'table') throw new Error(`${state.name} has no such table`)
  return table
}
const physical = (cluster: LabMigration['source']) => tableOf(cluster).partitions.flatMap((one) => one.physical)
const partitionIds = ({ target }: LabMigration) => physical(target).map((one) => one.id)
const versions = ({ source }: LabMigration) => physical(source).map((one) => one.dataVersion)

describe.concurrent('a column replaced under its old name between two looks', () => {
  it.each(PAIRS)('with one partition that lags and one that does not: $pair', (pair) =>
    copied('lags', pair, async (migration) => {
      const before = versions(migration)
      replaceColumn(migration, () => migration.source.execute(LOAD))
      expect(versions(migration).map((version, i) => version === before[i])).toEqual([false, true])
      expect(migration.compare().differing).not.toEqual([])
      await refusedUntilLoaded(migration, pair)
      await migration.settled()
      const { done } = await migration.starferry.changes(migration.name)
      expect(done.find((change) => change.outcome === 'recreated')?.reason).toMatch(/replaced under its old name/)
      expect(await migration.starferry.parked(migration.name)).toEqual([])
    }),
  )

  it.each(DIFFERENT)('with no partition that lags: $pair', (pair) =>
    copied('still', pair, async (migration) => {
      replaceColumn(migration)
      expect(migration.compare().differing).not.toEqual([])
      await refusedUntilLoaded(migration, pair)
      await migration.settled()
    }),
  )

  // There it is made again for the column that is seen, and somebody is asked.
  it.each(DIFFERENT.filter(({ to }) => to !== '3.1'))('together with a column that is seen: $pair', (pair) =>
    copied('seen', pair, async (migration) => {
      const { source } = migration
      source.execute('ALTER TABLE app.t DROP COLUMN v')
      source.execute(LOAD)
      source.execute('ALTER TABLE app.t ADD COLUMN (v INT, y STRING)')
      await refusedUntilLoaded(migration, pair)
      await migration.settled()
    }),
  )

  it('while the migration is stopped; started again under its name it knows', () =>
    copied('stopped', FIRST, async (migration) => {
      await migration.starferry.stop(migration.name)
      await migration.untilStatus('stopped', ({ state }) => state === 'stopped')
      replaceColumn(migration, () => migration.source.execute(LOAD))
      await migration.start()
      await refusedUntilLoaded(migration, FIRST)
      await migration.settled()
    }))

  it('after everything that was known of the copy is forgotten', () =>
    copied('forgotten', FIRST, async (migration) => {
      await until('nothing runs', async () => (await migration.status()).slots.used === 0)
      const { client } = temporal
      const workflowId = tableWorkflowId(migration.name, 'app.t')
      await client.workflowService.deleteWorkflowExecution({
        namespace: temporal.namespace,
        workflowExecution: { workflowId },
      })
      await until('its workflow is forgotten', async () => {
        for await (const _ of client.workflow.list({ query: `WorkflowId = '${workflowId}'` })) return false
        return true
      })
      migration.target.state.replicationJobs.length = 0
      replaceColumn(migration, () => migration.source.execute(LOAD))
      await refusedUntilLoaded(migration, FIRST)
      await migration.settled()
    }))

  it('what a load wrote on the target is left alone until somebody approves', () =>
    copied('foreign', FIRST, async (migration) => {
      migration.target.execute('INSERT INTO app.t PARTITION(p2) VALUES (199, 1)')
      replaceColumn(migration, () => migration.source.execute(LOAD))
      await refusedUntilLoaded(migration, FIRST)
      const [parked] = await until('it waits', async () => {
        const list = await migration.starferry.parked(migration.name)
        return list.some((one) => one.needsApproval) && list
      })
      expect(parked?.statements).toEqual(['TRUNCATE TABLE `app`.`t` PARTITION(`p2`)'])
      expect(migration.target.execute('SELECT count(*) FROM app.t WHERE id = 199').rows[0]?.[0]).toBe('1')
      expect((await migration.status()).progress).toBeLessThan(1)
      await migration.starferry.approve(migration.name, ['app.t'])
      await migration.settled()
    }))
})

/** Frontends alone know of a new name, and the replication goes by the backends'. */
const RENAMING = DIFFERENT.filter(({ from }) => from !== '3.1')

/** Column x takes the place of v, and its name. */
function renameInto({ source }: LabMigration): void {
  source.execute('ALTER TABLE app.t ADD COLUMN x INT')
  source.execute('INSERT INTO app.t PARTITION(p1) (id, v, x) VALUES (3, 13, 23)')
  source.execute('ALTER TABLE app.t DROP COLUMN v')
  source.execute('ALTER TABLE app.t RENAME COLUMN x TO v')
}

describe.concurrent('a column that was renamed', () => {
  it.each(RENAMING)('into the place of a dropped one: the table is refused until it is made anew: $pair', (pair) =>
    copied('renamed', pair, async (migration) => {
      const { source, starferry, name } = migration
      const before = partitionIds(migration)
      renameInto(migration)
      const reason = (pattern: RegExp) =>
        until('it is refused', async () => (await starferry.parked(name)).some((one) => pattern.test(one.reason)))
      // It may as well have been dropped, as far as anybody can tell.
      await reason(/app\.t, partition p\d: columns were renamed.*some columns, perhaps,.*Once a row was loaded/)
      source.execute('INSERT INTO app.t (id, v) VALUES (4, 24), (104, 204)')
      await reason(/app\.t, partition p\d: columns were renamed.* columns v with wrong values.*CREATE TABLE … LIKE/)
      expect((await migration.status()).progress).toBeLessThan(1)
      // What would be copied in their place might be no better.
      expect(partitionIds(migration)).toEqual(before)
      expect(migration.target.execute('SELECT v FROM app.t ORDER BY id').rows.map(([v]) => v)).toContain('111')

      source.execute('CREATE TABLE app.anew LIKE app.t')
      source.execute('INSERT INTO app.anew SELECT * FROM app.t')
      source.execute('ALTER TABLE app.t SWAP WITH anew')
      source.execute('DROP TABLE app.anew FORCE')
      await starferry.retry(name, ['app.t'])
      await migration.settled()
    }),
  )

  it.each(RENAMING)('and nothing else: its copy is right: $pair', (pair) =>
    copied('only', pair, async (migration) => {
      migration.source.execute('ALTER TABLE app.t RENAME COLUMN v TO w')
      migration.source.execute('INSERT INTO app.t VALUES (3, 13)')
      await until('the copy has it', () => {
        const copy = migration.target.state.databases.get('app')?.objects.get('t')
        return copy?.kind === 'table' && copy.indexes[0]?.columns[1]?.name === 'w'
      })
      await migration.settled()
    }),
  )

  it('before the migration began: refused at once; copied, wrong as it is, where somebody allows it', async () => {
    const spec = { allow: { renamedColumns: true }, intervals: QUICK }
    const migration = await LabMigration.prepare(
      { name: 'renamed-before', source: { version: '3.3' }, target: { version: '3.5' }, spec: { parkAfter: 2 } },
      temporal,
      worker,
    )
    const { source, target, starferry, name } = migration
    try {
      source.execute('CREATE DATABASE app')
      source.execute(TABLE)
      source.execute('INSERT INTO app.t VALUES (1, 11), (101, 111)')
      renameInto(migration)
      await migration.start()
      await until('it is refused', async () => (await starferry.parked(name)).some((one) => /renamed/.test(one.reason)))
      expect(migration.jobs.sent).toBe(0)
      await starferry.configure(name, spec)
      await starferry.retry(name, ['app.t'])
      await migration.caughtUp()
      expect(target.execute('SELECT count(*), count(v) FROM app.t').rows[0]).toEqual(['3', '0'])
      expect(source.execute('SELECT count(*), count(v) FROM app.t').rows[0]).toEqual(['3', '1'])
    } finally {
      await migration.stop()
    }
  })
})

describe.concurrent('changes of columns that are seen', () => {
  it.each(DIFFERENT.filter(({ to }) => to !== '3.1'))(
    'one added column: the copy follows without being copied anew: $pair',
    (pair) =>
      copied('added', pair, async (migration) => {
        const before = partitionIds(migration)
        const sent = migration.jobs.sent
        migration.source.execute('ALTER TABLE app.t ADD COLUMN y STRING DEFAULT "seven"')
        await until('the copy has it', () => tableOf(migration.target).indexes[0]?.columns.length === 3)
        await migration.settled()
        expect(migration.jobs.sent).toBe(sent)
        migration.source.execute('INSERT INTO app.t VALUES (4, 14, "four")')
        await migration.settled()
        expect(partitionIds(migration)).toEqual(before)
        // The next replacement is measured from there.
        replaceAgain(migration)
        await refusedUntilLoaded(migration, pair)
        await migration.settled()
        expect(partitionIds(migration)).not.toEqual(before)
      }),
  )

  // One SchemaVersion, and it shows: a column that went and another that came are printed the same way.
  it.each(DIFFERENT.filter(({ to }) => to !== '3.1'))(
    'one renamed and changed in its type at once keeps its values: $pair',
    (pair) =>
      copied('retyped', pair, async (migration) => {
        const { source, target } = migration
        source.execute('ALTER TABLE app.t RENAME COLUMN v TO w')
        source.execute('ALTER TABLE app.t MODIFY COLUMN w VARCHAR(200)')
        await migration.settled()
        const values = (cluster: typeof source) => cluster.execute('SELECT id, w FROM app.t ORDER BY id').rows
        expect(values(target).map((row) => row.map(String))).toContainEqual(['101', '111'])
        expect(values(target)).toEqual(values(source))
      }),
  )

  const replaceAgain = ({ source }: LabMigration) => {
    source.execute('ALTER TABLE app.t DROP COLUMN y')
    source.execute('ALTER TABLE app.t ADD COLUMN y STRING DEFAULT "seven"')
  }
})
