import type { Cursor } from './cursor.ts'
import { parseObjectName, parsePropertyList } from './parse-clauses.ts'
import type { ObjectName, Properties } from './statements.ts'

export interface FunctionDefinition {
  name: ObjectName
  global: boolean
  ifNotExists: boolean
  orReplace: boolean
  kind: 'Scalar' | 'Aggregate' | 'Table'
  argumentTypes: string[]
  variadic: boolean
  returnType: string
  intermediateType: string | null
  properties: Properties
  content?: string
}

/** A type as functions print it: `STRING` is VARCHAR, lengths are left out. */
export const parseFunctionType = (cursor: Cursor): string => {
  const name = cursor.next().upper
  if (cursor.accept('<')) {
    const inner = cursor.separated(() => parseFunctionType(cursor))
    cursor.expect('>')
    return `${name}<${inner.join(',')}>`
  }
  if (cursor.at('(')) {
    const numbers = cursor.parenthesized(() => cursor.next().text)
    if (/^DECIMAL/.test(name)) return `${name}(${numbers.join(',')})`
  }
  return { STRING: 'VARCHAR', TEXT: 'VARCHAR', INTEGER: 'INT' }[name] ?? name
}

/** `(INT, ARRAY<INT>, …)`. */
export const parseArgumentTypes = (cursor: Cursor): { types: string[]; variadic: boolean } => {
  const types: string[] = []
  let variadic = false
  cursor.expect('(')
  while (!cursor.at(')')) {
    if (cursor.accept('.', '.', '.')) variadic = true
    else {
      const start = cursor.index
      types.push(parseFunctionType(cursor))
      // No argument bears a name.
      if (!cursor.at(',') && !cursor.at(')')) {
        cursor.index = start
        break
      }
    }
    if (!cursor.accept(',')) break
  }
  if (!cursor.accept(')')) throw cursor.unexpected("')'")
  return { types, variadic }
}

const propertyWords = new Set(['SYMBOL', 'TYPE', 'FILE', 'ANALYTIC', 'ISOLATION', 'INPUT'])

/**
 * CREATE [OR REPLACE] [GLOBAL] [AGGREGATE|TABLE] FUNCTION …; CREATE and OR REPLACE read. IF NOT EXISTS, OR REPLACE, Python and inline bodies
 * came with 3.5.
 */
export const parseCreateFunction = (cursor: Cursor, late: boolean, orReplace: boolean): FunctionDefinition => {
  const global = cursor.accept('GLOBAL')
  const kind = cursor.accept('AGGREGATE') ? 'Aggregate' : cursor.accept('TABLE') ? 'Table' : 'Scalar'
  cursor.expect('FUNCTION')
  const ifNotExists = late && cursor.accept('IF', 'NOT', 'EXISTS')
  const name = parseObjectName(cursor)
  const { types, variadic } = parseArgumentTypes(cursor)
  cursor.expect('RETURNS')
  const returnType = parseFunctionType(cursor)
  const intermediateType = cursor.accept('INTERMEDIATE') ? parseFunctionType(cursor) : null
  let properties: Properties = []
  if (cursor.accept('PROPERTIES')) properties = parsePropertyList(cursor)
  else if (late) {
    while (propertyWords.has(cursor.token.upper) && cursor.peek(1).upper === '=') {
      const key = cursor.next().text.toLowerCase()
      cursor.expect('=')
      properties.push([key, cursor.string()])
    }
  }
  const content = late && cursor.accept('AS') ? inlineBody(cursor) : undefined
  cursor.end()
  return {
    ...{ name, global, ifNotExists, orReplace, kind, argumentTypes: types, variadic, returnType, intermediateType },
    ...{ properties, ...(content === undefined ? {} : { content }) },
  }
}

/** What stands between `$$` and `$$`, to the end of the statement. */
const inlineBody = (cursor: Cursor): string => {
  const found = /\$\$([\s\S]*?)\$\$\s*;?\s*$/.exec(cursor.sql.slice(cursor.token.start))
  if (!found) throw cursor.unexpected('$$')
  cursor.index = cursor.tokens.length - 1
  return found[1] ?? ''
}
