import { describe, expect, test } from 'vitest'
import type { BackupRecord, PartitionRecord, TableRecord } from '../../contract/backup/record.ts'
import { type RestoreSpecInput, restoreSpecSchema } from '../../contract/backup/restore-spec.ts'
import { chooseObjects } from '../../planning/restore/choose-objects.ts'
import { flagAt, packFlags } from '../../planning/restore/flags.ts'
import type { RestoreBasis } from '../../planning/restore/restore-basis.ts'
import { runHash } from '../../planning/restore/restore-names.ts'
import { outlineRestore } from '../../planning/restore/restore-plan.ts'
import { restoreSteps, stepCodes } from '../../planning/restore/restore-steps.ts'
import { survivesDynamicPartitions } from '../../planning/restore/survives.ts'
import { SHADOW_PARTITION, tableParts } from '../../planning/restore/table-parts.ts'

const part = (at: number, more: Partial<PartitionRecord> = {}): PartitionRecord => ({
  physical: [['1', '2']],
  at,
  replication: 1,
  ...more,
})

const table = (partitions: Record<string, PartitionRecord>, more: Partial<TableRecord> = {}): TableRecord => ({
  id: '1',
  partitioning: 'range',
  fingerprint: 'f',
  ddl: '',
  whole: [],
  partitions,
  ...more,
})

const record = (tables: Record<string, TableRecord>, more: Partial<BackupRecord> = {}): BackupRecord => ({
  format: 1,
  id: 'inc2',
  repository: 'r',
  cluster: 'c',
  database: 'shop',
  name: 'p',
  set: 's',
  kind: 'incremental',
  startedAt: '',
  finishedAt: '',
  version: '3.5.0',
  labels: ['full', 'inc1', 'inc2'].map((label) => ({ label, timestamp: `t-${label}` })),
  own: 1,
  tables,
  materializedViews: {},
  views: {},
  functions: {},
  catalogs: [],
  notIncluded: [],
  movedMeanwhile: [],
  ...more,
})

const spec = (more: Partial<RestoreSpecInput> = {}) =>
  restoreSpecSchema.parse({ name: 'n', cluster: 'c', repository: 'r', from: { label: 'inc2' }, ...more })

const basis = (more: Partial<RestoreBasis> = {}): RestoreBasis => ({
  hash: 'abc123',
  backup: 'inc2',
  databaseExisted: true,
  taken: '*',
  backends: 3,
  writable: true,
  attached: false,
  newGrammar: true,
  asks: true,
  steps: '',
  ...more,
})

const routes = (r: BackupRecord, s: ReturnType<typeof spec>, b: RestoreBasis) =>
  outlineRestore(r, s, b).tables.map(({ target, route }) => `${target}: ${route}`)
const codes = (r: BackupRecord, s: ReturnType<typeof spec>, b: RestoreBasis) =>
  stepCodes(restoreSteps(outlineRestore(r, s, b)))

describe('which snapshot gives what', () => {
  const chain = { labels: record({}).labels, own: 1 }

  test('each partition once, out of the snapshot that holds its last state', () => {
    const parts = tableParts(chain, table({ p1: part(0), p2: part(2), p3: part(0), p4: part(1) }))
    expect(parts.map(({ label, partitions }) => [label, partitions])).toEqual([
      [0, ['p1', 'p3']],
      [1, ['p4']],
      [2, ['p2']],
    ])
  })

  test('a table that its own snapshot holds whole comes as it is; out of an earlier one it is listed, for that may hold more', () => {
    expect(tableParts(chain, table({ p1: part(2), p2: part(2) }, { whole: [0, 2] }))[0]?.partitions).toBeUndefined()
    expect(tableParts(chain, table({ p1: part(0) }, { whole: [0] }))[0]?.partitions).toEqual(['p1'])
  })

  test('the first of an automatic table brings the shadow partition, and no other', () => {
    const parts = tableParts(chain, table({ p1: part(0), p2: part(1) }, { partitioning: 'automatic-range' }))
    expect(parts.map(({ partitions }) => partitions)).toEqual([['p1', SHADOW_PARTITION], ['p2']])
  })

  test('an unpartitioned table comes out of its last snapshot, without a list', () => {
    const parts = tableParts(chain, table({ t: part(1) }, { partitioning: 'none' }))
    expect(parts.map(({ label, partitions }) => [label, partitions])).toEqual([[1, undefined]])
  })

  test('partitions of other replication numbers come by statements of their own', () => {
    const parts = tableParts(chain, table({ p1: part(0), p2: part(0, { replication: 3 }) }))
    expect(parts.map(({ replication, partitions }) => [replication, partitions])).toEqual([
      [1, ['p1']],
      [3, ['p2']],
    ])
  })

  test('but not where one consists of several physical partitions, which StarRocks restores over no table', () => {
    const several = {
      physical: [
        ['1', '2'],
        ['2', '2'],
      ] as [string, string][],
    }
    const random = table({ p1: part(0, { replication: 3 }), p2: part(0), p3: part(0, several) })
    expect(tableParts(chain, random).map(({ replication, names }) => [replication, names])).toEqual([
      [3, ['p1', 'p2', 'p3']],
    ])
    expect(tableParts(chain, random, ['p1', 'p2'])).toHaveLength(2)
  })

  test('chosen partitions of a snapshot without a record are listed, with the shadow partition where the table is made', () => {
    const bare = table({ p1: part(0), p2: part(0), [SHADOW_PARTITION]: part(0) }, { partitioning: 'none', whole: [0] })
    const listed = (options = {}) => tableParts(chain, bare, ['p1'], options).map(({ partitions }) => partitions)
    expect(listed()).toEqual([['p1', SHADOW_PARTITION]])
    expect(listed({ exists: true })).toEqual([['p1']])
    expect(tableParts(chain, bare).map(({ partitions }) => partitions)).toEqual([undefined])
  })

  test('a table without partitions comes out of what holds all of it, or by its definition', () => {
    expect(tableParts(chain, table({}, { whole: [0] }))).toEqual([{ label: 0, names: [] }])
    expect(tableParts(chain, table({}, { whole: [0], partitioning: 'automatic-range' }))).toEqual([
      { label: 0, names: [], partitions: [SHADOW_PARTITION] },
    ])
    expect(tableParts(chain, table({}))).toEqual([])
  })
})

describe('routes', () => {
  const one = record({ a: table({ p1: part(2) }) })
  const chain = record({ a: table({ p1: part(0), p2: part(2) }) })
  const some = record({ a: table({ p1: part(2) }, { partial: true, whole: [2] }) }, { partial: true })
  const tables = { tables: ['a'] }

  test.each([
    ['free, one snapshot', one, tables, { taken: '' }, 'a: rename', 'rvNtm'],
    ['free, chain', chain, tables, { taken: '' }, 'a: rebackup', 'drrvbRvNtmDL'],
    ['free, chain, read-only repository', chain, tables, { taken: '', writable: false }, 'a: leave', 'drrv'],
    [
      'free, chain, in place',
      chain,
      { ...tables, mode: 'in-place' as const },
      { taken: '', writable: false },
      'a: direct',
      'rrvtm',
    ],
    [
      'free, one snapshot, in place',
      one,
      { ...tables, mode: 'in-place' as const },
      { taken: '' },
      'a: rename',
      'rvNtm',
    ],
    ['free, not to be published', one, { ...tables, publish: 'never' as const }, { taken: '' }, 'a: rename', 'rv'],
    [
      'free, chain, not to be published',
      chain,
      { ...tables, publish: 'never' as const },
      { taken: '' },
      'a: leave',
      'drrv',
    ],
    ['taken, one snapshot', one, tables, {}, 'a: swap', 'rvstgm'],
    ['taken, chain', chain, tables, {}, 'a: rebackup-swap', 'drrvbRvstgmDL'],
    ['taken, chain, read-only repository', chain, tables, { writable: false }, 'a: leave', 'drrv'],
    [
      'new name, chain',
      chain,
      { ...tables, rename: { tables: { a: 'b' } } },
      { taken: '' },
      'b: rebackup',
      'drrvbRvNtmDL',
    ],
    ['in place', chain, { ...tables, mode: 'in-place' as const }, {}, 'a: in-place', 'xrrvtm'],
    ['some partitions, free', some, tables, { taken: '' }, 'a: rename', 'rvNtm'],
    ['some partitions, taken', some, tables, {}, 'a: overwrite-partitions', 'drvotmD'],
    ['some partitions, not to be published', some, { ...tables, publish: 'never' as const }, {}, 'a: leave', 'drv'],
    ['partitions', chain, { partitions: { a: ['p2'] } }, {}, 'a: overwrite-partitions', 'drvotmD'],
    ['database over the live one', chain, {}, {}, 'a: rename-database', 'drrvntgm'],
    ['database, free, chain', chain, {}, { taken: '', databaseExisted: false }, 'a: rename-database', 'drrvntm'],
    ['database, free, one snapshot', one, {}, { taken: '', databaseExisted: false }, 'a: rename-database', 'drvntm'],
    ['a table, free database', chain, tables, { taken: '', databaseExisted: false }, 'a: rename-database', 'drrvntm'],
    [
      'free database, not to be published',
      one,
      { publish: 'never' as const },
      { taken: '', databaseExisted: false },
      'a: leave',
      'drv',
    ],
    [
      'without a record, nothing there',
      one,
      {},
      { taken: '', bare: { timestamp: 't', database: 'shop' } },
      'a: direct',
      'rvm',
    ],
    ['not to be published', chain, { ...tables, publish: 'never' as const }, {}, 'a: leave', 'drrv'],
  ] as const)('%s', (_, r, more, facts, route, steps) => {
    expect(routes(r, spec(more as Partial<RestoreSpecInput>), basis(facts))).toEqual([route])
    expect(codes(r, spec(more as Partial<RestoreSpecInput>), basis(facts))).toBe(steps)
  })

  describe('what has no place beside its name waits to be published', () => {
    const r = record(
      { a: table({ p1: part(2) }), c: table({ p1: part(0), p2: part(2) }) },
      { views: { v: { at: 2, ddl: 'CREATE VIEW' } }, functions: { f: { at: 2 } }, catalogs: ['lake'] },
    )
    const view = { views: ['v'] }
    const one = { functions: ['f'] }
    const free = { taken: '', databaseExisted: false }
    test.each([
      ['a view', view, {}, 'aw'],
      ['a function', one, { taken: '' }, 'ar'],
      ['a function of a new database', one, free, 'adr'],
      ['a catalog', { catalogs: ['lake'] }, { taken: '' }, 'ar'],
      ['a function with a table', { ...one, tables: ['a'] }, { taken: packFlags([true, false]) }, 'rvarstgm'],
      ['a view with a table', { ...view, tables: ['a'] }, {}, 'rvswtgm'],
      ['a view with a table that gets no name', { ...view, tables: ['c'] }, { writable: false }, 'drrvaw'],
      ['a function in a new database with a table', { ...one, tables: ['a'] }, free, 'drvntm'],
      ['in place nothing waits', { ...one, mode: 'in-place' as const }, { taken: '' }, 'r'],
      ['nor as it was begun before', one, { taken: '', asks: undefined }, 'r'],
    ] as const)('%s', (_, more, facts, steps) => {
      expect(codes(r, spec(more as Partial<RestoreSpecInput>), basis(facts))).toBe(steps)
    })
  })

  test('replicas are those recorded, as far as there are backends; asked for otherwise, those', () => {
    const r = record({ a: table({ p1: part(2, { replication: 3 }) }) })
    const replication = (s: ReturnType<typeof spec>, b: RestoreBasis) =>
      restoreSteps(outlineRestore(r, s, b)).flatMap((step) => (step.kind === 'restore' ? [step.replication] : []))
    expect(replication(spec(tables), basis())).toEqual([3])
    expect(replication(spec(tables), basis({ backends: 1 }))).toEqual([1])
    expect(replication(spec({ ...tables, replicationNumber: 2 }), basis())).toEqual([2])
  })

  describe('partitions of one table with other numbers of replicas', () => {
    const three = { replication: 3 }
    const mixed = record({
      a: table({ a1: part(2, three) }, { whole: [2] }),
      b: table({ b1: part(2), b2: part(2, three) }, { whole: [2] }),
    })
    const sent = (r: BackupRecord, s: ReturnType<typeof spec>, b: RestoreBasis) =>
      restoreSteps(outlineRestore(r, s, b)).flatMap((step) =>
        step.kind === 'restore'
          ? [[step.replication, step.parts.map(({ planned, part: { names } }) => `${planned.name} ${names.join()}`)]]
          : step.kind === 'restore-again'
            ? [[step.replication, step.tables.map(({ name }) => name)]]
            : [],
      )

    test('keep theirs in a new database: the RESTORE that makes the table comes first', () => {
      const fresh = basis({ databaseExisted: false, taken: '' })
      expect(sent(mixed, spec(), fresh)).toEqual([
        [1, ['b b1']],
        [3, ['a a1', 'b b2']],
      ])
      const first = restoreSteps(outlineRestore(mixed, spec(), fresh)).flatMap((step) =>
        step.kind === 'restore' ? [step.parts.map((one) => one.first)] : [],
      )
      expect(first).toEqual([[true], [true, false]])
    })

    test('keep theirs in place', () => {
      expect(sent(mixed, spec({ ...tables, tables: ['b'], mode: 'in-place' }), basis())).toEqual([
        [1, ['b b1']],
        [3, ['b b2']],
      ])
    })

    test('come once where they get the same number', () => {
      const whole = [['a a1', 'b b1,b2']]
      const fresh = { databaseExisted: false, taken: '' }
      expect(sent(mixed, spec(), basis({ ...fresh, backends: 1 }))).toEqual(whole.map((all) => [1, all]))
      expect(sent(mixed, spec({ replicationNumber: 2 }), basis(fresh))).toEqual(whole.map((all) => [2, all]))
    })

    test('come by one RESTORE beside a name, which gives none of them too few; it is one snapshot', () => {
      expect(sent(mixed, spec({ tables: ['b'] }), basis())).toEqual([[3, ['b b1,b2']]])
      expect(routes(mixed, spec({ tables: ['b'] }), basis())).toEqual(['b: swap'])
      const chained = record({ b: table({ b1: part(0), b2: part(0, three), b3: part(2) }) })
      expect(sent(chained, spec({ tables: ['b'] }), basis())).toEqual([
        [3, ['b b1,b2']],
        [1, ['b b3']],
        [3, ['b']],
      ])
      expect(outlineRestore(chained, spec({ tables: ['b'] }), basis()).tables[0]?.why).toContain('2 snapshots')
    })
  })

  test('list partitions are added before every RESTORE but the first', () => {
    const r = record({ a: table({ p1: part(0), p2: part(2) }, { partitioning: 'list' }) })
    const added = restoreSteps(outlineRestore(r, spec(tables), basis())).flatMap((step) =>
      step.kind === 'restore' ? step.parts.map(({ addFirst }) => addFirst) : [],
    )
    expect(added).toEqual([false, true])
  })

  test('in place, a backup of some partitions is restored over these alone', () => {
    const only = (more: Partial<RestoreSpecInput>) =>
      outlineRestore(some, spec({ ...more, mode: 'in-place' }), basis()).tables.map((one) => one.only)
    expect(only(tables)).toEqual([['p1']])
    expect(only({})).toEqual([['p1']])
  })

  test('in place only under its own name', () => {
    const outline = outlineRestore(
      chain,
      spec({ ...tables, mode: 'in-place', rename: { tables: { a: 'b' } } }),
      basis(),
    )
    expect(outline.problems.join()).toContain('aside')
  })

  test('tables whose partitions are overwritten have a step each, unless it was begun with many in one', () => {
    const r = record({ a: table({ p1: part(2) }), b: table({ p1: part(2) }) })
    const s = spec({ partitions: { a: ['p1'], b: ['p1'] } })
    expect(codes(r, s, basis())).toBe('drvootmD')
    for (const steps of ['drvootmD', 'drvotmD']) expect(codes(r, s, basis({ steps }))).toBe(steps)
  })

  test('statements are bounded', () => {
    const many = Object.fromEntries(Array.from({ length: 2_500 }, (_, i) => [`t${i}`, table({ p1: part(2) })]))
    const steps = restoreSteps(outlineRestore(record(many), spec(), basis({ databaseExisted: false, taken: '' })))
    expect(steps.filter(({ kind }) => kind === 'restore')).toHaveLength(3)
    expect(stepCodes(steps).length).toBeLessThan(60)
  })
})

describe('choosing', () => {
  const r = record({
    orders: table({ p1: part(2), p2: part(2) }),
    people: table({ people: part(2) }),
    constructor: table({}),
  })

  test('globs, partitions, and what is not there', () => {
    const choice = chooseObjects(r, spec({ tables: ['o*'], partitions: { people: ['*'] } }))
    expect(choice.objects.map(({ name, partitions }) => [name, partitions])).toEqual([
      ['orders', undefined],
      ['people', ['people']],
    ])
    expect(choice.missing).toEqual([])
    expect(chooseObjects(r, spec({ tables: ['x*', 'orders'] })).missing).toEqual(['any table like x*'])
    expect(chooseObjects(r, spec({ partitions: { orders: ['p9'] } })).missing).toEqual(['partition of orders p9'])
    expect(chooseObjects(r, spec({ partitions: { toString: ['p'] } })).missing).toEqual(['table toString'])
  })
})

test('flags are packed and found again', () => {
  for (const flags of [
    [],
    [true],
    [false, true, false, false, true],
    Array.from({ length: 101 }, (_, i) => i % 7 === 0),
  ]) {
    const packed = packFlags(flags)
    expect(flags.map((_, at) => flagAt(packed, at))).toEqual(flags)
  }
  expect(packFlags(Array.from({ length: 10_000 }, (_, i) => i % 3 === 0)).length).toBeLessThanOrEqual(2_500)
})

test('runs have names of their own', () => {
  const hashes = new Set(Array.from({ length: 20_000 }, (_, i) => runHash(`0194${i.toString(16)}-7b1c-7def-8000-${i}`)))
  expect(hashes.size).toBeGreaterThan(19_950)
  for (const hash of hashes) expect(hash).toMatch(/^[a-z0-9]{6}$/)
})

describe('dynamic partitions are switched on again only where everything survives', () => {
  const now = Date.parse('2026-06-15T12:00:00Z')
  const day = (date: string, next: string) =>
    part(0, { value: `[types: [DATE]; keys: [${date}]; ..types: [DATE]; keys: [${next}]; )` })
  const properties = (start: string) => ({ 'dynamic_partition.start': start, 'dynamic_partition.time_unit': 'DAY' })

  test.each([
    ['young ones', table({ p: day('2026-06-14', '2026-06-15') }), properties('-3'), true],
    ['an old one', table({ p: day('2020-01-01', '2020-01-02') }), properties('-3'), false],
    ['no start', table({ p: day('2020-01-01', '2020-01-02') }), {}, true],
    ['a range that cannot be read', table({ p: part(0, { value: 'something' }) }), properties('-3'), false],
  ])('%s', (_, t, props, survives) => {
    expect(survivesDynamicPartitions('dynamic_partition.enable', 'true', props, t, now) === true).toBe(survives)
  })

  test('a number to keep', () => {
    const t = table({ a: part(0), b: part(0) })
    expect(survivesDynamicPartitions('partition_live_number', '2', {}, t, now)).toBe(true)
    expect(survivesDynamicPartitions('partition_live_number', '1', {}, t, now)).not.toBe(true)
  })
})
