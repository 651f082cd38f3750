import type { LabFunction } from '../model.ts'
import { type LabResult, type LabSession, type LabSqlContext, table } from '../sql/context.ts'
import type { Cursor } from '../sql/cursor.ts'
import { oldShowFailure } from '../sql/errors.ts'
import { likePattern } from '../sql/like.ts'
import { databaseName } from '../sql/resolve.ts'
import { signature } from './grants.ts'

/** The built-in functions are thousands; the lab tells of one. */
const builtins: LabFunction[] = [
  {
    id: 100013n,
    name: 'current_version',
    argumentTypes: [],
    variadic: false,
    returnType: 'VARCHAR',
    intermediateType: null,
    kind: 'Scalar',
    symbol: '',
    file: '',
    type: 'SRJAR',
    md5: '',
  },
]

const properties = (one: LabFunction, type: string): string =>
  JSON.stringify({ fid: String(one.id), symbol: one.symbol, file: one.file, type, md5: one.md5 })

/** SHOW [FULL] [GLOBAL|BUILTIN] FUNCTIONS [FROM db] [LIKE …]; everything before FUNCTIONS is in `words`, FUNCTIONS read. */
export const showFunctions = (
  context: LabSqlContext,
  session: LabSession,
  cursor: Cursor,
  words: { full: boolean; of: 'database' | 'global' | 'builtin' },
): LabResult => {
  const given = cursor.accept('FROM') || cursor.accept('IN') ? cursor.identifier() : undefined
  const pattern = cursor.accept('LIKE') ? likePattern(cursor.string()) : undefined
  cursor.end()
  const functions = functionsOf(context, session, words.of, given)
    .filter((one) => pattern?.test(one.name) ?? true)
    .sort((a, b) => (signature(a) < signature(b) ? -1 : 1))
  if (!words.full)
    return table(
      ['Function Name'],
      [...new Set(functions.map((one) => one.name))].map((name) => [name]),
    )
  return table(
    ['Signature', 'Return Type', 'Function Type', 'Intermediate Type', 'Properties'],
    functions.map((one) => [
      signature(one),
      one.returnType,
      one.kind,
      one.intermediateType ?? 'NULL',
      properties(one, words.of === 'builtin' ? 'BUILTIN' : one.type),
    ]),
  )
}

const functionsOf = (
  context: LabSqlContext,
  session: LabSession,
  of: 'database' | 'global' | 'builtin',
  given: string | undefined,
): LabFunction[] => {
  if (of === 'builtin') return builtins
  if (of === 'global') return context.state.globalFunctions
  const name = databaseName(session, { database: given, name: '' })
  const database = context.state.databases.get(name)
  if (!database) throw oldShowFailure(context, `Unknown database '${name}'`, 5501, '3F000')
  return database.functions
}
