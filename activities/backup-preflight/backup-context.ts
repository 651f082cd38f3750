import type { BackupSpec, PolicySpec } from '../../contract/backup/policy.ts'
import type { Finding } from '../../contract/findings.ts'
import { type ObjectSelection, selectObjects } from '../../planning/backup/select.ts'
import { type Database, listDatabases, listTables, StarRocksError, type Table } from '../../starrocks/index.ts'
import type { Dependencies } from '../dependencies.ts'
import { mapConcurrently } from '../metadata/concurrency.ts'
import { type ClusterFacts, readClusterFacts } from './cluster-facts.ts'

export interface ChosenDatabase {
  name: string
  id: bigint
  /** With its functions. */
  entirely: boolean
  /** Everything in it that the spec wants; everything else is not looked at. */
  objects: Table[]
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
      const objects = tables.filter((table) => wanted.object(name, table.name))
      return [{ name, id, entirely: wanted.entirely(name), objects }]
    } catch (error) {
      // Dropped since the databases were listed.
      if (error instanceof StarRocksError && error.kind === 'NotFound') return []
      throw error
    }
  })
  return { ...cluster, spec, scheduled: 'schedule' in spec, wanted, existing, databases: databases.flat() }
}

/** `db.table` of all chosen objects that a condition holds for. */
export function namesWhere({ databases }: BackupContext, which: (table: Table) => boolean): string[] {
  return databases.flatMap(({ name, objects }) => objects.filter(which).map((table) => `${name}.${table.name}`))
}
