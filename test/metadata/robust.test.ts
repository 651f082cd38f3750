import { afterEach, describe, expect, test } from 'vitest'
import { execute } from '../../activities/metadata/execute.ts'
import { Sessions } from '../../activities/metadata/session.ts'
import { fill, LabPair, layout, quietEnvironment } from './lab-pair.ts'

let pair: LabPair
afterEach(() => pair.stop())

const start = async (source = '3.5', target = '3.5', runMode: 'shared_nothing' | 'shared_data' = 'shared_nothing') => {
  pair = await LabPair.start({ version: source as '3.5' }, { version: target as '3.5', runMode })
  pair.source.execute('CREATE DATABASE d')
}
const properties = 'PROPERTIES ("replication_num" = "1")'
const plain = `(id INT NOT NULL, v INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 2 ${properties}`
const shown = (name: string) => String(pair.target.execute(`SHOW CREATE TABLE ${name}`).rows[0]?.[1])

describe('a lost answer', () => {
  test.each([
    ['CREATE TABLE', /^CREATE TABLE/],
    ['ADD PARTITION', /ADD PARTITION/],
    ['CREATE DATABASE', /^CREATE DATABASE/],
  ])('of %s is an error to try again, and the next attempt finishes what was begun', async (_what, match) => {
    await start()
    pair.source.execute(
      `CREATE TABLE d.t (id INT NOT NULL) DUPLICATE KEY(id) PARTITION BY RANGE(id) (PARTITION a VALUES [("1"),("5")), PARTITION b VALUES [("5"),("9"))) DISTRIBUTED BY HASH(id) BUCKETS 2 ${properties}`,
    )
    const fault = pair.target.faults.inject({ kind: 'drop-mysql', cut: 'after', match, times: 1 })
    const input = { spec: pair.spec(), tables: ['d.t'] }
    await expect(pair.run(pair.metadata.alignTables, input)).rejects.toMatchObject({
      type: 'Unreachable',
      nonRetryable: false,
    })
    expect(fault.struck).toBe(1)
    const [outcome] = await pair.run(pair.metadata.alignTables, input)
    expect(['created', 'altered', 'unchanged']).toContain(outcome?.outcome)
    expect(layout(pair.target, 'd', 't')).toEqual(layout(pair.source, 'd', 't'))
  })

  test('of createPartition too', async () => {
    await start()
    pair.source.execute(
      `CREATE TABLE d.t (ts DATETIME, v INT) DUPLICATE KEY(ts) PARTITION BY date_trunc('minute', ts) DISTRIBUTED BY HASH(v) BUCKETS 2 ${properties}`,
    )
    pair.source.execute("INSERT INTO d.t VALUES ('2024-01-01 00:00:30', 1), ('2024-01-01 00:07:30', 2)")
    pair.target.faults.inject({ kind: 'drop-rpc', cut: 'after', method: 'createPartition', times: 1 })
    const input = { spec: pair.spec(), tables: ['d.t'] }
    await expect(pair.run(pair.metadata.alignTables, input)).rejects.toMatchObject({ type: 'Unreachable' })
    await pair.run(pair.metadata.alignTables, input)
    expect(layout(pair.target, 'd', 't')).toEqual(layout(pair.source, 'd', 't'))
    // The transaction that carried the call was given back.
    expect(pair.target.state.transactions.filter(({ status }) => status === 'PREPARE')).toEqual([])
  })

  test('now and then, everywhere: all tables arrive all the same', async () => {
    await start('3.3', '3.5')
    const scenario = fill(pair.source)
    for (const cut of ['before', 'after'] as const) {
      pair.target.faults.inject({ kind: 'drop-mysql', cut, probability: 0.02, match: /^(CREATE|ALTER|SHOW)/ })
      pair.source.faults.inject({ kind: 'drop-mysql', cut, probability: 0.01 })
    }
    const spec = pair.spec()
    const refused = scenario.refused.map(({ db, name }) => `${db}.${name}`)
    for (let attempt = 0; attempt < 200; attempt++) {
      try {
        const { different } = await pair.differences(spec)
        if (different.every((table) => refused.includes(table))) break
        await pair.run(pair.metadata.alignTables, { spec, tables: different })
      } catch (error) {
        expect(error).toMatchObject({ type: 'Unreachable' })
      }
    }
    const struck = pair.target.faults.struck + pair.source.faults.struck
    pair.target.faults.clear()
    pair.source.faults.clear()
    expect(struck).toBeGreaterThan(3)
    expect((await pair.differences(spec)).different).toEqual(refused)
  })
})

describe('a cancelled activity', () => {
  test('ends between two statements, and the next attempt goes on', async () => {
    await start()
    const partitions = Array.from({ length: 60 }, (_, i) => `PARTITION p${i} VALUES [("${i}"),("${i + 1}"))`).join(', ')
    pair.source.execute(
      `CREATE TABLE d.t (id INT NOT NULL) DUPLICATE KEY(id) PARTITION BY RANGE(id) (${partitions}) DISTRIBUTED BY HASH(id) BUCKETS 1 ${properties}`,
    )
    const slow = pair.target.faults.inject({ kind: 'delay-mysql', ms: 20, match: /ADD PARTITION/ })
    const environment = quietEnvironment()
    const input = { spec: pair.spec(), tables: ['d.t'] }
    const running = environment.run(pair.metadata.alignTables, input)
    const ended = expect(running).rejects.toThrow()
    while (slow.struck < 3) await new Promise((resolve) => setTimeout(resolve, 5))
    environment.cancel()
    await ended
    const made = pair.target.execute('SHOW PARTITIONS FROM d.t').rows.length
    expect(made).toBeGreaterThan(0)
    expect(made).toBeLessThan(60)
    slow.clear()
    await pair.run(pair.metadata.alignTables, input)
    expect(layout(pair.target, 'd', 't')).toEqual(layout(pair.source, 'd', 't'))
  })
})

describe('where tables are put', () => {
  test('replicas, storage volume and persistent index as the spec says', async () => {
    await start('3.5', '4.1', 'shared_data')
    pair.source.execute(
      `CREATE TABLE d.p (id INT NOT NULL, v INT) PRIMARY KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 2 ${properties}`,
    )
    const spec = pair.spec({ placement: { storageVolume: 'builtin_storage_volume' } })
    expect((await pair.align(spec)).map(({ outcome }) => outcome)).toEqual(['created'])
    expect(shown('d.p')).toMatch(/"storage_volume" = "builtin_storage_volume"/)
    expect(shown('d.p')).toMatch(/"persistent_index_type" = "CLOUD_NATIVE"/)
    expect((await pair.differences(spec)).different).toEqual([])
  })

  test('a rollup of a table with a bloom filter is the same on shared data, where DESC does not show the filter', async () => {
    await start('3.5', '4.1', 'shared_data')
    pair.source.execute(
      'CREATE TABLE d.b (id INT, a INT, c INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 ROLLUP (r (id, c)) PROPERTIES ("replication_num" = "1", "bloom_filter_columns" = "id,c")',
    )
    await pair.align(pair.spec())
    expect(shown('d.b')).toContain('"bloom_filter_columns"')
    expect((await pair.differences(pair.spec())).different).toEqual([])
    const [again] = await pair.run(pair.metadata.alignTables, { spec: pair.spec(), tables: ['d.b'] })
    expect(again).toMatchObject({ outcome: 'unchanged' })
  })

  test('another number of replicas is no difference afterwards', async () => {
    await start()
    pair.source.execute(`CREATE TABLE d.t ${plain}`)
    const spec = pair.spec({ placement: { replicationNumber: 3 } })
    await pair.align(spec)
    expect(shown('d.t')).toContain('"replication_num" = "3"')
    expect((await pair.differences(spec)).different).toEqual([])
  })
})

describe('foreign keys', () => {
  const parent =
    'CREATE TABLE d.z_parent (id INT NOT NULL) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ("replication_num" = "1", "unique_constraints" = "id")'
  const child =
    'CREATE TABLE d.a_child (id INT NOT NULL, p INT NOT NULL) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ("replication_num" = "1", "foreign_key_constraints" = "(p) REFERENCES d.z_parent(id)")'

  test("are set after the table, with the target's names", async () => {
    await start()
    pair.source.execute(parent)
    pair.source.execute(child)
    const spec = pair.spec({ rename: { databases: { d: 'e' } } })
    const outcomes = await pair.align(spec)
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['created', 'created'])
    expect(outcomes[0]?.statements.at(-1)).toMatch(
      /^ALTER TABLE `e`.`a_child` SET \('foreign_key_constraints' = .*e\.z_parent/,
    )
    expect(shown('e.a_child')).toContain('e.z_parent')
    expect((await pair.differences(spec)).different).toEqual([])
  })

  test('that cannot be set yet do not hold the table up, and are told', async () => {
    await start()
    const session = await new Sessions(pair.deps).open(pair.spec(), { fresh: true })
    const done = await execute(session, { database: 'd', name: 't' }, [
      {
        kind: 'try',
        statement: 'ALTER TABLE `d`.`gone` SET ("foreign_key_constraints" = "(p) REFERENCES d.q(id)")',
        what: 'foreign keys',
      },
    ])
    expect(done).toEqual({ statements: [], notes: [expect.stringMatching(/^foreign keys: /)] })
  })

  test('that the copy lacks are a difference', async () => {
    await start()
    pair.source.execute(parent)
    pair.source.execute(child)
    pair.target.execute('CREATE DATABASE d')
    pair.target.execute(parent)
    pair.target.execute(child.replace(/, "foreign_key_constraints.*$/, ')'))
    expect((await pair.differences(pair.spec())).different).toEqual(['d.a_child'])
    expect((await pair.align(pair.spec())).map(({ table, outcome }) => [table, outcome])).toEqual([
      ['d.a_child', 'altered'],
    ])
    expect((await pair.differences(pair.spec())).different).toEqual([])
  })

  test('that changed at the source are set again', async () => {
    await start()
    pair.source.execute(parent)
    pair.source.execute(child)
    await pair.align(pair.spec())
    pair.source.execute(
      'ALTER TABLE d.a_child SET ("foreign_key_constraints" = "(id) REFERENCES default_catalog.d.z_parent(id)")',
    )
    const spec = pair.spec({ sync: { tableProperties: true } })
    expect((await pair.differences(spec)).different).toEqual(['d.a_child'])
    expect((await pair.align(spec)).map(({ table, outcome }) => [table, outcome])).toEqual([['d.a_child', 'altered']])
    expect(shown('d.a_child')).toContain('(id) REFERENCES')
    expect((await pair.differences(spec)).different).toEqual([])
  })
})

describe('a property that the target does not know', () => {
  test('is left out of the next try, and remembered', async () => {
    await start()
    const session = await new Sessions(pair.deps).open(pair.spec(), { fresh: true })
    pair.target.execute('CREATE DATABASE d')
    const written: string[][] = []
    const done = await execute(session, { database: 'd', name: 't' }, [
      {
        kind: 'create-table',
        statement: '',
        write: (unknown) => {
          const wanted = ['no_such_thing', 'neither_this'].filter((property) => !unknown.has(property))
          written.push(wanted)
          const more = wanted.map((property) => `, "${property}" = "1"`).join('')
          return `CREATE TABLE d.t (id INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ("replication_num" = "1"${more})`
        },
      },
    ])
    expect(written.at(-1)).toEqual([])
    expect(done.notes.join()).toMatch(/no_such_thing/)
    expect(done.notes.join()).toMatch(/neither_this/)
    expect(shown('d.t')).toContain('CREATE TABLE')
  })
})

describe('hostile names', () => {
  test.each([
    "x'); DROP TABLE d.victim; --",
    'a "b" \\ c',
    '$1 {}%s',
    'select',
    'ü 数据 😀',
    '-- ',
    '/* */',
    'y'.repeat(64),
  ])('%s', async (name) => {
    await start()
    pair.source.execute(
      `CREATE TABLE d.\`${name}\` (\`${name}\` INT NOT NULL, v INT COMMENT "it's; \\"") DUPLICATE KEY(\`${name}\`) DISTRIBUTED BY HASH(\`${name}\`) BUCKETS 2 ${properties}`,
    )
    pair.source.execute(`CREATE TABLE d.victim ${plain}`)
    const outcomes = await pair.align(pair.spec())
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['created', 'created'])
    expect(layout(pair.target, 'd', name)).toEqual(layout(pair.source, 'd', name))
    expect((await pair.differences(pair.spec())).different).toEqual([])
    const only = await pair.differences(pair.spec({ include: [`d.${name}`] }))
    expect(only.counts.sourceTables).toBe(1)
  })
})

describe('two workers that decided the same', () => {
  test('do not drop what the other has made meanwhile', async () => {
    await start()
    pair.target.execute('CREATE DATABASE d')
    pair.target.execute(`CREATE TABLE d.t ${plain}`)
    const session = await new Sessions(pair.deps).open(pair.spec(), {})
    const name = { database: 'd', name: 't' }
    const step = { kind: 'discard', statement: 'DROP TABLE IF EXISTS `d`.`t` FORCE', allowed: true } as const
    // The partitions that it was decided about are gone with the table that the other worker dropped.
    await expect(execute(session, name, [{ ...step, of: [{ id: 1n, version: 1n }] }])).rejects.toThrow(
      /made again meanwhile/,
    )
    expect(pair.target.state.databases.get('d')?.objects.has('t')).toBe(true)
  })
})
