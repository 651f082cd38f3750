import {
  type Client,
  type ScheduleDescription,
  type ScheduleHandle,
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
  type ScheduleSpec,
} from '@temporalio/client'
import type { BackupSetInput } from '../contract/backup/backup-api.ts'
import { type PolicySpec, policySchema, whyNotOfKind } from '../contract/backup/policy.ts'
import { check, InputError, nearest } from '../contract/check.ts'
import { backupSetId, policyScheduleId, TASK_QUEUE, WORKFLOW_TYPES } from '../contract/names.ts'
import { objectProblems } from '../planning/backup/object-problems.ts'
import { RequestError } from './errors.ts'

const PREFIX = policyScheduleId('')
const DESCRIBED_AT_ONCE = 8
/** Catching up with what was missed cannot be switched off altogether; this is less than any schedule's step. */
const NO_CATCHUP = '1 minute'
/** As JSON; it goes into the history of every backup. */
const LONGEST_SPEC = 32 * 1024

/** A policy as Temporal knows it. */
export interface Policy {
  name: string
  spec: PolicySpec
  paused: boolean
  /** Why, in the words of whoever paused it. */
  note?: string
  /** ISO; the next few. */
  next: string[]
  /** Newest first: when it was due and when it ran, as which workflow. */
  recent: { due: string; at: string; workflowId: string }[]
  running: string[]
  /** Runs that were due and not made: one was still running, or it was too late. */
  skipped: number
  missed: number
}

/**
 * Makes a policy, or makes it be like this: a Temporal Schedule that starts `backupSet`. Whether it is paused changes only when the given spec says so.
 * Errors: InputError for a spec that cannot be; nothing has been changed then.
 */
export async function putPolicy(client: Client, given: unknown): Promise<{ policy: Policy; created: boolean }> {
  const spec = checkPolicy(given)
  const wanted = { spec: scheduleOf(spec), action: actionOf(spec), policies: overlapOf(spec) }
  const saysPaused = typeof given === 'object' && given !== null && 'paused' in given
  const handle = handleOf(client, spec.name)
  try {
    await handle.update(({ state }) => ({
      ...wanted,
      state: { ...state, paused: saysPaused ? spec.paused : state.paused },
    }))
    return { policy: await policyOf(handle), created: false }
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw inputError(spec, error)
  }
  try {
    await client.schedule.create({
      scheduleId: policyScheduleId(spec.name),
      ...wanted,
      state: { paused: spec.paused, note: `Backup policy ${spec.name}` },
    })
  } catch (error) {
    throw inputError(spec, error)
  }
  return { policy: await policyOf(handle), created: true }
}

/** All policies, by name. */
export async function listPolicies(client: Client): Promise<Policy[]> {
  const names = await policyNames(client)
  const policies: Policy[] = []
  for (let from = 0; from < names.length; from += DESCRIBED_AT_ONCE) {
    const some = names.slice(from, from + DESCRIBED_AT_ONCE).map((name) =>
      policyOf(handleOf(client, name)).catch((error: unknown) => {
        // The listing is a moment behind.
        if (error instanceof ScheduleNotFoundError) return undefined
        throw error
      }),
    )
    for (const policy of await Promise.all(some)) if (policy) policies.push(policy)
  }
  return policies
}

/** Errors: RequestError for a policy that is not there, as in all that follow. */
export const showPolicy = (client: Client, name: string) => onPolicy(client, name, policyOf)

/** Nothing is started any more; what runs goes on. */
export const pausePolicy = (client: Client, name: string, note?: string) =>
  onPolicy(client, name, async (handle) => {
    await handle.pause(note ?? 'paused by hand')
    return policyOf(handle)
  })

export const resumePolicy = (client: Client, name: string) =>
  onPolicy(client, name, async (handle) => {
    await handle.unpause('resumed by hand')
    return policyOf(handle)
  })

/**
 * Backs up now, paused or not, and says as which workflow. `full`: a full one even when none is due. Errors: RequestError when a backup of this policy
 * runs already.
 */
export const triggerPolicy = (client: Client, name: string, kind: BackupSetInput['kind'] = 'auto') =>
  onPolicy(client, name, async (handle) => {
    const { spec, running } = await policyOf(handle)
    const wrong = whyNotOfKind(spec, kind)
    if (wrong !== undefined) throw new RequestError(`Policy ${name}: ${wrong}`)
    if (running.length > 0) throw new RequestError(`Policy ${name} backs up already: ${running.join(', ')}`)
    const input: BackupSetInput = { spec, kind }
    try {
      const { workflowId } = await client.workflow.start(WORKFLOW_TYPES.backupSet, {
        workflowId: backupSetId(name),
        taskQueue: TASK_QUEUE,
        args: [input],
        staticSummary: summaryOf(spec),
      })
      return workflowId
    } catch (error) {
      if (error instanceof Error && error.name === 'WorkflowExecutionAlreadyStartedError') {
        throw new RequestError(`Policy ${name} backs up already: ${backupSetId(name)}`)
      }
      throw error
    }
  })

/** Only the policy: its backups stay, and so does one that runs. */
export const deletePolicy = (client: Client, name: string) => onPolicy(client, name, (handle) => handle.delete())

/** The policy with defaults filled in. Errors: InputError with one sentence for each problem. */
export function checkPolicy(given: unknown): PolicySpec {
  const spec = check(policySchema, given, 'This is no backup policy')
  const problems = objectProblems(spec.objects)
  const { timeZone, cron, offsetMinutes, everyMinutes } = spec.schedule
  try {
    new Intl.DateTimeFormat('en-US', { timeZone })
  } catch {
    problems.push(`schedule.timeZone: '${timeZone}' is no IANA time zone such as Europe/Berlin`)
  }
  for (const each of cronsOf(spec)) {
    // Temporal would let it win over the zone that partitions and retention go by.
    if (/^\s*(CRON_)?TZ=/.test(each)) problems.push(`schedule.cron: '${each}' names a time zone; write it as timeZone`)
  }
  if (offsetMinutes !== undefined && cron !== undefined) {
    problems.push('schedule.offsetMinutes belongs to everyMinutes, not to cron')
  }
  if (offsetMinutes !== undefined && everyMinutes !== undefined && offsetMinutes >= everyMinutes) {
    problems.push('schedule.offsetMinutes must be less than everyMinutes')
  }
  const size = JSON.stringify(spec).length
  if (size > LONGEST_SPEC) {
    problems.push(`it is ${Math.ceil(size / 1024)} KiB long and may be ${LONGEST_SPEC / 1024}: name objects by globs`)
  }
  if (problems.length > 0) throw new InputError(`Policy ${spec.name}`, problems)
  return spec
}

const cronsOf = ({ schedule: { cron = [] } }: PolicySpec) => (typeof cron === 'string' ? [cron] : cron)

function scheduleOf(spec: PolicySpec): ScheduleSpec {
  const { everyMinutes, offsetMinutes = 0, timeZone, jitterMinutes } = spec.schedule
  const minutes = (count: number) => Math.round(count * 60_000)
  return {
    cronExpressions: cronsOf(spec),
    intervals: everyMinutes === undefined ? [] : [{ every: minutes(everyMinutes), offset: minutes(offsetMinutes) }],
    timezone: timeZone,
    jitter: minutes(jitterMinutes),
  }
}

function overlapOf({ onMissed, catchupHours }: PolicySpec) {
  return {
    overlap: ScheduleOverlapPolicy.SKIP,
    catchupWindow: onMissed === 'run' ? Math.round(catchupHours * 3_600_000) : NO_CATCHUP,
    pauseOnFailure: false,
  } as const
}

function actionOf(spec: PolicySpec) {
  const input: BackupSetInput = { spec }
  return {
    type: 'startWorkflow',
    workflowType: WORKFLOW_TYPES.backupSet,
    workflowId: backupSetId(spec.name),
    taskQueue: TASK_QUEUE,
    args: [input],
    staticSummary: summaryOf(spec),
  } as const
}

const summaryOf = ({ name, cluster, repository }: PolicySpec) => `Backup policy ${name}: ${cluster} to ${repository}`

const handleOf = (client: Client, name: string) => client.schedule.getHandle(policyScheduleId(name))

async function policyNames(client: Client): Promise<string[]> {
  const names: string[] = []
  for await (const { scheduleId } of client.schedule.list()) {
    if (scheduleId.startsWith(PREFIX)) names.push(scheduleId.slice(PREFIX.length))
  }
  return names.sort()
}

async function onPolicy<T>(client: Client, name: string, act: (handle: ScheduleHandle) => Promise<T>): Promise<T> {
  try {
    return await act(handleOf(client, name))
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error
    const known = await policyNames(client)
    const near = nearest(name, known)
    const hint = near ? `did you mean ${near}?` : known.length > 0 ? `there are ${known.join(', ')}` : 'there is none'
    throw new RequestError(`There is no policy ${name}; ${hint}`)
  }
}

async function policyOf(handle: ScheduleHandle): Promise<Policy> {
  const { scheduleId, action, state, info }: ScheduleDescription = await handle.describe()
  const [input] = (action.args ?? []) as [BackupSetInput?]
  return {
    name: scheduleId.slice(PREFIX.length),
    spec: check(policySchema, input?.spec, `Schedule ${scheduleId}`),
    paused: state.paused,
    ...(state.note ? { note: state.note } : {}),
    next: info.nextActionTimes.slice(0, 5).map((time) => time.toISOString()),
    recent: info.recentActions
      .map(({ scheduledAt, takenAt, action: { workflow } }) => ({
        due: scheduledAt.toISOString(),
        at: takenAt.toISOString(),
        workflowId: workflow.workflowId,
      }))
      .reverse(),
    running: info.runningActions.map(({ workflow }) => workflow.workflowId),
    skipped: info.numActionsSkippedOverlap,
    missed: info.numActionsMissedCatchupWindow,
  }
}

/** What Temporal says of a schedule that it does not take, e.g. of a cron expression, is about the input; its client makes a TypeError of it. */
function inputError(spec: PolicySpec, error: unknown): unknown {
  return error instanceof TypeError ? new InputError(`Policy ${spec.name}`, [`schedule: ${error.message}`]) : error
}
