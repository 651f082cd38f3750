import type { BackupRecord } from '../../contract/backup/record.ts'
import type { RestoreSpec } from '../../contract/backup/restore-spec.ts'
import { own } from '../backup/changes.ts'
import { expandBraces, globMatcher, isGlob } from '../glob.ts'

export type RestoreKind = 'table' | 'materializedView' | 'view' | 'function' | 'catalog'

/** Something of the backup that is to be restored, and what it will be called. */
export interface ChosenObject {
  kind: RestoreKind
  /** In the backup. */
  name: string
  /** On the target. */
  target: string
  /** Only these partitions. */
  partitions?: string[]
}

export interface Choice {
  /** In a fixed order: by kind, then by name. */
  objects: ChosenObject[]
  /** Nothing was named, and the backup is of all of it: the database as it was. */
  whole: boolean
  origin: string
  database: string
  /** What was asked for and is not in the backup; nothing can be restored then. */
  missing: string[]
}

/** What of a backup a spec asks for. Pure: the same for the same record and spec, in the same order. */
export function chooseObjects(record: BackupRecord, spec: RestoreSpec): Choice {
  const named = [...spec.tables, ...spec.materializedViews, ...spec.views, ...spec.functions, ...spec.catalogs]
  const everything = named.length === 0 && Object.keys(spec.partitions).length === 0
  const missing: string[] = []
  const pick = (kind: string, names: readonly string[], patterns: readonly string[]): Set<string> => {
    const found = new Set<string>()
    for (const pattern of patterns) {
      const matches = expandBraces(pattern).map(globMatcher)
      const hits = names.filter((name) => name === pattern || matches.some((match) => match(name)))
      if (hits.length === 0) missing.push(`${isGlob(pattern) ? `any ${kind} like ` : `${kind} `}${pattern}`)
      for (const hit of hits) found.add(hit)
    }
    return found
  }
  const tables = Object.keys(record.tables)
  const chosenTables = everything ? new Set(tables) : pick('table', tables, spec.tables)
  const partitions = new Map<string, string[]>()
  for (const [table, patterns] of Object.entries(spec.partitions)) {
    const known = own(record.tables, table)
    if (!known) {
      missing.push(`table ${table}`)
      continue
    }
    partitions.set(table, [...pick(`partition of ${table}`, Object.keys(known.partitions), patterns)].sort())
    chosenTables.add(table)
  }
  const sets: [RestoreKind, Set<string>][] = [
    ['table', chosenTables],
    ['materializedView', chosen('materialized view', Object.keys(record.materializedViews), spec.materializedViews)],
    ['view', chosen('view', Object.keys(record.views), spec.views)],
    ['function', chosen('function', Object.keys(record.functions), spec.functions)],
    ['catalog', chosen('external catalog', record.catalogs, spec.catalogs)],
  ]
  for (const renamed of Object.keys(spec.rename.tables)) {
    if (!chosenTables.has(renamed) && !own(record.views, renamed) && !own(record.materializedViews, renamed))
      missing.push(`table ${renamed}, which is to be renamed`)
  }
  return {
    objects: sets.flatMap(([kind, names]) =>
      [...names].sort().map((name) => ({
        kind,
        name,
        target: own(kind === 'catalog' ? spec.rename.catalogs : spec.rename.tables, name) ?? name,
        ...(kind === 'table' && partitions.has(name) ? { partitions: partitions.get(name) } : {}),
      })),
    ),
    // A backup of a part must not take the place of the whole.
    whole: everything && record.partial !== true,
    origin: record.database,
    database: spec.rename.database ?? record.database,
    missing,
  }

  function chosen(kind: string, names: readonly string[], patterns: readonly string[]): Set<string> {
    return everything ? new Set(names) : pick(kind, names, patterns)
  }
}
