import { findPartition, insertRows } from '../data/index.ts'
import type { LabPartition, LabTable, LabValue } from '../model.ts'
import { createAutomaticPartition, isAutomatic } from './automatic-partition.ts'
import { done, type LabResult, type LabSession, type LabSqlContext } from './context.ts'
import type { Cursor } from './cursor.ts'
import { analysisFailure, failure, LabSqlError, tableNotFound } from './errors.ts'
import { evaluateExpression } from './evaluate.ts'
import { onObject } from './has-privilege.ts'
import { parseNames, parseObjectName } from './parse-clauses.ts'
import { parseExpression } from './parse-expression.ts'
import { parseQuery } from './parse-query.ts'
import { demand } from './privileges.ts'
import { databaseName, findDatabase } from './resolve.ts'
import { queryRows } from './run-select.ts'

type Row = (LabValue | undefined)[]

/** INSERT INTO|OVERWRITE t [TEMPORARY] [PARTITION (…)] [WITH LABEL l] [(columns)] VALUES …|query; the word INSERT read. */
export const runInsert = (context: LabSqlContext, session: LabSession, cursor: Cursor): LabResult => {
  const overwrite = cursor.accept('OVERWRITE')
  if (!overwrite) cursor.expect('INTO')
  cursor.accept('TABLE')
  const name = parseObjectName(cursor)
  const temporary = cursor.accept('TEMPORARY')
  const partitions = cursor.accept('PARTITION') || cursor.accept('PARTITIONS') ? parseNames(cursor) : undefined
  const label = cursor.accept('WITH', 'LABEL') ? cursor.identifier() : undefined
  const columns = cursor.at('(') && !cursor.at('(', 'SELECT') ? parseNames(cursor) : undefined
  const database = findDatabase(context.state, databaseName(session, name))
  const table = database.objects.get(name.name)
  if (!table) throw tableNotFound(name.name)
  if (table.kind !== 'table') throw analysisFailure(`Only support insert into olap table, but ${name.name} is not`)
  for (const partition of partitions ?? []) {
    if (!table.partitions.some((p) => p.temporary === temporary && p.name.toLowerCase() === partition.toLowerCase()))
      throw analysisFailure(`Unknown partition '${partition}' in table '${table.name}'`)
  }
  const writable = (table.indexes[0]?.columns ?? []).filter((c) => c.generated === undefined)
  const expected = columns?.length ?? writable.length
  const rows = cursor.accept('VALUES')
    ? parseRows(context, cursor)
    : queryRows(context, session, parseQuery(cursor, context.profile.version)).rows
  cursor.end()
  for (const row of rows) checkWidth(context, table, row, expected)
  for (const column of columns ?? []) {
    if (!table.indexes[0]?.columns.some((c) => c.name.toLowerCase() === column.toLowerCase()))
      throw analysisFailure(`Unknown column '${column}' in '${table.name}'`)
  }
  checkWritable(table)
  const dynamic = overwrite && /^\s*INSERT\s*\/\*\+[^*]*\bdynamic_overwrite\s*=\s*true\b/i.test(cursor.sql)
  if (dynamic && table.shadow === 'missing' && context.profile.atLeast('3.5'))
    throw failure(
      'Cannot invoke "com.starrocks.catalog.Partition.getId()" because the return value of "com.starrocks.catalog.OlapTable.getPartition(String)" is null',
    )
  demand(session, ['INSERT'], `TABLE ${name.name}`, onObject(database, table))
  const taken = context.state.transactions.find(
    (one) => one.dbId === database.id && one.label === label && one.status !== 'ABORTED',
  )
  if (taken) throw failure(`Label [${label}] has already been used, relate to txn [${taken.id}]`)
  const result = insertRows(context.state, database, table, columns ?? writable.map((c) => c.name), rows, {
    ...(isAutomatic(table) ? { createPartition: (values: LabValue[]) => partitionFor(context, table, values) } : {}),
    ...(partitions ? { partitions } : {}),
    temporary,
    overwrite,
    dynamic,
    ...(label === undefined ? {} : { label }),
  })
  return done(result.rows)
}

/** What a restore can leave behind: an automatic table without any partition, and replicas that a cancel spoiled. */
const checkWritable = (table: LabTable): void => {
  const empty = table.partitions.every((partition) => partition.temporary)
  if (empty && table.shadow === 'missing')
    throw analysisFailure(
      `data cannot be inserted into table with empty partition.Use \`SHOW PARTITIONS FROM ${table.name}\` to see the currently partitions of this table. `,
    )
  for (const partition of table.partitions) {
    for (const physical of partition.physical) {
      for (const tablets of physical.tablets.values()) {
        const lost = tablets.find(({ replicas }) => replicas.length > 0 && replicas.every((replica) => replica.bad))
        if (!lost) continue
        const texts = lost.replicas.map(
          (r) => `${r.backendId}:${r.version}/${r.lastFailedVersion}/${r.version}/0:BAD:ALIVE,`,
        )
        throw analysisFailure(
          `Tablet lost replicas. Check if any backend is down or not. tablet_id: ${lost.id}, replicas: ${texts.join('')}. Check quorum number failed(OlapTableSink): BeReplicaSize:0, quorum:${Math.floor(lost.replicas.length / 2) + 1}`,
        )
      }
    }
  }
}

/** The automatic partition for a row; a row whose value came down to another value's name cannot be loaded. */
const partitionFor = (context: LabSqlContext, table: LabTable, values: LabValue[]): LabPartition => {
  const partition = createAutomaticPartition(context, table, values)
  if (findPartition(table, values, [partition]) === undefined) {
    throw new LabSqlError(
      1064,
      'HY000',
      `automatic create partition failed. error:Duplicate partition name ${partition.name}`,
      'execution',
    )
  }
  return partition
}

const checkWidth = (context: LabSqlContext, table: LabTable, row: Row, expected: number): void => {
  if (row.length === expected) return
  void table
  throw new LabSqlError(
    context.profile.atLeast('3.3') ? 5604 : 1064,
    context.profile.atLeast('3.5') ? '42601' : '22000',
    `Getting analyzing error. Detail message: Inserted target column count: ${expected} doesn't match select/value column count: ${row.length}.`,
    'analysis',
  )
}

const parseRows = (context: LabSqlContext, cursor: Cursor): Row[] =>
  cursor.separated(() =>
    cursor.parenthesized((): LabValue | undefined => {
      if (cursor.accept('DEFAULT')) return undefined
      const expression = parseExpression(cursor, context.profile.version, parseQuery)
      return evaluateExpression(expression, {
        column: (path) => {
          throw analysisFailure(`Column '${path.join('.')}' cannot be resolved`)
        },
        function: literalFunctions,
        nowMs: context.state.now(),
      })
    }),
  )

/** Values of nested types are kept as the text that a query prints. */
const literalFunctions = (name: string, args: LabValue[]): LabValue | undefined => {
  const item = (value: LabValue): string =>
    value === null ? 'null' : /^-?\d+(\.\d+)?$|^[[{]/.test(String(value)) ? String(value) : `"${String(value)}"`
  if (name === 'array') return `[${args.map(item).join(',')}]`
  if (name === 'map') {
    const pairs: string[] = []
    for (let i = 0; i + 1 < args.length; i += 2) pairs.push(`${item(args[i] ?? null)}:${item(args[i + 1] ?? null)}`)
    return `{${pairs.join(',')}}`
  }
  if (name === 'row' || name === 'struct') return `{${args.map((a, i) => `"col${i + 1}":${item(a)}`).join(',')}}`
  if (name === 'named_struct') {
    const pairs: string[] = []
    for (let i = 0; i + 1 < args.length; i += 2) pairs.push(`"${String(args[i])}":${item(args[i + 1] ?? null)}`)
    return `{${pairs.join(',')}}`
  }
  if (name === 'parse_json') return args[0] ?? null
  if (name === 'to_bitmap' || name === 'hll_hash' || name === 'percentile_hash') return args[0] ?? null
  if (name === 'hll_empty' || name === 'bitmap_empty') return ''
  return undefined
}
