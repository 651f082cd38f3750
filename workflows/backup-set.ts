import { defineSearchAttributeKey } from '@temporalio/common'
import {
  CancellationScope,
  ContinueAsNew,
  condition,
  continueAsNew,
  executeChild,
  isCancellation,
  ParentClosePolicy,
  patched,
  setCurrentDetails,
  setHandler,
  sleep,
  WorkflowIdReusePolicy,
  type WorkflowInfo,
  workflowInfo,
} from '@temporalio/workflow'
import {
  type BackupSetInput,
  type BackupSetResult,
  type BackupSetStatus,
  backupStatusQuery,
  cancelSignal,
  snapshotsDoneSignal,
} from '../contract/backup/backup-api.ts'
import type { PolicySpec } from '../contract/backup/policy.ts'
import type { PruneInput, PruneResult } from '../contract/backup/repository-api.ts'
import { pruneId, WORKFLOW_TYPES } from '../contract/names.ts'
import { work } from './activities.ts'
import { checkBackupInput } from './backup/check-backup-input.ts'
import { cancelledEnd, failureOf } from './backup/failure.ts'
import { preflightSet } from './backup/preflight-set.ts'
import { notices } from './backup/proxies.ts'
import { addFailure, addResult, newSetMemory, type SetMemory, warn, warnFirst } from './backup/set-memory.ts'
import { SetWindow } from './backup/set-window.ts'
import { setSearchAttributes } from './search-attributes.ts'

export type BackupSetWorkflowInput = BackupSetInput & { carried?: Omit<SetMemory, 'spec' | 'kind'> }

/** Set by Temporal's Schedules. */
const SCHEDULED_START = defineSearchAttributeKey('TemporalScheduledStartTime', 'DATETIME')

/** Read the next page when so few are left, so that nobody waits for it. */
const LOW = 20

/** One backup of everything that a policy, or a spec given once, names: database by database, some at a time; one that fails stops no other. */
export async function backupSet(input: BackupSetWorkflowInput): Promise<BackupSetResult> {
  const info = workflowInfo()
  const { carried, ...given } = input ?? {}
  const memory: SetMemory = carried
    ? { ...carried, spec: given.spec, kind: given.kind ?? 'auto' }
    : newSetMemory(checkBackupInput('backupSet', given, { spec: true, kind: true }), {
        startedAt: info.startTime.getTime(),
        due: dueTime(info).getTime(),
        firstRunId: info.firstExecutionRunId,
      })
  const { spec } = memory
  let state: BackupSetStatus['state'] = 'running'
  let reading = false
  let readError: unknown
  const scope = new CancellationScope()
  const window = new SetWindow(memory, ({ database, result, reason }) => {
    if (result) addResult(memory, result)
    else addFailure(memory, database, reason ?? 'it ended without a word')
    show()
  })
  setHandler(cancelSignal, () => {
    if (state !== 'retention' || patched('cancelled-in-retention')) scope.cancel()
  })
  setHandler(snapshotsDoneSignal, (database) => window.release(database))
  setHandler(backupStatusQuery, () => ({
    name: spec.name,
    cluster: spec.cluster,
    repository: spec.repository,
    state,
    total: memory.total,
    done: memory.done,
    running: Object.keys(memory.running),
    failed: memory.failed,
    bytes: memory.bytes,
    warnings: memory.warnings,
    startedAt: new Date(memory.startedAt).toISOString(),
    findings: memory.findings,
  }))
  setSearchAttributes({ kind: 'backupSet', cluster: spec.cluster, state })
  const watch = new CancellationScope()
  watch.run(tellWhenLate).catch((error: unknown) => {
    if (!isCancellation(error)) warn(memory, failureOf(error).message)
  })
  try {
    await scope.run(run)
    watch.cancel()
  } catch (error) {
    watch.cancel()
    if (!isCancellation(error)) {
      if (error instanceof ContinueAsNew) throw error
      const { message } = failureOf(error)
      setState('failed')
      await notify({ ...resultOf(memory, undefined), ok: false }, `Backup ${spec.name}: ${message}`)
      throw error
    }
    await CancellationScope.nonCancellable(async () => {
      cancelling()
      await condition(() => !window.busy)
      await window.cancel()
      window.lookForEnded()
      await condition(() => window.size === 0)
      await notify({ ...resultOf(memory, undefined), ok: false }, `Backup ${spec.name} was cancelled; ${made()}`)
    })
    state = 'cancelled'
    throw cancelledEnd(error, `Backup ${spec.name}`)
  }
  let pruned: BackupSetResult['pruned']
  try {
    // Former versions gave no heed to a signal that came so late.
    const isLate = scope.consideredCancelled && !patched('cancelled-in-retention')
    pruned = isLate ? await prune() : await scope.run(prune)
  } catch (error) {
    if (!isCancellation(error) || !patched('cancelled-in-retention')) throw error
    await CancellationScope.nonCancellable(async () => {
      cancelling()
      const text = `Backup ${spec.name} was cancelled while retention was applied; ${made()}`
      await notify({ ...resultOf(memory, undefined), ok: false }, text)
    })
    state = 'cancelled'
    throw cancelledEnd(error, `Backup ${spec.name}`)
  }
  setState(memory.failedCount > 0 ? 'failed' : 'finished')
  const result = resultOf(memory, pruned)
  await notify(result)
  return result

  async function run(): Promise<void> {
    if (!carried) {
      setState('checking')
      await preflightSet(memory)
      setState('running')
    }
    window.lookForEnded()
    for (;;) {
      if (memory.more && memory.queue.length <= LOW) readPage()
      // The moment one ends, the next begins.
      await condition(() => canStart() || isOver() || canContinue() || readError !== undefined || wantsPage())
      if (readError !== undefined) throw readError
      if (isOver()) return
      if (canContinue()) {
        const { spec: _, kind, ...rest } = memory
        await continueAsNew<typeof backupSet>({ spec, kind, carried: rest })
      }
      while (canStart() && !workflowInfo().continueAsNewSuggested) {
        const database = memory.queue.shift()
        if (database !== undefined) window.start(database)
      }
      show()
    }
  }

  function made(): string {
    const { total, done, failedCount } = memory
    return `${done - failedCount} of ${total} databases were backed up`
  }

  function canStart(): boolean {
    const { parallelDatabases: slots } = spec
    // Verifications that take longer than the backups do not pile up.
    const free = window.occupied < slots && window.size < 2 * slots
    return memory.queue.length > 0 && free && !workflowInfo().continueAsNewSuggested
  }

  function wantsPage(): boolean {
    return memory.more && !reading && memory.queue.length <= LOW
  }

  function isOver(): boolean {
    return !memory.more && !reading && memory.queue.length === 0 && window.size === 0
  }

  /** Running backups go on, and are looked after by the next run. */
  function canContinue(): boolean {
    return workflowInfo().continueAsNewSuggested && !window.busy && !reading
  }

  function readPage(): void {
    if (reading) return
    reading = true
    work
      .backupDatabases({ spec, ...(memory.last === undefined ? {} : { after: memory.last }) })
      .then((page) => {
        if (memory.last === undefined) memory.total = page.total + page.missing.length
        for (const database of page.missing) addFailure(memory, database, `${spec.cluster} has no such database`)
        memory.queue.push(...page.databases)
        memory.last = page.databases.at(-1) ?? memory.last
        memory.more = page.more
      })
      .catch((error: unknown) => {
        readError = error
      })
      .finally(() => {
        reading = false
      })
  }

  /** By the policy's retention, when there is one. What it cannot do now it does the next time. */
  async function prune(): Promise<BackupSetResult['pruned']> {
    const { retention, schedule } = spec as Partial<PolicySpec>
    if (!retention) return undefined
    setState('retention')
    const wanted: PruneInput = {
      repository: spec.repository,
      cluster: spec.cluster,
      policy: spec.name,
      retention,
      // Of the plan that a person looks at, too.
      timeZone: schedule?.timeZone,
      leftovers: true,
      confirmed: 'all',
    }
    try {
      const done = await executeChild<(input: PruneInput) => Promise<PruneResult>>(WORKFLOW_TYPES.prune, {
        workflowId: `${pruneId(spec.repository)}/${spec.name}`,
        args: [wanted],
        parentClosePolicy: ParentClosePolicy.ABANDON,
        workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
        staticSummary: `Retention of policy ${spec.name}`,
      })
      for (const { label, reason } of done.failures.slice(0, 5)) warn(memory, `${label} was not deleted: ${reason}`)
      for (const why of (done.waits ?? []).slice(0, 5)) warnFirst(memory, `Retention waits: ${why}`)
      return { backups: done.deleted, bytes: done.bytes, kept: done.keep.length }
    } catch (error) {
      if (isCancellation(error)) throw error
      warnFirst(memory, `Retention could not be applied: ${failureOf(error).message}`)
      return undefined
    }
  }

  /** Somebody's job that hangs in one database holds up the whole policy, and the end, of which people are told, does not come. */
  async function tellWhenLate(): Promise<void> {
    const hours = (spec as Partial<PolicySpec>).notify?.lateAfterHours
    if (hours === undefined || memory.toldLate || !patched('tells-when-late')) return
    await sleep(Math.max(0, memory.startedAt + hours * 3_600_000 - Date.now()))
    memory.toldLate = true
    const running = Object.keys(memory.running)
    const which = running.length > 0 ? `, it is at ${running.slice(0, 5).join(', ')}` : ''
    const text = `Backup ${spec.name} still runs after ${hours} hours: ${memory.done} of ${memory.total} databases are done${which}`
    warn(memory, text)
    await notify(resultOf(memory, undefined), `${text}. \`starferry backup status\` tells what it waits for`)
  }

  async function notify(result: BackupSetResult, ended?: string): Promise<void> {
    const { notify: wanted } = spec as Partial<PolicySpec>
    const event = !result.ok ? 'failure' : result.warnings.length > 0 ? 'warning' : 'success'
    if (!wanted?.on.includes(event)) return
    const { set, databases, failed, warnings, bytes, seconds } = result
    const text =
      ended ??
      (failed.length > 0
        ? `${memory.failedCount} of ${databases} databases of ${spec.cluster} were not backed up`
        : `${databases} databases of ${spec.cluster} were backed up${warnings.length > 0 ? ', with warnings' : ''}`)
    const notice = {
      event,
      policy: spec.name,
      cluster: spec.cluster,
      repository: spec.repository,
      set,
      text,
      databases,
      failed: failed.slice(0, 20),
      warnings: warnings.slice(0, 20),
      bytes,
      seconds,
    } as const
    try {
      await notices.notifyWebhook({ webhook: wanted.webhook, notice })
    } catch (error) {
      if (isCancellation(error)) throw error
      warn(memory, `Nobody was told: ${failureOf(error).message}`)
      result.warnings = memory.warnings
    }
  }

  function setState(next: typeof state): void {
    state = next
    setSearchAttributes({ state })
    show()
  }

  /** Its jobs on the cluster have not ended yet; lists, which know the attribute, call a run so that still goes on. */
  function cancelling(): void {
    setState('cancelled')
    state = 'cancelling'
  }

  function show(): void {
    const running = Object.keys(memory.running).slice(0, 10)
    setCurrentDetails(
      [
        `${memory.done} of ${memory.total} databases, ${memory.failedCount} failed, ${memory.bytes} bytes`,
        ...running.map((database) => `- ${database || '(external catalogs)'}`),
        ...memory.failed
          .slice(0, 10)
          .map(({ database, reason }) => `- **${database || '(external catalogs)'}** ${reason}`),
      ].join('\n'),
    )
  }
}

/** When it was to be started, if a Schedule did it: it may have waited for a worker, or be made up for. */
function dueTime({ typedSearchAttributes, startTime }: WorkflowInfo): Date {
  return typedSearchAttributes.get(SCHEDULED_START) ?? startTime
}

function resultOf(memory: SetMemory, pruned: BackupSetResult['pruned']): BackupSetResult {
  const { set, done, backups, failed, failedCount, warnings, bytes, startedAt } = memory
  return {
    ok: failedCount === 0,
    set,
    databases: done,
    backups,
    more: Math.max(0, done - failedCount - backups.length),
    failed,
    warnings,
    bytes,
    seconds: Math.round((Date.now() - startedAt) / 1000),
    ...(pruned ? { pruned } : {}),
  }
}
