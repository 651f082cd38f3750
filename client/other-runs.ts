import { type Client, WorkflowNotFoundError } from '@temporalio/client'
import { WORKFLOW_TYPES } from '../contract/names.ts'
import { jobProgressBy, toldBy } from './heartbeats.ts'
import { jobLine } from './terminal/job-view.ts'

/** Something that runs and has no status of its own: deleting, verifying, checking, or one database's backup without a set. */
export interface OtherRun {
  what: string
  workflowId: string
  startedAt: string
  /** What it does now, and what it waits for; empty between two steps. */
  doing: string
}

const WORDS: Readonly<Record<string, string>> = {
  [WORKFLOW_TYPES.prune]: 'retention',
  [WORKFLOW_TYPES.verifyBackups]: 'verification',
  [WORKFLOW_TYPES.repositories]: 'repository',
  [WORKFLOW_TYPES.companion]: 'companion script',
  [WORKFLOW_TYPES.backup]: 'backup',
}

/** Activities in plain words. */
const STEPS: Readonly<Record<string, string>> = {
  planPrune: 'plans what to delete; deletes nothing',
  runPrune: 'deletes',
  backupsToVerify: 'reads records',
  verifyLabels: 'reads snapshots',
  writeVerifications: 'writes what was found',
  checkRepository: 'backs up and restores a table of one row',
  decideBackup: 'decides what to take',
  runBackup: 'makes a snapshot',
  cleanBackup: 'cleans up',
  saveCompanion: 'saves the companion file',
}

const MOST = 50

/** All of them, newest first; of backups only those that no running set shows. `sets`: the workflow ids of these. */
export async function otherRuns(client: Client, sets: ReadonlySet<string>): Promise<OtherRun[]> {
  const types = Object.keys(WORDS).map((type) => `'${type}'`)
  const query = `WorkflowType IN (${types.join(', ')}) AND ExecutionStatus = 'Running'`
  const found: OtherRun[] = []
  for await (const { workflowId, runId, type, startTime, parentExecution } of client.workflow.list({ query })) {
    if (type === WORKFLOW_TYPES.backup && sets.has(parentExecution?.workflowId ?? '')) continue
    const doing = await doingOf(client, { workflowId, runId, type })
    if (doing === undefined) continue
    found.push({ what: WORDS[type] ?? type, workflowId, startedAt: startTime.toISOString(), doing })
    if (found.length >= MOST) break
  }
  return found.sort((a, b) => b.startedAt.localeCompare(a.startedAt))
}

/** Undefined when it has ended meanwhile: listings are a moment behind. */
async function doingOf(
  client: Client,
  { workflowId, runId, type }: { workflowId: string; runId: string; type: string },
): Promise<string | undefined> {
  const handle = client.workflow.getHandle(workflowId, runId)
  try {
    const { raw, status } = await handle.describe()
    if (status.name !== 'RUNNING') return undefined
    const activities = raw.pendingActivities ?? []
    const [pending] = activities
    const name = pending?.activityType?.name ?? ''
    const step = STEPS[name] ?? name
    const waits = pending?.lastFailure?.message
    if (name === 'runBackup') return jobLine(jobProgressBy(activities, '') ?? { label: '', database: step, state: '' })
    const told = type === WORKFLOW_TYPES.prune ? toldBy<{ deleted?: number; now?: string }>(activities) : undefined
    const parts = [
      step,
      told?.now && `now ${told.now}`,
      told?.deleted && `${told.deleted} deleted`,
      waits && `waits: ${waits}`,
    ]
    return parts.filter(Boolean).join(', ')
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined
    throw error
  }
}
