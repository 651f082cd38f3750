import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createMetadataActivities } from '../../activities/metadata/index.ts'
import type { AlignOutcome, DifferencePage, MigrationSpecInput } from '../../contract/index.ts'
import type { LabTable } from '../../lab/index.ts'
import { LabPair, layout, quietEnvironment } from './lab-pair.ts'

let pair: LabPair
beforeEach(async () => {
  pair = await LabPair.start({ version: '3.5' }, { version: '3.5' })
  pair.source.execute('CREATE DATABASE d')
})
afterEach(() => pair.stop())

const table = (body: string) => pair.source.execute(`CREATE TABLE d.t ${body}`)
const plain =
  '(id INT NOT NULL, v INT) DUPLICATE KEY(id) PARTITION BY RANGE(id) (PARTITION p1 VALUES [("1"),("10"))) DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ("replication_num" = "1")'
const align = async (part: Partial<MigrationSpecInput> = {}): Promise<AlignOutcome> => {
  const outcomes = await pair.align(pair.spec(part))
  expect(outcomes).toHaveLength(1)
  return outcomes[0] as AlignOutcome
}
const same = () => expect(layout(pair.target, 'd', 't')).toEqual(layout(pair.source, 'd', 't'))
const tableOf = (lab: LabPair['source']) => lab.state.databases.get('d')?.objects.get('t') as LabTable
const idOnTarget = () => tableOf(pair.target).id

describe('what changes at the source is followed', () => {
  test('partitions that come and go', async () => {
    table(plain)
    await align()
    pair.source.execute('ALTER TABLE d.t ADD PARTITION p2 VALUES [("10"),("20")) DISTRIBUTED BY HASH(id) BUCKETS 5')
    pair.source.execute('ALTER TABLE d.t DROP PARTITION p1 FORCE')
    expect((await align()).outcome).toBe('altered')
    same()
  })

  test('a value column that was added or dropped by fast schema evolution, without making the table again', async () => {
    table(plain)
    await align()
    const before = idOnTarget()
    pair.source.execute('ALTER TABLE d.t ADD COLUMN w VARCHAR(20) DEFAULT "x" AFTER id')
    expect(await align()).toMatchObject({ outcome: 'altered', reason: expect.stringContaining('columns') })
    same()
    pair.source.execute('ALTER TABLE d.t DROP COLUMN v')
    expect((await align()).outcome).toBe('altered')
    same()
    expect(idOnTarget()).toBe(before)
  })

  test('partitions on several storage media are told: the copies lie where the table’s property says', async () => {
    table(plain.replace('("10"))', '("10")), PARTITION p2 VALUES [("10"),("20"))'))
    const [first] = tableOf(pair.source).partitions
    if (first) first.storageMedium = 'HDD'
    expect(await align()).toMatchObject({
      outcome: 'created',
      reason: expect.stringMatching(/several storage media \(1 on HDD, 1 on SSD\)/),
    })
  })

  test('any other change of columns makes the empty copy again', async () => {
    table(plain)
    await align()
    const before = idOnTarget()
    pair.source.execute('ALTER TABLE d.t RENAME COLUMN v TO renamed')
    expect((await align()).outcome).toBe('recreated')
    same()
    expect(idOnTarget()).not.toBe(before)
  })

  test('bitmap indexes, when wanted', async () => {
    table(plain)
    await align()
    pair.source.execute('CREATE INDEX i ON d.t (v) USING BITMAP COMMENT "c"')
    const without = await pair.differences(pair.spec({ sync: { bitmapIndexes: false } }))
    expect(without.different).toEqual([])
    expect((await align()).outcome).toBe('altered')
    expect(pair.target.execute('SHOW INDEX FROM d.t').rows).toHaveLength(1)
  })

  test('rollups', async () => {
    table(plain)
    await align()
    pair.source.execute('ALTER TABLE d.t ADD ROLLUP r (id)')
    await expect.poll(() => tableOf(pair.source).state, { timeout: 200_000 }).toBe('NORMAL')
    expect(await align()).toMatchObject({ outcome: 'altered', reason: 'index r is missing on the target' })
    same()
    pair.source.execute('ALTER TABLE d.t DROP ROLLUP r')
    expect((await align()).outcome).toBe('altered')
    same()
  })

  test('synchronous views that are made again with another query and the same columns, typed on many lines', async () => {
    table(
      '(id INT NOT NULL, v INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ("replication_num" = "1")',
    )
    const definition = (lab: LabPair['source']) => tableOf(lab).indexes[1]?.definition
    pair.source.execute('CREATE MATERIALIZED VIEW m AS\nSELECT id, v + 1 AS w\nFROM d.t\nWHERE id > 1')
    await align()
    expect(definition(pair.target)).toBe(
      'CREATE MATERIALIZED VIEW `d`.`m` AS SELECT id, v + 1 AS w FROM d.t WHERE id > 1',
    )
    expect((await pair.differences(pair.spec({}))).different).toEqual([])
    const before = tableOf(pair.target)
    const index = before.indexes[1]?.id
    for (const query of [
      'SELECT id, v + 1 AS w FROM d.t WHERE id > 2',
      'SELECT id, v + 2 AS w\nFROM d.t\nWHERE id > 2',
    ]) {
      pair.source.execute('DROP MATERIALIZED VIEW d.m')
      pair.source.execute(`CREATE MATERIALIZED VIEW m AS ${query}`)
      expect((await pair.differences(pair.spec({}))).different).toEqual(['d.t'])
      expect(await align()).toMatchObject({
        outcome: 'altered',
        reason: expect.stringMatching(/^synchronous view m has another query on the target; index m was: CREATE MAT/),
      })
      expect(definition(pair.target)).toContain(query.replaceAll('\n', ' '))
      expect((await pair.differences(pair.spec({}))).different).toEqual([])
    }
    expect(tableOf(pair.target).id).toBe(before.id)
    expect(tableOf(pair.target).indexes[1]?.id).not.toBe(index)
  })

  test('a synchronous view of which nobody can tell the query: the table is refused until somebody makes it by hand', async () => {
    const body =
      '(id INT NOT NULL, v INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ("replication_num" = "1")'
    table(body)
    const view = 'CREATE MATERIALIZED VIEW m AS SELECT id, v FROM d.t -- not the first\nWHERE id > 1'
    pair.source.execute(view)
    expect(await align()).toMatchObject({
      outcome: 'refused',
      reason: expect.stringContaining('create the table with it by hand'),
    })
    pair.target.execute('CREATE DATABASE d')
    pair.target.execute(`CREATE TABLE d.t ${body}`)
    expect((await align()).outcome).toBe('refused')
    pair.target.execute(view)
    expect((await pair.differences(pair.spec({}))).different).toEqual([])
  })

  test('table properties, when wanted', async () => {
    table(plain)
    await align()
    pair.source.execute('ALTER TABLE d.t SET ("bloom_filter_columns" = "v")')
    await expect.poll(() => tableOf(pair.source).state, { timeout: 200_000 }).toBe('NORMAL')
    expect((await pair.differences(pair.spec())).different).toEqual([])
    expect((await align({ sync: { tableProperties: true } })).outcome).toBe('altered')
    expect((await pair.differences(pair.spec({ sync: { tableProperties: true } }))).different).toEqual([])
  })
})

describe('what would change by itself on the target', () => {
  const dynamic =
    '(id INT, d DATE) DUPLICATE KEY(id, d) PARTITION BY RANGE(d) () DISTRIBUTED BY HASH(id) BUCKETS 4 PROPERTIES ("replication_num" = "1", "dynamic_partition.enable" = "true", "dynamic_partition.time_unit" = "DAY", "dynamic_partition.start" = "-3", "dynamic_partition.end" = "3", "dynamic_partition.prefix" = "p", "dynamic_partition.buckets" = "4")'

  test('is switched off, and can be switched on again at cutover', async () => {
    table(dynamic)
    const outcome = await align()
    expect(outcome.outcome).toBe('created')
    expect(outcome.undo).toEqual(["ALTER TABLE `d`.`t` SET ('dynamic_partition.enable' = 'true')"])
    expect(String(pair.target.execute('SHOW CREATE TABLE d.t').rows[0]?.[1])).toContain(
      '"dynamic_partition.enable" = "false"',
    )
    same()
    const undone = await pair.run(pair.metadata.undoChanges, { spec: pair.spec(), statements: outcome.undo })
    expect(undone).toEqual({ done: outcome.undo, failed: [] })
    expect(String(pair.target.execute('SHOW CREATE TABLE d.t').rows[0]?.[1])).toContain(
      '"dynamic_partition.enable" = "true"',
    )
  })

  test('is switched off on a table that was there before', async () => {
    table(dynamic)
    pair.target.execute('CREATE DATABASE d')
    pair.target.execute(`CREATE TABLE d.t ${dynamic}`)
    await pair.run(pair.metadata.alignTables, { spec: pair.spec(), tables: ['d.t'] })
    expect(String(pair.target.execute('SHOW CREATE TABLE d.t').rows[0]?.[1])).toContain(
      '"dynamic_partition.enable" = "false"',
    )
    same()
  })
})

describe('a view that differs', () => {
  const views = (part: Partial<MigrationSpecInput> = {}, approvals = {}) => pair.alignViews(pair.spec(part), approvals)
  const text = () => String(pair.target.execute('SHOW CREATE VIEW d.v').rows[0]?.[1])

  beforeEach(async () => {
    for (const name of ['t', 'other']) pair.source.execute(`CREATE TABLE d.${name} ${plain}`)
    pair.source.execute('CREATE VIEW d.v AS SELECT id FROM d.t')
    await pair.align(pair.spec())
  })

  test('and was never the same is somebody’s own: it stays until that is approved, just as it is', async () => {
    pair.target.execute('CREATE VIEW d.v AS SELECT id FROM d.other')
    const before = text()
    const [asked] = await views()
    expect(asked).toMatchObject({
      outcome: 'needs-approval',
      statements: [
        expect.stringMatching(/^-- it is: CREATE VIEW .*other/s),
        'DROP VIEW IF EXISTS `d`.`v`',
        expect.anything(),
      ],
    })
    expect(text()).toBe(before)

    pair.target.execute('ALTER VIEW d.v AS SELECT v FROM d.other')
    const approvals = { 'd.v': asked?.question }
    const [anew] = await views({}, approvals)
    expect(anew?.outcome).toBe('needs-approval')
    expect(anew?.question).not.toBe(asked?.question)
    expect((await views({}, { 'd.v': anew?.question }))[0]?.outcome).toBe('recreated')
    expect(await views()).toEqual([])
  })

  test('is replaced where that is allowed; where the new one cannot be made it stays', async () => {
    pair.target.execute('CREATE VIEW d.v AS SELECT id FROM d.other')
    const before = text()
    pair.target.execute('DROP TABLE d.t FORCE')
    const allow = { replaceViews: true }
    expect(await views({ allow })).toMatchObject([
      { table: 'd.v', outcome: 'failed', reason: expect.stringContaining('what is there was left alone') },
    ])
    expect(text()).toBe(before)
    await pair.align(pair.spec())
    expect(await views({ allow })).toMatchObject([
      {
        outcome: 'recreated',
        statements: expect.arrayContaining([expect.stringMatching(/^-- it was: CREATE VIEW .*other/s)]),
      },
    ])
    expect(text()).not.toBe(before)
  })

  test('of a name that two of the source would have is refused; one that cannot be read hinders no other', async () => {
    pair.source.execute('CREATE DATABASE e')
    pair.source.execute('CREATE VIEW e.v AS SELECT 1 AS one')
    pair.source.execute('CREATE VIEW d.w AS SELECT v FROM d.t')
    pair.source.execute("CREATE USER reader IDENTIFIED BY 'x'")
    for (const right of ['SELECT ON ALL TABLES IN ALL DATABASES', 'SELECT ON VIEW d.v', 'SELECT ON VIEW e.v']) {
      pair.source.execute(`GRANT ${right} TO USER reader`)
    }
    const outcomes = await views({ rename: { databases: { e: 'd' } } })
    expect(outcomes.sort((one, other) => (one.table < other.table ? -1 : 1))).toMatchObject([
      { table: 'd.v', outcome: 'refused', reason: expect.stringContaining('e.v has the same name d.v') },
      { table: 'd.w', outcome: 'created' },
      { table: 'e.v', outcome: 'refused', reason: expect.stringContaining('d.v has the same name d.v') },
    ])
  })

  test('follows the source when it was made, or found, as a copy; not any more when somebody changed it', async () => {
    expect((await views())[0]?.outcome).toBe('created')
    pair.source.execute('ALTER VIEW d.v AS SELECT v FROM d.t')
    expect((await views())[0]?.outcome).toBe('recreated')
    expect(await views()).toEqual([])

    pair.source.execute('CREATE VIEW d.found AS SELECT id FROM d.t')
    pair.target.execute('CREATE VIEW d.found AS SELECT id FROM d.t')
    expect(await views()).toMatchObject([{ table: 'd.found', outcome: 'unchanged', marks: [expect.any(String)] }])
    expect(await views()).toEqual([])
    pair.source.execute('ALTER VIEW d.found AS SELECT v FROM d.t')
    expect((await views())[0]?.outcome).toBe('recreated')

    pair.target.execute('ALTER VIEW d.found AS SELECT id, v FROM d.t')
    expect((await views())[0]?.outcome).toBe('needs-approval')
  })
})

describe('under other names', () => {
  test('databases, tables, and the only partition of an unpartitioned table, which bears the table’s name', async () => {
    pair.source.execute(
      'CREATE TABLE d.one (id INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 3 PROPERTIES ("replication_num" = "1")',
    )
    pair.source.execute(`CREATE TABLE d.two ${plain}`)
    pair.source.execute('CREATE VIEW d.v AS SELECT two.id FROM d.two JOIN d.one ON two.id = one.id')
    const odd = pair.spec({ rename: { databases: { d: 'e' }, tables: { 'd.one': 'f.eins; DROP DATABASE e' } } })
    expect((await pair.align(odd)).map(({ table: name, outcome }) => [name, outcome])).toEqual([
      ['d.one', 'created'],
      ['d.two', 'created'],
    ])
    expect((await pair.differences(odd)).different).toEqual([])
    expect((await pair.alignViews(odd)).map(({ outcome }) => outcome)).toEqual(['created'])
    expect(await pair.alignViews(odd)).toEqual([])
    const [partition] = pair.target.execute('SHOW PARTITIONS FROM f.`eins; DROP DATABASE e`').rows
    expect(partition?.[1]).toBe('eins; DROP DATABASE e')
    expect(pair.target.execute('SHOW CREATE VIEW e.v').rows[0]?.[1]).toContain('eins; DROP DATABASE e')
  })
})

describe('one NULL list partition', () => {
  const list =
    '(id INT, c VARCHAR(20)) DUPLICATE KEY(id, c) PARTITION BY LIST(c) (PARTITION pn VALUES IN (NULL), PARTITION pa VALUES IN ("a")) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ("replication_num" = "1")'
  const twins = () => {
    table(list)
    pair.source.execute("ALTER TABLE d.t ADD PARTITION ps VALUES IN ('NULL')")
  }
  const pruned = (lab: LabPair['source'], partition: string) =>
    JSON.stringify(lab.execute(`EXPLAIN SELECT * FROM d.t PARTITION(${partition}) WHERE c IS NULL`).rows).includes(
      'EMPTYSET',
    )

  test('is told from the string by EXPLAIN when it has rows', async () => {
    twins()
    pair.source.execute("INSERT INTO d.t VALUES (1, NULL), (2, 'NULL'), (3, 'a')")
    expect((await align()).outcome).toBe('created')
    pair.target.execute("INSERT INTO d.t VALUES (1, NULL), (2, 'NULL'), (3, 'a')")
    expect([pruned(pair.target, 'pn'), pruned(pair.target, 'ps')]).toEqual([false, true])
  })

  test('two that print alike: one with rows tells of the other', async () => {
    twins()
    pair.source.execute("INSERT INTO d.t VALUES (2, 'NULL')")
    expect((await align()).outcome).toBe('created')
    pair.target.execute("INSERT INTO d.t VALUES (1, NULL), (2, 'NULL')")
    expect([pruned(pair.target, 'pn'), pruned(pair.target, 'ps')]).toEqual([false, true])
  })

  test('on a copy that holds the string instead is made again', async () => {
    table(list)
    pair.source.execute('INSERT INTO d.t VALUES (1, NULL)')
    pair.target.execute('CREATE DATABASE d')
    pair.target.execute(`CREATE TABLE d.t ${list.replace('(NULL)', "('NULL')")}`)
    pair.target.execute("INSERT INTO d.t VALUES (2, 'NULL')")
    const input = { tables: ['d.t'] }
    const [asked] = await pair.run(pair.metadata.alignTables, { spec: pair.spec(), ...input })
    expect(asked).toMatchObject({ outcome: 'needs-approval', reason: expect.stringContaining("the string 'NULL'") })
    const spec = pair.spec({ allow: { resetDivergedPartitions: true } })
    const [made] = await pair.run(pair.metadata.alignTables, { spec, ...input })
    expect(made?.outcome).toBe('altered')
    pair.target.execute('INSERT INTO d.t VALUES (1, NULL)')
    expect(pruned(pair.target, 'pn')).toBe(false)
  })

  test('two empty ones that print alike are refused', async () => {
    twins()
    expect(await align()).toMatchObject({ outcome: 'refused', reason: expect.stringContaining('pn and ps') })
  })

  test('that is empty is for a person to decide', async () => {
    table(list)
    const asked = await align()
    expect(asked).toMatchObject({ outcome: 'needs-approval', reason: expect.stringContaining('shows NULL') })
    expect(asked.statements.join()).toContain('ADD PARTITION `pn` VALUES IN (NULL)')
    const [made] = await pair.run(pair.metadata.alignTables, {
      spec: pair.spec(),
      tables: ['d.t'],
      approvals: { 'd.t': asked.question ?? '' },
    })
    expect(made?.outcome).toBe('created')
    same()
  })
})

describe('pages of the difference', () => {
  test('list every table once, in name order, and count them all', async () => {
    for (const name of ['c', 'a', 'b', 'e', 'f']) pair.source.execute(`CREATE TABLE d.${name} ${plain}`)
    const { different, counts } = await pair.differences(pair.spec(), 2)
    expect(different).toEqual(['d.a', 'd.b', 'd.c', 'd.e', 'd.f'])
    expect(counts).toEqual({
      sourceTables: 5,
      alignedTables: 0,
      differentTables: 5,
      targetOnlyTables: 0,
      refusedTables: 0,
    })
  })

  test('of one run are of its own look, also at a worker that remembers an earlier one', async () => {
    const workers = [pair.metadata, createMetadataActivities(pair.deps)]
    const page = (worker: number, runId: string, after?: string): Promise<DifferencePage> =>
      quietEnvironment({ workflowExecution: { workflowId: 'migrate/move/metadata', runId } }).run(
        workers[worker]?.listDifferences as typeof pair.metadata.listDifferences,
        { spec: pair.spec(), after, limit: 2 },
      )
    const add = (name: string) => pair.source.execute(`CREATE TABLE d.${name} ${plain}`)
    for (const name of ['a', 'b', 'c']) add(name)
    expect(await page(1, 'earlier')).toMatchObject({ different: ['d.a', 'd.b'], next: 'd.b' })
    for (const name of ['d', 'e']) add(name)
    expect((await page(0, 'later')).different).toEqual(['d.a', 'd.b'])
    expect(await page(1, 'later', 'd.b')).toMatchObject({ different: ['d.c', 'd.d'], next: 'd.d' })
    expect((await page(0, 'later', 'd.d')).different).toEqual(['d.e'])
  })

  test('also where backends answer no queries', async () => {
    table(plain)
    await align()
    for (const lab of [pair.source, pair.target]) lab.faults.inject({ kind: 'no-backend-queries' })
    expect((await pair.differences(pair.spec())).different).toEqual([])
    pair.source.execute('ALTER TABLE d.t ADD PARTITION p2 VALUES [("10"),("20"))')
    expect((await pair.differences(pair.spec())).different).toEqual(['d.t'])
  })
})
