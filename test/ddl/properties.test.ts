import { describe, expect, it } from 'vitest'
import {
  difference,
  dropUnknownProperties,
  isSameForeignKeys,
  readTable,
  refusals,
  type Table,
  type TargetCluster,
  writeTable,
} from '../../starrocks/ddl/index.ts'
import { fixture, type Line, lines, modeOf, objectsOf, readObject, versionOf } from './fixtures.ts'

interface Replay {
  readonly case: string
  readonly source: string
  readonly statement: string
  readonly ok: boolean
  readonly error?: string
  readonly properties?: {
    readonly dropped: Readonly<Record<string, string>>
    readonly added: Readonly<Record<string, string>>
  }
}

const cluster = (line: string, more: Partial<TargetCluster> = {}): TargetCluster => ({
  version: versionOf(line),
  runMode: modeOf(line),
  ...more,
})
const lake = cluster('4.1-shared-data')
const table = (line: Line, name: string) => readObject(line, `shop.${name}`) as Table
const source = (name: string) => ({ database: 'shop', name })
const write = (model: Table, target: TargetCluster, more = {}) =>
  writeTable(model, { target, source: source(model.name), ...more })
const written = (model: Table, target: TargetCluster, more = {}) =>
  readTable(write(model, target, more).statements[0] ?? '').properties

describe('shared-nothing tables on a shared-data 4.1', () => {
  const replays = fixture<Replay[]>('shared-data-target')
  const read = (replay: Replay) => readTable(replay.statement, { version: versionOf(replay.source) })

  it('has many recordings', () => {
    expect(replays.length).toBeGreaterThan(30)
  })

  it.each(replays.filter((replay) => replay.ok && replay.properties))(
    '$source $case: nothing is written that would be dropped without a word',
    (replay) => {
      const model = read(replay)
      const properties = written(model, lake)
      for (const dropped of Object.keys(replay.properties?.dropped ?? {}))
        expect(properties).not.toHaveProperty([dropped])
      const kept = Object.keys(model.properties).filter((property) => !(property in (replay.properties?.dropped ?? {})))
      for (const property of kept) {
        if (/^(labels.location|partition_ttl|partition_live_number|foreign_key_constraints)$/.test(property)) continue
        if (property === 'enable_persistent_index' && model.keys?.type !== 'PRIMARY') continue
        expect(properties, property).toHaveProperty([property])
      }
    },
  )

  it.each(replays.filter((replay) => replay.ok && replay.properties))(
    '$source $case: the copy is no different from the source',
    (replay) => {
      const model = read(replay)
      const { dropped = {}, added = {} } = replay.properties ?? {}
      const left = Object.entries(model.properties).filter(([property]) => !(property in dropped))
      const copy: Table = {
        ...model,
        comment: model.comment || 'OLAP',
        properties: { ...Object.fromEntries(left), ...added },
      }
      const found = difference(model, copy, { target: lake, source: source(model.name) })
      expect(found.map(({ path, source, target }) => [path, source, target])).toEqual([])
    },
  )

  it.each(replays.filter((replay) => !replay.ok))(
    '$source $case: what was refused is refused before, or written otherwise ($error)',
    (replay) => {
      const model = read(replay)
      const refused = refusals(model, { target: lake }).map(({ code }) => code)
      if (replay.error?.includes('In-Memory')) expect(refused).toEqual(['in-memory-index'])
      else {
        const unknown = Object.keys(model.properties).filter((property) => property.startsWith('binlog'))
        expect(unknown.length).toBeGreaterThan(0)
        const properties = written(model, lake)
        for (const property of unknown) expect(properties).not.toHaveProperty([property])
        expect(write(model, lake).dropped.map(({ property }) => property)).toContain('binlog_enable')
      }
    },
  )
})

describe('every property of every table is accounted for', () => {
  const silent =
    /^(in_memory|storage_format|enable_persistent_index|binlog_version|replicated_storage|fast_schema_evolution|storage_medium|datacache\..*|storage_volume|persistent_index_type)$/
  it.each(lines.flatMap((from) => lines.map((to) => [from, to] as const)))('%s to %s', (from, to) => {
    const target = cluster(to)
    for (const object of objectsOf(from)) {
      const model = readObject(from, object)
      if (model.kind !== 'table' || model.external) continue
      const { undo, deferred, dropped } = write(model, target)
      const properties = written(model, target)
      for (const property of Object.keys(model.properties)) {
        const told = undo.some((one) => one.property === property) || dropped.some((one) => one.property === property)
        const later = deferred.some((statement) => statement.includes(property))
        if (!told && !later && !silent.test(property))
          expect(properties, `${object} ${property}`).toHaveProperty([property])
      }
    }
  })
})

describe('what waits for the cutover', () => {
  it('dynamic partitioning is off until then', () => {
    const { statements, undo } = write(table('3.5', 'dyn'), cluster('3.5'))
    expect(readTable(statements[0] ?? '').properties).toMatchObject({
      'dynamic_partition.enable': 'false',
      'dynamic_partition.start': '-3',
    })
    expect(undo).toEqual([
      {
        property: 'dynamic_partition.enable',
        value: 'true',
        statement: "ALTER TABLE `shop`.`dyn` SET ('dynamic_partition.enable' = 'true')",
      },
    ])
  })

  it.each([
    ['3.3', 'ttl', 'partition_live_number', '30'],
    ['3.5', 'ttl', 'partition_ttl', '30 day'],
    ['3.5', 'retention', 'partition_retention_condition', 'dt >= CURRENT_DATE() - INTERVAL 3 MONTH'],
    ['3.5', 'expr_cols', 'partition_live_number', '3'],
  ] as const)('%s %s: %s', (line, name, property, value) => {
    const { statements, undo } = write(table(line, name), cluster('3.5'))
    expect(statements[0]).not.toContain(property)
    expect(undo).toEqual([
      { property, value, statement: `ALTER TABLE \`shop\`.\`${name}\` SET ('${property}' = '${value}')` },
    ])
  })
})

describe('constraints', () => {
  it('foreign keys follow once every table exists, with the names of the target', () => {
    const rename = ({ database, name }: { database: string; name: string }) => ({
      database: database === 'shop' ? 'copy' : database,
      name: name === 'pk' ? 'p2' : name,
    })
    const { statements, deferred } = write(table('3.5', 'constraints'), cluster('3.5'), { rename })
    expect(statements[0]).not.toContain('foreign_key')
    expect(statements[0]).toContain("'unique_constraints' = 'id'")
    expect(deferred).toEqual([
      "ALTER TABLE `copy`.`constraints` SET ('foreign_key_constraints' = '(pk_id) REFERENCES default_catalog.copy.p2(id)')",
    ])
  })
})

describe('foreign keys', () => {
  const a = '(a) REFERENCES default_catalog.shop.p(id)'
  const b = '(b, c) REFERENCES default_catalog.shop.q(x, y)'

  it.each([
    [a, a],
    [`${a};${b}`, `${b};${a}`],
    [`${a};${b}`, ` (a)  REFERENCES default_catalog.shop.p( id ) ; (b,c) REFERENCES default_catalog.shop.q(x,y);`],
  ])('%s are the same as %s', (one, other) => {
    expect(isSameForeignKeys(one, other)).toBe(true)
  })

  it.each([
    [a, '(b) REFERENCES default_catalog.shop.p(id)'],
    [a, '(a) REFERENCES default_catalog.shop.P(id)'],
    [a, '(a) REFERENCES default_catalog.shop.p(x)'],
    [b, '(c, b) REFERENCES default_catalog.shop.q(x, y)'],
    [`${a};${b}`, a],
  ])('%s are others than %s', (one, other) => {
    expect(isSameForeignKeys(one, other)).toBe(false)
  })
})

describe('the operator’s wishes', () => {
  it('replace what the source has', () => {
    const placement = { replicationNum: 3, storageVolume: 'vol', persistentIndex: true }
    expect(written(table('3.3', 'pk_r3'), cluster('3.5'), { placement })).toMatchObject({
      replication_num: '3',
      enable_persistent_index: 'true',
    })
    expect(written(table('3.3', 'pk_r3'), cluster('3.5'), { placement })).not.toHaveProperty('storage_volume')
    expect(written(table('3.3', 'pk'), lake, { placement })).toMatchObject({
      storage_volume: 'vol',
      persistent_index_type: 'CLOUD_NATIVE',
    })
  })

  it('a copy made as wished is no different', () => {
    const placement = { replicationNum: 2 }
    const model = table('3.5', 'agg')
    const copy = readTable(write(model, cluster('3.5'), { placement }).statements[0] ?? '')
    expect(difference(model, copy, { target: cluster('3.5'), source: source('agg'), placement })).toEqual([])
    expect(difference(model, copy, { target: cluster('3.5'), source: source('agg') }).map(({ path }) => path)).toEqual([
      'properties.replication_num',
    ])
  })

  it('another replication number is set for partitions that are there and that come', () => {
    const model = table('3.5', 'range_date')
    const copy = { ...model, properties: { ...model.properties, replication_num: '3' } }
    expect(difference(model, copy, { target: cluster('3.5'), source: source('range_date') })).toMatchObject([
      {
        action: {
          statements: [
            "ALTER TABLE `shop`.`range_date` SET ('default.replication_num' = '1')",
            "ALTER TABLE `shop`.`range_date` MODIFY PARTITION (*) SET ('replication_num' = '1')",
          ],
        },
      },
    ])
  })

  it('an unpartitioned table made with its partition’s bucket number is no different', () => {
    const model = table('3.5', 'dup_hash8')
    const copy = readTable(write(model, cluster('3.5'), { buckets: 5 }).statements[0] ?? '')
    expect(difference(model, copy, { target: cluster('3.5'), source: source('dup_hash8'), buckets: 5 })).toEqual([])
    expect(difference(model, copy, { target: cluster('3.5'), source: source('dup_hash8') })).toMatchObject([
      { path: 'distribution.buckets', action: { kind: 'recreate' } },
    ])
  })

  it('a number that only the copy prints is no difference: its partitions are compared', () => {
    const model = table('3.5', 'dup_hash_auto')
    const copy = readTable(write(model, cluster('3.5'), { buckets: 5 }).statements[0] ?? '')
    expect(difference(model, copy, { target: cluster('3.5'), source: source('dup_hash_auto') })).toEqual([])
    expect(
      difference(model, copy, { target: cluster('3.5'), source: source('dup_hash_auto'), buckets: 6 }),
    ).toMatchObject([{ path: 'distribution.buckets', source: '6', target: '5', action: { kind: 'recreate' } }])
  })

  it('the bucket number of an unpartitioned table is the one that was read', () => {
    const { statements, warnings } = write(table('3.5', 'dup_hash_auto'), cluster('3.5'), { buckets: 7 })
    expect(statements[0]).toContain('DISTRIBUTED BY HASH(`id`) BUCKETS 7')
    expect(warnings).toEqual([])
    expect(write(table('3.5', 'dup_hash_auto'), cluster('3.5')).warnings).toHaveLength(1)
  })
})

describe('dropUnknownProperties', () => {
  it('reads what the frontend calls unknown, and the next try leaves it out', () => {
    const names = dropUnknownProperties('Unknown properties: {binlog_version=0, bucket_size=1,2}')
    expect([...names]).toEqual(['binlog_version', 'bucket_size'])
    const { statements, dropped } = write(table('3.5', 'dup_random'), cluster('3.1'), { unknownProperties: names })
    expect(statements[0]).not.toContain('bucket_size')
    expect(dropped.map(({ property }) => property)).toContain('bucket_size')
    expect(dropUnknownProperties('Unknown table t').size).toBe(0)
  })
})

describe('refusals', () => {
  const codes = (model: Table, target: TargetCluster, more = {}) =>
    refusals(model, { target, ...more }).map(({ code }) => code)

  it.each(lines)('%s: nothing ordinary is refused', (line) => {
    const refused = objectsOf(line)
      .map((object) => [object, readObject(line, object)] as const)
      .flatMap(([object, model]) => (model.kind === 'table' && codes(model, cluster(line)).length > 0 ? [object] : []))
    const expected = ['shop.ext_file', 'shop.ext_mysql', 'shop.gin_t', 'shop.row_store', 'shop.vec', 'shop.pk_r3']
    expect(refused.filter((object) => !expected.includes(object))).toEqual([])
    expect(refused).toContain('shop.ext_file')
  })

  it.each([
    [
      '3.1',
      [
        'defaults_odd',
        'dup_orderby',
        'expr_func',
        'expr_multi',
        'indexes',
        'list_null',
        'range_str2date',
        'range_unixtime',
        'defaults_json',
      ],
    ],
    ['3.3', ['defaults_odd', 'expr_func', 'expr_multi', 'defaults_json']],
    ['3.5', ['defaults_json']],
    ['4.1', []],
  ] as const)('what %s itself refused when the objects were made there', (line, expected) => {
    const refused = objectsOf('4.1').filter((object) => {
      const model = readObject('4.1', object)
      return (
        model.kind === 'table' &&
        codes(model, cluster(line))
          .filter((code) => code !== 'in-memory-index')
          .includes('not-in-version')
      )
    })
    const special = ['shop.gin_t', 'shop.vec']
    expect(refused.filter((object) => !special.includes(object)).sort()).toEqual(
      expected.map((name) => `shop.${name}`).sort(),
    )
  })

  it('external tables, whose secrets are masked or blank', () => {
    for (const name of ['ext_file', 'ext_mysql']) {
      const [refusal] = refusals(table('3.5', name), { target: cluster('3.5') })
      expect(refusal).toMatchObject({ code: 'external-table', reason: expect.stringContaining('secrets') })
    }
  })

  it('an index in memory, where only persistent ones are taken', () => {
    expect(codes(table('3.3', 'pk_r3'), cluster('3.5'))).toEqual(['in-memory-index'])
    expect(codes(table('3.3', 'pk_r3'), cluster('3.3'))).toEqual([])
    expect(codes(table('3.3', 'pk_r3'), cluster('3.5'), { placement: { persistentIndex: true } })).toEqual([])
    // Other key models print the property as well, and it means nothing there.
    expect(codes(table('3.1', 'agg'), cluster('3.5'))).toEqual([])
  })

  it('experimental features, unless they are on', () => {
    const on = { experimental: { gin: true, vector: true, rowstore: true } }
    for (const [name, code] of [
      ['gin_t', 'gin-index'],
      ['vec', 'vector-index'],
      ['row_store', 'row-store'],
    ] as const) {
      expect(codes(table('3.5', name), cluster('3.5'))).toEqual([code])
      expect(codes(table('3.5', name), cluster('3.5', on))).toEqual([])
    }
    expect(codes(table('3.5', 'row_store'), { ...lake, ...on })).toEqual(['row-store'])
  })

  it('several physical partitions, and names that differ in case only', () => {
    expect(codes(table('3.5', 'dup_random'), cluster('3.5'), { partitionNames: ['p', 'p', 'p', 'q'] })).toEqual([
      'several-physical-partitions',
    ])
    expect(codes(table('3.3', 'agg'), cluster('3.5'), { partitionNames: ['pa', 'pA'] })).toEqual([
      'partition-names-by-case',
    ])
    expect(codes(table('3.3', 'agg'), cluster('3.3'), { partitionNames: ['pa', 'pA'] })).toEqual([])
  })

  it('bundled files and range distribution', () => {
    const bundled = table('4.1-shared-data', 'agg')
    expect(codes(bundled, { ...lake, readsBundledFiles: false })).toEqual(['file-bundling'])
    expect(codes(bundled, { ...lake, readsBundledFiles: true })).toEqual([])
    const text =
      'CREATE TABLE `t` (\n  `k` int(11) NULL COMMENT ""\n) ENGINE=OLAP \nDUPLICATE KEY(`k`)\nDISTRIBUTED BY RANGE(`k`)\nPROPERTIES (\n"replication_num" = "1"\n);'
    expect(codes(readTable(text), lake)).toEqual(['range-distribution'])
  })
})
