import type { SavedCompanion } from '../../contract/backup/companion-api.ts'
import { COMPANION_KINDS } from '../../contract/backup/companion-api.ts'
import type { ObjectKind } from '../../contract/backup/objects.ts'
import type { BackupSpec } from '../../contract/backup/policy.ts'
import { type LeftBehind, notIncludedOf } from '../../planning/companion/not-included.ts'
import { type CompanionEntry, writeCompanion } from '../../planning/companion/script.ts'
import { hasNewGrammar, takesMaterializedViews } from '../../starrocks/index.ts'
import type { Dependencies } from '../dependencies.ts'
import type { Side } from '../metadata/pair.ts'
import { facts } from '../pollers/facts.ts'
import { clusterPart } from './cluster-part.ts'
import { type DatabasePart, databasePart } from './database-part.ts'

export interface SaveCompanionInput {
  spec: Pick<BackupSpec, 'cluster' | 'repository' | 'objects' | 'companion'>
  /** Empty: external catalogs. */
  database: string
  /** Of the backup. */
  id: string
}

/** More in one file than a person would ever read is a database of very many views. */
const MOST_NOT_INCLUDED = 500

export interface Companion extends SavedCompanion {
  text: string
}

/** Everything that the companion of a backup says. Errors: StarRocksError. */
export async function collectCompanion(
  deps: Dependencies,
  { spec, database, id }: SaveCompanionInput,
  signal?: AbortSignal,
): Promise<Companion> {
  const handle = deps.cluster(spec.cluster)
  const { version, runMode } = await facts(handle.cluster).capabilities()
  const side: Side = { name: spec.cluster, handle, cluster: handle.cluster, version, runMode }
  const common = await clusterPart(handle.cluster)
  const own = database === '' ? undefined : await databasePart(side, database, signal)
  const grammar = hasNewGrammar(version)
  const { views, functions, materializedViews, only } = spec.objects
  const kind = (one: ObjectKind) => only === undefined || only.includes(one)
  const asDdl = (names: string[] | undefined, taken: boolean) => (taken ? [] : (names ?? []))
  const found: LeftBehind = {
    externalTables: own?.externalTables ?? [],
    temporaryTables: own ? own.temporaryTables : [],
    routineLoads: own ? own.routineLoads : [],
    pipes: own ? own.pipes : [],
    tasks: own ? own.tasks : [],
    globalFunctions: common.globalFunctions,
    resources: common.resources,
    storageVolumes: common.storageVolumes,
    resourceGroups: common.resourceGroups,
    users: common.accounts?.users,
    roles: common.accounts?.roles,
    catalogs: database === '' ? [] : common.catalogs,
    viewsAsDdl: asDdl(own?.views, grammar && views && kind('views')),
    functionsAsDdl: asDdl(own?.functions, grammar && functions === true && kind('functions')),
    materializedViewsAsDdl: asDdl(
      own?.materializedViews,
      takesMaterializedViews(version) && materializedViews === 'data' && kind('materializedViews'),
    ),
  }
  const notIncluded = notIncludedOf(found, spec.companion)
  const entries = inOrder([...(own?.entries ?? []), ...common.entries])
  const byHand = entries.filter((entry) => entry.byHand !== undefined).length
  const text = writeCompanion({ lines: headLines(side, database, id, deps.clock.now(), own), notIncluded }, entries)
  return {
    text,
    statements: entries.reduce((sum, entry) => sum + (entry.byHand === undefined ? entry.statements.length : 0), 0),
    byHand,
    notIncluded: notIncluded.slice(0, MOST_NOT_INCLUDED),
    warnings: [...common.warnings, ...(own?.warnings ?? [])],
  }
}

function headLines(side: Side, database: string, id: string, now: number, own: DatabasePart | undefined): string[] {
  const of = own === undefined ? 'external catalogs' : `database ${database}`
  return [
    `Of backup ${id}: ${of} of cluster ${side.name}, StarRocks ${side.version.text}, ${new Date(now).toISOString()}`,
    '',
    'What its snapshots do not hold, and definitions that are worth having as statements. Run it after the tables have been restored: views read them, grants',
    'name them. It can be run again: what is there stays as it is. Statements that cannot be run as they are, most of them because StarRocks shows nobody the secrets in',
    'them, are comments that begin with “By hand”. Users with a password are among these: make them before the grants are run.',
  ]
}

const inOrder = (entries: CompanionEntry[]): CompanionEntry[] =>
  COMPANION_KINDS.flatMap((kind) => entries.filter((entry) => entry.kind === kind))
