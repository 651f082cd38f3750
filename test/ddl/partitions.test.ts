import { describe, expect, it } from 'vitest'
import {
  canonicalExpression,
  canonicalValues,
  type NullMeaning,
  nullKey,
  type PlannedPartition,
  printedNulls,
  readPartitionRow,
  readTable,
  type SourcePartition,
  type Table,
  writePartitions,
} from '../../starrocks/ddl/index.ts'
import { fixture, versionOf } from './fixtures.ts'

type Listed = readonly [name: string, text: string, buckets: string, tablets: readonly number[]]
interface Way {
  readonly way: string
  readonly same: boolean
  readonly steps: readonly (readonly [string, boolean])[]
  readonly partitions?: readonly Listed[]
}
interface Case {
  readonly create: string
  readonly partitions: readonly Listed[]
  readonly ways: readonly Way[]
}

interface Extra {
  readonly case: string
  readonly steps: readonly (readonly [string, boolean, string?])[]
  readonly partitions?: readonly Listed[]
}

const recordings = [
  { name: 'partitions-3.5', source: '3.5', target: '3.5' },
  { name: 'partitions-4.1', source: '4.1', target: '4.1' },
  { name: 'partitions-3.1-to-3.5', source: '3.1', target: '3.5' },
  { name: 'partitions-3.3-to-3.5', source: '3.3', target: '3.5' },
  { name: 'partitions-3.1-to-4.1', source: '3.1', target: '4.1' },
  { name: 'partitions-3.3-to-4.1', source: '3.3', target: '4.1' },
]
const extras = fixture<{ more: Extra[] }>('partitions-3.5').more

function sourcePartitions(table: Table, listed: readonly Listed[]): SourcePartition[] {
  const own = new Map(table.partitions.map((partition) => [partition.name, partition.properties.replication_num]))
  return listed.map(([PartitionName, text, Buckets]) =>
    readPartitionRow(table, {
      PartitionName,
      Range: text,
      List: text,
      Buckets,
      ReplicationNum: own.get(PartitionName),
    }),
  )
}

/** One text for statements that differ in blanks, quotes, the table's name, and in what is the table's own anyway. */
function neutral(statement: string, tableBuckets: number | undefined): string {
  const own =
    tableBuckets === undefined
      ? /$^/
      : new RegExp(` DISTRIBUTED BY (?:HASH\\([^)]*\\)|RANDOM) BUCKETS ${tableBuckets}$`)
  const text = statement
    .replace(/^ALTER TABLE (?:`[^`]*`|[^\s`])+ /, '')
    .replace(own, '')
    .replace('ADD PARTITION IF NOT EXISTS', 'ADD PARTITION')
  // The tables of the recordings have one replica; ('a') and (('a')) are the same for one column.
  return canonicalExpression(text)
    .replace(/ \( '"replication_num"' = '"1"' \)/, '')
    .replace(/\( \( ('(?:[^']|'(?! ))*') \) \)/g, '( $1 )')
    .replace(/ 00:00:00"/g, '"')
    .replace(/'"(true|0)"' \) \)$/, (_all, value: string) => `'"${value === '0' ? 'FALSE' : 'TRUE'}"' ) )`)
}

function bucketsOf(table: Table): number | undefined {
  return table.distribution?.kind === 'other' ? undefined : table.distribution?.buckets
}

/** What became of the source's partition in the recorded ways that ran this statement. */
function outcomes(table: Table, ways: readonly Way[], statement: string, partition: SourcePartition): string[] {
  const buckets = bucketsOf(table)
  const describe = (made: SourcePartition) => `${canonicalValues(made.values)} ${made.buckets}`
  return ways.flatMap((way) =>
    way.steps
      .filter(([step]) => neutral(step, buckets) === neutral(statement, buckets))
      .map(([, ok]) => {
        if (!ok) return 'refused'
        if (way.same) return 'exact'
        const made = sourcePartitions(table, way.partitions ?? []).find(({ name }) => name === partition.name)
        return made && describe(made) === describe(partition) ? 'exact' : 'other'
      }),
  )
}

function allNulls(table: Table, partitions: readonly SourcePartition[]): Map<string, NullMeaning> {
  const nulls = new Map<string, NullMeaning>()
  for (const partition of partitions) {
    for (const { tuple, column } of printedNulls(table, partition))
      nulls.set(nullKey(partition.name, tuple, column), 'null')
  }
  return nulls
}

// e_week and e_quarter were tried with range statements only (quarter_range below has the list form), r_dyn_on while dynamic partitioning
// was on (r_dyn_off has it off, as a copy has), r_random_auto with the bucket number of another machine.
const settledElsewhere: ReadonlySet<string> = new Set(['e_week', 'e_quarter', 'r_dyn_on', 'r_random_auto'])
const moreWays: Readonly<Record<string, readonly string[]>> = { l_null_multi: ['l_null4'] }

function extraWay(name: string): Way {
  const extra = extras.find((found) => found.case === name)
  if (!extra) throw new Error(`no recording ${name}`)
  return { way: name, same: false, steps: extra.steps.map(([step, ok]) => [step, ok]), partitions: extra.partitions }
}

describe.each(recordings)('$name', ({ name, source, target }) => {
  const { cases } = fixture<{ cases: Record<string, Case> }>(name)
  // What was tried on the target with tables of its own.
  const onTarget = fixture<{ cases: Record<string, Case> }>(`partitions-${target}`).cases

  // Cases whose statements another release wrote, or where nothing was tried that a client could send.
  const statementCases = Object.entries(cases).map(([title, recorded]) => {
    const table = readTable(recorded.create, { version: versionOf(source) })
    const partitions = sourcePartitions(table, recorded.partitions)
    const planned = writePartitions(table, partitions, {
      target: { version: versionOf(target), runMode: 'shared_nothing' },
      name: { database: 'copy', name: 'of it' },
      tableBuckets: bucketsOf(table),
      nulls: allNulls(table, partitions),
    })
    return { title, recorded, table, planned }
  })

  it('is read completely', () => {
    expect(statementCases.length).toBeGreaterThan(20)
    for (const { recorded, planned } of statementCases) expect(planned).toHaveLength(recorded.partitions.length)
  })

  const withPartitions = statementCases.filter(
    ({ planned, title }) => planned.length > 0 && !settledElsewhere.has(title),
  )
  it.each(withPartitions)(
    '$title: every statement is one that a frontend took, with this result',
    ({ title, recorded, table, planned }) => {
      const ways = [...recorded.ways, ...(onTarget[title]?.ways ?? []), ...(moreWays[title]?.map(extraWay) ?? [])]
      for (const { partition, verdict } of planned) {
        if (verdict.how !== 'sql') continue
        expect.soft(outcomes(table, ways, verdict.statement, partition), verdict.statement).toContain('exact')
      }
    },
  )

  it('leaves to createPartition what no statement makes', () => {
    const byCall = (planned: readonly PlannedPartition[]) =>
      planned.filter(({ verdict }) => verdict.how === 'create-partition-rpc')
    for (const { title, table, planned, recorded } of statementCases) {
      const called = byCall(planned)
      const { partitioning } = table
      if (partitioning.kind !== 'automatic-range') expect(called, title).toEqual([])
      else if (partitioning.function === 'time_slice' || partitioning.unit === 'minute')
        expect(called, title).toHaveLength(planned.length)
      else
        expect(
          called.map(({ partition }) => partition.name),
          title,
        ).toEqual(planned.map(({ partition }) => partition.name).filter((p) => /^p0000/.test(p)))
      for (const { verdict } of called) {
        if (verdict.how !== 'create-partition-rpc') continue
        const tried = recorded.ways.flatMap((way) => (way.same ? way.steps : [])).map(([step]) => step)
        const prefix = verdict.value === 'NULL' ? 'NULL' : verdict.value.slice(0, 10)
        if (tried.length > 0)
          expect(
            tried.filter((step) => step.startsWith('thrift createPartition') && step.includes(prefix)),
            title,
          ).not.toEqual([])
      }
    }
  })
})

describe('what was tried besides', () => {
  const extra = (name: string) => {
    const found = extras.find((candidate) => candidate.case === name)
    if (!found) throw new Error(`no recording ${name}`)
    return found
  }
  const options = {
    target: { version: versionOf('3.5'), runMode: 'shared_nothing' },
    name: { database: 'mg_f', name: 't' },
    tableBuckets: 2,
  } as const
  const columns =
    '`id` int NOT NULL COMMENT "", `b` date NOT NULL COMMENT "", `d` datetime NULL COMMENT "", `c` varchar(20) NULL COMMENT ""'
  const table = (partitionBy: string) =>
    readTable(`CREATE TABLE \`t\` (${columns}) ENGINE=OLAP ${partitionBy}\nDISTRIBUTED BY HASH(\`id\`) BUCKETS 2`)
  const ranged = table('PARTITION BY RANGE(`id`, `b`) ()')
  const plan = (of: Table, listed: readonly Listed[]) => writePartitions(of, sourcePartitions(of, listed), options)

  it.each(['r_multi_f', 'multi_max2'])('%s: several columns, every value written', (name) => {
    const recorded = extra(name)
    for (const { partition, verdict } of plan(ranged, recorded.partitions ?? [])) {
      if (verdict.how !== 'sql') throw new Error(`${partition.name}: ${JSON.stringify(verdict)}`)
      expect(outcomes(ranged, [extraWay(name)], verdict.statement, partition), verdict.statement).toContain('exact')
    }
  })

  it('r_multi: LESS THAN MAXVALUE comes last, wherever the source lists it', () => {
    const listed = extra('r_multi').partitions ?? []
    const planned = plan(ranged, [...listed].reverse())
    expect(planned.at(-1)?.partition.name).toBe('pm')
    expect(planned.at(-1)?.verdict).toEqual({
      how: 'sql',
      statement:
        'ALTER TABLE `mg_f`.`t` ADD PARTITION `pm` VALUES LESS THAN MAXVALUE DISTRIBUTED BY HASH(`id`) BUCKETS 2',
    })
    expect(planned.filter(({ verdict }) => verdict.how === 'sql')).toHaveLength(listed.length)
  })

  it('an open end of several columns above a gap is refused: no statement makes it', () => {
    const listed = (extra('multi_max2').partitions ?? []).map(
      (row): Listed => (row[0] === 'p1' ? [row[0], row[1].replace('[10,', '[9,'), row[2], row[3]] : row),
    )
    const verdict = plan(ranged, listed).find(({ partition }) => partition.name === 'pm')?.verdict
    expect(verdict).toMatchObject({ how: 'refuse', reason: expect.stringContaining('gap') })
  })

  it.each(['e_null', 'e_null_m'])('%s: the NULL partition is left to createPartition, with the value NULL', (name) => {
    const unit = name === 'e_null' ? 'day' : 'month'
    const [planned] = plan(table(`PARTITION BY date_trunc('${unit}', d)`), extra(name).partitions ?? [])
    expect(planned?.verdict).toEqual({ how: 'create-partition-rpc', value: 'NULL' })
  })

  it('e_null_date: ADD PARTITIONS from year 0 makes year 1 and is never sent', () => {
    const recorded = extra('e_null_date')
    const planned = plan(table("PARTITION BY date_trunc('month', b)"), recorded.partitions ?? [])
    expect(planned.map(({ verdict }) => verdict.how)).toEqual(['create-partition-rpc', 'sql'])
    expect(JSON.stringify(planned)).not.toContain("START ('0000")
  })

  it('quarter_range: a quarter is a list partition, with its own name and bucket number', () => {
    const recorded = extra('quarter_range')
    const of = table("PARTITION BY date_trunc('quarter', d)")
    expect(of.partitioning.kind).toBe('automatic-range')
    const shown = table("PARTITION BY (date_trunc('quarter', d))")
    const planned = plan(shown, recorded.partitions ?? []).find(({ partition }) => partition.name === 'pother')
    if (planned?.verdict.how !== 'sql') throw new Error(JSON.stringify(planned))
    expect(outcomes(shown, [extraWay('quarter_range')], planned.verdict.statement, planned.partition)).toContain(
      'exact',
    )
  })

  it.each(['case_names', 'case_range'])('%s: names that differ in case only are refused from 3.5 on', (name) => {
    const isRange = name === 'case_range'
    const of = table(isRange ? 'PARTITION BY RANGE(`id`) ()' : 'PARTITION BY LIST(`c`) ()')
    const [first] = extra(name).partitions ?? []
    if (!first) throw new Error('nothing recorded')
    const twin: Listed = [
      'pA',
      isRange ? first[1].replaceAll('[1]', '[7]').replaceAll('[2]', '[8]') : '[["A"]]',
      '2',
      [2],
    ]
    const partitions = sourcePartitions(of, [first, twin])
    expect(writePartitions(of, partitions, options).map(({ verdict }) => verdict.how)).toEqual(['refuse', 'refuse'])
    const older = { ...options, target: { version: versionOf('3.3'), runMode: 'shared_nothing' as const } }
    expect(writePartitions(of, partitions, older).map(({ verdict }) => verdict.how)).toEqual(['sql', 'sql'])
  })

  it('odd_names: a name that no frontend takes is refused, a reserved word is quoted', () => {
    const of = table('PARTITION BY RANGE(`id`) ()')
    const text = '[types: [INT]; keys: [1]; ..types: [INT]; keys: [2]; )'
    const steps = extra('odd_names').steps.slice(1)
    expect(steps.length).toBeGreaterThan(4)
    for (const [step, ok] of steps) {
      const name = /ADD PARTITION `?([^` ]+)`? VALUES/.exec(step)?.[1]
      if (name === undefined) continue
      const [planned] = plan(of, [[name, text, '2', [2]]])
      expect([name, planned?.verdict.how]).toEqual([name, ok ? 'sql' : 'refuse'])
    }
  })

  it('another bucket number of a time_slice partition is had by rebucketing on 3.5, and refused where nobody saw it work', () => {
    const of = table("PARTITION BY time_slice(d, 7, 'day', 'floor')")
    const listed: Listed[] = [
      [
        'p20240115',
        '[types: [DATETIME]; keys: [2024-01-15 00:00:00]; ..types: [DATETIME]; keys: [2024-01-22 00:00:00]; )',
        '5',
        [5],
      ],
    ]
    const [planned] = plan(of, listed)
    if (planned?.verdict.how !== 'create-partition-rpc') throw new Error(JSON.stringify(planned))
    expect(outcomes(of, [extraWay('opt_slice')], planned.verdict.rebucket ?? '', planned.partition)).toContain('exact')
    const newer = { ...options, target: { version: versionOf('4.1'), runMode: 'shared_nothing' as const } }
    expect(writePartitions(of, sourcePartitions(of, listed), newer)[0]?.verdict.how).toBe('refuse')
  })
})

describe('partitions of expression tables by their length', () => {
  const verdict = (expression: string, name: string, lower: string, upper: string) => {
    const table = readTable(
      `CREATE TABLE \`t\` (\n  \`dt\` datetime NULL COMMENT "",\n  \`id\` int(11) NULL COMMENT ""\n) ENGINE=OLAP \nDUPLICATE KEY(\`dt\`)\nPARTITION BY ${expression}\nDISTRIBUTED BY HASH(\`id\`) BUCKETS 1 \nPROPERTIES (\n"replication_num" = "1"\n);`,
      { version: versionOf('3.5') },
    )
    const bound = (text: string) => [{ kind: 'value' as const, text }]
    const values = { kind: 'range' as const, lower: bound(lower), upper: bound(upper) }
    const [planned] = writePartitions(table, [{ name, values, buckets: 1 }], {
      target: { version: versionOf('3.5'), runMode: 'shared_nothing' },
      name: { database: 'd', name: 't' },
    })
    return planned?.verdict
  }
  const by = (unit: string) => `date_trunc('${unit}', dt)`

  it.each([
    ['hour', 'p2024010123', '2024-01-01 23:00:00', '2024-01-02 00:00:00'],
    ['day', 'p20240228', '2024-02-28', '2024-02-29'],
    ['day', 'p20240229', '2024-02-29 00:00:00', '2024-03-01 00:00:00'],
    ['week', 'p20231225', '2023-12-25', '2024-01-01'],
    ['month', 'p202402', '2024-02-01', '2024-03-01'],
    ['month', 'p202312', '2023-12-01 00:00:00', '2024-01-01 00:00:00'],
    ['quarter', 'p20241001', '2024-10-01', '2025-01-01'],
    ['year', 'p2024', '2024-01-01', '2025-01-01'],
    ['day', 'p00000101', '0000-01-01', '0000-01-02'],
    ['month', 'p00000101', '0000-01-01 00:00:00', '0000-01-02 00:00:00'],
  ])('by %s: %s is made', (unit, name, lower, upper) => {
    expect(verdict(by(unit), name, lower, upper)).toMatchObject({
      how: expect.stringMatching(/^(sql|create-partition-rpc)$/),
    })
  })

  it('of a slice of five minutes is made', () => {
    const slice = "time_slice(dt, 5, 'minute', 'floor')"
    expect(verdict(slice, 'p1', '2024-01-01 23:55:00', '2024-01-02 00:00:00')?.how).toBe('create-partition-rpc')
    expect(verdict(slice, 'p1', '2024-01-01 23:55:00', '2024-01-02 00:05:00')).toMatchObject({
      how: 'refuse',
      reason: expect.stringContaining('a table by 5 minutes'),
    })
  })

  // From 3.5 on partitions can be merged.
  it.each([
    ['hour', 'p20240101', '2024-01-01 00:00:00', '2024-01-02 00:00:00'],
    ['day', 'p202401', '2024-01-01', '2024-02-01'],
    ['month', 'p2024', '2024-01-01', '2025-01-01'],
  ])('by %s: %s, which was merged, is not made as several', (unit, name, lower, upper) => {
    expect(verdict(by(unit), name, lower, upper)).toMatchObject({
      how: 'refuse',
      reason: expect.stringContaining(`from ${lower} to ${upper} in a table by one ${unit}`),
    })
  })
})
