import type { Client } from '@temporalio/client'
import { isGrpcServiceError } from '@temporalio/client'
import { policyScheduleId } from '../../contract/names.ts'
import { unreachable } from '../failures.ts'

const NOT_FOUND = 5

/**
 * When a policy was due, in milliseconds, both ends left out, by its Schedule as it is now; at most the newest `limit`. None for a policy that has no
 * Schedule. Errors: Unreachable.
 */
export async function dueTimes(
  client: Pick<Client, 'workflowService' | 'options'>,
  policy: string,
  { from, to, limit }: { from: number; to: number; limit: number },
): Promise<{ times: number[]; more: boolean }> {
  let times: number[] = []
  let more = false
  try {
    for (let start = from; start < to; ) {
      const { startTime } = await client.workflowService.listScheduleMatchingTimes({
        namespace: client.options.namespace,
        scheduleId: policyScheduleId(policy),
        startTime: timestamp(start),
        endTime: timestamp(to),
      })
      // The server answers with so many at a time.
      const page = startTime.map(
        ({ seconds, nanos }) => Number(String(seconds ?? 0)) * 1000 + Math.floor((nanos ?? 0) / 1e6),
      )
      const last = page.at(-1)
      if (last === undefined || last <= start) break
      times.push(...page.filter((time) => time > from && time < to))
      more ||= times.length > limit
      times = times.slice(-limit)
      start = last
    }
  } catch (error) {
    if (isGrpcServiceError(error) && (error.code as number) === NOT_FOUND) return { times: [], more: false }
    throw unreachable(
      `when policy ${policy} was due cannot be asked: ${error instanceof Error ? error.message : error}`,
    )
  }
  return { times, more }
}

/** 64-bit numbers are objects in its types; a plain one is as good. */
function timestamp(ms: number): { seconds: never; nanos: number } {
  return { seconds: Math.floor(ms / 1000) as never, nanos: (ms % 1000) * 1_000_000 }
}
