import { StarRocksError } from '../errors/starrocks-error.ts'
import { quoteName, quoteQualified } from '../quote.ts'
import type { StatementOptions } from '../session/connection.ts'
import type { Queryable } from './queryable.ts'

/** A statement whose only purpose is to be allowed or denied. None changes anything. */
export interface PrivilegeProbe {
  /** What the privilege is needed for. */
  purpose: string
  sql: string
}

export interface PrivilegeFinding {
  purpose: string
  /** undefined: the probe failed for another reason, told in `detail`. */
  allowed: boolean | undefined
  /** As StarRocks names it, e.g. `OPERATE on SYSTEM`. */
  missing?: string
  detail?: string
}

/** Reading metadata: what every cluster must allow. */
export const readProbes: readonly PrivilegeProbe[] = [
  { purpose: 'read databases, tables and tablets', sql: "SHOW PROC '/dbs'" },
  { purpose: 'read backends', sql: 'SHOW BACKENDS' },
  { purpose: 'read the frontends’ settings', sql: "ADMIN SHOW FRONTEND CONFIG LIKE 'run_mode'" },
]

/** Seeing one table: any privilege on it will do. */
export function tableProbe(database: string, table: string): PrivilegeProbe {
  return { purpose: `read ${database}.${table}`, sql: `SHOW PARTITIONS FROM ${quoteQualified(database, table)}` }
}

/** Creating databases: asked for one that is there already, which changes nothing and checks the privilege all the same. */
export function createDatabaseProbe(existing: string): PrivilegeProbe {
  return { purpose: 'create databases', sql: `CREATE DATABASE IF NOT EXISTS ${quoteName(existing)}` }
}

/** Finds out what the user may do, by trying. */
export async function probePrivileges(
  cluster: Queryable,
  probes: readonly PrivilegeProbe[],
  options?: StatementOptions,
): Promise<PrivilegeFinding[]> {
  const findings: PrivilegeFinding[] = []
  for (const { purpose, sql } of probes) {
    try {
      await cluster.query(sql, options)
      findings.push({ purpose, allowed: true })
    } catch (error) {
      if (!(error instanceof StarRocksError)) throw error
      const denied = error.kind === 'Denied'
      findings.push({ purpose, allowed: denied ? false : undefined, missing: error.privilege, detail: error.message })
    }
  }
  return findings
}

/** SHOW GRANTS of the user: the statements, as text. */
export async function showGrants(cluster: Queryable, options?: StatementOptions): Promise<string[]> {
  const { rows } = await cluster.query('SHOW GRANTS', options)
  return rows.map((row) => row.get('Grants') ?? row.cells.at(-1) ?? '')
}
