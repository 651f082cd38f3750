import { describe, expect, it } from 'vitest'
import {
  canonicalQuery,
  dependencies,
  type MaterializedView,
  orderByDependency,
  readMaterializedView,
  readView,
  renameReferences,
  tableReferences,
  type View,
  viewDifference,
  writeMaterializedView,
  writeView,
} from '../../starrocks/ddl/index.ts'
import { lines, modeOf, objectsOf, readObject, versionOf } from './fixtures.ts'

const target = { version: versionOf('3.5'), runMode: 'shared_nothing' } as const

describe.each(lines)('views of %s', (line) => {
  const views = objectsOf(line).filter((object) => readObject(line, object).kind === 'view')
  // 3.1 shows a synchronous view, which has no REFRESH, by this statement as well.
  const materialized = objectsOf(line).filter((object) => {
    const model = readObject(line, object)
    return model.kind === 'materialized-view' && model.refresh !== undefined
  })

  it('are all there', () => {
    expect(views.length).toBeGreaterThanOrEqual(5)
    expect(materialized.length).toBeGreaterThanOrEqual(4)
  })

  it.each(views)('%s is the same after writing and reading again', (object) => {
    const view = readObject(line, object) as View
    const options = {
      target: { version: versionOf(line), runMode: modeOf(line) },
      source: { database: 'shop', name: view.name },
    }
    const again = readView(writeView(view, options).statement)
    expect({ ...again, security: again.security ?? 'NONE' }).toEqual({ ...view, security: view.security ?? 'NONE' })
  })

  it.each(materialized)('%s is the same after writing and reading again, but DEFERRED', (object) => {
    const view = readObject(line, object) as MaterializedView
    const options = {
      target: { version: versionOf(line), runMode: modeOf(line) },
      source: { database: 'shop', name: view.name },
    }
    const { statement, dropped } = writeMaterializedView(view, options)
    const again = readMaterializedView(statement)
    const comment = view.comment === 'MATERIALIZED_VIEW' ? '' : view.comment
    expect({ ...again, properties: {} }).toEqual({
      ...view,
      comment,
      properties: {},
      refresh: { ...view.refresh, moment: 'DEFERRED' },
    })
    const left = Object.keys(view.properties).filter((property) => again.properties[property] === undefined)
    const hidden = ['warehouse', ...(modeOf(line) === 'shared_data' ? ['replicated_storage'] : [])]
    expect(left.filter((property) => !hidden.includes(property)).sort()).toEqual(
      dropped.map((one) => one.property).sort(),
    )
    expect(viewDifference(view, again, options)).toEqual([])
  })
})

describe('tables that a materialized view names in its properties', () => {
  it('follow renaming, and a copy made so is no different', () => {
    const view = readObject('3.5', 'shop.mv_deferred') as MaterializedView
    const named = {
      ...view,
      properties: { ...view.properties, excluded_trigger_tables: 'shop.dup_hash8, other.t,uniq' },
    }
    const rename = ({ database, name }: { database: string; name: string }) => ({
      database: database === 'shop' ? 'copy' : database,
      name: name === 'uniq' ? 'u2' : name,
    })
    const options = { target, source: { database: 'shop', name: 'mv_deferred' }, rename }
    const again = readMaterializedView(writeMaterializedView(named, options).statement)
    expect(again.properties.excluded_trigger_tables).toBe('copy.dup_hash8,other.t,u2')
    expect(viewDifference(named, again, options)).toEqual([])
    expect(viewDifference(named, { ...again, properties: {} }, options).map(({ path }) => path)).toContain(
      'properties.excluded_trigger_tables',
    )
  })
})

describe('a materialized view with a bitmap index', () => {
  // The list of columns and indexes ends on the line of the last one.
  const text = (indexes: string) =>
    `CREATE MATERIALIZED VIEW \`m\` (\`id\`, \`v\`,\n  ${indexes})\nDISTRIBUTED BY HASH(\`id\`) BUCKETS 2 \nREFRESH ASYNC\nPROPERTIES (\n"replicated_storage" = "true",\n"replication_num" = "1",\n"storage_medium" = "HDD"\n)\nAS SELECT \`t\`.\`id\`, \`t\`.\`v\`\nFROM \`shop\`.\`t\`;`
  const index = (name: string, column: string, comment: string) => ({
    name,
    columns: [column],
    type: 'BITMAP',
    properties: {},
    comment,
  })

  it.each([
    ["INDEX i (`v`) USING BITMAP COMMENT ''", [index('i', 'v', '')]],
    [
      "INDEX i (`v`) USING BITMAP COMMENT 'it's')',\n  INDEX j (`id`) USING BITMAP COMMENT 'x'",
      [index('i', 'v', "it's')"), index('j', 'id', 'x')],
    ],
  ])('is read: %s', (printed, indexes) => {
    const view = readMaterializedView(text(printed))
    expect(view.indexes).toEqual(indexes)
    expect(view).toMatchObject({ distribution: { buckets: 2 }, query: 'SELECT `t`.`id`, `t`.`v`\nFROM `shop`.`t`' })
  })
})

describe('SECURITY', () => {
  const invoker = readObject('3.5', 'shop.v_security') as View
  const none = readObject('3.5', 'shop.v_simple') as View
  const options = (line: string) => ({
    target: { ...target, version: versionOf(line) },
    source: { database: 'shop', name: 'v' },
  })

  it('INVOKER is kept where it exists, and its loss is told', () => {
    expect(writeView(invoker, options('4.1')).statement).toContain('\nSECURITY INVOKER\n')
    const older = writeView(invoker, options('3.3'))
    expect(older.statement).not.toContain('SECURITY')
    expect(older.warnings).toHaveLength(1)
  })

  it('NONE is never written: 3.4 and older do not know the word', () => {
    expect(writeView(none, options('4.1')).statement).not.toContain('SECURITY')
  })

  it('is a difference only where it means something', () => {
    const { security: _, ...silent } = none
    expect(viewDifference(none, silent, options('3.5'))).toEqual([])
    expect(viewDifference(invoker, none, options('3.5')).map(({ kind }) => kind)).toContain('security')
  })
})

describe('names in a query', () => {
  const rename = ({ database, name }: { database: string; name: string }) => ({
    database: database === 'shop' ? 'new-shop' : database,
    name: name === 'uniq' ? 'uni"q' : name,
  })
  const renamed = (query: string) => renameReferences(query, 'shop', rename)

  it.each([
    ['SELECT id FROM shop.uniq', 'SELECT id FROM `new-shop`.`uni"q`'],
    ['SELECT id FROM uniq', 'SELECT id FROM `new-shop`.`uni"q`'],
    ['SELECT `shop`.`uniq`.`id` FROM `shop`.`uniq`', 'SELECT `new-shop`.`uni"q`.`id` FROM `new-shop`.`uni"q`'],
    ['SELECT `uniq`.`id` FROM `shop`.`uniq`', 'SELECT `uni"q`.`id` FROM `new-shop`.`uni"q`'],
    ['SELECT `shop`.`a`.`id` FROM `shop`.`uniq` AS `a`', 'SELECT `new-shop`.`a`.`id` FROM `new-shop`.`uni"q` AS `a`'],
    // Literals, comments, aliases and columns that look alike stay.
    [
      'SELECT \'shop.uniq\', "FROM shop.uniq" FROM other.t -- FROM shop.uniq',
      'SELECT \'shop.uniq\', "FROM shop.uniq" FROM other.t -- FROM shop.uniq',
    ],
    ['SELECT shop.uniq FROM other.t shop', 'SELECT shop.uniq FROM other.t shop'],
    ['SELECT a.shop FROM other.uniq a', 'SELECT a.shop FROM other.`uni"q` a'],
    ['SELECT uniq FROM shop.t', 'SELECT uniq FROM `new-shop`.t'],
    ['SELECT extract(year FROM shop) FROM other.t', 'SELECT extract(year FROM shop) FROM other.t'],
    ["SELECT trim(both 'x' FROM uniq) FROM other.t", "SELECT trim(both 'x' FROM uniq) FROM other.t"],
    ['SELECT 1 FROM other_catalog.shop.uniq', 'SELECT 1 FROM other_catalog.shop.uniq'],
    ['SELECT 1 FROM default_catalog.shop.uniq', 'SELECT 1 FROM default_catalog.`new-shop`.`uni"q`'],
    [
      'SELECT 1 FROM (SELECT 2 FROM shop.uniq WHERE x IN (SELECT y FROM shop.t, shop.u)) q',
      'SELECT 1 FROM (SELECT 2 FROM `new-shop`.`uni"q` WHERE x IN (SELECT y FROM `new-shop`.t, `new-shop`.u)) q',
    ],
    [
      'WITH shop AS (SELECT * FROM shop.t) SELECT * FROM shop JOIN shop.u USING (id)',
      'WITH shop AS (SELECT * FROM `new-shop`.t) SELECT * FROM shop JOIN `new-shop`.u USING (id)',
    ],
    [
      "SELECT * FROM shop.t, LATERAL unnest(split(a, ',')) AS x WHERE y = 1, 2",
      "SELECT * FROM `new-shop`.t, LATERAL unnest(split(a, ',')) AS x WHERE y = 1, 2",
    ],
    [
      'SELECT * FROM (shop.t a, shop.u b) LEFT JOIN shop.uniq ON a.i = shop.uniq.i',
      'SELECT * FROM (`new-shop`.t a, `new-shop`.u b) LEFT JOIN `new-shop`.`uni"q` ON a.i = `new-shop`.`uni"q`.i',
    ],
    [
      'WITH uniq AS (SELECT * FROM uniq) SELECT uniq.id FROM uniq JOIN [BROADCAST] shop.t ON t.a = uniq.a',
      'WITH uniq AS (SELECT * FROM `new-shop`.`uni"q`) SELECT uniq.id FROM uniq JOIN [BROADCAST] `new-shop`.t ON t.a = uniq.a',
    ],
    [
      'SELECT default_catalog.shop.uniq.id FROM shop.uniq',
      'SELECT default_catalog.`new-shop`.`uni"q`.id FROM `new-shop`.`uni"q`',
    ],
    ['SELECT 1 FROM shop . uniq', 'SELECT 1 FROM `new-shop` . `uni"q`'],
    [
      "SELECT /*+ SET_VAR(a=1) */ `from` FROM shop.`from` WHERE `from` = 'it''s; FROM shop.t'",
      "SELECT /*+ SET_VAR(a=1) */ `from` FROM `new-shop`.`from` WHERE `from` = 'it''s; FROM shop.t'",
    ],
    [
      'SELECT 1 FROM shop.t UNION ALL SELECT 2 FROM shop.u ORDER BY 1, 2',
      'SELECT 1 FROM `new-shop`.t UNION ALL SELECT 2 FROM `new-shop`.u ORDER BY 1, 2',
    ],
    // Rows of VALUES are no tables.
    ["SELECT * FROM (VALUES (1, 'x'), (2, NULL)) t(a, b)", "SELECT * FROM (VALUES (1, 'x'), (2, NULL)) t(a, b)"],
    // A subquery that is called like a renamed table.
    [
      'SELECT `uniq`.`a`\nFROM (SELECT `shop`.`uniq`.`a`\nFROM `shop`.`uniq`) `uniq`',
      'SELECT `uniq`.`a`\nFROM (SELECT `new-shop`.`uni"q`.`a`\nFROM `new-shop`.`uni"q`) `uniq`',
    ],
    [
      'SELECT uniq.id FROM shop.uniq UNION ALL SELECT uniq.id FROM (SELECT uniq.id FROM shop.t AS uniq) uniq',
      'SELECT `uni"q`.id FROM `new-shop`.`uni"q` UNION ALL SELECT uniq.id FROM (SELECT uniq.id FROM `new-shop`.t AS uniq) uniq',
    ],
    [
      'SELECT uniq.id FROM (SELECT id FROM shop.t) uniq UNION SELECT uniq.id FROM shop.uniq',
      'SELECT uniq.id FROM (SELECT id FROM `new-shop`.t) uniq UNION SELECT `uni"q`.id FROM `new-shop`.`uni"q`',
    ],
    // What a subquery uses of the query around it.
    [
      'SELECT 1 FROM shop.uniq WHERE EXISTS (SELECT 1 FROM shop.t WHERE t.id = uniq.id)',
      'SELECT 1 FROM `new-shop`.`uni"q` WHERE EXISTS (SELECT 1 FROM `new-shop`.t WHERE t.id = `uni"q`.id)',
    ],
    // A name that WITH defines in a subquery is one there only.
    [
      'SELECT uniq.x FROM (WITH uniq AS (SELECT 1 AS x) SELECT uniq.x FROM uniq) a JOIN uniq ON a.x = uniq.x',
      'SELECT `uni"q`.x FROM (WITH uniq AS (SELECT 1 AS x) SELECT uniq.x FROM uniq) a JOIN `new-shop`.`uni"q` ON a.x = `uni"q`.x',
    ],
  ])('%s', (query, expected) => {
    expect(renamed(query)).toBe(expected)
  })

  it('without renaming only a missing database is added', () => {
    const query = 'SELECT a.id FROM uniq a, `odd-db`.`odd table` b, shop.t'
    expect(renameReferences(query, 'shop', (name) => name)).toBe(
      'SELECT a.id FROM `shop`.uniq a, `odd-db`.`odd table` b, shop.t',
    )
  })

  it('of real views are found', () => {
    const names = (line: 'A' | 'B') => {
      const view = readObject(line === 'A' ? '3.5' : '4.1', 'shop.v_cross') as View
      return dependencies(view.query, 'shop')
    }
    const expected = [
      { database: 'shop', name: 'uniq' },
      { database: 'odd-db', name: 'odd table' },
    ]
    expect(names('A')).toEqual(expected)
    expect(names('B')).toEqual(expected)
    expect(
      tableReferences((readObject('4.1', 'shop.v_security') as View).query).map(({ name, alias }) => [name, alias]),
    ).toEqual([
      ['uniq', 'u'],
      ['dup_hash8', 'd'],
    ])
  })
})

describe('order', () => {
  it.each(lines)('of the views of %s: after what they read', (line) => {
    const objects = objectsOf(line)
      .map((object) => readObject(line, object))
      .flatMap((model) =>
        model.kind === 'table' ? [] : [{ object: { database: 'shop', name: model.name }, query: model.query }],
      )
    const ordered = orderByDependency([...objects].reverse()).map(({ object }) => object.name)
    expect(ordered).toHaveLength(objects.length)
    expect(ordered.indexOf('v_simple')).toBeLessThan(ordered.indexOf('v_on_v'))
    expect(ordered.indexOf('mv_deferred')).toBeLessThan(ordered.indexOf('mv_on_mv'))
  })

  it('ends on a circle', () => {
    const circle = [
      { object: { database: 'd', name: 'a' }, query: 'SELECT 1 FROM b' },
      { object: { database: 'd', name: 'b' }, query: 'SELECT 1 FROM a' },
    ]
    expect(orderByDependency(circle)).toEqual(circle)
  })
})

describe('queries that differ', () => {
  const view = readObject('3.5', 'shop.v_simple') as View
  const context = { target, source: { database: 'shop', name: 'v_simple' } }
  const withQuery = (query: string): View => ({ ...view, query })

  it.each([
    ["SELECT id, v FROM shop.uniq WHERE v = 'IT''S'"],
    ["SELECT v, id FROM shop.uniq WHERE v = 'it''s'"],
    ["SELECT id, v FROM shop.Uniq WHERE v = 'it''s'"],
    ["SELECT id, v FROM other.uniq WHERE v = 'it''s'"],
    ["SELECT id, v FROM shop.uniq WHERE v <> 'it''s'"],
  ])('%s', (query) => {
    expect(viewDifference(view, withQuery(query), context)).toMatchObject([
      { kind: 'query', action: { kind: 'recreate' } },
    ])
  })

  it("are told from queries that are printed differently: select ID , `v` from `shop` . uniq where v='it\\'s'", () => {
    expect(viewDifference(view, withQuery("select ID , `v` from `shop` . uniq where v='it\\'s'"), context)).toEqual([])
  })

  it('the table before a column tells columns of two tables apart', () => {
    const joined = 'SELECT u.id, d.v FROM shop.uniq u JOIN shop.dup_hash8 d ON u.id = d.id'
    const swapped = 'SELECT d.id, d.v FROM shop.uniq u JOIN shop.dup_hash8 d ON u.id = d.id'
    expect(viewDifference(withQuery(joined), withQuery(swapped), context)).toHaveLength(1)
    const analyzed = readObject('3.5', 'shop.v_security') as View
    expect(viewDifference(withQuery(joined), withQuery(analyzed.query), context)).toEqual([])
  })

  it.each([
    ['as 3.5 prints it', '`archive`.`orders`.`price`', '`live`.`orders`.`price`'],
    ['as it was typed', 'archive.orders.price', 'live.orders.price'],
  ])('the database tells columns of two tables of one name apart, %s', (_, one, other) => {
    const selecting = (column: string) =>
      withQuery(`SELECT ${column} AS x FROM live.orders JOIN archive.orders ON live.orders.id = archive.orders.id`)
    expect(viewDifference(selecting(one), selecting(one), context)).toEqual([])
    expect(viewDifference(selecting(one), selecting(other), context)).toMatchObject([{ kind: 'query' }])
  })

  it.each([
    ['SELECT a FROM T JOIN t ON T.id = t.id WHERE T.a > 1', 'SELECT a FROM T JOIN t ON T.id = t.id WHERE t.a > 1'],
    [
      'SELECT a FROM x.t WHERE a > (SELECT max(x.t.a) FROM y.t)',
      'SELECT a FROM x.t WHERE a > (SELECT max(y.t.a) FROM y.t)',
    ],
    ["SELECT a FROM t WHERE b = 'A'", "SELECT a FROM t WHERE b = 'a'"],
    ['SELECT a FROM t ORDER BY a DESC', 'SELECT a FROM t ORDER BY a'],
    ['SELECT a FROM t LEFT JOIN u ON t.a=u.a', 'SELECT a FROM t JOIN u ON t.a=u.a'],
  ])('%s is not %s', (one, other) => {
    expect(canonicalQuery(one, 'd')).not.toBe(canonicalQuery(other, 'd'))
  })

  it('a star against its columns cannot be told: it is reported, nothing is made again, as long as all else is the same', () => {
    const analyzed = withQuery(
      'SELECT `shop`.`uniq`.`id`, `shop`.`uniq`.`v`\nFROM `shop`.`uniq`\nWHERE `shop`.`uniq`.`id` > 1',
    )
    const actionOf = (query: string) =>
      viewDifference(withQuery(query), analyzed, context).map(({ action }) => action.kind)
    expect(actionOf('SELECT * FROM shop.uniq WHERE id > 1')).toEqual(['report'])
    expect(actionOf('SELECT * FROM shop.uniq WHERE id > 2')).toEqual(['recreate'])
    expect(actionOf('SELECT * FROM shop.uniq')).toEqual(['recreate'])
  })
})
