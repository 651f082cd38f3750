import {
  type Client,
  WorkflowExecutionAlreadyStartedError,
  type WorkflowHandle,
  WorkflowNotFoundError,
} from '@temporalio/client'
import {
  type BackupPlan,
  type BackupPlanInput,
  type BackupSetInput,
  type BackupSetResult,
  type BackupSetStatus,
  backupStatusQuery,
  type JobProgress,
} from '../contract/backup/backup-api.ts'
import type { CompanionApplied, CompanionInput, CompanionPage } from '../contract/backup/companion-api.ts'
import type {
  BackupsInput,
  BackupsPage,
  PruneInput,
  PrunePlan,
  PruneResult,
  RepositoriesAnswer,
  RepositoriesInput,
  VerifyInput,
  VerifyResult,
} from '../contract/backup/repository-api.ts'
import { backupId, backupSetId, pruneId, TASK_QUEUE, WORKFLOW_TYPES } from '../contract/names.ts'
import { startsWith } from '../contract/visibility.ts'
import { RequestError } from './errors.ts'
import { jobProgressOf } from './heartbeats.ts'
import { type ListedRun, listRuns } from './list-runs.ts'
import { missing } from './missing.ts'
import { withoutTime } from './scheduled-runs.ts'
import { WorkflowCalls } from './workflow-calls.ts'

/** A backup that runs: its workflow's status, and what the jobs of its databases do now. */
export interface RunningBackup {
  status: BackupSetStatus
  jobs: JobProgress[]
  /** A step of its own that fails and is tried again: the checks before it, or the list of databases. */
  failing?: string
}

/** Databases whose jobs are looked at for one status. */
const MOST_JOBS = 20

/** Backups for programs: what the command line does, as calls. Errors: RequestError with words for the person who asked. */
export class BackupClient extends WorkflowCalls {
  constructor(client: Client) {
    super(client, backupSetId)
  }

  /** Errors: RequestError when a backup of that name runs already. */
  async start(input: BackupSetInput): Promise<string> {
    const { name, cluster, repository } = input.spec
    try {
      const { workflowId } = await this.client.workflow.start(WORKFLOW_TYPES.backupSet, {
        taskQueue: TASK_QUEUE,
        workflowId: backupSetId(name),
        args: [input],
        staticSummary: `Back up ${cluster} to ${repository}`,
      })
      return workflowId
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error
      throw new RequestError(
        `A backup called '${name}' runs already. Look at it with \`starferry backup status ${name}\`, or give this one another --name.`,
      )
    }
  }

  plan(input: BackupPlanInput): Promise<BackupPlan> {
    const { name } = input.spec
    return this.run(
      WORKFLOW_TYPES.backupPlan,
      { id: `plan/${backupSetId(name)}`, summary: `Plan backup ${name}` },
      input,
    )
  }

  async status(name: string): Promise<RunningBackup> {
    const { status, failing } = await this.answered(name, async (handle) => ({
      status: await handle.query(backupStatusQuery),
      failing: await this.failing(handle),
    }))
    const databases = status.running.slice(0, MOST_JOBS)
    const jobs = await Promise.all(databases.map((database) => this.#job(status.name, database)))
    return { status, jobs: jobs.filter((job) => job !== undefined), ...(failing === undefined ? {} : { failing }) }
  }

  /** Waits for the end. Errors: RequestError when the workflow failed. */
  result(name: string): Promise<BackupSetResult> {
    return this.guard(name, async (handle) => (await handle.result()) as BackupSetResult)
  }

  /** All backups that Temporal knows, newest first; each name once. */
  list(): Promise<ListedRun[]> {
    return listRuns(this.client, WORKFLOW_TYPES.backupSet, 'backup/')
  }

  /** Ends it, and with it its job on the cluster; what others started is none of its business. */
  cancel(name: string): Promise<void> {
    return this.guard(name, async (handle) => {
      const { status } = await handle.describe()
      if (status.name !== 'RUNNING') throw new WorkflowNotFoundError('ended', handle.workflowId, undefined)
      await handle.cancel()
    })
  }

  backups(input: BackupsInput): Promise<BackupsPage> {
    return this.run(
      WORKFLOW_TYPES.backups,
      { id: `backups/${input.repository}`, summary: `List backups in ${input.repository}` },
      input,
    )
  }

  /** All pages as one. */
  async allBackups(input: BackupsInput): Promise<BackupsPage> {
    const first = await this.backups(input)
    while (first.next !== undefined) {
      const more = await this.backups({ ...input, after: first.next })
      first.rows.push(...more.rows)
      first.next = more.next
    }
    return first
  }

  verify(input: VerifyInput, onSlow?: (workflowId: string) => void): Promise<VerifyResult> {
    return this.run(
      WORKFLOW_TYPES.verifyBackups,
      { id: `verify/${input.repository}`, summary: `Verify backups in ${input.repository}` },
      input,
      onSlow,
    )
  }

  /** Unless `confirmed`, only a plan. */
  prune(input: PruneInput, onSlow?: (workflowId: string) => void): Promise<PrunePlan & Partial<PruneResult>> {
    return this.run(
      WORKFLOW_TYPES.prune,
      { id: pruneId(input.repository), summary: `Retention in ${input.repository}` },
      input,
      onSlow,
    )
  }

  /** The script beside a backup, all of it. */
  async companion(repository: string, id: string): Promise<CompanionPage> {
    const page = (from?: number) =>
      this.run<CompanionPage>(
        WORKFLOW_TYPES.companion,
        { id: `companion/${repository}`, summary: `Read what stands beside backup ${id}` },
        {
          op: 'print',
          repository,
          id,
          from,
        },
      )
    const whole = await page()
    while (whole.next !== undefined) {
      const more = await page(whole.next)
      whole.text += more.text
      whole.next = more.next
    }
    return whole
  }

  /** Runs that script on a cluster, statement by statement. */
  applyCompanion(
    input: Omit<Extract<CompanionInput, { op: 'apply' }>, 'op'>,
    onSlow?: (workflowId: string) => void,
  ): Promise<CompanionApplied> {
    return this.run(
      WORKFLOW_TYPES.companion,
      {
        id: `companion/${input.repository}/${input.cluster}`,
        summary: `Run the script beside a backup on ${input.cluster}`,
      },
      { op: 'apply', ...input },
      onSlow,
    )
  }

  repositories(input: RepositoriesInput): Promise<RepositoriesAnswer> {
    return this.run(
      WORKFLOW_TYPES.repositories,
      { id: `repositories/${input.cluster}`, summary: `Repositories of ${input.cluster}` },
      input,
    )
  }

  /** Temporal puts the time behind the id of what a Schedule starts: what runs is meant, else the latest. */
  protected override async resolve(name: string): Promise<WorkflowHandle> {
    const byHand = this.handle(name)
    const known = await byHand.describe().catch((error: unknown) => {
      if (error instanceof WorkflowNotFoundError) return undefined
      throw error
    })
    if (known?.status.name === 'RUNNING') return byHand
    const id = backupSetId(name)
    const query = `WorkflowType = '${WORKFLOW_TYPES.backupSet}' AND ${startsWith('WorkflowId', `${id}-`)}`
    let latest = known && { handle: byHand, startTime: known.startTime }
    for await (const run of this.client.workflow.list({ query })) {
      // Another policy's name may go on with a dash, too.
      if (withoutTime(run.workflowId) !== id) continue
      const handle = this.client.workflow.getHandle(run.workflowId)
      if (run.status.name === 'RUNNING') return handle
      if (!latest || run.startTime > latest.startTime) latest = { handle, startTime: run.startTime }
    }
    return latest?.handle ?? byHand
  }

  protected override notFound(name: string): Promise<RequestError> {
    return missing('backup', name, () => this.list())
  }

  async #job(name: string, database: string): Promise<JobProgress | undefined> {
    return jobProgressOf(this.client.workflow.getHandle(backupId(name, database)), database)
  }
}
