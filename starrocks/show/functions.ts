import { quoteName } from '../quote.ts'
import type { Row } from '../row.ts'
import type { StatementOptions } from '../session/connection.ts'
import type { Queryable } from './queryable.ts'

export interface FunctionSignature {
  /** What BACKUP and RESTORE name it by; all functions of a name go together. */
  name: string
  /** `name(INT, VARCHAR)`. */
  signature: string
  returnType: string
  /** Scalar, Aggregate, Table … */
  functionType: string
  /** `symbol`, `file`, `type` (SRJAR, PYTHON), `md5`, and the `fid` that only this cluster knows it by. The code of inline functions is not told. */
  properties: Record<string, string>
}

/** SHOW FULL FUNCTIONS FROM db: user-defined functions. No statement prints the DDL of one. Errors: `NotFound`. */
export async function listFunctions(
  cluster: Queryable,
  database: string,
  options?: StatementOptions,
): Promise<FunctionSignature[]> {
  const { rows } = await cluster.query(`SHOW FULL FUNCTIONS FROM ${quoteName(database)}`, options)
  return rows.map(readFunction)
}

/** SHOW FULL GLOBAL FUNCTIONS: those of no database. They are in no backup. */
export async function listGlobalFunctions(
  cluster: Queryable,
  options?: StatementOptions,
): Promise<FunctionSignature[]> {
  const { rows } = await cluster.query('SHOW FULL GLOBAL FUNCTIONS', options)
  return rows.map(readFunction)
}

export function readFunction(row: Row): FunctionSignature {
  const signature = row.required('Signature')
  return {
    // Types hold parentheses; names cannot.
    name: signature.replace(/\([\s\S]*$/, ''),
    signature,
    returnType: row.get('Return Type') ?? '',
    functionType: row.get('Function Type') ?? '',
    properties: readProperties(row.get('Properties') ?? ''),
  }
}

function readProperties(text: string): Record<string, string> {
  try {
    const raw = JSON.parse(text) as Record<string, unknown>
    return Object.fromEntries(Object.entries(raw).map(([key, value]) => [key, String(value)]))
  } catch {
    return {}
  }
}
