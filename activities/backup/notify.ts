import { Context } from '@temporalio/activity'
import type { ApplicationFailure } from '@temporalio/common'
import type { Dependencies } from '../dependencies.ts'
import { refused, unreachable } from '../failures.ts'

/** What a policy's webhook is told, as JSON by POST. */
export interface BackupNotice {
  event: 'success' | 'warning' | 'failure'
  policy: string
  cluster: string
  repository: string
  set: string
  /** One sentence. */
  text: string
  databases: number
  failed: { database: string; reason: string }[]
  warnings: string[]
  bytes: number
  seconds: number
}

/** Below what an activity may be silent for. */
const ANSWER_MS = 10_000

/** Tells a policy's webhook. Tried again by the workflow's policy, a bounded number of times. The address may be a secret: it is in no error. */
export async function notifyWebhook(
  deps: Dependencies,
  { webhook, notice }: { webhook: string; notice: BackupNotice },
): Promise<void> {
  const name = /^\$\{webhook:(.+)\}$/.exec(webhook)?.[1]
  const address = name === undefined ? webhook : deps.webhook(name)
  const who = name === undefined ? 'the webhook' : `webhook ${name}`
  const signal = AbortSignal.any([Context.current().cancellationSignal, AbortSignal.timeout(ANSWER_MS)])
  let status: number
  try {
    const response = await fetch(address, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(notice),
      redirect: 'error',
      signal,
    })
    status = response.status
    await response.body?.cancel()
  } catch (error) {
    const code =
      error instanceof Error && error.cause instanceof Error ? (error.cause as NodeJS.ErrnoException).code : undefined
    throw unreachable(`${who} of policy ${notice.policy} could not be reached${code ? ` (${code})` : ''}`)
  }
  if (status >= 200 && status < 300) return
  const message = `${who} of policy ${notice.policy} answered with status ${status}`
  if (status === 429 || status >= 500) throw unreachable(message)
  throw refused(message) satisfies ApplicationFailure
}
