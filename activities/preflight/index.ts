import { Context } from '@temporalio/activity'
import type { DoctorResult, MigrationSpec, PlanInput, PlanPage } from '../../contract/index.ts'
import type { Dependencies } from '../dependencies.ts'
import { asFailure } from '../failures.ts'
import { beating } from '../heartbeat.ts'
import { manyListeners } from '../metadata/many-listeners.ts'
import { Sessions } from '../metadata/session.ts'
import { Plans, planPage } from '../plan.ts'
import { lookAtTables } from '../stale/look.ts'
import { checkConnections } from './connect.ts'
import { readContext } from './context.ts'
import { factsOf, resultOf, runChecks } from './run-checks.ts'

export interface PreflightActivities {
  /** Looks for everything that would stop or spoil the migration. Changes nothing. What is wrong is a finding, never an error. */
  preflight(input: { spec: MigrationSpec }): Promise<DoctorResult>
  /** What the migration would do, page by page. Changes nothing. */
  planPage(input: PlanInput): Promise<PlanPage>
}

export function createPreflightActivities(deps: Dependencies): PreflightActivities {
  const sessions = new Sessions(deps)
  const plans = new Plans(
    sessions,
    async (spec, signal) => (await lookAtTables(deps, spec, { signal, fresh: true, whole: true })).lags,
  )

  const preflight = async (spec: MigrationSpec, signal: AbortSignal): Promise<DoctorResult> => {
    const connections = await checkConnections(deps, spec, signal)
    if (connections.length > 0) return resultOf(connections, {})
    const context = await readContext(deps, await sessions.open(spec, { fresh: true, signal }), signal)
    return resultOf(await runChecks(context), factsOf(context))
  }

  return {
    preflight: ({ spec }) =>
      beating(async () => {
        try {
          return await preflight(spec, manyListeners(Context.current().cancellationSignal))
        } catch (error) {
          throw asFailure(error, 'The preflight failed')
        }
      }),

    planPage: (input) =>
      beating(async () => {
        const cancellationSignal = manyListeners(Context.current().cancellationSignal)
        try {
          return await planPage(plans, preflight, input, cancellationSignal)
        } catch (error) {
          throw asFailure(error, 'The plan failed')
        }
      }),
  }
}
