import type { Expression, Query, Select } from './expression.ts'

/**
 * The columns that a SELECT takes and compares, in upper case; undefined unless it takes plain columns of rows that plain conditions leave:
 * what else may need a column is not looked into.
 */
export const mentionedColumns = (part: Select, query: Query): ReadonlySet<string> | undefined => {
  if (part.distinct || part.groupBy.length > 0 || part.having || query.orderBy.length > 0) return undefined
  const names = new Set<string>()
  const isPlain = (e: Expression): boolean => {
    switch (e.kind) {
      case 'column':
        names.add((e.path.at(-1) ?? '').toUpperCase())
        return true
      case 'string':
      case 'number':
      case 'null':
      case 'boolean':
        return true
      case 'binary':
        return isPlain(e.left) && isPlain(e.right)
      case 'in':
        return isPlain(e.arg) && e.list.every(isPlain)
      case 'is-null':
        return isPlain(e.arg)
      default:
        return false
    }
  }
  const items = part.items.every(({ expression }) => expression.kind === 'column' && isPlain(expression))
  return items && (!part.where || isPlain(part.where)) ? names : undefined
}
