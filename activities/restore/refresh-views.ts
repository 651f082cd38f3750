import type { PlannedObject } from '../../planning/restore/restore-plan.ts'
import { listMaterializedViews, quoteQualified, StarRocksError } from '../../starrocks/index.ts'
import type { RestoreContext } from './restore-context.ts'

/** Somebody wanted it so. */
const BY_HAND = /user use alter|set status to inactive|manually/i
/** One may rest on another: as often as anything moves. */
const MOST_ROUNDS = 10

/**
 * Activates the asynchronous materialized views that SWAP, RENAME or RESTORE left inactive, and refreshes them and those that were restored. Can be
 * repeated. What stays inactive is told.
 */
export async function refreshViews(context: RestoreContext, objects: readonly PlannedObject[]): Promise<void> {
  const { cluster, outline, signal } = context
  const { database } = outline
  const restored = new Set(objects.map(({ target }) => target))
  const touched = new Set<string>()
  const refused = new Map<string, string>()
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const views = (await list()).filter((view) => !view.active && !BY_HAND.test(view.inactiveReason))
    if (views.length === 0) break
    let moved = false
    for (const { name, inactiveReason } of views) {
      try {
        await cluster.execute(`ALTER MATERIALIZED VIEW ${quoteQualified(database, name)} ACTIVE`, { signal })
        touched.add(name)
        refused.delete(name)
        moved = true
      } catch (error) {
        if (!isRefusal(error)) throw error
        refused.set(name, `${inactiveReason}; ${error.message}`)
      }
    }
    if (!moved) break
  }
  for (const [name, why] of refused) {
    context.warn(`Materialized view ${database}.${name} stays inactive: ${why}`)
  }
  for (const { name, active } of await list()) {
    if (!active || !(touched.has(name) || restored.has(name))) continue
    try {
      await cluster.execute(`REFRESH MATERIALIZED VIEW ${quoteQualified(database, name)}`, { signal })
    } catch (error) {
      if (!isRefusal(error)) throw error
      context.warn(`Materialized view ${database}.${name} was not refreshed: ${error.message}`)
    }
  }

  async function list() {
    const views = await listMaterializedViews(cluster, database, { signal })
    return views.filter((view) => view.refreshType !== 'ROLLUP')
  }
}

const isRefusal = (error: unknown): error is StarRocksError =>
  error instanceof StarRocksError &&
  error.kind !== 'Unreachable' &&
  error.kind !== 'OutcomeUnknown' &&
  error.kind !== 'NotLeader'
