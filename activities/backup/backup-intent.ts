import type { BackupIntent, BackupRecord } from '../../contract/backup/record.ts'
import { mapConcurrently } from '../metadata/concurrency.ts'
import type { RepositoryObjects } from '../repository/repository-objects.ts'
import { leaderIdentity } from '../snapshot-jobs/index.ts'
import { staleBackup } from './backup-failures.ts'
import type { BackupRun } from './backup-run.ts'
import type { PlannedSnapshot } from './plan-snapshot.ts'

/** An intent with what this attempt, or another one, knows besides. */
export type Intent = BackupIntent & {
  /** No further snapshot comes after it. */
  last: boolean
  late: boolean
  after?: PlannedSnapshot['part']['last']
  bytes: number
  /** Which frontend led when it was sent. */
  leader?: string
  warnings: string[]
}

/** Written before anything is sent, so that retention leaves alone what this builds on, and any worker can finish it. */
export async function announce(run: BackupRun, planned: PlannedSnapshot): Promise<Intent> {
  const { input, objects, label, context, side } = run
  const { workflowId = '', runId = '' } = context.info.workflowExecution ?? {}
  const leader = await leaderIdentity(side.cluster, 0)
  const intent = { ...intentOf(run, planned), workflowId, runId, ...(leader === undefined ? {} : { leader }) }
  if (!objects) return intent
  if (context.info.attempt > 1) await throwIfOthers(run, intent)
  const doomed = await objects.putIntent(intent)
  // What was deleted between the plan and the intent is not being deleted any more.
  const gone = doomed.length > 0 ? undefined : await goneOf(objects, intent.record, run.signal)
  if (doomed.length === 0 && gone === undefined) return intent
  await objects.removeIntent(label)
  throw staleBackup(gone ?? `${input.baseline}, to compare with, is being deleted`, { decide: true })
}

/**
 * A BACKUP whose answer was lost may still arrive, with the functions that were planned then: manifests do not name functions, so nothing would tell that the
 * snapshot lacks those that are planned now.
 */
async function throwIfOthers({ objects, label, signal }: BackupRun, { record }: Intent): Promise<void> {
  const before = await objects?.intent(label, { signal })
  if (!before || functionsIn(before.record) === functionsIn(record)) return
  throw staleBackup(`the functions that snapshot ${label} was to hold have changed while it was being sent`)
}

/** Of its last snapshot, with their definitions. */
const functionsIn = ({ functions, labels }: BackupRecord) =>
  JSON.stringify(
    Object.entries(functions)
      .filter(([, { at }]) => at === labels.length - 1)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  )

const LOOKS_AT_ONCE = 8

/** What a backup builds on and is no more; undefined when all of it is there. Errors: StorageError. */
async function goneOf(
  objects: RepositoryObjects,
  { baseline, base, labels, own }: BackupRecord,
  signal: AbortSignal,
): Promise<string | undefined> {
  for (const id of new Set([baseline, base])) {
    if (id !== undefined && !(await objects.hasRecord(id, { signal }))) {
      return `backup ${id}, to compare with, has been deleted`
    }
  }
  const inherited = labels.slice(0, labels.length - own)
  const states = await mapConcurrently(inherited, LOOKS_AT_ONCE, ({ label }) =>
    objects.repository.lookAt(label, { signal }),
  )
  const lost = states.find(({ state }) => state !== 'complete')
  return lost && `snapshot ${lost.label}, to build on, is ${lost.state === 'missing' ? 'gone' : 'no longer whole'}`
}

/** What was planned, as an intent that nobody has announced. */
export function intentOf(
  { label }: Pick<BackupRun, 'label'>,
  { part, record, last, late, warnings }: PlannedSnapshot,
): Intent {
  return {
    label,
    workflowId: '',
    runId: '',
    record,
    last,
    late,
    ...(part.last ? { after: part.last } : {}),
    bytes: part.bytes,
    warnings,
  }
}
