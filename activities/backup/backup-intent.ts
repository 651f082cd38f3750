import type { BackupIntent } from '../../contract/backup/record.ts'
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
  const doomed = await objects.putIntent(intent)
  if (doomed.length === 0) return intent
  await objects.removeIntent(label)
  throw staleBackup(`${input.baseline}, to compare with, is being deleted`, { decide: true })
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
