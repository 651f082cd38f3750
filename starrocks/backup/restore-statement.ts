import { quoteName, quoteQualified } from '../quote.ts'
import type { Version } from '../version.ts'
import { hasNewGrammar, refused, unsupported } from './grammar.ts'
import { timeoutProperty, writeProperties } from './job-properties.ts'
import { named, writeNamed, writeObjectList } from './object-list.ts'
import type { RestoreObjects } from './objects.ts'

export interface RestoreInput {
  label: string
  repository: string
  /** Exactly as SHOW SNAPSHOT prints it; it cannot be computed. */
  timestamp: string
  /** The database that the snapshot was made of. Compared by StarRocks from 3.4 on, of no consequence before. */
  originDatabase?: string
  /** Where to; the origin's name when left out. Made when it is missing from 3.4 on, even if the statement is then refused. */
  targetDatabase?: string
  /** With `as` for new names. An alias works only onto a name that does not exist in the target yet. */
  objects: RestoreObjects
  /** Replicas of new tables and partitions: 3 when left out, whatever the snapshot had. Must equal that of partitions to be overwritten. */
  replicationNum?: number
  /** At least 600. */
  timeoutSeconds?: number
  /** Accepted and without effect; printed by SHOW RESTORE. */
  allowLoad?: boolean
  /** Only for snapshots too old to tell them themselves. */
  metaVersion?: number
  starrocksMetaVersion?: number
}

/**
 * RESTORE. Errors: `Unsupported` names the object and the version that cannot restore it; `Refused` for input that no version takes.
 */
export function restoreStatement(version: Version, input: RestoreInput): string {
  if (input.timestamp === '') throw refused(`Snapshot ${input.label} is to be restored without its timestamp`)
  const properties = writeProperties([
    ['backup_timestamp', input.timestamp],
    ...count('replication_num', input.replicationNum),
    ...timeoutProperty(input.timeoutSeconds),
    ...(input.allowLoad === undefined ? [] : [['allow_load', String(input.allowLoad)] as const]),
    ...count('meta_version', input.metaVersion),
    ...count('starrocks_meta_version', input.starrocksMetaVersion),
  ])
  const { objects } = input
  const from = ` FROM ${quoteName(input.repository)}`
  if (objects.kind === 'catalogs') {
    if (input.originDatabase !== undefined || input.targetDatabase !== undefined) {
      throw refused('External catalogs are restored without a database')
    }
    return `RESTORE SNAPSHOT ${quoteName(input.label)}${from} ${catalogs(version, objects.names)}${properties}`
  }
  const { originDatabase: origin, targetDatabase: target = origin } = input
  const list = objects.kind === 'objects' ? ` ON ${writeObjectList(version, 'restore', objects)}` : ''
  if (target === undefined) throw refused(`The database to restore ${input.label} into is not named`)
  // Without the origin's name the old form must do in new versions too: its prefix is the target and is compared with nothing.
  if (!hasNewGrammar(version) || origin === undefined) {
    return `RESTORE SNAPSHOT ${quoteQualified(target, input.label)}${from}${list}${properties}`
  }
  const database = writeNamed({ name: origin, as: target })
  return `RESTORE SNAPSHOT ${quoteName(input.label)}${from} DATABASE ${database}${list}${properties}`
}

function catalogs(version: Version, names: Extract<RestoreObjects, { kind: 'catalogs' }>['names']): string {
  const list = names === 'all' ? [] : names.map(named)
  if (!hasNewGrammar(version)) {
    throw unsupported(
      version,
      'restore external catalogs',
      list.map((catalog) => catalog.name),
      'Create them by CREATE EXTERNAL CATALOG',
    )
  }
  if (names === 'all') return 'ALL EXTERNAL CATALOGS'
  if (list.length === 0) throw refused('No external catalog is named to restore')
  return `EXTERNAL CATALOGS (${list.map(writeNamed).join(', ')})`
}

function count(key: string, value: number | undefined): [string, string][] {
  if (value === undefined) return []
  if (!Number.isSafeInteger(value) || value < 1) throw refused(`${key} cannot be ${value}`, [key])
  return [[key, String(value)]]
}
