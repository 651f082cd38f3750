import type { RestorePlan, RestoreStep } from '../../contract/backup/restore-api.ts'
import { restoreSteps } from '../../planning/restore/restore-steps.ts'
import type { Version } from '../../starrocks/index.ts'
import type { FoundRestore } from './check-restore.ts'
import { bounded, summarize } from './restore-summary.ts'
import { describeStep } from './step-statements.ts'

/** A page passes through a workflow: payloads stay under 64 KiB. Its steps get what is left by the rest, which comes with every page. */
const PAGE_BYTES = 56 * 1024
const LEAST_STEPS_BYTES = 16 * 1024
/** A statement may name thousands of partitions, and is a page alone then, larger than others: it is to be read whole. More than this nobody reads. */
const LONGEST = 192 * 1024
const MOST_ROUTES = 200

/** A page of the plan: its steps from the given one on, with the statements that would be run. */
export function planPage(found: FoundRestore, version: Version, from: number): RestorePlan {
  const { outline, findings } = found
  const { backup, chain, tables, partitions, bytes: size, notRestored } = summarize(outline)
  const routes = [
    ...outline.tables.map(({ target, route, why, outage }) => ({
      object: `${outline.database}.${target}`,
      route,
      why,
      outage,
    })),
  ]
  const rest: Omit<RestorePlan, 'steps' | 'next'> = {
    backup,
    chain,
    routes: bounded(
      routes,
      (more) => ({
        object: `${more} more tables`,
        route: routes.at(-1)?.route ?? 'direct',
        why: 'as those above',
        outage: '',
      }),
      MOST_ROUTES,
    ),
    tables,
    partitions,
    ...(size === undefined ? {} : { bytes: size }),
    findings: bounded(
      [
        ...findings,
        ...found.warnings.map((message) => ({
          code: 'restore-warning',
          level: 'warning' as const,
          subject: backup.id,
          message,
        })),
      ],
      (more) => ({ code: 'more', level: 'info', subject: backup.id, message: `${more} more findings` }),
      100,
    ),
    notRestored,
  }
  const room = Math.max(PAGE_BYTES - Buffer.byteLength(JSON.stringify(rest)), LEAST_STEPS_BYTES)
  const all = restoreSteps(outline).flatMap((step) => describeStep(outline, version, step))
  const steps: RestoreStep[] = []
  let bytes = 0
  let next: number | undefined
  for (let at = from; at < all.length; at++) {
    const step = cut(all[at])
    if (!step) break
    bytes += Buffer.byteLength(JSON.stringify(step))
    if (steps.length > 0 && bytes > room) {
      next = at
      break
    }
    steps.push(step)
  }
  return { ...rest, steps, ...(next === undefined ? {} : { next }) }
}

function cut(step: RestoreStep | undefined): RestoreStep | undefined {
  if (!step?.statement || step.statement.length <= LONGEST) return step
  return {
    ...step,
    statement: `${step.statement.slice(0, LONGEST)} … (${step.statement.length - LONGEST} more characters)`,
  }
}
