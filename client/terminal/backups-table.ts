import type { BackupRow } from '../../contract/backup/repository-api.ts'
import { formatBytes, formatCount, formatTime } from './format.ts'
import { printable, type Style } from './style.ts'
import { table } from './table.ts'

/** Backups of a repository. */
export function backupsTable(rows: readonly BackupRow[], style: Style, columns: number): string[] {
  if (rows.length === 0) return [style.dim('no backups')]
  return table<BackupRow>(
    [
      { title: 'BACKUP', value: (row) => printable(row.id) },
      { title: 'DATABASE', value: (row) => printable(row.database || (row.kind === 'catalogs' ? '(catalogs)' : '')) },
      { title: 'KIND', value: (row) => row.kind ?? '' },
      { title: 'FINISHED', value: (row) => (row.finishedAt ? formatTime(row.finishedAt) : (row.timestamp ?? '')) },
      { title: 'TABLES', value: (row) => number(row.tables), align: 'right' },
      { title: 'PARTITIONS', value: (row) => number(row.partitions), align: 'right' },
      { title: 'SIZE', value: (row) => (row.bytes === undefined ? '' : formatBytes(row.bytes)), align: 'right' },
      { title: 'CHAIN', value: (row) => number(row.chain), align: 'right' },
      { title: 'STATE', value: stateOf, paint: (text, row) => paint(row, text, style) },
      {
        title: 'FROM',
        value: (row) => printable([row.cluster, row.policy].filter(Boolean).join(' / ')),
        flexible: true,
      },
    ],
    rows,
    style,
    columns,
  )
}

const number = (value: number | undefined) => (value === undefined ? '' : formatCount(value))

function stateOf(row: BackupRow): string {
  if (row.problem) return `${row.state}: ${printable(row.problem)}`
  if (row.whole === false) return 'chain broken'
  if (row.lacking?.length) return `${row.state}, lacks ${printable(row.lacking.join(', '))}`
  // The mode and the hour of the verification are of interest where one is looked at alone.
  const [, verdict, mode] = /^(\w+) \((\w+)\)/.exec(row.verified ?? '') ?? []
  if (verdict === undefined) return row.state
  return verdict === 'ok' ? `${row.state}, verified (${mode})` : `${row.state}, verification failed (${mode})`
}

function paint(row: BackupRow, text: string, style: Style): string {
  if (row.whole === false || row.state === 'damaged') return style.red(text)
  return row.state === 'complete' && !row.lacking?.length ? style.green(text) : style.yellow(text)
}
