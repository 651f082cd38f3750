import { Context } from '@temporalio/activity'
import { ApplicationFailure } from '@temporalio/common'
import type { BackupInput } from '../../contract/backup/backup-api.ts'
import { type BackupSpec, backupSpecSchema, policySchema, whyNotOfKind } from '../../contract/backup/policy.ts'
import type { BackupRecord } from '../../contract/backup/record.ts'
import { check, InputError } from '../../contract/check.ts'
import { decideKind } from '../../planning/backup/full-due.ts'
import { movesOn } from '../../planning/backup/take-partitions.ts'
import { isNotFound, StorageError } from '../../repository/index.ts'
import { StarRocksError } from '../../starrocks/index.ts'
import type { Dependencies } from '../dependencies.ts'
import { beating } from '../heartbeat.ts'
import { repositoryFailure } from '../repository/storage-failure.ts'
import { clusterId } from '../snapshot-jobs/index.ts'
import { isScheduled, wallClockOf } from './backup-run.ts'
import { damageOf, earlierBackups, otherCluster } from './earlier-backups.ts'
import { openObjects } from './open-repository.ts'

export interface BackupDecision {
  kind: BackupRecord['kind']
  /** Id of the record that it is compared with. */
  baseline?: string
  /** Id of the last good one of the series, whatever its kind: what it holds and this one lacks is told. Of a policy whose partition filter moves on, the last that was due before. */
  previous?: string
  why: string
  /** Why there can be no record, and so nothing to compare with: the storage cannot be reached from here. */
  recordless?: string
  warnings: string[]
  /** With defaults filled in, where the input lacks them. */
  spec?: BackupSpec
}

/** Tries before a storage that does not answer is left alone: some minutes, as the workflow's policy spaces them. Without a record a backup is worth little. */
const TRIES = 12

/** What kind of backup it is to be, and what it is compared with; from the repository alone. */
export async function decideBackup(deps: Dependencies, input: BackupInput): Promise<BackupDecision> {
  const { database, kind } = input
  const spec = checkedSpec(input.spec)
  const decision = await decide(deps, { spec, database, kind, dueAt: dueAtOf(input) })
  // Started by backupSet, it is complete already, and need not be in the history again.
  return 'snapshot' in input.spec && 'verify' in input.spec ? decision : { ...decision, spec }
}

function checkedSpec(given: unknown): BackupSpec {
  const scheduled = typeof given === 'object' && given !== null && 'schedule' in given
  try {
    return scheduled
      ? check(policySchema, given, 'This is no backup spec')
      : check(backupSpecSchema, given, 'This is no backup spec')
  } catch (error) {
    if (error instanceof InputError) throw ApplicationFailure.nonRetryable(error.message, 'BadInput')
    throw error
  }
}

/** In milliseconds. */
function dueAtOf({ due }: BackupInput): number {
  const at = due === undefined ? Date.now() : Date.parse(due)
  if (Number.isNaN(at)) throw ApplicationFailure.nonRetryable(`backup: due '${due}' is no ISO time`, 'BadInput')
  return at
}

/** The same without its own check of the spec. */
export async function decide(
  deps: Dependencies,
  {
    spec,
    database,
    kind,
    dueAt,
    tries = TRIES,
  }: Pick<BackupInput, 'database' | 'kind'> & { spec: BackupSpec; dueAt: number; tries?: number },
): Promise<BackupDecision> {
  const wrong = whyNotOfKind(spec, kind)
  if (wrong !== undefined) throw ApplicationFailure.nonRetryable(`backup: ${wrong}`, 'BadInput')
  const context = Context.current()
  const signal = context.cancellationSignal
  return beating(async () => {
    const catalogs = database === ''
    try {
      const objects = await openObjects(deps, spec.repository)
      if (catalogs) return { kind: 'catalogs', why: 'external catalogs are always taken anew', warnings: [] }
      const { name, cluster, prefix } = spec
      const moving = isScheduled(spec) && movesOn(spec.objects.partitions)
      const now = await knownId(deps, cluster)
      const damage = damageOf(objects, signal)
      const { earlier, rejected, last } = await earlierBackups(
        objects,
        { cluster, database, name, prefix },
        async (record) => otherCluster(record, now) ?? damage(record),
        { signal, alone: spec.incremental === 'off', ...(moving ? { dueBefore: dueAt } : {}) },
      )
      const decided = decideKind(spec, kind, earlier, dueAt, wallClockOf(spec))
      return { ...decided, ...(last ? { previous: last.id } : {}), warnings: rejected }
    } catch (error) {
      if (!(error instanceof StorageError)) throw repositoryFailure(error, spec.repository)
      // The repository was not created yet, or under another name: no backup at all can be made.
      if (isNotFound(error)) throw repositoryFailure(error, `repository ${spec.repository}`)
      if (error.kind !== 'Unsupported' && context.info.attempt < tries) throw repositoryFailure(error, spec.repository)
      return {
        kind: catalogs ? 'catalogs' : 'full',
        why: 'without its storage, nothing is known of earlier backups',
        recordless: error.message,
        warnings: [
          `The worker cannot reach the storage of repository ${spec.repository}: ${error.message}. The backup is a full one without a record: it can be restored by its label, but nothing is verified, and nothing can build on it`,
        ],
      }
    }
  })
}

/** Undefined where it cannot be told now: whoever plans the backup looks once more. */
async function knownId(deps: Dependencies, cluster: string): Promise<string | undefined> {
  try {
    return await clusterId(deps.cluster(cluster).cluster)
  } catch (error) {
    if (error instanceof StarRocksError) return undefined
    throw error
  }
}
