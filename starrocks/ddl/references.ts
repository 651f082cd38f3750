import { quoteName } from './quote.ts'
import { isBlank, nameOf, type SqlToken, sqlTokens } from './sql-tokens.ts'
import type { ObjectName, Rename } from './target.ts'

/** A table, view or materialized view that a query reads. */
export interface TableReference {
  /** Undefined without a catalog in the text. */
  readonly catalog?: string
  /** Undefined where the text names none: the current database of whoever creates the view. */
  readonly database?: string
  readonly name: string
  /** How the rest of the query calls it, where that is another name. */
  readonly alias?: string
  /** Positions of the parts in the token list. */
  readonly parts: readonly number[]
  /** The query of which FROM names it; see Query.levelAt. */
  readonly level: number
}

interface Query {
  readonly tokens: readonly SqlToken[]
  /** Positions of the tokens that are no blanks. */
  readonly solid: readonly number[]
  readonly references: readonly TableReference[]
  readonly commonTables: readonly CommonTable[]
  /** Of each place among `solid`, which query of the text it stands in: every subquery, and every part of a UNION, has a number of its own. */
  readonly levelAt: readonly number[]
  readonly levels: readonly Level[]
}

interface Level {
  /** The query around it; the outermost have none. */
  readonly parent?: number
  /** What its FROM calls subqueries. */
  readonly aliases: Set<string>
}

/** A name that WITH defines, lower case. */
interface CommonTable {
  readonly name: string
  /** From where to where among `solid` it hides a table: after its own definition, unless that is recursive, to the end of its query. */
  readonly from: number
  readonly to: number
}

interface Frame {
  /** Within the table list of a FROM clause. */
  inFrom: boolean
  /** A table, a subquery or a parenthesis comes next. */
  expecting: boolean
  /** Inside the brackets of a function in which FROM is no clause: EXTRACT(… FROM …). */
  readonly functionFrom: boolean
  level: number
  /** Its end may be followed by what FROM calls it. */
  readonly inTableList: boolean
}

const endsFrom: ReadonlySet<string> = new Set(
  'WHERE GROUP ORDER HAVING LIMIT UNION EXCEPT INTERSECT MINUS QUALIFY WINDOW SELECT'.split(' '),
)
const combinesQueries: ReadonlySet<string> = new Set(['UNION', 'EXCEPT', 'INTERSECT', 'MINUS'])
const noAlias: ReadonlySet<string> = new Set([
  ...endsFrom,
  ...'JOIN INNER LEFT RIGHT FULL CROSS OUTER SEMI ANTI ON USING NATURAL LATERAL PARTITION PARTITIONS TABLET TEMPORARY SAMPLE FOR AS WITH ASOF'.split(
    ' ',
  ),
])
const functionsWithFrom: ReadonlySet<string> = new Set(['EXTRACT', 'TRIM', 'SUBSTRING', 'SUBSTR', 'OVERLAY'])
const tableFunctions: ReadonlySet<string> = new Set([
  'UNNEST',
  'TABLE',
  'FILES',
  'GENERATE_SERIES',
  'JSON_EACH',
  'VALUES',
])

function readQuery(text: string): Query {
  const tokens = sqlTokens(text)
  const solid: number[] = []
  tokens.forEach((token, at) => {
    if (!isBlank(token)) solid.push(at)
  })
  const defined = commonTables(tokens, solid)
  const references: TableReference[] = []
  const levels: Level[] = [{ aliases: new Set() }]
  const levelAt: number[] = []
  const stack: Frame[] = [{ inFrom: false, expecting: false, functionFrom: false, level: 0, inTableList: false }]
  const tokenAt = (at: number) => tokens[solid[at] ?? -1]
  const wordAt = (at: number) => (tokenAt(at)?.kind === 'name' ? (tokenAt(at)?.text.toUpperCase() ?? '') : '')
  for (let at = 0; at < solid.length; at++) {
    const frame = stack.at(-1)
    if (!frame) break
    const token = tokenAt(at)
    const word = wordAt(at)
    levelAt[at] = frame.level
    if (token?.text === '(') {
      const isQuery = ['SELECT', 'WITH'].includes(wordAt(at + 1))
      const nested = frame.expecting && !isQuery
      const inTableList = frame.expecting || (frame.inFrom && tableFunctions.has(wordAt(at - 1)))
      frame.expecting = false
      const level = isQuery ? newLevel(frame.level) : frame.level
      const functionFrom = functionsWithFrom.has(wordAt(at - 1))
      stack.push({ inFrom: nested, expecting: nested, functionFrom, level, inTableList })
    } else if (token?.text === ')') {
      if (stack.length > 1) stack.pop()
      const alias = frame.inTableList ? aliasAfter(at) : undefined
      if (alias !== undefined) levels[stack.at(-1)?.level ?? 0]?.aliases.add(alias)
    } else if (token?.text === '[' && frame.expecting) {
      // JOIN [BROADCAST] t: a hint.
      while (at < solid.length && tokenAt(at)?.text !== ']') at++
    } else if ((word === 'FROM' && !frame.functionFrom && wordAt(at - 1) !== 'DISTINCT') || word === 'JOIN') {
      frame.inFrom = true
      frame.expecting = true
    } else if (token?.text === ',' && frame.inFrom) frame.expecting = true
    else if (word === 'LATERAL') continue
    else if (frame.expecting && nameOf(token) !== undefined) {
      frame.expecting = false
      if (tableFunctions.has(word) && tokenAt(at + 1)?.text === '(') {
        // What follows its comma is another row.
        if (word === 'VALUES') frame.inFrom = false
        continue
      }
      at = readReference(at, frame.level)
    } else if (endsFrom.has(word)) {
      frame.inFrom = false
      frame.expecting = false
      if (combinesQueries.has(word)) frame.level = newLevel(levels[frame.level]?.parent)
    }
  }
  return { tokens, solid, references, commonTables: defined, levelAt, levels }

  function newLevel(parent: number | undefined): number {
    return levels.push({ parent, aliases: new Set() }) - 1
  }

  function readReference(first: number, level: number): number {
    const parts = [solid[first] ?? 0]
    let at = first
    while (tokenAt(at + 1)?.text === '.' && nameOf(tokenAt(at + 2)) !== undefined) {
      at += 2
      parts.push(solid[at] ?? 0)
    }
    for (let part = first; part <= at; part++) levelAt[part] = level
    const names = parts.map((part) => nameOf(tokens[part]) ?? '')
    const name = names.at(-1) ?? ''
    if (names.length === 1 && isCommonTable(defined, name, first)) return at
    if (tokenAt(at + 1)?.text === '(') return at
    const alias = aliasAfter(at)
    references.push({ catalog: names.at(-3), database: names.at(-2), name, alias, parts, level })
    return at
  }

  function aliasAfter(at: number): string | undefined {
    const withAs = wordAt(at + 1) === 'AS'
    const token = tokenAt(at + (withAs ? 2 : 1))
    const name = nameOf(token)
    const isAlias = name !== undefined && (withAs || token?.kind === 'quoted' || !noAlias.has(name.toUpperCase()))
    return isAlias ? name : undefined
  }
}

const isCommonTable = (defined: readonly CommonTable[], name: string, at: number): boolean =>
  defined.some((one) => one.name === name.toLowerCase() && one.from <= at && at < one.to)

function commonTables(tokens: readonly SqlToken[], solid: readonly number[]): readonly CommonTable[] {
  const found: CommonTable[] = []
  const text = (at: number) => tokens[solid[at] ?? -1]?.text ?? ''
  for (let at = 0; at < solid.length; at++) {
    if (text(at).toUpperCase() !== 'WITH') continue
    const to = endOfBracket(text, at)
    let next = at + 1
    const recursive = text(next).toUpperCase() === 'RECURSIVE'
    if (recursive) next++
    for (;;) {
      const name = nameOf(tokens[solid[next] ?? -1])
      if (name === undefined) break
      next++
      if (text(next) === '(') next = afterBracket(text, next)
      if (text(next).toUpperCase() !== 'AS' || text(next + 1) !== '(') break
      const start = next
      next = afterBracket(text, next + 1)
      found.push({ name: name.toLowerCase(), from: recursive ? start : next, to })
      if (text(next) !== ',') break
      next++
    }
  }
  return found
}

/** Where the bracket ends in which this stands. */
function endOfBracket(text: (at: number) => string, inside: number): number {
  let depth = 0
  for (let at = inside; text(at) !== ''; at++) {
    if (text(at) === '(') depth++
    else if (text(at) === ')' && --depth < 0) return at
  }
  return Number.POSITIVE_INFINITY
}

function afterBracket(text: (at: number) => string, open: number): number {
  let depth = 0
  for (let at = open; text(at) !== ''; at++) {
    if (text(at) === '(') depth++
    else if (text(at) === ')' && --depth === 0) return at + 1
  }
  return open + 1
}

/** The tables, views and materialized views that a query reads, without those that WITH defines. */
export function tableReferences(query: string): readonly TableReference[] {
  return readQuery(query).references
}

/** What a view must find when it is created: names of the internal catalog, each once. `database` stands where the text names none. */
export function dependencies(query: string, database: string): ObjectName[] {
  const found = new Map<string, ObjectName>()
  for (const reference of tableReferences(query)) {
    if (reference.catalog !== undefined && reference.catalog !== 'default_catalog') continue
    const name = { database: reference.database ?? database, name: reference.name }
    found.set(JSON.stringify([name.database, name.name]), name)
  }
  return [...found.values()]
}

/**
 * A query with the target's names. Only names in the place of a table, and column names that lead with such a table, are rewritten:
 * literals, comments, aliases and columns that merely look alike stay. Names without a database get one, so that the statement means the
 * same whatever the session's current database is.
 */
export function renameReferences(query: string, database: string, rename: Rename): string {
  const parsed = readQuery(query)
  const { tokens, references, levels } = parsed
  const texts = tokens.map((token) => token.text)
  const byPrefix: Prefixes = { full: new Map(), bare: levels.map(() => new Map()) }
  for (const reference of references) {
    if (reference.catalog !== undefined && reference.catalog !== 'default_catalog') continue
    const source = { database: reference.database ?? database, name: reference.name }
    const target = rename(source)
    const [last, owner] = [...reference.parts].reverse()
    if (last === undefined) continue
    texts[last] = target.name === reference.name ? (tokens[last]?.text ?? '') : quoteName(target.name)
    if (owner === undefined) texts[last] = `${quoteName(target.database)}.${texts[last]}`
    else if (target.database !== source.database) texts[owner] = quoteName(target.database)
    const called = reference.alias ?? reference.name
    const renamed = reference.alias === undefined && target.name !== reference.name ? target.name : undefined
    byPrefix.full.set(JSON.stringify([source.database, called]), { database: target.database, name: renamed })
    byPrefix.bare[reference.level]?.set(called, renamed)
  }
  const taken = new Set(references.flatMap((reference) => reference.parts))
  renameColumns(parsed, taken, byPrefix, texts)
  return texts.join('')
}

/** What becomes of the names before columns. */
interface Prefixes {
  /** By database and table. */
  readonly full: Map<string, { database: string; name?: string }>
  /** By the table alone, for each level; undefined: it stays. */
  readonly bare: readonly Map<string, string | undefined>[]
}

// db.table.column and table.column, wherever they stand.
function renameColumns(query: Query, taken: ReadonlySet<number>, { full, bare }: Prefixes, texts: string[]): void {
  const { tokens, solid, levelAt, levels } = query
  const token = (at: number) => tokens[solid[at] ?? -1]
  /** The nearest query that has something of this name says what it is. */
  const renamedAt = (at: number, name: string): string | undefined => {
    for (let level = levelAt[at]; level !== undefined; level = levels[level]?.parent) {
      if (bare[level]?.has(name)) return bare[level]?.get(name)
      if (levels[level]?.aliases.has(name)) return undefined
    }
    return undefined
  }
  for (let at = 0; at < solid.length; at++) {
    const position = solid[at]
    if (position === undefined || taken.has(position) || nameOf(token(at)) === undefined) continue
    if (token(at + 1)?.text !== '.') continue
    if (token(at - 1)?.text === '.' && nameOf(token(at - 2)) !== 'default_catalog') continue
    const first = nameOf(token(at)) ?? ''
    const second = nameOf(token(at + 2))
    const secondPosition = solid[at + 2]
    const byBoth =
      token(at + 3)?.text === '.' && second !== undefined ? full.get(JSON.stringify([first, second])) : undefined
    if (byBoth && secondPosition !== undefined) {
      if (byBoth.database !== first) texts[position] = quoteName(byBoth.database)
      if (byBoth.name !== undefined) texts[secondPosition] = quoteName(byBoth.name)
      continue
    }
    if (isCommonTable(query.commonTables, first, at)) continue
    const renamed = renamedAt(at, first)
    if (renamed !== undefined) texts[position] = quoteName(renamed)
  }
}

/**
 * Puts views and materialized views after what they read. What reads each other in a circle, which no cluster holds, keeps its order at
 * the end.
 */
export function orderByDependency<T extends { readonly object: ObjectName; readonly query: string }>(
  objects: readonly T[],
): T[] {
  const key = (name: ObjectName) => JSON.stringify([name.database, name.name])
  const known = new Set(objects.map(({ object }) => key(object)))
  const waiting = new Map(
    objects.map((item) => [
      item,
      dependencies(item.query, item.object.database)
        .map(key)
        .filter((name) => known.has(name) && name !== key(item.object)),
    ]),
  )
  const done = new Set<string>()
  const ordered: T[] = []
  for (;;) {
    const ready = [...waiting].filter(([, needs]) => needs.every((name) => done.has(name))).map(([item]) => item)
    if (ready.length === 0) return [...ordered, ...waiting.keys()]
    for (const item of ready) {
      waiting.delete(item)
      done.add(key(item.object))
      ordered.push(item)
    }
  }
}
