import { hasNewGrammar } from '../../starrocks/backup/grammar.ts'
import { quoteName, type Row } from '../../starrocks/index.ts'
import type { Side } from '../metadata/pair.ts'

/**
 * The database's functions that are wanted, by name, all signatures of a name together: BACKUP takes them by name. `ddl` is what SHOW FULL FUNCTIONS says of them,
 * their ids included, so that one that was made anew counts as changed; StarRocks prints no statement that would make them.
 */
export async function readFunctions(
  { cluster, version }: Side,
  database: string,
  wanted: (name: string) => boolean,
  notIncluded: { object: string; reason: string }[],
  signal?: AbortSignal,
): Promise<Map<string, { ddl: string }>> {
  const { rows } = await cluster.query(`SHOW FULL FUNCTIONS FROM ${quoteName(database)}`, { signal })
  const byName = new Map<string, string[]>()
  for (const row of rows) {
    const name = nameOf(row)
    if (!wanted(name)) continue
    byName.set(name, [...(byName.get(name) ?? []), describe(row)])
  }
  if (hasNewGrammar(version)) {
    return new Map([...byName].map(([name, signatures]) => [name, { ddl: signatures.sort().join('\n') }]))
  }
  for (const name of byName.keys()) {
    notIncluded.push({ object: `${name}()`, reason: `StarRocks ${version.text} cannot back up functions` })
  }
  return new Map()
}

/** The signature is `name(INT, VARCHAR)`; types hold parentheses, names do not. */
const nameOf = (row: Row) => row.required('Signature').replace(/\([\s\S]*$/, '')

const describe = (row: Row) =>
  `${row.required('Signature')} RETURNS ${row.get('Return Type') ?? ''} (${row.get('Function Type') ?? ''}) ${row.get('Properties') ?? ''}`
