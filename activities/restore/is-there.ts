import type { RestorePlanStep } from '../../planning/restore/restore-steps.ts'
import type { JobMark } from './job-mark.ts'
import { readDatabase } from './live-objects.ts'
import type { RestoreContext } from './restore-context.ts'
import { staleRestore } from './restore-failures.ts'
import { partsInPlace, wasRestoredOver } from './restored-over.ts'
import { verifyTable } from './verify-tables.ts'

/**
 * Whether everything of a step is there, partitions at the versions that the snapshot has; false where that cannot be told. `sent`: our job was seen.
 * Of live tables versions alone tell nothing: a partition that was loaded once before the backup and once since has the same version with other rows in it.
 * Nor do the names of views alone, before our job was there: anybody may have made them. Errors: Stale where live tables were written to since, so that
 * they can be neither taken for restored nor be restored over once more.
 */
export async function isThere(
  context: RestoreContext,
  step: Extract<RestorePlanStep, { kind: 'restore' }>,
  mark: JobMark | null,
  sent: boolean,
): Promise<boolean> {
  if (context.basis.bare || (step.parts.length === 0 && !(sent && step.objects.length > 0))) return false
  const over = partsInPlace(step)
  if (over.length > 0) {
    if (!mark?.live) return false
    const state = await wasRestoredOver(context, step, mark.live)
    if (state !== 'unclear') return state === 'done'
    const names = over.slice(0, 5).map(({ planned }) => planned.as)
    throw staleRestore(
      `Whether ${names.join(', ')} ${over.length > 1 ? 'and alike were' : 'was'} restored over cannot be told: the job's row is gone, and others have written to all partitions that were looked at since. Nothing was restored over once more: look at the rows, and run the same restore again where they are not those of the backup`,
    )
  }
  if (step.objects.some(({ kind }) => kind === 'function' || kind === 'catalog')) return false
  if (step.objects.length > 0) {
    const live = await readDatabase(context.cluster, step.database, context.signal)
    if (!step.objects.every(({ target }) => live?.objects.has(target))) return false
  }
  for (const { planned, part } of step.parts) {
    context.signal?.throwIfAborted()
    const { problems } = await verifyTable(context, { ...planned, only: part.names }, 'aside', { count: false })
    if (problems.length > 0) return false
  }
  return true
}
