import type { LabResultColumn } from './context.ts'
import type { Expression } from './expression.ts'

/** MySQL wire type that a frontend announces for an expression. */
export const wireTypeOf = (
  expression: Expression,
  columns: readonly LabResultColumn[],
  find: (path: string[]) => number,
): string => {
  switch (expression.kind) {
    case 'column':
      return columns[find(expression.path)]?.type ?? 'VAR_STRING'
    case 'number': {
      if (!/^\d+$/.test(expression.text)) return 'DOUBLE'
      const value = BigInt(expression.text)
      return value < 128n ? 'CHAR' : value < 32768n ? 'SHORT' : value < 2147483648n ? 'LONG' : 'LONGLONG'
    }
    case 'boolean':
    case 'is-null':
    case 'in':
    case 'between':
    case 'like':
      return 'CHAR'
    case 'binary':
      return ['=', '!=', '<', '<=', '>', '>=', '<=>', 'AND', 'OR'].includes(expression.op) ? 'CHAR' : 'LONGLONG'
    case 'call':
      return ['count', 'sum', 'connection_id', 'length', 'unix_timestamp'].includes(expression.name)
        ? 'LONGLONG'
        : 'VAR_STRING'
    case 'variable':
      return ['lower_case_table_names', 'max_allowed_packet'].includes(expression.name.toLowerCase())
        ? 'LONG'
        : 'VAR_STRING'
    default:
      return 'VAR_STRING'
  }
}
