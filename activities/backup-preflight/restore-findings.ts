import type { RestoreSpec } from '../../contract/backup/restore-spec.ts'
import type { Finding } from '../../contract/findings.ts'
import { fatal, someOf } from '../../planning/backup-preflight/make-finding.ts'
import { restoreNeeds } from '../../planning/backup-preflight/needs.ts'
import type { RestoreOutline } from '../../planning/restore/restore-plan.ts'
import type { Table } from '../../starrocks/index.ts'
import type { Dependencies } from '../dependencies.ts'
import { checkJobs } from './checks/jobs.ts'
import { checkNodes } from './checks/nodes.ts'
import { checkNeeds, checkRepositoryPrivilege, checkTablePrivilege } from './checks/privileges.ts'
import { checkRepository } from './checks/repository.ts'
import { checkClusterClock } from './checks/store.ts'
import { checkVersions } from './checks/versions.ts'
import { checkWorkers } from './checks/workers.ts'
import { type ClusterFacts, readClusterFacts } from './cluster-facts.ts'
import { checkRoom } from './restore-checks/disk.ts'
import { checkEmptyTables } from './restore-checks/empty-tables.ts'
import { checkColumns, checkDynamicPartitions, checkLifetimes, checkStates } from './restore-checks/live-tables.ts'
import { checkRoutineLoads } from './restore-checks/routine-loads.ts'
import {
  checkBackupVersion,
  checkReplicas,
  checkSideEffects,
  checkTargetName,
  checkTimes,
  checkVerification,
} from './restore-checks/targets.ts'

/**
 * What of a cluster, a repository and a backup would stop or spoil a restore that is planned already; what the plan itself shows is not looked at again.
 * `live`: what the target database holds; undefined where there is none. Errors: StarRocksError.
 */
export async function restoreFindings(
  deps: Dependencies,
  spec: RestoreSpec,
  outline: RestoreOutline,
  live: ReadonlyMap<string, Table> | undefined,
  signal?: AbortSignal,
): Promise<Finding[]> {
  const context = await readClusterFacts(deps, spec, 'restore', signal)
  // Everything else said of it would only confuse.
  if (context.features.refusal) return []
  const places = new Set([outline.database, ...(outline.objects.some(({ kind }) => kind === 'catalog') ? [''] : [])])
  const existing = outline.tables.map(({ target }) => target).filter((name) => live?.has(name))
  const wanted = spec.replicationNumber
  const found = await Promise.all([
    checkVersions(context),
    checkNodes(context),
    checkRepository(context),
    checkClusterClock(context),
    checkRepositoryPrivilege(context),
    checkTablePrivilege(context, 'INSERT', existing.length > 0 ? new Map([[outline.database, existing]]) : new Map()),
    checkNeeds(context, restoreNeeds(outline)),
    checkWorkers(context, spec.timeout),
    checkJobs(context, (database) => places.has(database)),
    checkBackupVersion(context, outline),
    checkTargetName(outline),
    checkVerification(context, outline),
    checkReplicas(context, outline, wanted),
    checkRoom(context, outline, wanted),
    checkTimes(context, spec.timeout),
    checkSideEffects(context, outline),
    checkStates(context, outline, live),
    checkDynamicPartitions(context, outline),
    checkLifetimes(context, outline),
    checkColumns(context, outline),
    checkLists(context, outline),
    checkEmptyTables(context, outline),
    checkRoutineLoads(context, outline),
  ])
  return found.flat()
}

function checkLists({ features, side }: ClusterFacts, { tables, database }: RestoreOutline): Finding[] {
  if (features.listPartitions !== false) return []
  const lists = tables.filter(({ table }) => /list/.test(table.partitioning)).map(({ name }) => name)
  if (lists.length === 0) return []
  return [
    fatal(
      'list-partitions',
      database,
      `StarRocks ${side.version.text} restores no tables with list partitions: ${someOf(lists)}`,
      'Leave them out, or restore into a newer cluster',
    ),
  ]
}
