import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { AlignOutcome, MigrationSpecInput } from '../../contract/index.ts'
import type { LabTable } from '../../lab/index.ts'
import { LabPair } from './lab-pair.ts'

let pair: LabPair
/** What a migration remembers between its differences. */
let marks: Set<string>
beforeEach(async () => {
  pair = await LabPair.start({ version: '3.3' }, { version: '3.5' })
  marks = new Set()
})
afterEach(() => pair.stop())

const plain =
  '(id INT NOT NULL, v INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ("replication_num" = "1")'
const on = (side: 'source' | 'target', ...statements: string[]) => {
  for (const sql of statements) pair[side].execute(sql)
}
const objects = (database = 'd') => [...(pair.target.state.databases.get(database)?.objects.keys() ?? [])].sort()
const remember = (outcomes: AlignOutcome[]) => {
  for (const one of outcomes) for (const mark of one.marks ?? []) marks.add(mark)
  return outcomes.filter(({ outcome }) => outcome !== 'unchanged')
}
/** One metadata difference, as the workflow does it; what it says of what only the target has. */
async function difference(part: Partial<MigrationSpecInput> = {}, approved?: AlignOutcome): Promise<AlignOutcome[]> {
  const spec = pair.spec(part)
  const approvals = approved?.question ? { [approved.table]: approved.question } : {}
  await pair.align(spec)
  const told = await pair.run(pair.metadata.listTargetOnly, { spec, approvals, viewMarks: [...marks] })
  const found = remember(told)
  remember(await pair.run(pair.metadata.alignViews, { spec, viewMarks: [...marks] }))
  return found
}
/** The last write of everything in it was a replication. */
function markCopied(database: string): void {
  for (const object of pair.target.state.databases.get(database)?.objects.values() ?? []) {
    if (object.kind !== 'table') continue
    for (const physical of (object as LabTable).partitions.flatMap((partition) => partition.physical)) {
      physical.dataVersion = physical.visibleVersion = physical.committedVersion = 5n
      physical.versionTxnType = 'TXN_REPLICATION'
    }
  }
}

describe('views that only the target has', () => {
  const mv = 'CREATE MATERIALIZED VIEW d.m REFRESH DEFERRED MANUAL AS SELECT id, SUM(v) AS s FROM d.t GROUP BY id'
  beforeEach(() => on('source', 'CREATE DATABASE d', `CREATE TABLE d.t ${plain}`))

  test('are told with what made them, and stay until that is approved', async () => {
    on('source', 'CREATE VIEW d.v AS SELECT id FROM d.t', mv)
    expect(await difference()).toEqual([])
    on('target', 'CREATE VIEW d.own AS SELECT v FROM d.t')
    on('source', 'DROP VIEW d.v', 'DROP MATERIALIZED VIEW d.m')
    const told = await difference()
    expect(told).toMatchObject([
      {
        table: 'd.m',
        outcome: 'needs-approval',
        reason: expect.stringContaining('a copy of a materialized view that the source no longer has'),
        statements: [
          expect.stringMatching(/^-- it is: CREATE MATERIALIZED VIEW/),
          'DROP MATERIALIZED VIEW IF EXISTS `d`.`m`',
        ],
      },
      { table: 'd.own', outcome: 'needs-approval', reason: 'it is on the target only' },
      { table: 'd.v', outcome: 'needs-approval', statements: [expect.anything(), 'DROP VIEW IF EXISTS `d`.`v`'] },
    ])
    expect(objects()).toEqual(['m', 'own', 't', 'v'])

    const view = told[2] as AlignOutcome
    on('target', 'ALTER VIEW d.v AS SELECT v FROM d.t')
    const [, , anew] = await difference({}, view)
    // An approval is for what was shown.
    expect(anew).toMatchObject({ table: 'd.v', outcome: 'needs-approval', reason: 'it is on the target only' })
    const [, , dropped] = await difference({}, anew)
    expect(dropped).toMatchObject({
      table: 'd.v',
      outcome: 'dropped',
      statements: [expect.stringMatching(/^-- it was: CREATE VIEW .*`v`/s), 'DROP VIEW IF EXISTS `d`.`v`'],
    })
    expect(objects()).toEqual(['m', 'own', 't'])
  })

  test('are dropped where the spec allows it, which is not to allow it of tables', async () => {
    on('source', 'CREATE VIEW d.v AS SELECT id FROM d.t')
    await difference()
    on('source', 'DROP VIEW d.v')
    const of = async (allow: MigrationSpecInput['allow']) =>
      (await difference({ allow })).map(({ table, outcome }) => [table, outcome])
    expect(await of({ dropTargetOnlyTables: true })).toEqual([['d.v', 'needs-approval']])
    expect(await of({ dropTargetOnlyViews: true })).toEqual([['d.v', 'dropped']])
    expect(await of({})).toEqual([])
  })

  test('are nobody’s business where views are not copied, are renamed back, and are not dropped when the source has them by now', async () => {
    const rename = { databases: { d: 'e' } }
    on('source', 'CREATE VIEW d.v AS SELECT id FROM d.t')
    await difference({ rename })
    on('source', 'DROP VIEW d.v')
    expect(await difference({ rename, sync: { views: false } })).toEqual([])
    expect(await difference({ rename, exclude: ['d.v'] })).toEqual([])
    const slow = pair.target.faults.inject({ kind: 'delay-mysql', ms: 800, match: /SHOW CREATE.*`v`/, times: 1 })
    const dropping = difference({ rename, allow: { dropTargetOnlyViews: true } })
    while (slow.struck === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    on('source', 'CREATE VIEW d.v AS SELECT id FROM d.t')
    expect(await dropping).toMatchObject([
      { table: 'e.v', outcome: 'waiting', reason: expect.stringContaining('d.v is on the source by now') },
    ])
    expect(objects('e')).toEqual(['t', 'v'])
  })
})

describe('a database that the source dropped', () => {
  const allow = { dropTargetOnlyTables: true, dropTargetOnlyViews: true }
  beforeEach(async () => {
    on('source', 'CREATE DATABASE d', `CREATE TABLE d.t ${plain}`, 'CREATE VIEW d.v AS SELECT id FROM d.t')
    on('target', 'CREATE DATABASE private', `CREATE TABLE private.x ${plain}`)
    await difference()
    markCopied('d')
  })

  test('is told, and dropped when that is approved', async () => {
    on('source', 'DROP DATABASE d FORCE')
    const [asked, ...others] = await difference()
    expect(others).toEqual([])
    expect(asked).toMatchObject({
      table: 'd.*',
      outcome: 'needs-approval',
      reason: expect.stringContaining('it holds copies only (2)'),
      statements: ['DROP DATABASE IF EXISTS `d`'],
    })
    expect(objects()).toEqual(['t', 'v'])
    expect(await difference({}, asked)).toMatchObject([{ table: 'd.*', outcome: 'dropped' }])
    expect([...pair.target.state.databases.keys()]).not.toContain('d')
    // For a while it can be recovered.
    on('target', 'RECOVER DATABASE d')
  })

  test('is dropped without being asked where the spec allows it of all that it holds', async () => {
    on('source', 'DROP DATABASE d FORCE')
    expect(await difference({ allow: { dropTargetOnlyTables: true } })).toMatchObject([{ outcome: 'needs-approval' }])
    expect(await difference({ allow })).toMatchObject([{ table: 'd.*', outcome: 'dropped' }])
    expect(await difference({ allow })).toEqual([])
    expect(objects('private')).toEqual(['x'])
  })

  test.each([
    ['INSERT INTO d.t VALUES (1, 1)', /d\.t holds rows that a load wrote/],
    ['ALTER VIEW d.v AS SELECT v FROM d.t', /the view d\.v was never seen to be a copy/],
    [
      'CREATE MATERIALIZED VIEW d.m REFRESH DEFERRED MANUAL AS SELECT id FROM d.t',
      /the materialized view d\.m was never/,
    ],
  ])('is left and told when it holds something else: %s', async (sql, reason) => {
    on('source', 'DROP DATABASE d FORCE')
    on('target', sql)
    expect(await difference({ allow })).toMatchObject([
      { table: 'd.*', outcome: 'refused', reason: expect.stringMatching(reason) },
    ])
    expect(objects()).toContain('t')
  })

  test('is left and told when it holds what is not selected', async () => {
    on('source', 'DROP DATABASE d FORCE')
    expect(await difference({ allow, exclude: ['d.v'] })).toMatchObject([
      {
        table: 'd.*',
        outcome: 'refused',
        reason: expect.stringContaining('d.v is nothing that this migration copies'),
      },
    ])
  })

  test('stays when the source has it by now', async () => {
    on('source', 'DROP DATABASE d FORCE')
    const slow = pair.target.faults.inject({ kind: 'delay-mysql', ms: 800, match: /FUNCTIONS FROM `d`/, times: 1 })
    const dropping = difference({ allow })
    while (slow.struck === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    on('source', 'CREATE DATABASE d')
    expect(await dropping).toMatchObject([{ table: 'd.*', outcome: 'waiting' }])
    expect(objects()).toEqual(['t', 'v'])
  })

  test('was never seen by a migration that begins only now: it is none of its', async () => {
    on('source', 'DROP DATABASE d FORCE')
    marks.clear()
    expect(await difference({ allow })).toEqual([])
  })
})
