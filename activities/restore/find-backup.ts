import type { BackupRecord } from '../../contract/backup/record.ts'
import type { RestoreSpec } from '../../contract/backup/restore-spec.ts'
import { newestFirst, ownLabels, type RecordHead } from '../../planning/backup/head.ts'
import { mayBeOfOneBackup } from '../../planning/backup/label.ts'
import { whatItLacks } from '../../planning/restore/what-it-lacks.ts'
import type { Repository } from '../../repository/index.ts'
import { objectsOf } from '../repository/repository-objects.ts'
import { readRecord } from './read-record.ts'
import { refusedRestore } from './restore-failures.ts'

export interface FoundBackup {
  /** Undefined: a label that has no record. */
  record?: BackupRecord
  warnings: string[]
}

/** Records are read for it, each with all of its partitions. */
const MOST_LOOKED_AT = 200
const MOST_TOLD = 5

/**
 * The backup that a spec asks for: by its id or one of its own labels, or the newest of a database that was finished by a time and holds all that is asked for. What is being deleted
 * counts as gone. Errors: Refused, with what there is; StorageError.
 */
export async function findBackup(repository: Repository, spec: RestoreSpec): Promise<FoundBackup> {
  const { from } = spec
  const objects = objectsOf(repository)
  if (from.label !== undefined) {
    const record = (await readRecord(repository, from.label)) ?? (await byOwnLabel(repository, from.label))
    if (record && from.database !== undefined && record.database !== from.database) {
      throw refusedRestore(`Backup ${from.label} is of database ${record.database}, not of ${from.database}`)
    }
    return { record, warnings: [] }
  }
  const by = from.asOf === undefined ? Number.POSITIVE_INFINITY : Date.parse(from.asOf)
  if (Number.isNaN(by)) throw refusedRestore(`asOf must be an ISO time such as 2026-01-31T06:00:00Z, not ${from.asOf}`)
  const [{ heads, damaged }, deleting] = await Promise.all([objects.heads(), objects.deleting()])
  const fitting = heads.filter(
    (head) =>
      head.database === (from.database ?? '') &&
      (from.cluster === undefined || head.cluster === from.cluster) &&
      (from.policy === undefined || head.name === from.policy) &&
      !deleting.has(head.id),
  )
  const what = from.database === undefined ? 'external catalogs' : `database ${from.database}`
  const clusters = [...new Set(fitting.map((head) => head.cluster))].sort()
  if (clusters.length > 1) {
    throw refusedRestore(
      `Clusters ${clusters.join(', ')} have backups of ${what} in repository ${spec.repository}: say whose is meant`,
    )
  }
  const candidates = fitting.filter((head) => Date.parse(head.finishedAt) <= by).sort(newestFirst)
  if (candidates.length === 0) throw refusedRestore(noneOf(what, spec, fitting))
  const { record, passed } = await newestWithAll(repository, candidates, spec)
  if (!record) {
    throw refusedRestore(
      `None of the newest ${passed.length} backups of ${what} holds all that is asked for: ${firstOf(passed)}. Give one by --label to restore what it holds, or name what you need`,
    )
  }
  const warnings =
    damaged.length === 0
      ? []
      : [
          `${damaged.length} records cannot be read, one of which may be newer: ${damaged[0]?.key}: ${damaged[0]?.problem}`,
        ]
  if (passed.length > 0) {
    warnings.push(`${record.id} of ${record.finishedAt} is taken; newer ones were passed over: ${firstOf(passed)}`)
  }
  return { record, warnings }
}

/** Of these, the newest first. `passed`: those before it, and why. */
async function newestWithAll(
  repository: Repository,
  candidates: readonly RecordHead[],
  spec: RestoreSpec,
): Promise<{ record?: BackupRecord; passed: string[] }> {
  const passed: string[] = []
  for (const { id, finishedAt } of candidates.slice(0, MOST_LOOKED_AT)) {
    const record = await readRecord(repository, id)
    const lacks = record ? whatItLacks(record, spec) : ['was deleted this moment']
    if (record && lacks.length === 0) return { record, passed }
    passed.push(`${id} of ${finishedAt} ${lacks.slice(0, MOST_TOLD).join(' and ')}`)
  }
  return { passed }
}

function firstOf(passed: readonly string[]): string {
  const more = passed.length > MOST_TOLD ? `; and ${passed.length - MOST_TOLD} more` : ''
  return `${passed.slice(0, MOST_TOLD).join('; ')}${more}`
}

/** A backup of several snapshots may be called by any of its own. Errors: Refused where its record may be one that cannot be read. */
async function byOwnLabel(repository: Repository, label: string): Promise<BackupRecord | undefined> {
  const { heads, damaged } = await objectsOf(repository).heads()
  const head = heads.find((one) => ownLabels(one).includes(label))
  if (head) return readRecord(repository, head.id)
  const unread = damaged.find(({ id }) => mayBeOfOneBackup(id, label))
  if (unread) throw refusedRestore(`The record of snapshot ${label} cannot be read: ${unread.key}: ${unread.problem}`)
  return undefined
}

function noneOf(what: string, { repository, from }: RestoreSpec, fitting: readonly RecordHead[]): string {
  const oldest = fitting.map((head) => head.finishedAt).sort()[0]
  if (oldest !== undefined) return `No backup of ${what} was finished by ${from.asOf}; the oldest is of ${oldest}`
  const whose = [from.cluster && ` of cluster ${from.cluster}`, from.policy && ` of policy ${from.policy}`]
  return `Repository ${repository} holds no backup of ${what}${whose.filter(Boolean).join('')}; look with 'starferry backup list'`
}
