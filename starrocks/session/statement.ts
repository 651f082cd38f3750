/** What is told about a statement after it ended: enough for metrics, never its text. */
export interface StatementEvent {
  cluster: string
  /** The statement's leading keywords, e.g. `SHOW PARTITIONS`; holds no names and no values. */
  kind: string
  ms: number
  ok: boolean
  /** The error's kind when it failed. */
  error?: string
}

/** Words that say what a statement is. Everything else may be a name that somebody chose. */
const telling = new Set(
  (
    'ADMIN ALTER BACKENDS BACKUP CANCEL CATALOG COLUMN COMPUTE CONFIG CREATE DATA DATABASE DATABASES DELETE DESC DESCRIBE DROP EXPLAIN ' +
    'FRONTEND FRONTENDS FUNCTION FUNCTIONS GRANT GRANTS INDEX INSERT KILL MATERIALIZED NODES OPTIMIZE PARTITIONS PROC RECOVER REFRESH ' +
    'REPOSITORY RESTORE REVOKE ROLE ROLLUP SELECT SET SHOW SNAPSHOT STORAGE TABLE TABLES TABLET TEMPORARY TRANSACTION TRUNCATE UPDATE ' +
    'USE USER VARIABLES VIEW VIEWS VOLUME VOLUMES WITH'
  ).split(' '),
)

/** The leading keywords of a statement (at most three), for metrics: `ADMIN SHOW FRONTEND`, `SHOW PROC`, `SELECT`. */
export function statementKind(sql: string): string {
  const words = /^(?:[A-Za-z_]+\b\s*){0,3}/.exec(withoutComments(sql))?.[0].toUpperCase().split(/\s+/) ?? []
  const end = words.findIndex((word) => !telling.has(word))
  return words.slice(0, end < 0 ? words.length : end).join(' ') || 'OTHER'
}

/** Whether the statement only reads: sending it a second time, or losing its answer, does no harm. */
export function isRead(sql: string): boolean {
  const text = withoutComments(sql)
  if (/^EXPLAIN\s+ANALYZE\b/i.test(text)) return false
  return /^(SHOW|SELECT|DESC|DESCRIBE|EXPLAIN|WITH|ADMIN\s+SHOW)\b/i.test(text)
}

function withoutComments(sql: string): string {
  return sql.replace(/^(\s+|--[^\n]*(\n|$)|\/\*[\s\S]*?\*\/)+/, '')
}
