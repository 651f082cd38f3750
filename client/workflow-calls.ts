import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Client,
  isGrpcDeadlineError,
  WorkflowFailedError,
  type WorkflowHandle,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
} from '@temporalio/client'
import { ASK_AGAIN } from '../contract/ask-again.ts'
import { TASK_QUEUE } from '../contract/names.ts'
import { RequestError } from './errors.ts'

/** TASK_QUEUE_TYPE_WORKFLOW of Temporal's API. */
const WORKFLOW_TASKS = 1
/** Of a query or an update; a worker that starts anew may have to replay a history first. */
const ANSWER_WITHIN_MS = 20_000
/** Within so long Temporal knows of a worker that says it is ready. */
const JUST_STARTED_MS = 500
/** Who waits longer is told for what. */
const SLOW_MS = 5_000
const ASK_AGAIN_MS = 500
/** Of one step of a workflow; each waits longer than the one before. */
const FUTILE_TRIES = 4
/** Events of a workflow that no worker has done anything for: its start, and one step that failed. Further tries leave none. */
const NOTHING_BEGUN = 4

/** Calls to workflows that people know by name; what Temporal says is turned into what a person can use. */
export abstract class WorkflowCalls {
  protected readonly client: Client
  readonly #idOf: (name: string) => string

  constructor(client: Client, idOf: (name: string) => string) {
    this.client = client
    this.#idOf = idOf
  }

  /** Whether any worker polls starferry's task queue. */
  async hasWorker(): Promise<boolean> {
    const { pollers } = await this.client.workflowService.describeTaskQueue({
      namespace: this.client.options.namespace,
      taskQueue: { name: TASK_QUEUE },
      taskQueueType: WORKFLOW_TASKS,
    })
    return (pollers?.length ?? 0) > 0
  }

  /** What is said of a workflow that is not there, or has ended. */
  protected abstract notFound(name: string): Promise<RequestError>

  protected handle(name: string): WorkflowHandle {
    return this.client.workflow.getHandle(this.#idOf(name))
  }

  /** The run that a name means. */
  protected resolve(name: string): Promise<WorkflowHandle> {
    return Promise.resolve(this.handle(name))
  }

  /** A short workflow that answers a question. `onSlow` learns its id when the answer is not there after some seconds. */
  protected async run<T>(
    type: string,
    { id, summary }: { id: string; summary: string },
    input: object,
    onSlow?: (workflowId: string) => void,
  ): Promise<T> {
    const workflowId = `${id}/${randomUUID().slice(0, 8)}`
    const options = { taskQueue: TASK_QUEUE, workflowId, args: [input], staticSummary: summary }
    const handle = await this.client.workflow.start(type, options)
    let over = false
    let futile: RequestError | undefined
    const slow = setTimeout(() => onSlow?.(handle.workflowId), SLOW_MS)
    // A worker of another version may not know the type: Temporal would let it try for ever.
    const unable = async () => {
      while (!over) {
        await sleep(SLOW_MS, undefined, { ref: false })
        const { raw, historyLength } = await handle.describe()
        if (over || (raw.pendingWorkflowTask?.attempt ?? 0) < FUTILE_TRIES) continue
        if (historyLength > NOTHING_BEGUN) {
          throw new RequestError(
            `The worker can no longer go on with '${type}': it is of another version than this command, or broken, and its log says more. What was begun is kept as ${handle.workflowId}, and goes on with a worker that can.`,
          )
        }
        // Whoever waits for the result may hear of its end first.
        futile = new RequestError(
          `The worker cannot run '${type}'. It is of another version than this command, or broken: its log says more.`,
        )
        await handle.terminate(`no worker could run '${type}'`)
        throw futile
      }
      return undefined as T
    }
    try {
      return await Promise.race([handle.result() as Promise<T>, unable()])
    } catch (error) {
      throw futile ?? (error instanceof RequestError ? error : new RequestError(failureText(error)))
    } finally {
      over = true
      clearTimeout(slow)
    }
  }

  /** What a worker has to answer: without one it would wait for as long as Temporal lets it. */
  protected answered<T>(name: string, act: (handle: WorkflowHandle) => Promise<T>): Promise<T> {
    return this.guard(name, async (handle) => {
      if (!(await this.hasWorker())) {
        // Who is not there is not there, worker or none.
        await handle.describe()
        await sleep(JUST_STARTED_MS)
        if (!(await this.hasWorker())) throw noWorker(name)
      }
      return this.client.withDeadline(Date.now() + ANSWER_WITHIN_MS, () => askedAgain(() => act(handle)))
    })
  }

  /** The failure after which Temporal tries a step again, where the workflow says nothing itself. */
  protected async failing(handle: WorkflowHandle): Promise<string | undefined> {
    try {
      const { raw } = await handle.describe()
      const failing = raw.pendingActivities?.find((one) => one.lastFailure?.message)
      if (!failing) return undefined
      return `${failing.activityType?.name} fails, attempt ${failing.attempt}: ${failing.lastFailure?.message}`
    } catch {
      // The status is worth showing without it.
      return undefined
    }
  }

  protected async guard<T>(name: string, act: (handle: WorkflowHandle) => Promise<T>): Promise<T> {
    try {
      return await act(await this.resolve(name))
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) throw await this.notFound(name)
      if (error instanceof WorkflowUpdateFailedError || error instanceof WorkflowFailedError) {
        throw new RequestError(failureText(error))
      }
      if (isGrpcDeadlineError(error) || (error instanceof Error && isGrpcDeadlineError(error.cause))) {
        throw new RequestError(
          `'${name}' did not answer within ${ANSWER_WITHIN_MS / 1000} seconds: no worker runs, or what it looks up takes longer; what was asked for may be done all the same`,
        )
      }
      throw error
    }
  }
}

/** A query that fell between two workers is asked again; the deadline ends it. */
async function askedAgain<T>(act: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await act()
    } catch (error) {
      if (!(error instanceof Error) || !error.message.includes(ASK_AGAIN)) throw error
      await sleep(ASK_AGAIN_MS)
    }
  }
}

const noWorker = (name: string) =>
  new RequestError(
    `No worker answers for '${name}': none polls task queue '${TASK_QUEUE}'. Start one with \`starferry worker\`.`,
  )

/** The innermost message: the outer ones only say that something failed. */
export function failureText(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? failureText(error.cause) : error.message
}
