import { quoteProperties, quoteString } from '../quote.ts'
import type { Row } from '../row.ts'
import type { StatementOptions } from '../session/connection.ts'
import type { Queryable } from './queryable.ts'

export interface FrontendSetting {
  key: string
  aliases: string
  value: string
  type: string
  mutable: boolean
}

/** One setting of the leader, by its exact key; undefined when this version does not have it. LIKE takes `_` for any character. */
export async function frontendSetting(
  cluster: Queryable,
  key: string,
  options?: StatementOptions,
): Promise<FrontendSetting | undefined> {
  const { rows } = await cluster.query(`ADMIN SHOW FRONTEND CONFIG LIKE ${quoteString(key)}`, options)
  return rows.map(readSetting).find((setting) => setting.key.toLowerCase() === key.toLowerCase())
}

/** All settings of the leader, by key. */
export async function frontendSettings(
  cluster: Queryable,
  options?: StatementOptions,
): Promise<Map<string, FrontendSetting>> {
  const { rows } = await cluster.query('ADMIN SHOW FRONTEND CONFIG', options)
  return new Map(rows.map(readSetting).map((setting) => [setting.key, setting]))
}

/**
 * ADMIN SET FRONTEND CONFIG on all frontends; lost when they restart. Errors: `Refused` when this version does not have the key or
 * takes it only from fe.conf.
 */
export async function setFrontendSetting(
  cluster: Queryable,
  key: string,
  value: string,
  options?: StatementOptions,
): Promise<void> {
  await cluster.query(`ADMIN SET FRONTEND CONFIG ${quoteProperties([[key, value]])}`, options)
}

function readSetting(row: Row): FrontendSetting {
  return {
    key: row.required('Key'),
    aliases: row.get('AliasNames') ?? '',
    value: row.get('Value') ?? '',
    type: row.get('Type') ?? '',
    mutable: row.flag('IsMutable'),
  }
}
