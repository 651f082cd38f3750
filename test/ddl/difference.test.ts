import { describe, expect, it } from 'vitest'
import {
  type Difference,
  difference,
  type MaterializedView,
  readCreate,
  type Table,
  type View,
  viewDifference,
} from '../../starrocks/ddl/index.ts'
import {
  corpus,
  descDefaults,
  fixture,
  type Line,
  lines,
  modeOf,
  objectsOf,
  readObject,
  versionOf,
} from './fixtures.ts'

interface Replay {
  readonly object: string
  readonly target: string
  readonly accepted: boolean
  readonly diff?: readonly string[]
  readonly error?: string
}

function sides(sourceLine: string, targetLine: string) {
  return {
    target: {
      version: versionOf(targetLine),
      runMode: modeOf(targetLine),
      experimental: { gin: true, vector: true, rowstore: true },
    },
    from: { version: versionOf(sourceLine), runMode: modeOf(sourceLine) },
  }
}

function differences(
  object: string,
  source: ReturnType<typeof readCreate>,
  target: ReturnType<typeof readCreate>,
  from: string,
  to: string,
) {
  const [database = '', name = ''] = [object.split('.')[0], source.name]
  const context = { ...sides(from, to), source: { database, name } }
  if (source.kind === 'table' && target.kind === 'table') return difference(source, target, context)
  return viewDifference(source as View | MaterializedView, target as View | MaterializedView, context)
}

/** Puts a recorded unified diff (without context) onto the text it was made from. */
function patch(text: string, diff: readonly string[]): string {
  const source = text.split('\n')
  const out: string[] = []
  let at = 0
  for (const line of diff) {
    const hunk = /^@@ -(\d+)(?:,(\d+))? \+\d+(?:,\d+)? @@/.exec(line)
    if (hunk) {
      const start = Number(hunk[1]) - (hunk[2] === '0' ? 0 : 1)
      while (at < start) out.push(source[at++] ?? '')
    } else if (line.startsWith('-')) at++
    else if (line.startsWith('+')) out.push(line.slice(1))
    else at++
  }
  return [...out, ...source.slice(at)].join('\n')
}

const summary = (found: readonly Difference[]) =>
  found.map(({ path, source, target }) => `${path}: ${source} -> ${target}`)

describe.each(lines)('%s', (line) => {
  it.each(objectsOf(line))('%s does not differ from itself', (object) => {
    const model = readObject(line, object)
    if (model.kind === 'table' && model.external) return
    const buckets = differences(object, model, model, line, line)
    // What waits for the cutover is not on a copy.
    expect(buckets.filter(({ path }) => !/dynamic_partition.enable|binlog/.test(path))).toEqual([])
  })
})

const replays = fixture<Record<string, Replay[]>>('replays')

/** Accepted by the frontend, and not the same table: each must be seen. */
const silentlyDifferent: Readonly<Record<string, readonly string[]>> = {
  '3.1-to-3.5 shop.defaults_odd': ["columns.d.default: '数' -> 'u6570'"],
  '3.3-to-3.5 shop.defaults_odd': ["columns.b.default: 'back\\\\slash' -> 'backslash'"],
  '3.1 shop.defaults_odd': ["columns.d.default: '数' -> 'u6570'"],
  '3.3 shop.defaults_odd': ["columns.b.default: 'back\\\\slash' -> 'backslash'"],
  '3.3 shop.no_fse': ['properties.fast_schema_evolution: false -> true'],
  '3.3-to-3.5 shop.no_fse': ['properties.fast_schema_evolution: false -> true'],
}

describe.each(['3.1-to-3.5', '3.3-to-3.5', '3.1', '3.3', '3.5', '4.1'])('SHOW CREATE text replayed: %s', (pair) => {
  const [sourceLine = '', targetLine = sourceLine] = pair.split('-to-')
  const changed = new Map(
    (replays[pair] ?? []).filter((replay) => replay.accepted && replay.diff).map((replay) => [replay.object, replay]),
  )

  it.each([...changed.keys()])('%s: exactly what is wrong is seen', (object) => {
    const replay = changed.get(object)
    const text = corpus(sourceLine as Line).creates[object]
    if (!text || !replay?.diff) throw new Error('nothing recorded')
    const source = readObject(sourceLine as Line, object)
    if (source.kind === 'table' && source.external) return
    const copy = patch(text, replay.diff)
    expect(copy).not.toBe(text)
    const target = readCreate(copy, {
      version: versionOf(targetLine),
      // The replay of the same version goes through the same printer.
      defaults: targetLine === sourceLine ? copiedDefaults(sourceLine as Line, object, copy) : undefined,
    })
    const found = differences(object, source, target, sourceLine, targetLine).filter(
      ({ path }) => !/dynamic_partition.enable|in_memory/.test(path),
    )
    expect(summary(found)).toEqual(silentlyDifferent[`${pair} ${object}`] ?? [])
  })
})

// What DESC of the copy would show: the source's defaults, but for those that the diff changed.
function copiedDefaults(line: Line, object: string, copy: string): ReadonlyMap<string, string | null> {
  const defaults = new Map(descDefaults(line, object))
  if (copy.includes('"backslash"')) defaults.set('b', 'backslash')
  if (copy.includes('"u6570"')) defaults.set('d', 'u6570')
  return defaults
}

describe('the same objects on other versions', () => {
  const shared = (a: Line, b: Line) => objectsOf(a).filter((object) => corpus(b).creates[object] !== undefined)
  // Made by other statements there: a newer feature, another default of the version, or a table that another one is named like.
  const madeDifferently =
    /ctas_t|ttl$|defaults_odd|list_null|mv_async_every|pk_r3|no_fse|row_store|labels|dyn$|cooldown|gin_t|binlog|semi|v_security|dup_default3|v_on_v|mv_on_mv/

  it.each([
    ['3.1', '3.3'],
    ['3.3', '3.5'],
    ['3.1', '3.5'],
    ['3.5', '4.1'],
    ['3.5', '4.1-shared-data'],
    ['4.1', '4.1-shared-data'],
  ] as const)('%s and %s print the same table differently', (from, to) => {
    const on31 = from === '3.1' ? /indexes|v_cross/ : /^$/
    const objects = shared(from, to).filter((object) => !madeDifferently.test(object) && !on31.test(object))
    expect(objects.length).toBeGreaterThan(40)
    const found: string[] = []
    for (const object of objects) {
      const source = readObject(from, object)
      const target = readObject(to, object)
      if (source.kind === 'table' && source.external) continue
      found.push(...summary(differences(object, source, target, from, to)).map((text) => `${object} ${text}`))
    }
    expect(found).toEqual([])
  })
})

describe('whatever changes rows is seen', () => {
  const base = readObject('3.5', 'shop.agg') as Table
  const context = { ...sides('3.5', '3.5'), source: { database: 'shop', name: 'agg' } }
  const [first, second, third, ...rest] = base.columns
  if (!first || !second || !third) throw new Error('no columns')

  const changes: Readonly<Record<string, [Table, string]>> = {
    'another type': [
      {
        ...base,
        columns: [first, second, { ...third, type: { kind: 'scalar', name: 'int', parameters: [] } }, ...rest],
      },
      'columns.s.type',
    ],
    'another length': [
      {
        ...base,
        columns: base.columns.map((c) =>
          c.name === 'r' ? { ...c, type: { kind: 'scalar', name: 'varchar', parameters: ['11'] } } : c,
        ),
      },
      'columns.r.type',
    ],
    'another aggregation': [
      { ...base, columns: base.columns.map((c) => (c.name === 'mx' ? { ...c, aggregation: 'MIN' } : c)) },
      'columns.mx.aggregation',
    ],
    'NOT NULL': [{ ...base, columns: [first, { ...second, nullable: false }, third, ...rest] }, 'columns.dt.nullable'],
    'another default': [
      { ...base, columns: [first, second, { ...third, default: { kind: 'literal', value: '1' } }, ...rest] },
      'columns.s.default',
    ],
    'no default': [
      { ...base, columns: [first, second, { ...third, default: { kind: 'none' } }, ...rest] },
      'columns.s.default',
    ],
    'another order of columns': [{ ...base, columns: [second, first, third, ...rest] }, 'columns'],
    'a column less': [{ ...base, columns: [first, second, ...rest] }, 'columns'],
    'a generated column': [
      { ...base, columns: [first, second, { ...third, generated: 'k + 1' }, ...rest] },
      'columns.s.generated',
    ],
    'other keys': [{ ...base, keys: { type: 'AGGREGATE', columns: ['k'] } }, 'keys'],
    'another key model': [{ ...base, keys: { type: 'UNIQUE', columns: ['k', 'dt'] } }, 'keys'],
    'another sort order': [{ ...base, orderBy: ['dt'] }, 'orderBy'],
    'another hash column': [{ ...base, distribution: { kind: 'hash', columns: ['dt'], buckets: 2 } }, 'distribution'],
    'random distribution': [{ ...base, distribution: { kind: 'random', buckets: 2 } }, 'distribution'],
    'other buckets': [{ ...base, distribution: { kind: 'hash', columns: ['k'], buckets: 3 } }, 'distribution.buckets'],
    'another partitioning': [{ ...base, partitioning: { kind: 'range', columns: ['dt'] } }, 'partitioning'],
  }

  it.each(Object.entries(changes))('%s', (_title, [changed, path]) => {
    for (const found of [difference(base, changed, context), difference(changed, base, context)]) {
      expect(found.map((one) => one.path)).toContain(path)
      expect(found.every((one) => one.action.kind === 'recreate')).toBe(true)
    }
  })

  it('an explicit DECIMAL128(9, 2) in an array is not decimal(9, 2)', () => {
    const withArray = (name: string): Table => ({
      ...base,
      columns: [
        { ...first, type: { kind: 'array', item: { kind: 'scalar', name, parameters: ['9', '2'] } } },
        ...base.columns.slice(1),
      ],
    })
    expect(difference(withArray('decimal'), withArray('decimal32'), context)).toEqual([])
    expect(difference(withArray('decimal'), withArray('decimal128'), context).map((one) => one.path)).toEqual([
      'columns.k.type',
    ])
  })
})

describe('what is altered in place', () => {
  const base = readObject('3.5', 'shop.indexes') as Table
  const context = { ...sides('3.5', '3.5'), source: { database: 'shop', name: 'indexes' } }

  it('bitmap indexes, by CREATE INDEX and DROP INDEX', () => {
    const without: Table = { ...base, indexes: base.indexes.filter((index) => index.type !== 'BITMAP') }
    expect(difference(base, without, context)).toMatchObject([
      {
        kind: 'bitmap-index',
        action: {
          kind: 'alter',
          statements: ["CREATE INDEX `idx_a` ON `shop`.`indexes` (`a`) USING BITMAP COMMENT 'bitmap ''x'''"],
        },
      },
    ])
    expect(difference(without, base, context)).toMatchObject([
      { kind: 'bitmap-index', action: { kind: 'alter', statements: ['DROP INDEX `idx_a` ON `shop`.`indexes`'] } },
    ])
  })

  it('other indexes are not: the table is made again', () => {
    const without: Table = { ...base, indexes: base.indexes.filter((index) => index.type === 'BITMAP') }
    expect(difference(base, without, context)).toMatchObject([{ kind: 'index', action: { kind: 'recreate' } }])
  })

  it('properties, by ALTER TABLE SET', () => {
    const changed: Table = { ...base, properties: { ...base.properties, bloom_filter_columns: 'c' } }
    expect(difference(base, changed, context)).toMatchObject([
      {
        path: 'properties.bloom_filter_columns',
        action: { kind: 'alter', statements: ["ALTER TABLE `shop`.`indexes` SET ('bloom_filter_columns' = 'c, id')"] },
      },
    ])
    const reordered: Table = { ...base, properties: { ...base.properties, bloom_filter_columns: 'id,c' } }
    expect(difference(base, reordered, context)).toEqual([])
  })

  it('comments', () => {
    const found = difference({ ...base, comment: "it's `new`" }, base, context)
    expect(found).toMatchObject([
      {
        kind: 'comment',
        action: { kind: 'alter', statements: ["ALTER TABLE `shop`.`indexes` COMMENT = 'it''s `new`'"] },
      },
    ])
  })
})
