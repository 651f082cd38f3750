import type { LabColumn, LabPartition, LabTable } from '../model.ts'
import type { LabProfile } from '../profiles/profile.ts'
import { printedProperties } from '../sql/table-properties.ts'
import { inListOrder, inRangeOrder } from './partition-order.ts'

/** Comments are escaped by every release; line ends stay as they are. */
export const commentText = (comment: string): string => comment.replaceAll('\\', '\\\\').replaceAll('"', '\\"')

/** Text of a literal default. 3.3 escapes nothing at all, 3.1 escapes as Java does. */
const defaultText = (profile: LabProfile, value: string): string => {
  if (profile.version === '3.3') return value
  const escaped = value
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll('\n', '\\n')
    .replaceAll('\t', '\\t')
    .replaceAll('\r', '\\r')
  if (profile.version !== '3.1') return escaped
  return escaped.replace(/[\u0080-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`)
}

/** One column as SHOW CREATE TABLE prints it. */
export const columnText = (profile: LabProfile, column: LabColumn): string => {
  const parts = [`\`${column.name}\` ${column.type}`]
  if (column.aggregation) parts.push(column.aggregation)
  parts.push(column.nullable ? 'NULL' : 'NOT NULL')
  if (column.autoIncrement) parts.push('AUTO_INCREMENT')
  if (column.default?.kind === 'literal') parts.push(`DEFAULT "${defaultText(profile, column.default.value)}"`)
  if (column.default?.kind === 'expression') {
    const { value } = column.default
    parts.push(`DEFAULT ${/^current_timestamp/i.test(value) ? value : `(${value})`}`)
  }
  if (column.generated !== undefined) parts.push(`AS ${column.generated}`)
  parts.push(`COMMENT "${commentText(column.comment)}"`)
  return parts.join(' ')
}

const keyWords = {
  DUP_KEYS: 'DUPLICATE KEY',
  UNIQUE_KEYS: 'UNIQUE KEY',
  AGG_KEYS: 'AGGREGATE KEY',
  PRIMARY_KEYS: 'PRIMARY KEY',
} as const

const quoted = (names: readonly string[], separator = ', '): string => names.map((n) => `\`${n}\``).join(separator)

const rangePartition = (table: LabTable, partition: LabPartition): string => {
  const range = partition.range
  if (!range) return ''
  const values = (end: string[]): string => end.map((v) => `"${v}"`).join(', ')
  // Several MAXVALUEs run into one another: the text cannot be read back.
  const columns = table.partitioning.columns.length
  const upper = range.upper === 'MAXVALUE' ? `(${'MAXVALUE'.repeat(columns)})` : `(${values(range.upper)})`
  return `PARTITION ${partition.name} VALUES [(${values(range.lower)}), ${upper})${replication(table, partition)}`
}

const replication = (table: LabTable, partition: LabPartition): string => {
  const usual = table.properties.get('default.replication_num') ?? table.properties.get('replication_num')
  return String(partition.replicationNum) === usual || usual === undefined
    ? ''
    : `("replication_num" = "${partition.replicationNum}")`
}

const listValues = (partition: LabPartition, columns: number): string => {
  const item = (value: string | null): string => `'${value ?? 'NULL'}'`
  const tuples = partition.list ?? []
  if (columns === 1) return `(${tuples.map((t) => item(t[0] ?? null)).join(', ')})`
  return `(${tuples.map((t) => `(${t.map(item).join(', ')})`).join(', ')})`
}

const partitionClause = (profile: LabProfile, table: LabTable): string => {
  const { kind, columns, expression } = table.partitioning
  const partitions = table.partitions.filter((p) => !p.temporary)
  switch (kind) {
    case 'none':
      return ''
    case 'range': {
      const by = expression ?? quoted(columns)
      return `PARTITION BY RANGE(${by})\n(${inRangeOrder(table, partitions)
        .map((p) => rangePartition(table, p))
        .join(',\n')})\n`
    }
    case 'expression-range':
      return `PARTITION BY ${expression ?? ''}\n`
    case 'list': {
      const lines = inListOrder(partitions).map(
        (p) => `  PARTITION ${p.name} VALUES IN ${listValues(p, columns.length)}${replication(table, p)}`,
      )
      return `PARTITION BY LIST(${quoted(columns, ',')})(\n${lines.join(',\n')}\n)\n`
    }
    case 'automatic-list': {
      const items = columns.map((name) => {
        const hidden = table.indexes[0]?.columns.find((c) => c.name === name && c.hidden)
        return hidden && profile.atLeast('4.1') ? (hidden.generated ?? '').replaceAll('`', '') : `\`${name}\``
      })
      return `PARTITION BY (${items.join(',')})\n`
    }
  }
}

const distributionClause = (table: LabTable): string => {
  const { kind, columns, buckets } = table.distribution
  if (kind === 'random') return `DISTRIBUTED BY RANDOM${buckets > 0 ? ` BUCKETS ${buckets}` : ''}\n`
  return `DISTRIBUTED BY HASH(${quoted(columns)})${buckets > 0 ? ` BUCKETS ${buckets} ` : ''}\n`
}

const indexText = (index: LabTable['secondaryIndexes'][number]): string => {
  const properties =
    index.properties.length > 0 ? `(${index.properties.map(([k, v]) => `"${k}" = "${v}"`).join(', ')})` : ''
  return `  INDEX ${index.name} (${quoted(index.columns)}) USING ${index.type}${properties} COMMENT '${index.comment}'`
}

/** The text of SHOW CREATE TABLE, with all that a release leaves out or prints wrongly. */
export const createTableText = (profile: LabProfile, table: LabTable): string => {
  const hideGenerated = profile.atLeast('4.1')
  const columns = (table.indexes[0]?.columns ?? []).filter((c) => !(c.hidden && hideGenerated))
  const lines = [...columns.map((c) => `  ${columnText(profile, c)}`), ...table.secondaryIndexes.map(indexText)]
  const properties = printedProperties(profile, table.properties).map(([k, v]) => `"${k}" = "${v}"`)
  return [
    `CREATE TABLE \`${table.name}\` (\n${lines.join(',\n')}\n) ENGINE=OLAP \n`,
    `${keyWords[table.keysType]}(${quoted(table.keyColumns)})\n`,
    table.comment === '' ? '' : `COMMENT "${commentText(table.comment)}"\n`,
    partitionClause(profile, table),
    distributionClause(table),
    table.sortKey.length > 0 ? `ORDER BY(${quoted(table.sortKey)})\n` : '',
    `PROPERTIES (\n${properties.join(',\n')}\n);`,
  ].join('')
}
