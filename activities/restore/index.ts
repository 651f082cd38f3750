import { Context } from '@temporalio/activity'
import type { RestorePlan } from '../../contract/backup/restore-api.ts'
import type { RestoreSpec } from '../../contract/backup/restore-spec.ts'
import type { Finding } from '../../contract/findings.ts'
import type { OverwriteMark } from '../../planning/restore/overwrite-mark.ts'
import type { RestoreBasis } from '../../planning/restore/restore-basis.ts'
import { kindOfCode } from '../../planning/restore/restore-basis.ts'
import { runHash } from '../../planning/restore/restore-names.ts'
import type { Dependencies } from '../dependencies.ts'
import { beating } from '../heartbeat.ts'
import { manyListeners } from '../metadata/many-listeners.ts'
import { facts } from '../pollers/facts.ts'
import { attachRepository, type RepositoryOnCluster, repositoryOn } from './attach-repository.ts'
import { lookBeforeRestore } from './check-restore.ts'
import type { ClearMark } from './clear-tables.ts'
import { deleteOwnSnapshots, passageLabels } from './delete-own-snapshots.ts'
import { detachRepository } from './detach-repository.ts'
import { openRestore, type RestoreInput } from './open-restore.ts'
import { planPage } from './plan-page.ts'
import { publishObstacles } from './publish-obstacles.ts'
import { leaseSnapshots, releaseLease } from './read-lease.ts'
import { type RenameMark, renameBack } from './rename-database.ts'
import type { OwnSnapshot, RestoreContext } from './restore-context.ts'
import { asRestoreFailure, refusedRestore } from './restore-failures.ts'
import { bounded, type RestoreSummary, summarize } from './restore-summary.ts'
import { markStep, runStep, type StepDone, type StepMark } from './run-step.ts'
import { type SwapMark, swapBack } from './swap-tables.ts'
import { type UndoOrder, undoRestore } from './undo-restore.ts'

export interface RestoreCheck {
  basis: RestoreBasis
  summary: RestoreSummary
  findings: Finding[]
  warnings: string[]
}

export interface RestoreStepInput extends RestoreInput {
  /** Counted from 0. */
  step: number
  mark: StepMark
  /** The workflow's count of tries of this step, from 1. */
  attempt: number
  snapshots: OwnSnapshot[]
  /** Of steps that put live tables right: what was noted before these were restored over. */
  cleared?: (ClearMark | null)[]
  overwritten?: (OverwriteMark | null)[]
}

export interface RestoreStepResult extends StepDone {
  warnings: string[]
}

const MOST_FINDINGS = 100
const MOST_WARNINGS = 50
const MOST_OBSTACLES = 10

/** Activities of workflow types `restore` and `restorePlan`. */
export function createRestoreActivities(deps: Dependencies) {
  return {
    /** Makes the repository known to the target, read-only, if it is not. */
    attachRestoreRepository({ spec }: { spec: RestoreSpec }): Promise<RepositoryOnCluster> {
      return guarded(`repository ${spec.repository} of ${spec.cluster}`, () =>
        attachRepository(
          deps.cluster(spec.cluster).cluster,
          deps.repository(spec.repository),
          Context.current().info.attempt > 1,
        ),
      )
    },

    /** The other way round, unless another restore uses it. Returns why it stays. */
    detachRestoreRepository({ spec, holder }: { spec: RestoreSpec; holder: string }): Promise<string[]> {
      const { cluster, repository } = spec
      const runId = Context.current().info.workflowExecution?.runId
      return guarded(`repository ${repository} of ${cluster}`, (signal) =>
        detachRepository(deps, { cluster, repository, holder, runId }, signal),
      )
    },

    /** What will be restored, and how. Changes nothing. */
    checkRestore(input: { spec: RestoreSpec; repository: RepositoryOnCluster; runId: string }): Promise<RestoreCheck> {
      const { spec, repository, runId } = input
      return guarded('The restore cannot be planned', async (signal) => {
        const { outline, findings, warnings } = await lookBeforeRestore(deps, spec, runHash(runId), repository, signal)
        const stays = repository.perhaps ? [perhapsAttached(spec)] : []
        return {
          basis: outline.basis,
          summary: summarize(outline),
          findings: findings.slice(0, MOST_FINDINGS),
          warnings: [...stays, ...warnings].slice(0, MOST_WARNINGS),
        }
      })
    },

    /** A page of the plan, for people. Changes nothing: a repository that is missing is taken for attached read-only. */
    planRestore({ spec, next = 0 }: { spec: RestoreSpec; next?: number }): Promise<RestorePlan> {
      return guarded('The restore cannot be planned', async (signal) => {
        const { cluster } = deps.cluster(spec.cluster)
        const found = await repositoryOn(cluster, deps.repository(spec.repository))
        const repository = found ? { ...found, attached: false } : { writable: false, attached: true }
        const { version } = await facts(cluster).capabilities()
        const look = await lookBeforeRestore(deps, spec, HASH_OF_PLANS, repository, signal)
        return planPage(look, version, next)
      })
    },

    /** Keeps the snapshots from being deleted, for some days. Returns warnings. */
    leaseRestoreSnapshots(input: RestoreInput & { chain: string[]; holder: string }): Promise<string[]> {
      const { attempt, workflowExecution } = Context.current().info
      return guarded('The snapshots cannot be kept from being deleted', (signal) =>
        leaseSnapshots(deps, { ...input, runId: workflowExecution?.runId }, signal, attempt),
      )
    },

    releaseRestoreSnapshots(input: { spec: RestoreSpec; holder: string }): Promise<void> {
      const runId = Context.current().info.workflowExecution?.runId
      return guarded('The lease of the snapshots', () => releaseLease(deps, { ...input, runId }))
    },

    /** Notes what must be known before a step that cannot be told otherwise from one that was done. */
    markRestoreStep(input: RestoreInput & { step: number }): Promise<StepMark> {
      return opened(input, async (context) => markStep(context, stepOf(context, input.step)))
    },

    /** Does one step: an attempt sends a job at most once, and finds that of a former attempt. */
    runRestoreStep(input: RestoreStepInput): Promise<RestoreStepResult> {
      return opened(input, async (context, report) => {
        const step = stepOf(context, input.step)
        const warnings = context.warnings
        const done = await runStep(context, Context.current(), step, {
          ...input,
          report,
          reported: Context.current().info.heartbeatDetails,
        })
        return { ...done, warnings: bounded(warnings, (more) => `${more} more warnings`, MOST_WARNINGS) }
      })
    },

    /** What keeps the restored tables from taking their names now; nothing when they can. Changes nothing. */
    checkRestorePublish(input: RestoreInput): Promise<string[]> {
      return opened(input, async (context) =>
        bounded(await publishObstacles(context), (more) => `${more} more`, MOST_OBSTACLES),
      )
    },

    /** Takes back a step of publishing, whatever part of it was done. */
    unpublishRestoreStep(input: RestoreInput & { step: number; mark: StepMark }): Promise<void> {
      return opened(input, async (context) => {
        const step = stepOf(context, input.step)
        if (step.kind === 'swap' || step.kind === 'rename-tables')
          await swapBack(context, step.tables, input.mark as SwapMark)
        if (step.kind === 'rename-database') await renameBack(context, input.mark as RenameMark)
      })
    },

    /** Metrics of a restore that has ended. */
    async noteRestore({
      outcome,
      seconds,
    }: {
      outcome: 'ok' | 'failed' | 'cancelled'
      seconds: number
    }): Promise<void> {
      deps.metrics.count('restores_total', { outcome })
      if (outcome === 'ok') deps.metrics.duration('restore_seconds', seconds)
    },

    /** Removes all that was made before publishing. Returns what is left, in sentences. */
    undoRestore(input: RestoreInput & { order: UndoOrder }): Promise<string[]> {
      return opened(input, async (context) => {
        const left = await undoRestore(context, input.order)
        const reached = Math.max(input.order.done, (input.order.begun?.step ?? -1) + 1)
        if (context.steps.slice(0, reached).some((step) => step.kind === 'backup')) {
          left.push(...(await deleteOwnSnapshots(context, passageLabels(context))))
        }
        return bounded(left, (more) => `${more} more`, MOST_WARNINGS)
      })
    },
  }

  async function opened<T>(
    input: RestoreInput & { step?: number },
    work: (context: RestoreContext & { warnings: string[] }, report: (progress: unknown) => void) => Promise<T>,
  ): Promise<T> {
    const code = input.step === undefined ? undefined : input.basis.steps[input.step]
    const what = code === undefined ? 'undo' : kindOfCode(code)
    return guarded(`Restore ${input.spec.name}, ${what}`, async (signal, report) => {
      const warnings: string[] = []
      const context = await openRestore(deps, input, {
        signal,
        tell: (doing) => report({ label: '', database: '', state: '', waiting: doing }),
        warn: (warning) => warnings.push(warning),
      })
      return work({ ...context, warnings }, report)
    })
  }
}

const perhapsAttached = ({ cluster, repository }: RestoreSpec) =>
  `Repository ${repository} is attached to ${cluster}, perhaps by a first try of this restore, whose answer was lost: it stays. When nobody needs it: starferry repo drop ${repository} --cluster ${cluster}`

const HASH_OF_PLANS = 'xxxxxx'

function stepOf({ steps }: RestoreContext, at: number) {
  const step = steps[at]
  if (!step) throw refusedRestore(`This restore has no step ${at}`)
  return step
}

function guarded<T>(
  what: string,
  work: (signal: AbortSignal, report: (progress: unknown) => void) => Promise<T>,
): Promise<T> {
  return beating(async (report) => {
    try {
      return await work(manyListeners(Context.current().cancellationSignal), report)
    } catch (error) {
      throw asRestoreFailure(error, what)
    }
  }, Context.current().info.heartbeatDetails)
}
