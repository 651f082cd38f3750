import type { PlanInput, PlanPage } from '../contract/plan.ts'
import { interactive } from './activities.ts'
import { badInput, checkSpec, refuseUnknownKeys } from './check-input.ts'
import { setSearchAttributes } from './search-attributes.ts'

/** One page of what a migration would do; changes nothing. */
export async function plan(input: PlanInput): Promise<PlanPage> {
  if (typeof input?.spec !== 'object') throw badInput('plan: give {"spec": …}')
  refuseUnknownKeys('plan', input, { spec: true, after: true, limit: true, sql: true })
  const spec = checkSpec(input.spec)
  setSearchAttributes({ kind: 'plan', migration: spec.name })
  return interactive.planPage({ ...input, spec })
}
