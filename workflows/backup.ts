import {
  CancellationScope,
  continueAsNew,
  getExternalWorkflowHandle,
  isCancellation,
  patched,
  setCurrentDetails,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow'
import type { LeftOut, RunBackupResult } from '../activities/backup/backup-run.ts'
import type { BackupDecision } from '../activities/backup/decide-backup.ts'
// Not from the contract's index: that would load the schemas, for every database again.
import {
  BACKUP_ERRORS,
  type BackupCursor,
  type BackupInput,
  type BackupResult,
  backupJobQuery,
  cancelSignal,
  snapshotsDoneSignal,
} from '../contract/backup/backup-api.ts'
import { control, waits, work } from './activities.ts'
import { brief, cancelledEnd, failureOf } from './backup/failure.ts'
import { cleaning, companions, counts, snapshots } from './backup/proxies.ts'
import { badInput } from './bad-input.ts'
import { wasCancelled } from './cancelled.ts'
import { setSearchAttributes } from './search-attributes.ts'

const FIRST_BACKOFF_MS = 1_000
const LONGEST_BACKOFF_MS = 60_000
/** Metadata that moves on counts less than a failed job, but not without end. */
const MOST_STALE = 20
const MOST_WARNINGS = 50
const MOST_LEFT_OUT = 200

/** What a backup of many snapshots knows after some of them. */
interface Progress {
  runId: string
  startedAt: number
  decision: BackupDecision
  cursor: BackupCursor
  part: number
  /** The most that any snapshot needed. */
  attempts: number
  warnings: string[]
  leftOut: LeftOut[]
}

export type BackupWorkflowInput = BackupInput & { carried?: Progress }

/** A backup of one database, or of external catalogs: one snapshot, or several where it is too large for one, and one record of them all. */
export async function backup(input: BackupWorkflowInput): Promise<BackupResult> {
  if (typeof input?.spec?.cluster !== 'string' || typeof input.database !== 'string') {
    throw badInput('backup is started by backupSet: give {"spec": …, "set": …, "database": …, "kind": "auto"}')
  }
  const info = workflowInfo()
  const { database } = input
  let spec = input.spec
  let step = 'deciding'
  let attempt = 1
  let waiting: string | undefined
  const scope = new CancellationScope()
  const progress: Progress = input.carried ?? {
    runId: info.firstExecutionRunId,
    startedAt: info.startTime.getTime(),
    decision: { kind: 'full', why: '', warnings: [] },
    cursor: { labels: [] },
    part: 0,
    attempts: 0,
    warnings: [],
    leftOut: [],
  }
  const dueAt = input.due === undefined ? progress.startedAt : Date.parse(input.due)
  setHandler(cancelSignal, () => scope.cancel())
  setHandler(backupJobQuery, () => ({
    database,
    kind: progress.decision.kind,
    labels: progress.cursor.labels.slice(-20),
    step,
    attempt,
    ...(waiting === undefined ? {} : { waiting }),
  }))
  setSearchAttributes({ kind: 'backup', cluster: spec.cluster, database, state: 'running' })
  try {
    const result = await scope.run(run)
    setSearchAttributes({ state: result.verified === 'failed' ? 'failed' : 'finished' })
    setCurrentDetails(describe(result))
    return result
  } catch (error) {
    if (isContinuation(error)) throw error
    const cancelled = isCancellation(error) || wasCancelled(scope)
    const reason = cancelled ? 'cancelled' : failureOf(error).message
    await CancellationScope.nonCancellable(() => cleanUp(cancelled ? 'cancelled' : 'failed'))
    setSearchAttributes({ state: cancelled ? 'cancelled' : 'failed' })
    setCurrentDetails(brief(reason))
    throw cancelled ? cancelledEnd(error, `The backup of ${database || 'external catalogs'}`) : error
  }

  async function run(): Promise<BackupResult> {
    if (!input.carried) await decide()
    let last: RunBackupResult
    for (;;) {
      last = await nextSnapshot()
      if (last.done) break
      progress.cursor = {
        ...(last.after ? { after: last.after } : {}),
        labels: [...progress.cursor.labels, ...(last.label ? [last.label] : [])],
        ...(last.late ? { late: true } : {}),
      }
      progress.part++
      if (workflowInfo().continueAsNewSuggested && !wasCancelled(scope)) {
        await continueAsNew<typeof backup>({ ...input, spec, carried: progress })
      }
    }
    const labels = [...progress.cursor.labels, ...(last.label ? [last.label] : [])]
    if (patched('tells-set') && !last.told) tellSet()
    await countRows(last, labels)
    const besides = await saveCompanion(last)
    const verified = await verifyUnlessImpossible(last, labels)
    const result: BackupResult = {
      id: last.record ?? last.label ?? '',
      database,
      kind: last.kind,
      labels: labels.slice(-100),
      ...(progress.decision.baseline === undefined ? {} : { baseline: progress.decision.baseline }),
      tables: last.tables,
      partitions: last.partitions,
      ...(last.bytes === undefined ? {} : { bytes: last.bytes }),
      seconds: Math.round((Date.now() - progress.startedAt) / 1000),
      attempts: progress.attempts,
      ...(verified === undefined ? {} : { verified }),
      chain: last.chain,
      warnings: progress.warnings,
      notIncluded: last.notIncluded,
      ...(last.lacking ? { lacking: last.lacking } : {}),
      ...(besides === undefined ? {} : { besides }),
    }
    await control.noteBackup({
      policy: spec.name,
      cluster: spec.cluster,
      database,
      outcome: outcomeOf(result),
      seconds: result.seconds,
      ...(last.record === undefined ? { recordless: true } : {}),
    })
    return result
  }

  /** The rest needs no slot of the set's. A set that has ended needs to know nothing. */
  function tellSet(): void {
    const { parent } = info
    if (!parent) return
    getExternalWorkflowHandle(parent.workflowId)
      .signal(snapshotsDoneSignal, database)
      .catch(() => {})
  }

  async function decide(): Promise<void> {
    step = 'deciding'
    const { spec: checkedSpec, ...decision } = await work.decideBackup({
      spec,
      set: input.set,
      database,
      kind: input.kind,
      ...(input.due === undefined ? {} : { due: input.due }),
    })
    if (checkedSpec) spec = checkedSpec
    progress.decision = decision
    warn(decision.warnings)
    setCurrentDetails(`${decision.kind}: ${brief(decision.why)}`)
  }

  /** Attempts of one snapshot, each under a label of its own, until it stands. */
  async function nextSnapshot(): Promise<RunBackupResult> {
    let failures = 0
    let stale = 0
    for (attempt = 1; ; attempt++) {
      step = `snapshot ${progress.part + 1}`
      progress.attempts = Math.max(progress.attempts, attempt)
      const { kind, baseline, previous, recordless } = progress.decision
      try {
        const done = await snapshots.runBackup({
          spec,
          set: input.set,
          database,
          kind,
          ...(baseline === undefined ? {} : { baseline }),
          ...(recordless === undefined ? {} : { recordless }),
          ...(previous === undefined ? {} : { previous }),
          dueAt,
          runId: progress.runId,
          startedAt: progress.startedAt,
          part: progress.part,
          attempt,
          cursor: progress.cursor,
          leftOut: progress.leftOut,
          ...(info.parent ? { tell: info.parent.workflowId } : {}),
        })
        waiting = undefined
        warn(done.warnings)
        return done
      } catch (error) {
        if (isCancellation(error)) throw error
        const { type, message, details } = failureOf(error)
        if (type === BACKUP_ERRORS.stale) stale++
        else if (type === BACKUP_ERRORS.aborted) failures++
        else throw error
        if (failures >= spec.attempts || stale >= MOST_STALE) throw error
        waiting = brief(message)
        warn([`Attempt ${attempt}: ${brief(message)}`])
        setCurrentDetails(`attempt ${attempt} failed: ${brief(message)}`)
        progress.leftOut = [...progress.leftOut, ...(details.leaveOut ?? [])].slice(-MOST_LEFT_OUT)
        await sleep(Math.min(FIRST_BACKOFF_MS * 2 ** (failures + stale - 1), LONGEST_BACKOFF_MS))
        if (details.decide && progress.part === 0) await decide()
        else if (details.decide) throw error
      }
    }
  }

  /** For restores to be compared with. The backup stands without numbers, too. */
  async function countRows({ record }: RunBackupResult, labels: readonly string[]): Promise<void> {
    if (record === undefined || labels.length === 0 || spec.verify.rowCounts === 'off') return
    step = 'counting rows'
    try {
      warn((await counts.countBackupRows({ spec, database, id: record })).warnings)
    } catch (error) {
      if (isCancellation(error)) throw error
      warn([`Rows of ${database} were not counted: ${brief(failureOf(error).message)}`])
    }
  }

  /** What no snapshot holds, as a script, and how much of it there is. The backup stands without it, too. */
  async function saveCompanion({ record }: RunBackupResult): Promise<number | undefined> {
    if (record === undefined) return undefined
    step = 'saving the companion file'
    try {
      const { cluster, repository, objects, companion } = spec
      const wanted = { cluster, repository, objects, companion }
      const saved = await companions.saveCompanion({ spec: wanted, database, id: record })
      warn(saved.warnings)
      return saved.notIncluded.length
    } catch (error) {
      if (isCancellation(error)) throw error
      const what = spec.companion ? 'There is no companion file' : 'What is not in the backup was not written down'
      warn([`${what}: ${brief(failureOf(error).message)}`])
      return undefined
    }
  }

  /** The backup stands, whether it can be verified now or not. */
  async function verifyUnlessImpossible(last: RunBackupResult, labels: string[]): Promise<BackupResult['verified']> {
    try {
      return await verify(last, labels)
    } catch (error) {
      if (isCancellation(error)) throw error
      warn([`It could not be verified: ${brief(failureOf(error).message)}`])
      return undefined
    }
  }

  /** Own snapshots only: those of the chain before were verified with their own backups. */
  async function verify(last: RunBackupResult, labels: string[]): Promise<BackupResult['verified']> {
    const { mode } = spec.verify
    if (last.record === undefined || labels.length === 0) return undefined
    if (mode === 'off') return 'skipped'
    step = 'verifying'
    const { repository } = spec
    const results = await waits.verifyLabels({
      repository,
      labels: labels.map((label) => ({ label })),
      mode,
      holder: workflowInfo().workflowId,
    })
    const ok = results.every((one) => one.ok)
    const total = (of: (one: (typeof results)[number]) => number) => results.reduce((sum, one) => sum + of(one), 0)
    const problems = results.flatMap(({ label, problems: found }) => found.map((problem) => ({ label, ...problem })))
    const size = { objects: total((one) => one.objects), bytes: total((one) => one.bytes) }
    const verification = { mode, ok, ...size, problems: problems.slice(0, 20) }
    await work.writeVerifications({ repository, backups: [{ id: last.record, verification }] })
    if (!ok) warn([`The backup is damaged: ${brief(problems[0]?.problem ?? 'see its verification')}`])
    return ok ? 'ok' : 'failed'
  }

  async function cleanUp(outcome: 'failed' | 'cancelled'): Promise<void> {
    step = 'cleaning up'
    if (progress.attempts === 0)
      return control.noteBackup({ policy: spec.name, cluster: spec.cluster, database, outcome })
    const { recordless } = progress.decision
    try {
      const { left } = await cleaning.cleanBackup({
        spec,
        database,
        runId: progress.runId,
        startedAt: progress.startedAt,
        ...(recordless === undefined ? {} : { recordless }),
        parts: progress.part + 1,
        attempts: progress.attempts,
      })
      if (left.length > 0) warn([`Left in the repository: ${left.slice(0, 10).join(', ')}`])
    } catch (error) {
      warn([`Not cleaned up: ${brief(failureOf(error).message)}`])
    }
    await control.noteBackup({ policy: spec.name, cluster: spec.cluster, database, outcome })
  }

  function warn(texts: readonly string[]): void {
    const fresh = texts.filter((text) => !progress.warnings.includes(text))
    progress.warnings = [...progress.warnings, ...fresh].slice(0, MOST_WARNINGS)
  }
}

const isContinuation = (error: unknown) => error instanceof Error && error.name === 'ContinueAsNew'

function outcomeOf({ verified, kind, lacking }: BackupResult) {
  if (verified === 'failed') return 'damaged'
  if (kind === 'nothing') return 'nothing'
  return lacking ? 'incomplete' : 'ok'
}

function describe({ kind, tables, partitions, bytes, verified, id, chain }: BackupResult): string {
  if (kind === 'nothing') return 'There was nothing to back up'
  const size = bytes === undefined ? '' : `, ${bytes} bytes in the repository`
  const checked = verified === undefined ? '' : `, verification: ${verified}`
  return `${kind} \`${id}\`: ${tables} tables, ${partitions} partitions${size}, chain of ${chain}${checked}`
}
