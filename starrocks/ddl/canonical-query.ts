import { unquoteString } from './quote.ts'
import { tableReferences } from './references.ts'
import { isBlank, nameOf, sqlTokens } from './sql-tokens.ts'

/**
 * One text for a query however a version prints it: 3.5 and older print every column with its table and database, quoted; 4.1 prints what
 * was typed. Gone are blanks, quotes of names, case of words, AS before aliases, INNER, ASC, the database before a column, and the table
 * before a column where the query reads one table only. Not seen through: stars and column lists, which need the tables' columns.
 */
export function canonicalQuery(query: string, database: string): string {
  const tokens = sqlTokens(query).filter((token) => !isBlank(token))
  const references = tableReferences(query)
  /** Whom each name before a column may mean: tables of one name, of two databases or in other letters, are told apart by what is written. */
  const owners = new Map<string, Set<string>>()
  for (const { database: own = database, name, alias } of references) {
    const called = (alias ?? name).toLowerCase()
    owners.set(called, (owners.get(called) ?? new Set()).add(JSON.stringify([own, name, alias])))
  }
  const databases = new Set(references.map((reference) => reference.database ?? database))
  // Names of databases and tables are told apart by case; those of columns and aliases are not.
  const tables = new Set(references.map((reference) => `${reference.database ?? database}.${reference.name}`))
  const out: string[] = []
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at]
    if (!token) break
    const name = nameOf(token)
    if (token.kind === 'string') out.push(JSON.stringify(unquoteString(token.text)))
    else if (name === undefined) out.push(token.text)
    else {
      const chain = [name]
      while (tokens[at + 1]?.text === '.' && nameOf(tokens[at + 2]) !== undefined) {
        chain.push(nameOf(tokens[at + 2]) ?? '')
        at += 2
      }
      const text = canonicalChain(chain, token.kind === 'quoted')
      if (text !== '') out.push(text)
    }
  }
  return out.join(' ')

  function canonicalChain(chain: string[], quoted: boolean): string {
    const word = (chain[0] ?? '').toLowerCase()
    if (chain.length === 1 && !quoted && ['as', 'inner', 'asc'].includes(word)) return ''
    if (chain[0] === 'default_catalog') chain.shift()
    if (expectsTable(out.at(-1))) {
      const table = chain.length === 1 ? `${database}.${chain[0]}` : chain.join('.')
      if (tables.has(table)) return table
    }
    if (chain.length === 2 && tables.has(chain.join('.'))) return chain.join('.')
    const owner = ownerOf(chain)
    const [called] = owner.slice(-1)
    if (called === undefined) return chain.join('.').toLowerCase()
    const column = chain.slice(owner.length).join('.').toLowerCase()
    if ((owners.get(called.toLowerCase())?.size ?? 0) > 1) return `${owner.join('.')}.${column}`
    return owners.size === 1 ? column : `${called.toLowerCase()}.${column}`
  }

  /** The table before a column, with its database where that is written. */
  function ownerOf(chain: readonly string[]): readonly string[] {
    const isOwner = (at: number) => chain.length > at + 1 && owners.has((chain[at] ?? '').toLowerCase())
    if (databases.has(chain[0] ?? '') && isOwner(1)) return chain.slice(0, 2)
    return isOwner(0) ? chain.slice(0, 1) : []
  }
}

function expectsTable(previous: string | undefined): boolean {
  return previous === 'from' || previous === 'join'
}

/** Whether the query has a star in place of columns. */
export function readsStar(query: string): boolean {
  const tokens = sqlTokens(query).filter((token) => !isBlank(token))
  return tokens.some((token, at) => {
    if (token.text !== '*') return false
    const before = tokens[at - 1]?.text.toUpperCase() ?? ''
    return before === 'SELECT' || before === '.' || before === ',' || before === 'DISTINCT'
  })
}
