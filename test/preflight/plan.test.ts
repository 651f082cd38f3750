import { afterEach, describe, expect, test } from 'vitest'
import { createPreflightActivities } from '../../activities/preflight.ts'
import type { MigrationSpecInput, PlanInput, PlanItem, PlanPage } from '../../contract/index.ts'
import type { LabCluster, LabTable } from '../../lab/index.ts'
import { fill, LabPair } from '../metadata/lab-pair.ts'

let pair: LabPair
afterEach(() => pair.stop())

async function plan(
  part: Partial<MigrationSpecInput> = {},
  options: Pick<PlanInput, 'limit' | 'sql'> = {},
): Promise<{ pages: PlanPage[]; items: PlanItem[]; totals: PlanPage['totals'] }> {
  const spec = { name: 'move', source: 'source', target: 'target', ...part }
  const pages: PlanPage[] = []
  let after: string | undefined
  do {
    const page = await pair.run(pair.preflight.planPage, { spec, after, ...options })
    pages.push(page)
    after = page.next
  } while (after !== undefined)
  const totals = pages.at(-1)?.totals
  if (!totals) throw new Error('no page')
  return { pages, items: pages.flatMap(({ items }) => items), totals }
}

describe('the plan', () => {
  test('says what becomes of every table, with exact statements, on small pages, and changes nothing', async () => {
    pair = await LabPair.start({ version: '3.3' }, { version: '3.5' })
    const scenario = fill(pair.source)
    const before = JSON.stringify([...pair.target.state.databases.keys()])
    const { pages, items, totals } = await plan()
    expect(JSON.stringify([...pair.target.state.databases.keys()])).toBe(before)
    for (const page of pages) expect(JSON.stringify(page).length).toBeLessThanOrEqual(48_000)
    expect(totals).toMatchObject({
      tables: scenario.tables.length + scenario.refused.length,
      refuse: scenario.refused.length,
      create: scenario.tables.length + scenario.views.length + scenario.materializedViews.length,
      replicateTables: scenario.tables.length,
      drop: 0,
    })
    const created = items.filter(({ action, kind }) => action === 'create' && kind === 'table')
    expect(created.every(({ statements }) => statements?.some((text) => text.startsWith('CREATE TABLE')))).toBe(true)

    // What the plan promised is what is done.
    const outcomes = await pair.align(pair.spec())
    const done = new Map(outcomes.map((outcome) => [outcome.table, outcome]))
    for (const item of created)
      expect(done.get(item.object)?.statements[1]?.slice(0, 400)).toBe(item.statements?.[1]?.slice(0, 400))
    const afterwards = await plan()
    expect(afterwards.totals).toMatchObject({
      create: scenario.views.length + scenario.materializedViews.length,
      alter: 0,
      recreate: 0,
    })
  })

  test('small pages say the same as one large', async () => {
    pair = await LabPair.start({ version: '3.5' }, { version: '4.1' })
    fill(pair.source)
    const large = await plan()
    const small = await plan({}, { limit: 5 })
    expect(small.pages.length).toBeGreaterThan(large.pages.length)
    expect(small.items).toEqual(large.items)
    expect(small.totals).toEqual(large.totals)
  })

  test('goes on at another worker with a look of its own, never with that of an earlier plan', async () => {
    pair = await LabPair.start({ version: '3.5' }, { version: '4.1' })
    pair.source.execute('CREATE DATABASE d')
    const add = (name: string) =>
      pair.source.execute(
        `CREATE TABLE d.${name} (id INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ("replication_num" = "1")`,
      )
    const spec = { name: 'move', source: 'source', target: 'target' }
    const other = createPreflightActivities(pair.deps)
    for (const name of ['a', 'c', 'x']) add(name)
    // Somebody looks at one page there, and leaves.
    await pair.run(other.planPage, { spec, limit: 2 })
    for (const name of ['b', 'd', 'e']) add(name)
    const first = await pair.run(pair.preflight.planPage, { spec, limit: 2 })
    // What the page ends with is gone when the next worker looks.
    pair.source.execute('DROP TABLE d.a')
    const objects = first.items.map(({ object }) => object)
    let after = first.next
    while (after !== undefined) {
      const page: PlanPage = await pair.run(other.planPage, { spec, after, limit: 2 })
      objects.push(...page.items.map(({ object }) => object))
      after = page.next
      if (after === undefined) expect(page.totals.tables).toBe(6)
    }
    expect([...new Set(objects)]).toEqual(['d.a', 'd.b', 'd.c', 'd.d', 'd.e', 'd.x'])
  })

  test('shows in red what it would destroy, and whether somebody must approve', async () => {
    pair = await LabPair.start({ version: '3.5' }, { version: '3.5' })
    for (const lab of [pair.source, pair.target]) lab.execute('CREATE DATABASE d')
    const create = (name: string, more = '') =>
      `CREATE TABLE d.${name} (id INT NOT NULL${more}) DUPLICATE KEY(id) PARTITION BY RANGE(id) (PARTITION p1 VALUES [("1"),("10"))) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ("replication_num" = "1")`
    pair.source.execute(create('other', ', v INT NOT NULL'))
    pair.target.execute(create('other'))
    pair.source.execute(create('more'))
    pair.target.execute(create('more'))
    pair.target.execute('ALTER TABLE d.more ADD PARTITION px VALUES [("50"),("60"))')
    pair.target.execute(create('alone'))
    pair.target.execute('INSERT INTO d.other VALUES (1)')
    pair.target.execute('INSERT INTO d.more VALUES (55)')
    const { items, totals } = await plan()
    const about = (object: string, kind = 'table') =>
      items.find((item) => item.object === object && item.kind === kind && item.action !== 'replicate')
    expect(about('d.other')).toMatchObject({
      action: 'recreate',
      needsApproval: true,
      statements: ['DROP TABLE IF EXISTS `d`.`other`', expect.any(String), expect.any(String)],
    })
    expect(about('d.more', 'partition')).toMatchObject({
      action: 'drop',
      needsApproval: true,
      statements: ['ALTER TABLE `d`.`more` DROP PARTITION IF EXISTS `px`'],
    })
    expect(about('d.alone')).toMatchObject({ action: 'keep', needsApproval: true })
    expect(totals.needsApproval).toBeGreaterThanOrEqual(3)
    const allowed = await plan({
      allow: { dropTargetOnlyTables: true, recreateOnSchemaChange: true, dropTargetOnlyPartitions: true },
    })
    expect(allowed.totals).toMatchObject({ needsApproval: 0, recreate: 1, drop: 2 })
  })

  test('shows settings, renamed objects, and findings; a spec with a mistake is one clear error', async () => {
    pair = await LabPair.start({ version: '3.1' }, { version: '3.5' })
    pair.source.execute('CREATE DATABASE d')
    pair.source.execute(
      'CREATE TABLE d.s (id INT, s DECIMAL(10,2) SUM) AGGREGATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ("replication_num" = "1")',
    )
    const { items, pages } = await plan({ rename: { databases: { d: 'e' } } })
    expect(items.find(({ kind }) => kind === 'setting')).toMatchObject({
      object: 'enable_legacy_compatibility_for_replication',
      action: 'set',
      statements: ["ADMIN SET FRONTEND CONFIG ('enable_legacy_compatibility_for_replication' = 'true')"],
    })
    expect(items.find(({ action }) => action === 'create')).toMatchObject({ object: 'd.s', targetName: 'e.s' })
    expect(pages[0]?.findings.length).toBeGreaterThan(0)
    await expect(plan({ inclde: ['x'] } as never)).rejects.toThrow(
      /unknown key 'inclde'; the nearest valid one is 'include'/,
    )
    const bad = await plan({ source: 'nowhere' })
    expect(bad.pages[0]?.findings.map(({ code }) => code)).toEqual(['unknown-cluster'])
  })

  test('copies what the copies lack: of one that is in step nothing, of one that is behind what it has not', async () => {
    pair = await LabPair.start({ version: '3.5' }, { version: '3.5' })
    for (const lab of [pair.source, pair.target]) {
      lab.execute('CREATE DATABASE d')
      for (const name of ['same', 'behind', 'other']) {
        lab.execute(
          `CREATE TABLE d.${name} (id INT NOT NULL${name === 'other' && lab === pair.source ? ', v INT NOT NULL' : ''}) DUPLICATE KEY(id) PARTITION BY RANGE(id) (PARTITION p1 VALUES [("1"),("10")), PARTITION p2 VALUES [("10"),("20"))) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ("replication_num" = "1")`,
        )
      }
    }
    for (const name of ['same', 'behind']) pair.source.execute(`INSERT INTO d.${name} VALUES (1), (11)`)
    pair.source.execute('INSERT INTO d.other VALUES (1, 1)')
    const physical = (lab: LabCluster, name: string) => {
      const table = lab.state.databases.get('d')?.objects.get(name) as LabTable
      return table.partitions.map((partition) => partition.physical[0])
    }
    const copied = (name: string, most: number) => {
      for (const [at, one] of physical(pair.target, name).slice(0, most).entries()) {
        const { dataVersion, versionEpoch } = physical(pair.source, name)[at] ?? {}
        Object.assign(one ?? {}, {
          dataVersion,
          versionEpoch,
          visibleVersion: dataVersion,
          committedVersion: dataVersion,
        })
        Object.assign(one ?? {}, { versionTxnType: 'TXN_REPLICATION' })
      }
    }
    copied('same', 2)
    copied('behind', 1)
    const { items, totals } = await plan({ allow: { recreateOnSchemaChange: true } })
    const sent = items.filter(({ action }) => action === 'replicate')
    expect(sent.map(({ object, partitions }) => [object, partitions])).toEqual([
      ['d.behind', 1],
      ['d.other', 2],
    ])
    expect(totals).toMatchObject({ replicateTables: 2, replicatePartitions: 3 })
  })

  test('with `sql` has every statement whole, however many and long, on pages that stay small', async () => {
    pair = await LabPair.start({ version: '3.5' }, { version: '3.5' })
    pair.source.execute('CREATE DATABASE d')
    const columns = Array.from({ length: 300 }, (_, at) => `c${at} INT COMMENT "${'ü'.repeat(150)}"`)
    pair.source.execute(
      `CREATE TABLE d.wide (id INT NOT NULL, ${columns.join(', ')}) DUPLICATE KEY(id) PARTITION BY RANGE(id) (${Array.from({ length: 400 }, (_, at) => `PARTITION p${at} VALUES [("${at}"),("${at + 1}"))`).join(', ')}) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ("replication_num" = "1")`,
    )
    const short = await plan()
    expect(
      short.items.find(({ object, action }) => object === 'd.wide' && action === 'create')?.statements,
    ).toHaveLength(7)
    const { pages, items, totals } = await plan({}, { sql: true })
    expect(totals).toEqual(short.totals)
    for (const page of pages) expect(Buffer.byteLength(JSON.stringify(page))).toBeLessThan(64 * 1024)
    const statements: string[] = []
    for (const { action, continued, statements: some = [] } of items) {
      if (action !== 'create') continue
      if (continued === 'statement') statements.push(`${statements.pop() ?? ''}${some[0] ?? ''}`, ...some.slice(1))
      else statements.push(...some)
    }
    expect(statements[0]).toBe('CREATE DATABASE IF NOT EXISTS `d`')
    // They can be run as they are.
    for (const sql of statements) pair.target.execute(sql)
    expect(pair.target.execute('SHOW PARTITIONS FROM d.wide').rows).toHaveLength(400)
    expect((await plan()).totals).toMatchObject({ create: 0, alter: 0 })
  })
})
