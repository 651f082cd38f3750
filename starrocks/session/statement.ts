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

const keyword = /^[A-Za-z_]+/

/** The leading keywords of a statement (at most three), for metrics: `ADMIN SHOW FRONTEND`, `SHOW PROC`, `SELECT`. */
export function statementKind(sql: string): string {
  const words: string[] = []
  let rest = withoutComments(sql)
  while (words.length < 3) {
    const word = keyword.exec(rest)?.[0]
    if (word === undefined) break
    words.push(word.toUpperCase())
    // What follows these may be a name that the operator chose.
    if (/^(SELECT|DESC|DESCRIBE|EXPLAIN|FROM|USE|INSERT|DELETE|UPDATE|WITH)$/.test(words.at(-1) ?? '')) break
    if (words.length === 2 && !/^(ADMIN|SHOW|CREATE|DROP|ALTER)$/.test(words[0] ?? '')) break
    if (
      words.length === 2 &&
      /^(PROC|TABLE|VIEW|DATABASE|TABLES|PARTITIONS|FRONTENDS|BACKENDS|INDEX|DATA)$/.test(words[1] ?? '')
    )
      break
    rest = rest.slice(word.length).trimStart()
  }
  if (words.at(-1) === 'FROM' || words.at(-1) === 'LIKE') words.pop()
  return words.join(' ') || 'OTHER'
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
