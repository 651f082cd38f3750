import { StarRocksError } from '../errors/starrocks-error.ts'
import { isAtLeast, type Version } from '../version.ts'

/** BACKUP DATABASE …, kinds of objects by keyword, views, functions, external catalogs (≥ 3.4). A main build counts as newest. */
export function hasNewGrammar(version: Version): boolean {
  return isAtLeast(version, 3, 4)
}

/** DROP SNAPSHOT, and the property `ttl` of BACKUP (≥ 4.2). */
export function hasSnapshotLifetime(version: Version): boolean {
  return isAtLeast(version, 4, 2)
}

/** Asynchronous materialized views in snapshots (≥ 3.2.3). */
export function takesMaterializedViews(version: Version): boolean {
  return isAtLeast(version, 3, 2, 3)
}

/** The error for what this version's statements cannot say. */
export function unsupported(version: Version, what: string, names: readonly string[], remedy: string): StarRocksError {
  return new StarRocksError({ kind: 'Unsupported', detail: `StarRocks ${version.text} cannot ${what}`, names, remedy })
}

/** The error for input out of which no statement can be made in any version. */
export function refused(detail: string, names: readonly string[] = [], remedy?: string): StarRocksError {
  return new StarRocksError({ kind: 'Refused', detail, names, remedy })
}
