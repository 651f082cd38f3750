import type { BackupSpec, PolicySpec } from '../../contract/backup/policy.ts'
import type { Finding } from '../../contract/findings.ts'
import { type ObjectSelection, selectObjects } from '../../planning/backup/select.ts'
import {
  type Database,
  listDatabases,
  listFunctions,
  listTables,
  type StarRocksCluster,
  StarRocksError,
  type Table,
} from '../../starrocks/index.ts'
import { objectKind } from '../backup/object-kind.ts'
import type { Dependencies } from '../dependencies.ts'
import { mapConcurrently } from '../metadata/concurrency.ts'
import { type ClusterFacts, readClusterFacts } from './cluster-facts.ts'

export interface ChosenDatabase {
  name: string
  id: bigint
  entirely: boolean
  /** Everything in it that the spec wants; everything else is not looked at. */
  objects: Table[]
  /** Wanted ones by name; undefined: whatever there is, if any are wanted. */
  functions?: string[]
}

/** What the checks of a backup look at; read once. */
export interface BackupContext extends ClusterFacts {
  spec: BackupSpec | PolicySpec
  /** A policy that nobody waits for: what is missing is no reason to back up nothing. */
  scheduled: boolean
  wanted: ObjectSelection
  existing: Database[]
  databases: ChosenDatabase[]
}

/** One question about a backup. Throws only when a cluster cannot be talked to. */
export type BackupCheck = (context: BackupContext) => Promise<Finding[]> | Finding[]

const WIDTH = 4

/** `only`: of all that the spec wants, this database alone. Errors: StarRocksError. */
export async function readBackupContext(
  deps: Dependencies,
  spec: BackupSpec | PolicySpec,
  { only, signal }: { only?: string; signal?: AbortSignal } = {},
): Promise<BackupContext> {
  const wanted = selectObjects(spec.objects)
  const [cluster, existing] = await Promise.all([
    readClusterFacts(deps, spec, 'backup', signal),
    listDatabases(deps.cluster(spec.cluster).cluster, { signal }),
  ])
  const chosen = existing.filter(({ name }) => wanted.database(name) && (only === undefined || name === only))
  const databases = await mapConcurrently(chosen, WIDTH, async ({ name, id }): Promise<ChosenDatabase[]> => {
    try {
      const tables = await listTables(cluster.side.cluster, id, { signal })
      const objects = tables.filter((table) => wanted.object(name, table.name) && wanted.kind(objectKind(table)))
      const named = Array.isArray(spec.objects.functions) && wanted.functions(name)
      const functions = named ? await functionNames(cluster.side.cluster, name, wanted, signal) : undefined
      return [{ name, id, entirely: wanted.entirely(name), objects, ...(functions ? { functions } : {}) }]
    } catch (error) {
      // Dropped since the databases were listed.
      if (error instanceof StarRocksError && error.kind === 'NotFound') return []
      throw error
    }
  })
  return { ...cluster, spec, scheduled: 'schedule' in spec, wanted, existing, databases: databases.flat() }
}

async function functionNames(
  cluster: StarRocksCluster,
  database: string,
  wanted: ObjectSelection,
  signal?: AbortSignal,
): Promise<string[]> {
  const all = await listFunctions(cluster, database, { signal })
  const names = new Set(all.map(({ signature }) => signature.replace(/\([\s\S]*$/, '')))
  return [...names].filter((name) => wanted.function(database, name))
}

/** `db.table` of all chosen objects that a condition holds for. */
export function namesWhere({ databases }: BackupContext, which: (table: Table) => boolean): string[] {
  return databases.flatMap(({ name, objects }) => objects.filter(which).map((table) => `${name}.${table.name}`))
}
