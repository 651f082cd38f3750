import type { BackupSpec, PolicySpec } from '../../contract/backup/policy.ts'
import { formatBytes } from '../../contract/bytes.ts'
import type { DoctorResult, Finding } from '../../contract/findings.ts'
import { doctorResult } from '../../planning/backup-preflight/doctor-result.ts'
import type { Need } from '../../planning/backup-preflight/needs.ts'
import { isMaterializedView, type Table } from '../../starrocks/index.ts'
import { externalCatalogs } from '../backup/external-catalogs.ts'
import type { Dependencies } from '../dependencies.ts'
import { checkCluster } from '../preflight/connect.ts'
import { type BackupContext, readBackupContext } from './backup-context.ts'
import { checkAround } from './checks/around.ts'
import { checkCatalogs } from './checks/catalogs.ts'
import { checkFullText } from './checks/full-text.ts'
import { checkJobs } from './checks/jobs.ts'
import { checkNodes } from './checks/nodes.ts'
import { checkObjects } from './checks/objects.ts'
import { checkTemporaryPartitions, type PartitionTotals, readPartitionTotals } from './checks/partitions.ts'
import { checkNeeds, checkRepositoryPrivilege, checkTablePrivilege } from './checks/privileges.ts'
import { checkRepository } from './checks/repository.ts'
import { checkSelection } from './checks/selection.ts'
import { checkRunMode } from './checks/shared-data.ts'
import { checkClusterClock, checkStore } from './checks/store.ts'
import { checkTtl } from './checks/ttl.ts'
import { checkVersions } from './checks/versions.ts'
import { checkWorkers } from './checks/workers.ts'

export interface BackupPreflightInput {
  spec: BackupSpec | PolicySpec
  /** Of all that the spec wants, this one alone. */
  database?: string
}

/**
 * Looks for everything that would stop or spoil a backup. What is wrong is a finding; errors are StarRocksErrors of a cluster that stopped answering
 * meanwhile.
 */
export async function backupPreflight(
  deps: Dependencies,
  { spec, database }: BackupPreflightInput,
  signal?: AbortSignal,
): Promise<DoctorResult> {
  const connection = await checkCluster(deps, spec.cluster, 'cluster', signal)
  if (connection.length > 0) return doctorResult(connection, {}, spec.ignore)
  const context = await readBackupContext(deps, spec, { only: database, signal })
  // Where there is no BACKUP at all, everything else said of it would only confuse.
  const refusal = checkRunMode(context)
  if (refusal.length > 0) return doctorResult(refusal, factsOf(context, {}), spec.ignore)
  const catalogs = context.wanted.catalogs && (database === undefined || database === '')
  const chosen = new Set([...context.databases.map(({ name }) => name), ...(catalogs ? [''] : [])])
  const totals = await readPartitionTotals(context)
  const backsUpCatalogs = catalogs && context.features.catalogs !== false
  const named = backsUpCatalogs ? (await externalCatalogs(context.side.cluster, spec.objects, signal)).names : []
  const found: Finding[][] = await Promise.all([
    checkVersions(context),
    checkNodes(context),
    checkRepository(context, context.scheduled),
    checkStore(context),
    checkClusterClock(context),
    checkRepositoryPrivilege(context),
    checkTablePrivilege(context, 'EXPORT', tablesOf(context)),
    checkNeeds(context, needsOf(context, named), context.scheduled),
    checkWorkers(context, spec.timeout),
    checkJobs(context, (name) => chosen.has(name), spec.prefix),
    database === undefined ? checkSelection(context) : [],
    checkObjects(context),
    checkTemporaryPartitions(context, totals),
    checkTtl(context),
    checkFullText(context),
    checkCatalogs(context),
    checkAround(context),
  ])
  return doctorResult(found.flat(), factsOf(context, totals), spec.ignore)
}

/** Whatever is named in BACKUP, views too, is looked at as a table. */
const tablesOf = ({ databases, features, spec }: BackupContext) => {
  const taken = ({ type }: Table) =>
    type === 'OLAP' ||
    (type === 'VIEW' && features.views && spec.objects.views) ||
    (isMaterializedView(type) && features.materializedViews !== false && spec.objects.materializedViews === 'data')
  return new Map(databases.map(({ name, objects }) => [name, objects.filter(taken).map((table) => table.name)]))
}

/** What else BACKUP asks for: functions that are named, and catalogs. */
function needsOf({ databases, features }: BackupContext, catalogs: readonly string[]): Need[] {
  const functions = databases.flatMap(({ name, functions = [] }) =>
    features.functions ? functions.map((one): Need => usage('FUNCTION', one, name)) : [],
  )
  return [...functions, ...catalogs.map((name) => usage('CATALOG', name))]
}

const usage = (on: Need['on'], name: string, database?: string): Need => ({
  privilege: 'USAGE',
  on,
  name,
  ...(database === undefined ? {} : { database }),
  certain: true,
})

/** Short facts of what was looked at. */
function factsOf(
  { side, spec, backends, databases }: BackupContext,
  { bytes, partitions }: PartitionTotals,
): Record<string, string> {
  const alive = backends.filter((backend) => backend.alive).length
  const objects = databases.flatMap((database) => database.objects)
  return {
    [`cluster ${spec.cluster}`]: `${side.version.text}, ${side.runMode.replace('_', '-')}, ${alive} of ${backends.length} backends alive`,
    repository: spec.repository,
    databases: String(databases.length),
    tables: String(objects.filter(({ type }) => type === 'OLAP').length),
    ...(partitions === undefined ? {} : { partitions: String(partitions) }),
    ...(bytes === undefined ? {} : { data: formatBytes(bytes) }),
  }
}
