import type { Finding } from '../../../contract/findings.ts'
import { fatal, info, someOf, warning } from '../../../planning/backup-preflight/make-finding.ts'
import type { RestoreOutline } from '../../../planning/restore/restore-plan.ts'
import { StorageError } from '../../../repository/index.ts'
import { compareVersions, isSystemDatabase, knownBackupBugs, parseVersion } from '../../../starrocks/index.ts'
import { openObjects } from '../../backup/open-repository.ts'
import { type ClusterFacts, settingNumber } from '../cluster-facts.ts'

/** Versions: an older cluster does not read what a newer one wrote. Patches of one line do read each other. */
export function checkBackupVersion({ side, spec }: ClusterFacts, { record }: RestoreOutline): Finding[] {
  const made = parseVersion(record.version)
  const here = side.version
  if (!made.known || !here.known) return []
  const line = (version: typeof made) => ({ ...version, patch: 0 })
  const order = compareVersions(line(here), line(made))
  if (order < 0) {
    return [
      fatal(
        'older-than-backup',
        spec.cluster,
        `Backup ${record.id} was made by StarRocks ${made.text}; ${spec.cluster} runs ${here.text}, which is older`,
        'Restore into a cluster of that version or a newer one: older ones do not read its metadata, or damage it',
      ),
    ]
  }
  if (order === 0) return []
  return [
    info(
      'much-newer-than-backup',
      spec.cluster,
      `Backup ${record.id} was made by StarRocks ${made.text}; ${spec.cluster} runs ${here.text}: newer versions read older snapshots`,
    ),
  ]
}

/** Whether the database may be restored to at all. */
export function checkTargetName({ database }: RestoreOutline): Finding[] {
  if (database === '' || !isSystemDatabase(database)) return []
  return [
    fatal(
      'system-database',
      database,
      `${database} is StarRocks’ own database`,
      'Give another one with rename.database',
    ),
  ]
}

/** Whether anybody ever looked at the backup's objects. What was found, and what is missing now, is told when its chain is looked at. */
export async function checkVerification(
  { deps, spec, signal }: ClusterFacts,
  { record, basis }: RestoreOutline,
): Promise<Finding[]> {
  if (basis.bare || record.verified) return []
  try {
    if (await (await openObjects(deps, spec.repository)).verification(record.id, { signal })) return []
  } catch (error) {
    if (error instanceof StorageError) return []
    throw error
  }
  return [
    info('unverified-backup', record.id, `Backup ${record.id} was never verified`, 'starferry backup verify does that'),
  ]
}

/** Replicas against living backends. */
export function checkReplicas(
  { backends, spec }: ClusterFacts,
  { tables }: RestoreOutline,
  wanted: number | undefined,
): Finding[] {
  const alive = backends.filter((backend) => backend.alive && !backend.decommissioned).length
  if (wanted !== undefined && wanted > alive) {
    return [
      fatal(
        'replicas-impossible',
        spec.cluster,
        `${wanted} replicas are asked for; ${spec.cluster} has ${alive} living backends`,
        `Give a replicationNumber of at most ${alive}`,
      ),
    ]
  }
  if (wanted !== undefined) return []
  const most = Math.max(
    0,
    ...tables.flatMap(({ table }) => Object.values(table.partitions).map(({ replication }) => replication ?? 0)),
  )
  if (most <= alive) return []
  return [
    warning(
      'fewer-replicas',
      spec.cluster,
      `Tables of the backup have up to ${most} replicas; ${spec.cluster} has ${alive} living backends, so they get ${alive}`,
      'Raise them afterwards (ALTER TABLE … SET ("replication_num" = …)), when there are more backends',
    ),
  ]
}

/** A restore that is cut off while it puts files in place ruins tables: by its timeout, or because a version forgets that it was finished. */
export function checkTimes(context: ClusterFacts, timeoutSeconds: number): Finding[] {
  const { side, spec } = context
  const findings: Finding[] = []
  if (timeoutSeconds < SHORT) {
    findings.push(
      warning(
        'timeout-short',
        spec.cluster,
        `Jobs end after ${timeoutSeconds} s, wherever they are: one that is putting files in place then leaves tables that can be neither read nor written`,
        'Leave the timeout at a day',
      ),
    )
  }
  const keep = settingNumber(context, 'history_job_keep_max_second')
  const bug = knownBackupBugs(side.version).find(({ id }) => id === 'restored-tables-dropped')
  if (bug && keep !== undefined && keep < WEEK) {
    findings.push(
      warning('history-short', spec.cluster, `history_job_keep_max_second is ${keep}. ${bug.what}`, bug.advice),
    )
  }
  return findings
}

const SHORT = 3_600
const WEEK = 604_800

/** What RESTORE does to tables that nobody asked for. */
export function checkSideEffects({ spec, settings }: ClusterFacts, outline: RestoreOutline): Finding[] {
  const { tables, objects, choice } = outline
  const findings: Finding[] = []
  const inPlace = tables.filter(({ route }) => route === 'in-place').map(({ target }) => target)
  if (inPlace.length > 0) {
    findings.push(
      warning(
        'in-place-final',
        outline.database,
        `Restored over live tables: ${someOf(inPlace)}. They can be neither read nor written meanwhile, and from COMMIT on what they hold now is gone`,
        'Restore aside unless they are lost anyway',
      ),
    )
  }
  const colocated = tables.filter(({ table }) => table.colocateGroup !== undefined)
  if (colocated.length > 0 && settings.get('enable_colocate_restore')?.value !== 'true') {
    findings.push(
      info(
        'colocate-lost',
        outline.database,
        `RESTORE takes tables out of their colocate groups: ${someOf(colocated.map(({ name, table }) => `${name} (${table.colocateGroup})`))}; starferry sets them again`,
      ),
    )
  }
  const functions = objects.filter(({ kind }) => kind === 'function').map(({ name }) => name)
  if (functions.length > 0) {
    findings.push(
      info(
        'function-files',
        outline.database,
        `Functions are restored without the files that they were made from: ${someOf(functions)}`,
        `The addresses of the files have to be reachable from ${spec.cluster}`,
      ),
    )
  }
  if (choice.objects.some(({ kind }) => kind === 'catalog')) {
    findings.push(
      warning(
        'catalog-secrets',
        spec.repository,
        'The snapshot of external catalogs holds their secrets in clear, in the object __meta',
        'Guard the bucket accordingly',
      ),
    )
  }
  return findings
}
