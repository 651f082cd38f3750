import { quoteName, quoteString } from '../quote.ts'
import type { Version } from '../version.ts'
import { hasNewGrammar, hasSnapshotLifetime, refused, unsupported } from './grammar.ts'

export type JobKind = 'backup' | 'restore'

/** Whose job: a database's, or the one of the external catalogs. */
export type JobPlace = { database: string } | { catalogs: true }

/**
 * CANCEL BACKUP | RESTORE. It cancels whatever job runs there, whoever sent it: look at the label first.
 * A restore must not be cancelled in COMMITTING: its tables could be neither read nor written afterwards.
 */
export function cancelStatement(version: Version, kind: JobKind, place: JobPlace): string {
  const word = kind.toUpperCase()
  if ('database' in place) return `CANCEL ${word} FROM ${quoteName(place.database)}`
  if (!hasNewGrammar(version)) {
    throw unsupported(
      version,
      `${kind === 'backup' ? 'back up' : 'restore'} external catalogs`,
      [],
      'Nothing to cancel',
    )
  }
  return `CANCEL ${word} FOR EXTERNAL CATALOG`
}

/** SHOW BACKUP | RESTORE: the last job of the database, of all databases without one. The catalogs' row comes with either. */
export function showJobsStatement(kind: JobKind, database?: string): string {
  return `SHOW ${kind.toUpperCase()}${database === undefined ? '' : ` FROM ${quoteName(database)}`}`
}

export type SnapshotFilter =
  | { labels: readonly string[] }
  /** Tells the database and the objects too. */
  | { label: string; timestamp: string }

/** SHOW SNAPSHOT ON repository. Without a filter it costs a remote listing for each label. */
export function showSnapshotsStatement(repository: string, filter?: SnapshotFilter): string {
  const start = `SHOW SNAPSHOT ON ${quoteName(repository)}`
  if (!filter) return start
  if ('timestamp' in filter) {
    return `${start} WHERE SNAPSHOT = ${quoteString(filter.label)} AND TIMESTAMP = ${quoteString(filter.timestamp)}`
  }
  const [only, ...more] = filter.labels.map(quoteString)
  if (only === undefined) throw refused('No label is named to look for')
  return more.length === 0
    ? `${start} WHERE SNAPSHOT = ${only}`
    : `${start} WHERE SNAPSHOT IN (${[only, ...more].join(', ')})`
}

/** DROP SNAPSHOT (≥ 4.2). FORCE also takes snapshots of other clusters and those that do not say whose they are. */
export function dropSnapshotStatement(
  version: Version,
  { label, repository, force = false }: { label: string; repository: string; force?: boolean },
): string {
  if (!hasSnapshotLifetime(version)) {
    throw unsupported(version, `drop snapshot ${label}`, [label], 'Delete it in the repository’s storage')
  }
  return `DROP SNAPSHOT ${quoteName(label)} ON ${quoteName(repository)}${force ? ' FORCE' : ''}`
}
