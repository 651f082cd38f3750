import { ActivityFailure, ApplicationFailure, ChildWorkflowFailure, patched, workflowInfo } from '@temporalio/workflow'
import type { WantedSetting } from '../../contract/findings.ts'
import { metadataScheduleId, settingsWorkflowId } from '../../contract/names.ts'
import type { MigrationMemory } from '../../planning/migration-memory.ts'
import { control, schedules, work } from '../activities.ts'

/** Runs the preflight. Throws `PreflightFailed` when a fatal finding is not named in the spec's `ignore`; nothing has been changed then. */
export async function preflight(memory: MigrationMemory): Promise<WantedSetting[]> {
  const { spec } = memory
  const result = await work.preflight({ spec })
  // What was said to it meanwhile may be among them already.
  memory.findings = [...memory.findings, ...result.findings].slice(0, 100)
  const fatal = result.findings.filter((finding) => finding.level === 'fatal' && !spec.ignore.includes(finding.code))
  if (fatal.length > 0) {
    const lines = fatal.slice(0, 10).map(({ code, subject, message, remedy }) => {
      return `- ${subject}: ${message} (${code})${remedy ? `. ${remedy}` : ''}`
    })
    if (fatal.length > lines.length) lines.push(`- and ${fatal.length - lines.length} more`)
    throw ApplicationFailure.create({
      type: 'PreflightFailed',
      message: `Migration ${spec.name} cannot start; nothing has been changed:\n${lines.join('\n')}`,
      nonRetryable: true,
    })
  }
  return result.settings ?? []
}

/** Leases what has to be changed on the target while the migration runs; what it was is remembered by the cluster's settings workflow. */
export async function leaseSettings(memory: MigrationMemory, settings: readonly WantedSetting[]): Promise<void> {
  if (settings.length === 0) return
  const { spec } = memory
  const holder = workflowInfo().workflowId
  const answer = await control.leaseSettings({ cluster: spec.target, holder, settings: [...settings] })
  memory.settings = answer.changed
  for (const { key, reason } of answer.refused) {
    memory.findings.push({
      code: 'setting-not-changed',
      level: 'warning',
      subject: spec.target,
      message: `${key} could not be changed: ${reason}`,
      remedy: `Set ${key} yourself if tables need it`,
    })
  }
}

/**
 * The Schedule could not be removed: nobody may, most likely. The migration ends all the same; what the Schedule starts finds nobody to tell.
 * Not a function that also removes it: its caller would go on a moment later than histories tell.
 */
export function noteNotDeleted({ spec, findings }: MigrationMemory, error: unknown): void {
  if (!patched('ends-without-schedules')) throw error
  // A one-time migration has made none.
  if (spec.oneTime || findings.some(({ code }) => code === NOT_DELETED)) return
  const subject = metadataScheduleId(spec.name)
  const failure = asOwnFailure(error)
  findings.push({
    code: NOT_DELETED,
    level: 'warning',
    subject,
    message: `The Schedule could not be deleted: ${failure instanceof Error ? failure.message : String(failure)}`,
    remedy: `Delete Schedule ${subject} yourself`,
  })
}

const NOT_DELETED = 'schedule-not-deleted'

/** Undoes what was changed for the migration, in reverse order. */
export async function compensate(memory: MigrationMemory): Promise<void> {
  if (!memory.prepared) return
  const { spec } = memory
  try {
    await schedules.deleteMetadataSchedule({ name: spec.name })
  } catch (error) {
    noteNotDeleted(memory, error)
  }
  const keep = memory.stop?.keepSettings || spec.settings.keepAfterwards
  const { left } = await control.releaseSettings({ cluster: spec.target, holder: workflowInfo().workflowId, keep })
  const open = left.filter(({ goesOn }) => goesOn)
  if (!keep) memory.settings = memory.settings.filter(({ key }) => open.some((one) => one.key === key))
  for (const { key, reason } of open) {
    memory.findings.push({
      code: 'setting-not-restored',
      level: 'warning',
      subject: spec.target,
      message: `${key}: ${reason}`,
      remedy: `Workflow ${settingsWorkflowId(spec.target)} goes on trying; or set it yourself`,
    })
  }
  memory.prepared = false
}

/** The innermost cause, as a failure of the migration itself: its type and message are what a person needs. */
export function asOwnFailure(error: unknown): unknown {
  const wrapped = error instanceof ActivityFailure || error instanceof ChildWorkflowFailure
  const cause = wrapped ? error.cause : undefined
  if (!(cause instanceof ApplicationFailure)) return error
  return ApplicationFailure.create({ type: cause.type ?? undefined, message: cause.message, nonRetryable: true })
}
