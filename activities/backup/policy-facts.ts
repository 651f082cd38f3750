import type { Client } from '@temporalio/client'
import { type PolicySpec, policySchema } from '../../contract/backup/policy.ts'
import { policyScheduleId } from '../../contract/names.ts'
import { selectObjects } from '../../planning/backup/select.ts'
import { listDatabases } from '../../starrocks/index.ts'
import type { Dependencies } from '../dependencies.ts'
import { dueTimes } from './due-times.ts'

const PREFIX = policyScheduleId('')
const HOUR_MS = 3_600_000
/** It was due within one of these, if ever. Each is short enough for what is due often, and long enough for the rest. */
const LOOK_BACK_MS = [1, 24, 8 * 24, 32 * 24, 400 * 24].map((hours) => hours * HOUR_MS)

/** A policy as its Schedule has it. */
export interface PolicyFacts {
  spec: PolicySpec
  /** When it was due last, in milliseconds, whether it is paused or not; undefined: not in more than a year. */
  lastDue?: number
}

/** All policies. Those that are no such thing, or of a newer starferry, are left out. Errors: of Temporal. */
export async function policyFacts(
  { client, clock }: Pick<Dependencies, 'client' | 'clock'>,
  signal?: AbortSignal,
): Promise<PolicyFacts[]> {
  const policies: PolicyFacts[] = []
  for await (const { scheduleId } of client.schedule.list()) {
    signal?.throwIfAborted()
    if (!scheduleId.startsWith(PREFIX)) continue
    const { action } = await client.schedule.getHandle(scheduleId).describe()
    const [input] = (action.args ?? []) as [{ spec?: unknown }?]
    const { data: spec } = policySchema.safeParse(input?.spec)
    if (!spec) continue
    const lastDue = await lastDueOf(client, spec.name, clock.now())
    policies.push({ spec, ...(lastDue === undefined ? {} : { lastDue }) })
  }
  return policies
}

async function lastDueOf(client: Client, policy: string, now: number): Promise<number | undefined> {
  for (const back of LOOK_BACK_MS) {
    const { times } = await dueTimes(client, policy, { from: now - back, to: now, limit: 1 })
    if (times[0] !== undefined) return times[0]
  }
  return undefined
}

/** The databases that a policy is for now; empty text: external catalogs. Errors: StarRocksError. */
export async function databasesOf(
  deps: Pick<Dependencies, 'cluster'>,
  { cluster, objects }: PolicySpec,
  signal?: AbortSignal,
): Promise<string[]> {
  const wanted = selectObjects(objects)
  const names = (await listDatabases(deps.cluster(cluster).cluster, { signal })).map(({ name }) => name)
  // One that is named and is not there has no backup either.
  return [...new Set([...names.filter(wanted.database), ...wanted.named.databases, ...(wanted.catalogs ? [''] : [])])]
}
