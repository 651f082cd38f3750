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
}

interface Query {
  readonly tokens: readonly SqlToken[]
  /** Positions of the tokens that are no blanks. */
  readonly solid: readonly number[]
  readonly references: readonly TableReference[]
  /** Names that WITH defines, lower case, and the place among `solid` from which each hides a table. */
  readonly visibleFrom: ReadonlyMap<string, number>
}

interface Frame {
  /** Within the table list of a FROM clause. */
  inFrom: boolean
  /** A table, a subquery or a parenthesis comes next. */
  expecting: boolean
  /** Inside the brackets of a function in which FROM is no clause: EXTRACT(… FROM …). */
  readonly functionFrom: boolean
}

const endsFrom: ReadonlySet<string> = new Set(
  'WHERE GROUP ORDER HAVING LIMIT UNION EXCEPT INTERSECT MINUS QUALIFY WINDOW SELECT'.split(' '),
)
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
  const visibleFrom = commonTables(tokens, solid)
  const references: TableReference[] = []
  const stack: Frame[] = [{ inFrom: false, expecting: false, functionFrom: false }]
  const tokenAt = (at: number) => tokens[solid[at] ?? -1]
  const wordAt = (at: number) => (tokenAt(at)?.kind === 'name' ? (tokenAt(at)?.text.toUpperCase() ?? '') : '')
  for (let at = 0; at < solid.length; at++) {
    const frame = stack.at(-1)
    if (!frame) break
    const token = tokenAt(at)
    const word = wordAt(at)
    if (token?.text === '(') {
      const nested = frame.expecting && !['SELECT', 'WITH'].includes(wordAt(at + 1))
      frame.expecting = false
      stack.push({ inFrom: nested, expecting: nested, functionFrom: functionsWithFrom.has(wordAt(at - 1)) })
    } else if (token?.text === ')') {
      if (stack.length > 1) stack.pop()
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
      if (tableFunctions.has(word) && tokenAt(at + 1)?.text === '(') continue
      at = readReference(at)
    } else if (endsFrom.has(word)) {
      frame.inFrom = false
      frame.expecting = false
    }
  }
  return { tokens, solid, references, visibleFrom }

  function readReference(first: number): number {
    const parts = [solid[first] ?? 0]
    let at = first
    while (tokenAt(at + 1)?.text === '.' && nameOf(tokenAt(at + 2)) !== undefined) {
      at += 2
      parts.push(solid[at] ?? 0)
    }
    const names = parts.map((part) => nameOf(tokens[part]) ?? '')
    const name = names.at(-1) ?? ''
    if (names.length === 1 && (visibleFrom.get(name.toLowerCase()) ?? Number.POSITIVE_INFINITY) <= first) return at
    if (tokenAt(at + 1)?.text === '(') return at
    const withAs = wordAt(at + 1) === 'AS'
    const aliasToken = tokenAt(at + (withAs ? 2 : 1))
    const aliasName = nameOf(aliasToken)
    const isAlias =
      aliasName !== undefined && (withAs || aliasToken?.kind === 'quoted' || !noAlias.has(aliasName.toUpperCase()))
    references.push({
      catalog: names.at(-3),
      database: names.at(-2),
      name,
      alias: isAlias ? aliasName : undefined,
      parts,
    })
    return at
  }
}

/** Names that WITH defines, lower case, and where each begins to hide a table: after its own definition, unless that is recursive. */
function commonTables(tokens: readonly SqlToken[], solid: readonly number[]): ReadonlyMap<string, number> {
  const names = new Map<string, number>()
  const text = (at: number) => tokens[solid[at] ?? -1]?.text ?? ''
  for (let at = 0; at < solid.length; at++) {
    if (text(at).toUpperCase() !== 'WITH') continue
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
      const visible = recursive ? start : next
      names.set(name.toLowerCase(), Math.min(names.get(name.toLowerCase()) ?? visible, visible))
      if (text(next) !== ',') break
      next++
    }
  }
  return names
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
  const { tokens, references } = parsed
  const texts = tokens.map((token) => token.text)
  const byPrefix = new Map<string, { database: string; name?: string }>()
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
    byPrefix.set(JSON.stringify([source.database, called]), { database: target.database, name: renamed })
    if (renamed !== undefined)
      byPrefix.set(JSON.stringify([null, called]), { database: target.database, name: renamed })
  }
  const taken = new Set(references.flatMap((reference) => reference.parts))
  renameColumns(parsed, taken, byPrefix, texts)
  return texts.join('')
}

// db.table.column and table.column, wherever they stand.
function renameColumns(
  { tokens, solid, visibleFrom }: Query,
  taken: ReadonlySet<number>,
  byPrefix: ReadonlyMap<string, { database: string; name?: string }>,
  texts: string[],
): void {
  const token = (at: number) => tokens[solid[at] ?? -1]
  for (let at = 0; at < solid.length; at++) {
    const position = solid[at]
    if (position === undefined || taken.has(position) || nameOf(token(at)) === undefined) continue
    if (token(at + 1)?.text !== '.') continue
    if (token(at - 1)?.text === '.' && nameOf(token(at - 2)) !== 'default_catalog') continue
    const first = nameOf(token(at)) ?? ''
    const second = nameOf(token(at + 2))
    const secondPosition = solid[at + 2]
    const byBoth =
      token(at + 3)?.text === '.' && second !== undefined ? byPrefix.get(JSON.stringify([first, second])) : undefined
    if (byBoth && secondPosition !== undefined) {
      if (byBoth.database !== first) texts[position] = quoteName(byBoth.database)
      if (byBoth.name !== undefined) texts[secondPosition] = quoteName(byBoth.name)
      continue
    }
    if (at >= (visibleFrom.get(first.toLowerCase()) ?? Number.POSITIVE_INFINITY)) continue
    const byName = byPrefix.get(JSON.stringify([null, first]))
    if (byName?.name !== undefined) texts[position] = quoteName(byName.name)
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
