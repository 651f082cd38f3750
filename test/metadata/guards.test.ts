import { afterEach, describe, expect, test } from 'vitest'
import type { AlignOutcome } from '../../contract/index.ts'
import type { LabCluster, LabTable } from '../../lab/index.ts'
import { LabPair, listJob } from './lab-pair.ts'

let pair: LabPair
afterEach(() => pair.stop())

const start = async (source = '3.3', target = '3.5') => {
  pair = await LabPair.start({ version: source as '3.3' }, { version: target as '3.5' })
  both('CREATE DATABASE d')
}
const both = (sql: string) => [pair.source, pair.target].map((lab) => lab.execute(sql))
const rows = (lab: LabCluster, table: string) => lab.execute(`SELECT * FROM ${table}`).rows.length

/** As after a replication: the last write of every partition with rows was a copy. */
function markCopied(lab: LabCluster, database: string, name: string): void {
  const table = lab.state.databases.get(database)?.objects.get(name) as LabTable
  for (const partition of table.partitions) {
    for (const physical of partition.physical) {
      physical.dataVersion = physical.visibleVersion = physical.committedVersion = 5n
      physical.versionTxnType = 'TXN_REPLICATION'
    }
  }
}

const range = (name: string, extra = '') =>
  `CREATE TABLE d.${name} (id INT NOT NULL, v INT${extra}) DUPLICATE KEY(id) PARTITION BY RANGE(id) (PARTITION p1 VALUES [("1"),("10")), PARTITION p2 VALUES [("10"),("20"))) DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ("replication_num" = "1")`
const alignOne = async (
  table: string,
  options: { approved?: AlignOutcome; allow?: Record<string, boolean> } = {},
): Promise<AlignOutcome> => {
  const spec = pair.spec({ allow: options.allow })
  const [outcome] = await pair.run(pair.metadata.alignTables, {
    spec,
    tables: [table],
    approvals: options.approved?.question ? { [table]: options.approved.question } : {},
  })
  if (!outcome) throw new Error('no outcome')
  return outcome
}

describe('a target table of another shape', () => {
  test('that a load wrote is left alone, and the exact statement is told; approval makes it again', async () => {
    await start()
    pair.source.execute(range('t', ', w INT'))
    pair.target.execute(range('t'))
    pair.target.execute('INSERT INTO d.t VALUES (1, 1), (11, 2)')

    const asked = await alignOne('d.t')
    expect(asked.outcome).toBe('needs-approval')
    expect(asked.reason).toMatch(/a load wrote \(partition p1, p2\)/)
    expect(asked.statements[0]).toBe('DROP TABLE IF EXISTS `d`.`t`')
    expect(asked.statements[1]).toMatch(/^CREATE TABLE `d`.`t`/)
    expect(rows(pair.target, 'd.t')).toBe(2)

    const approved = await alignOne('d.t', { approved: asked })
    expect(approved.outcome).toBe('recreated')
    // Into the recycle bin, not for good.
    expect(approved.statements[0]).toBe('DROP TABLE IF EXISTS `d`.`t`')
    expect((await pair.differences(pair.spec())).different).toEqual([])
  })

  test('an approval counts once: what was loaded into the new one is asked about again', async () => {
    await start()
    pair.source.execute(range('t', ', w INT'))
    const others = () => {
      pair.target.execute(range('t'))
      pair.target.execute('INSERT INTO d.t VALUES (1, 1)')
    }
    others()
    const first = await alignOne('d.t')
    expect((await alignOne('d.t', { approved: first })).outcome).toBe('recreated')
    pair.target.execute('DROP TABLE d.t')
    others()
    const again = await alignOne('d.t', { approved: first })
    expect([again.outcome, again.statements]).toEqual(['needs-approval', first.statements])
    expect(rows(pair.target, 'd.t')).toBe(1)
    expect((await alignOne('d.t', { approved: again })).outcome).toBe('recreated')
  })

  test('an approval is for what was shown, not for more', async () => {
    await start()
    pair.source.execute(range('t'))
    pair.target.execute(range('t'))
    pair.target.execute('ALTER TABLE d.t ADD PARTITION px VALUES [("50"),("60"))')
    pair.target.execute('INSERT INTO d.t VALUES (1, 1), (55, 1)')
    const asked = await alignOne('d.t')
    expect(asked.statements).toEqual(['ALTER TABLE `d`.`t` DROP PARTITION IF EXISTS `px`'])
    pair.source.execute('ALTER TABLE d.t ADD COLUMN w INT')
    const more = await alignOne('d.t', { approved: asked })
    expect(more).toMatchObject({ outcome: 'needs-approval' })
    expect(more.statements[0]).toBe('DROP TABLE IF EXISTS `d`.`t`')
    expect(rows(pair.target, 'd.t')).toBe(2)
  })

  test('is made again when the spec allows the class', async () => {
    await start()
    pair.source.execute(range('t', ', w INT NOT NULL'))
    pair.target.execute(range('t'))
    pair.target.execute('INSERT INTO d.t VALUES (1, 1)')
    expect((await alignOne('d.t', { allow: { recreateOnSchemaChange: true } })).outcome).toBe('recreated')
  })

  test('that only replication wrote is a copy and follows its source', async () => {
    await start()
    pair.source.execute(range('t', ', w INT NOT NULL'))
    pair.target.execute(range('t'))
    markCopied(pair.target, 'd', 't')
    const outcome = await alignOne('d.t')
    expect(outcome.outcome).toBe('recreated')
    expect(outcome.reason).toContain('columns is')
    expect(outcome.statements[0]).toBe('DROP TABLE IF EXISTS `d`.`t` FORCE')
  })

  test('where the version does not tell who wrote, needs approval unless it is empty', async () => {
    await start('3.1', '3.1')
    pair.source.execute(range('t', ', w INT NOT NULL'))
    pair.source.execute(range('e', ', w INT NOT NULL'))
    pair.target.execute(range('t'))
    pair.target.execute(range('e'))
    pair.target.execute('INSERT INTO d.t VALUES (1, 1)')
    const asked = await alignOne('d.t')
    expect([asked.outcome, asked.reason]).toEqual(['needs-approval', expect.stringContaining('does not tell')])
    expect((await alignOne('d.e')).outcome).toBe('recreated')
  })
})

describe('partitions of the target', () => {
  const addOnTarget = () => {
    both(range('t'))
    pair.target.execute('ALTER TABLE d.t ADD PARTITION px VALUES [("50"),("60"))')
  }

  test('that the source lacks are dropped when empty', async () => {
    await start()
    addOnTarget()
    const outcome = await alignOne('d.t')
    expect([outcome.outcome, outcome.statements]).toEqual([
      'altered',
      ['ALTER TABLE `d`.`t` DROP PARTITION IF EXISTS `px` FORCE'],
    ])
  })

  test('that the source lacks are dropped when a replication wrote them', async () => {
    await start()
    addOnTarget()
    markCopied(pair.target, 'd', 't')
    expect((await alignOne('d.t')).outcome).toBe('altered')
  })

  test('that a load wrote stay, unless allowed', async () => {
    await start()
    addOnTarget()
    pair.target.execute('INSERT INTO d.t VALUES (55, 1)')
    const asked = await alignOne('d.t')
    expect([asked.outcome, asked.statements]).toEqual([
      'needs-approval',
      ['ALTER TABLE `d`.`t` DROP PARTITION IF EXISTS `px`'],
    ])
    expect(rows(pair.target, 'd.t')).toBe(1)
    // Another class of permission does not help.
    expect((await alignOne('d.t', { allow: { resetDivergedPartitions: true } })).outcome).toBe('needs-approval')
    expect((await alignOne('d.t', { allow: { dropTargetOnlyPartitions: true } })).outcome).toBe('altered')
    expect(rows(pair.target, 'd.t')).toBe(0)
  })

  test('that a load wrote do not hold up the others', async () => {
    await start()
    addOnTarget()
    pair.target.execute('INSERT INTO d.t VALUES (55, 1)')
    pair.source.execute('ALTER TABLE d.t ADD PARTITION p3 VALUES [("20"),("30"))')
    const asked = await alignOne('d.t')
    expect([asked.outcome, asked.statements]).toEqual([
      'needs-approval',
      ['ALTER TABLE `d`.`t` DROP PARTITION IF EXISTS `px`'],
    ])
    const names = pair.target.execute('SHOW PARTITIONS FROM d.t').rows.map((row) => row[1])
    expect(names).toEqual(['p1', 'p2', 'p3', 'px'])
  })

  test('that a load wrote and that lie in the way need approval, with the reason', async () => {
    await start()
    addOnTarget()
    pair.target.execute('INSERT INTO d.t VALUES (55, 1)')
    pair.source.execute('ALTER TABLE d.t ADD PARTITION p5 VALUES [("40"),("58"))')
    const asked = await alignOne('d.t')
    expect(asked.outcome).toBe('needs-approval')
    expect(asked.reason).toMatch(/a load wrote \(partition px\).*intersected/)
    expect((await alignOne('d.t', { approved: asked })).outcome).toBe('altered')
    expect((await pair.differences(pair.spec())).different).toEqual([])
  })

  test('with another range are made again when empty, and need approval when a load wrote them', async () => {
    await start()
    pair.source.execute(range('t'))
    pair.target.execute(range('t').replace('("10"),("20")', '("10"),("15")'))
    pair.target.execute('INSERT INTO d.t VALUES (11, 1)')
    const asked = await alignOne('d.t')
    expect(asked.outcome).toBe('needs-approval')
    expect(asked.statements).toEqual([
      'ALTER TABLE `d`.`t` DROP PARTITION IF EXISTS `p2`',
      expect.stringMatching(/ADD PARTITION `p2` VALUES \[\('10'\), \('20'\)\).*BUCKETS 2/),
    ])
    expect((await alignOne('d.t', { allow: { resetDivergedPartitions: true } })).outcome).toBe('altered')
    expect((await pair.differences(pair.spec())).different).toEqual([])
  })
})

/** A replication job runs into `d.t` of the target. */
function runJob(): LabTable {
  const database = pair.target.state.databases.get('d')
  const table = database?.objects.get('t') as LabTable
  pair.target.state.replicationJobs.push({
    jobId: 'some-job',
    databaseId: database?.id ?? 0n,
    tableId: table.id,
    txnId: 1n,
    createdMs: Date.now(),
    state: 'REPLICATING',
    finishedTasks: 0,
    totalTasks: 1,
    error: '',
  })
  return table
}

describe('nothing is changed', () => {
  test('while a replication job of the table runs', async () => {
    await start()
    pair.source.execute(range('t', ', w INT NOT NULL'))
    pair.target.execute(range('t'))
    const table = runJob()
    const outcome = await alignOne('d.t')
    expect([outcome.outcome, outcome.reason]).toEqual(['waiting', expect.stringContaining('some-job')])
    expect(pair.target.state.databases.get('d')?.objects.get('t')).toBe(table)
  })

  test.each([
    ['made again', ['DROP TABLE d.t FORCE', range('t')]],
    ['swapped', [range('other'), 'ALTER TABLE d.t SWAP WITH other']],
  ])('while a job runs on a table that was %s since tables were listed', async (_how, statements) => {
    await start()
    both(range('t'))
    expect((await alignOne('d.t')).outcome).toBe('unchanged')
    for (const sql of statements) pair.target.execute(sql)
    const table = runJob()
    pair.source.execute('ALTER TABLE d.t ADD COLUMN w VARCHAR(20)')
    const outcome = await alignOne('d.t')
    expect([outcome.outcome, outcome.reason]).toEqual(['waiting', expect.stringContaining('some-job')])
    expect(table.indexes[0]?.columns.length).toBe(2)
  })

  test("while the source's table is changing", async () => {
    await start()
    pair.source.execute(range('t'))
    ;(pair.source.state.databases.get('d')?.objects.get('t') as LabTable).state = 'SCHEMA_CHANGE'
    const outcome = await alignOne('d.t')
    expect([outcome.outcome, outcome.reason]).toEqual(['waiting', expect.stringContaining('SCHEMA_CHANGE')])
    expect(pair.target.state.databases.get('d')?.objects.has('t')).toBe(false)
  })

  test('when the target has a view of that name, or two sources want it', async () => {
    await start()
    pair.source.execute(range('t'))
    pair.target.execute(range('base'))
    pair.target.execute('CREATE VIEW d.t AS SELECT id FROM d.base')
    expect(await alignOne('d.t')).toMatchObject({
      outcome: 'refused',
      reason: expect.stringContaining('a view of the name d.t'),
    })

    pair.source.execute('CREATE DATABASE e')
    pair.source.execute(range('t').replace('d.t', 'e.t'))
    const spec = pair.spec({ rename: { databases: { e: 'd' } } })
    const [outcome] = await pair.run(pair.metadata.alignTables, { spec, tables: ['e.t'] })
    expect(outcome).toMatchObject({ outcome: 'refused', reason: expect.stringContaining('same name d.t') })
  })

  test('while a job is committed and not visible yet', async () => {
    await start()
    pair.source.execute(range('t', ', w INT NOT NULL'))
    pair.target.execute(range('t'))
    markCopied(pair.target, 'd', 't')
    listJob(pair.target, 'd', 't', 'COMMITTED')
    const outcome = await alignOne('d.t')
    expect(outcome).toMatchObject({
      outcome: 'waiting',
      reason: expect.stringContaining('another of it is not published'),
    })
    expect(outcome.statements).toEqual([])
  })

  test('when a load comes between the look and the drop', async () => {
    await start()
    pair.source.execute(range('t', ', w INT NOT NULL'))
    pair.target.execute(range('t'))
    markCopied(pair.target, 'd', 't')
    const running = pair.target.faults.inject({ kind: 'delay-mysql', ms: 400, match: /SHOW PROC '\/replications'/ })
    const aligning = alignOne('d.t')
    while (running.struck === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    pair.target.execute('INSERT INTO d.t VALUES (1, 1)')
    expect(await aligning).toMatchObject({ outcome: 'needs-approval', reason: expect.stringContaining('a load wrote') })
    expect(rows(pair.target, 'd.t')).toBeGreaterThan(0)
  })

  test('when a load comes between the look and the drop of a column', async () => {
    await start()
    pair.source.execute(range('t'))
    pair.target.execute(range('t', ', w VARCHAR(20)'))
    markCopied(pair.target, 'd', 't')
    const running = pair.target.faults.inject({ kind: 'delay-mysql', ms: 400, match: /SHOW PROC '\/replications'/ })
    const aligning = alignOne('d.t')
    while (running.struck === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    pair.target.execute(`INSERT INTO d.t VALUES (1, 1, 'theirs')`)
    expect(await aligning).toMatchObject({ outcome: 'needs-approval', reason: expect.stringContaining('a load wrote') })
    expect(pair.target.execute('SELECT w FROM d.t WHERE id = 1').rows.map(String)).toEqual(['theirs'])
    // Of a copy it is dropped.
    running.clear()
    markCopied(pair.target, 'd', 't')
    expect(await alignOne('d.t')).toMatchObject({
      outcome: 'altered',
      statements: ['ALTER TABLE `d`.`t` DROP COLUMN `w`'],
    })
  })
})

describe('tables that only the target has', () => {
  test('are reported with the statement, dropped only when allowed, and not looked for in other databases', async () => {
    await start()
    pair.source.execute(range('t'))
    pair.target.execute(range('old'))
    pair.target.execute('INSERT INTO d.old VALUES (1, 1)')
    pair.target.execute('CREATE DATABASE private')
    pair.target.execute(range('x').replace('d.x', 'private.x'))
    await pair.align(pair.spec())

    const reported = await pair.run(pair.metadata.listTargetOnly, { spec: pair.spec() })
    expect(reported.filter(({ outcome }) => outcome !== 'unchanged')).toEqual([
      {
        table: 'd.old',
        outcome: 'needs-approval',
        reason: 'it is on the target only',
        statements: ['DROP TABLE IF EXISTS `d`.`old`'],
        question: expect.any(String),
        undo: [],
      },
    ])
    expect((await pair.differences(pair.spec())).counts).toMatchObject({ targetOnlyTables: 1 })
    const dropped = await pair.run(pair.metadata.listTargetOnly, {
      spec: pair.spec({ allow: { dropTargetOnlyTables: true } }),
    })
    expect(dropped.map(({ table, outcome }) => [table, outcome])).toEqual([
      ['d.old', 'dropped'],
      ['d.*', 'unchanged'],
    ])
    expect(pair.target.state.databases.get('private')?.objects.has('x')).toBe(true)
    expect(pair.target.state.databases.get('d')?.objects.has('old')).toBe(false)
  })
})

describe('what only the target has, and the source by now, too', () => {
  /** In the moment of a statement on the target, which then takes a while. */
  const during = async (match: RegExp, act: () => void, aligning: () => Promise<unknown>) => {
    const slow = pair.target.faults.inject({ kind: 'delay-mysql', ms: 1_200, match, times: 1 })
    const done = aligning()
    while (slow.struck === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    act()
    return done
  }

  test('a table that comes while others are dropped stays', async () => {
    await start()
    for (const name of ['a', 'b', 'c']) pair.target.execute(range(name))
    const spec = pair.spec({ allow: { dropTargetOnlyTables: true }, rename: { tables: { 'd.source_of_c': 'd.c' } } })
    const appear = () => {
      pair.source.execute(range('b'))
      pair.source.execute(range('source_of_c'))
    }
    const done = await during(/^DROP TABLE IF EXISTS `d`.`a`/, appear, () =>
      pair.run(pair.metadata.listTargetOnly, { spec }),
    )
    expect(done).toMatchObject([
      { table: 'd.a', outcome: 'dropped' },
      { table: 'd.b', outcome: 'waiting', reason: expect.stringContaining('d.b is on the source by now') },
      { table: 'd.c', outcome: 'waiting', reason: expect.stringContaining('d.source_of_c is on the source by now') },
      { table: 'd.*', outcome: 'unchanged' },
    ])
    expect([...(pair.target.state.databases.get('d')?.objects.keys() ?? [])]).toEqual(['b', 'c'])
  })

  test('a partition that comes while others are dropped stays', async () => {
    await start()
    both(range('t'))
    const add = (name: string, from: number) =>
      `ALTER TABLE d.t ADD PARTITION ${name} VALUES [("${from}"),("${from + 10}"))`
    for (const [place, name] of ['px', 'py', 'pz'].entries()) pair.target.execute(add(name, 50 + 10 * place))
    const appear = () => pair.source.execute(add('py', 60))
    const done = await during(/DROP PARTITION IF EXISTS `px`/, appear, () => alignOne('d.t'))
    expect(done).toMatchObject({
      outcome: 'waiting',
      reason: expect.stringContaining('partition py of d.t is on the source'),
    })
    const names = () => pair.target.execute('SHOW PARTITIONS FROM d.t').rows.map((row) => row[1])
    expect(names()).toEqual(['p1', 'p2', 'py', 'pz'])
    expect((await alignOne('d.t')).outcome).toBe('altered')
    expect(names()).toEqual(['p1', 'p2', 'py'])
  })
})

describe('undoing', () => {
  test('runs only changes of table properties', async () => {
    await start()
    pair.target.execute(range('t'))
    const result = await pair.run(pair.metadata.undoChanges, {
      spec: pair.spec(),
      statements: [
        'DROP TABLE `d`.`t`',
        'ALTER TABLE `d`.`t` SET ("replicated_storage" = "true"); DROP TABLE `d`.`t`',
        "ALTER TABLE `d`.`gone` SET ('dynamic_partition.enable' = 'true')",
      ],
    })
    expect(result.done).toEqual([])
    expect(result.failed[0]?.statement).toBe('DROP TABLE `d`.`t`')
    expect(pair.target.state.databases.get('d')?.objects.has('t')).toBe(true)
  })
})

describe('an index that only the target has', () => {
  test('is dropped of a copy, and told as it was; of a table that a load wrote only when that is approved', async () => {
    await start()
    both(range('t'))
    for (const name of ['m', 'other'])
      pair.target.execute(`CREATE MATERIALIZED VIEW ${name} AS SELECT id, v + 1 AS w FROM d.t`)
    pair.target.execute('INSERT INTO d.t VALUES (1, 1)')
    const asked = await alignOne('d.t')
    expect(asked).toMatchObject({
      outcome: 'needs-approval',
      reason: expect.stringMatching(/index would be dropped .*: index m was: CREATE MATERIALIZED VIEW/),
      statements: ['ALTER TABLE `d`.`t` DROP ROLLUP `m`', 'ALTER TABLE `d`.`t` DROP ROLLUP `other`'],
    })
    const indexes = () =>
      (pair.target.state.databases.get('d')?.objects.get('t') as LabTable | undefined)?.indexes.length
    expect(indexes()).toBe(3)
    expect((await alignOne('d.t', { approved: asked })).outcome).toBe('altered')
    expect(indexes()).toBe(1)

    pair.target.execute('CREATE MATERIALIZED VIEW mine AS SELECT id, v + 1 AS w FROM d.t')
    markCopied(pair.target, 'd', 't')
    expect(await alignOne('d.t')).toMatchObject({
      outcome: 'altered',
      reason: expect.stringContaining('mine was: CREATE'),
    })
  })
})
