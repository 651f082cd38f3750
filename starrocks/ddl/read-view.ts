import type { Distribution, Index, MaterializedView, Properties, Refresh, View, ViewColumn } from './model.ts'
import { readPrintedComment } from './printed-default.ts'
import { readDistribution } from './read-clauses.ts'
import { readIndex } from './read-column.ts'
import { readProperties } from './read-properties.ts'
import { Scanner } from './scanner.ts'

/** Reads the text of SHOW CREATE VIEW. Throws DdlReadError. */
export function readView(text: string): View {
  const scanner = new Scanner(text)
  scanner.expectWord('CREATE', 'VIEW')
  scanner.takeWord('IF', 'NOT', 'EXISTS')
  const name = scanner.qualifiedName()
  const { columns } = readViewColumns(scanner)
  const comment = scanner.takeWord('COMMENT') ? readPrintedComment(scanner, /\s+(?:SECURITY|AS)\b/) : ''
  const security = readSecurity(scanner)
  scanner.expectWord('AS')
  return { kind: 'view', name, columns, comment, security, query: readQuery(scanner) }
}

function readSecurity(scanner: Scanner): 'NONE' | 'INVOKER' | undefined {
  if (!scanner.takeWord('SECURITY')) return undefined
  if (scanner.takeWord('NONE')) return 'NONE'
  scanner.expectWord('INVOKER')
  return 'INVOKER'
}

function readQuery(scanner: Scanner): string {
  return scanner.text.slice(scanner.position).trim().replace(/\s*;$/, '')
}

function readViewColumns(scanner: Scanner): { columns: ViewColumn[]; indexes: Index[] } {
  const columns: ViewColumn[] = []
  const indexes: Index[] = []
  if (!scanner.take('(')) return { columns, indexes }
  do {
    if (scanner.takeWord('INDEX')) indexes.push(readIndex(scanner))
    else {
      const name = scanner.name()
      const comment = scanner.takeWord('COMMENT') ? readPrintedComment(scanner, /\s*[,)]/) : ''
      columns.push({ name, comment })
    }
  } while (scanner.take(','))
  scanner.expect(')')
  return { columns, indexes }
}

/** Reads the text of SHOW CREATE MATERIALIZED VIEW of an asynchronous materialized view. Throws DdlReadError. */
export function readMaterializedView(text: string): MaterializedView {
  const scanner = new Scanner(text)
  scanner.expectWord('CREATE', 'MATERIALIZED', 'VIEW')
  scanner.takeWord('IF', 'NOT', 'EXISTS')
  const name = scanner.qualifiedName()
  const { columns, indexes } = readViewColumns(scanner)
  let comment = ''
  let partitionBy: string | undefined
  let distribution: Distribution | undefined
  let orderBy: string[] = []
  let refresh: Refresh | undefined
  let properties: Properties = {}
  while (!scanner.takeWord('AS')) {
    if (scanner.takeWord('COMMENT')) comment = readPrintedComment(scanner, /\n/)
    else if (scanner.takeWord('PARTITION', 'BY')) {
      partitionBy = scanner.sees('(') ? scanner.balanced().trim() : scanner.until(/\n/).trim()
    } else if (scanner.takeWord('DISTRIBUTED', 'BY')) distribution = readDistribution(scanner)
    else if (scanner.takeWord('ORDER', 'BY')) orderBy = scanner.names()
    else if (scanner.takeWord('REFRESH')) refresh = readRefresh(scanner)
    else if (scanner.takeWord('PROPERTIES')) properties = readProperties(scanner)
    else scanner.fail('unknown clause of CREATE MATERIALIZED VIEW')
  }
  const query = readQuery(scanner)
  return {
    kind: 'materialized-view',
    name,
    columns,
    indexes,
    comment,
    partitionBy,
    distribution,
    orderBy,
    refresh,
    properties,
    query,
  }
}

function readRefresh(scanner: Scanner): Refresh {
  const moment = scanner.takeWord('DEFERRED') ? 'DEFERRED' : scanner.takeWord('IMMEDIATE') ? 'IMMEDIATE' : undefined
  const scheme = scanner.takeWord('ASYNC') ? 'ASYNC' : scanner.takeWord('MANUAL') ? 'MANUAL' : undefined
  if (scheme === undefined) {
    scanner.expectWord('INCREMENTAL')
    return { moment, scheme: 'INCREMENTAL' }
  }
  let start: string | undefined
  let every: string | undefined
  if (scanner.takeWord('START'))
    start = scanner
      .balanced()
      .trim()
      .replace(/^["']|["']$/g, '')
  if (scanner.takeWord('EVERY'))
    every = scanner
      .balanced()
      .trim()
      .replace(/^INTERVAL\s+/i, '')
  return { moment, scheme, start, every }
}
