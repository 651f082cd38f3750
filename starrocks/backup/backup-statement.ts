import { quoteName, quoteQualified } from '../quote.ts'
import type { Version } from '../version.ts'
import { hasNewGrammar, hasSnapshotLifetime, refused, unsupported } from './grammar.ts'
import { timeoutProperty, writeProperties } from './job-properties.ts'
import { checkLabel } from './label.ts'
import { writeObjectList } from './object-list.ts'
import type { BackupObjects } from './objects.ts'

export interface BackupInput {
  /** The database; not with external catalogs. */
  database?: string
  /** Unique in the repository, whichever cluster or database wrote the others. The same label sent twice at once is accepted twice. */
  label: string
  repository: string
  objects: BackupObjects
  /** At least 600; the cluster's `backup_job_default_timeout_ms` (a day) when left out. */
  timeoutSeconds?: number
  /** How long StarRocks keeps the snapshot, e.g. `7 DAY`; empty: for ever (≥ 4.2). */
  ttl?: string
  /** StarRocks knows no other; the same as leaving it out. */
  type?: 'FULL'
}

/**
 * BACKUP. There is no AS in it: StarRocks refuses aliases here.
 * Errors: `Unsupported` names the object and the version that cannot back it up; `Refused` for input that no version takes.
 */
export function backupStatement(version: Version, input: BackupInput): string {
  checkLabel(input.label)
  const properties = writeProperties([
    ...(input.type ? [['type', input.type] as const] : []),
    ...timeoutProperty(input.timeoutSeconds),
    ...ttlProperty(version, input.ttl),
  ])
  const { objects, database } = input
  const target = ` TO ${quoteName(input.repository)}`
  if (objects.kind === 'catalogs') {
    if (database !== undefined) throw refused('External catalogs are backed up without a database', [database])
    const what = catalogs(version, objects.names)
    return `BACKUP ${what} SNAPSHOT ${quoteName(input.label)}${target}${properties}`
  }
  if (database === undefined) throw refused('The database to back up is not named')
  const list = objects.kind === 'objects' ? ` ON ${writeObjectList(version, 'back up', objects)}` : ''
  return hasNewGrammar(version)
    ? `BACKUP DATABASE ${quoteName(database)} SNAPSHOT ${quoteName(input.label)}${target}${list}${properties}`
    : `BACKUP SNAPSHOT ${quoteQualified(database, input.label)}${target}${list}${properties}`
}

function catalogs(version: Version, names: readonly string[] | 'all'): string {
  if (!hasNewGrammar(version)) {
    const list = names === 'all' ? [] : names
    throw unsupported(
      version,
      `back up external catalog${list.length === 1 ? '' : 's'} ${list.join(', ')}`.trimEnd(),
      list,
      'Keep the text of SHOW CREATE CATALOG; secrets in it are masked',
    )
  }
  if (names === 'all') return 'ALL EXTERNAL CATALOGS'
  if (names.length === 0) throw refused('No external catalog is named to back up')
  return `EXTERNAL CATALOGS (${names.map(quoteName).join(', ')})`
}

function ttlProperty(version: Version, ttl: string | undefined): [string, string][] {
  if (ttl === undefined) return []
  if (!hasSnapshotLifetime(version)) {
    throw unsupported(version, 'let a snapshot expire by itself', ['ttl'], 'Delete old snapshots in the repository')
  }
  if (ttl !== '' && !/^[1-9]\d{0,8} +[A-Za-z]+$/.test(ttl)) {
    throw refused(`A snapshot cannot be kept for ${JSON.stringify(ttl)}`, ['ttl'], "Give a duration such as '7 DAY'")
  }
  return [['ttl', ttl]]
}
