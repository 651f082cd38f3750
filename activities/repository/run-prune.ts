import type { PruneOrder, PruneResult } from '../../contract/backup/repository-api.ts'
import type { Doomed } from '../../planning/backup/retention.ts'
import type { Lease, Repository } from '../../repository/index.ts'
import type { Dependencies } from '../dependencies.ts'
import { clustersOf, rememberedJobs } from './cluster-jobs.ts'
import { deleteSnapshot } from './delete-snapshots.ts'
import { leasesOf } from './leases.ts'
import { type FullPlan, planPrune, shownPlan } from './plan-prune.ts'
import { objectsOf } from './repository-objects.ts'
import { readSituation, type Situation } from './situation.ts'
import { createWriters } from './writers.ts'

/** What was done so far; survives an attempt in its heartbeat. */
export interface PruneProgress {
  deleted: number
  bytes: number
  failures: { label: string; reason: string }[]
  now?: string
}

export interface PruneWork {
  deps: Dependencies
  repository: Repository
  input: PruneOrder
  progress: PruneProgress
  report(progress: PruneProgress): void
  /** Somebody wants it ended, or somebody else has the right to delete now. */
  signal: AbortSignal
  /** Throws when somebody else has the right to delete by now, though nobody was told yet. */
  sure(): Promise<void>
}

const MOST_FAILURES = 50
/** How long after they ran out leases, and after they were taken back marks, are swept away. */
const SWEEP_SECONDS = 86_400

/**
 * Deletes what the plan names, dependants first. Each backup is marked before, and then everything that may need it is read once more: a backup or
 * restore that chose it meanwhile is either seen here, or sees the mark. The rules are applied anew to what was read, too: a backup that they counted upon may have
 * been found damaged. Only then it is decided, by a write that fails when another process has changed the mark: a process that stood still meanwhile deletes
 * nothing that another kept. What interrupts this leaves marks behind, by which the next run goes on; what was decided is never kept any more. Errors: StorageError; the signal's reason.
 */
export async function runPrune(work: PruneWork): Promise<PruneResult> {
  const { deps, repository, input, progress, report, signal, sure } = work
  const objects = objectsOf(repository)
  const { marks } = objects
  const jobs = rememberedJobs(deps, clustersOf(deps, repository.name), signal)
  const look = (leftovers = input.leftovers, since?: number) =>
    readSituation(deps, repository, { leftovers, jobs: () => jobs(since), signal })
  const situation = await look()
  const plan = planPrune(situation, input)
  const notes = new Set<string>()
  for (const mark of plan.unmark) await marks.release(mark, { signal })
  for (const id of situation.spent) await marks.remove(id, { signal })

  for (const doomed of plan.delete) {
    signal.throwIfAborted()
    const { head, labels } = doomed
    report(Object.assign(progress, { now: head.id }))
    const condemned = situation.condemned.has(head.id)
    const seen = situation.marks.get(head.id)
    const announced = condemned && seen ? seen : await marks.announce(head.id, labels, seen, { signal })
    const again = await look(false, performance.now())
    const reason = whyStays(again, doomed) ?? whyKept(planPrune(again, input), doomed)
    if (reason) {
      // What was begun is good for nothing, whoever wants it now.
      if (!condemned) await marks.release(announced, { signal })
      plan.untouched.push(...labels.map((label) => ({ label, why: reason })))
      for (const wait of again.waits) if (wait === reason && !plan.waits.includes(wait)) plan.waits.push(wait)
      continue
    }
    const bytes = head.bytes ?? (await measure(repository, labels, signal))
    await sure()
    const decided = await marks.decide(announced, { signal })
    const results = []
    for (const label of labels) {
      const result = await deleteSnapshot(deps, repository, label, head.cluster, signal)
      results.push(result)
      if (result.reason) fail(label, result.reason)
      if (result.hidden > 0) notes.add(HIDDEN)
      // What was not even begun can stay as it is.
      if (result.whole && results.length === 1) break
    }
    if (results.length === labels.length && results.every(({ gone }) => gone)) {
      await objects.removeRecord(head.id, labels, { signal })
      progress.deleted++
      progress.bytes += bytes
      deps.metrics.count('pruned_backups_total', { repository: repository.name })
      deps.metrics.count('pruned_bytes_total', { repository: repository.name }, bytes)
    } else if (!condemned && results.length === 1 && results[0]?.whole) await marks.release(decided, { signal })
    report(progress)
  }
  await deleteLeftovers(plan)
  const writerOf = createWriters(deps.client)
  const unless = async ({ info }: Lease) => (await writerOf(info.holder ?? '')) === 'open'
  await leasesOf(repository).sweep(SWEEP_SECONDS, { signal, unless })
  await marks.sweep(new Date(situation.now - SWEEP_SECONDS * 1000), { signal })
  const shown = shownPlan(plan)
  return { ...shown, ...resultOf(progress), ...(notes.size > 0 ? { notes: [...notes] } : {}) }

  async function deleteLeftovers({ leftovers }: FullPlan): Promise<void> {
    for (const { label } of leftovers) {
      signal.throwIfAborted()
      report(Object.assign(progress, { now: label }))
      // Its writer may come back, and its record may stand by now; or it finds the mark when it writes one.
      const seen = situation.marks.get(label)
      const announced = seen?.decided ? seen : await marks.announce(label, [label], seen, { signal })
      const again = await look()
      const isRecorded = again.records.some((head) => head.labels.includes(label))
      if (isRecorded || !again.leftovers.delete.some((one) => one.label === label)) {
        if (!announced.decided) await marks.release(announced, { signal })
        continue
      }
      const { bytes } = await repository.measure(label, { signal })
      await sure()
      await marks.decide(announced, { signal })
      const { gone, reason, hidden } = await deleteSnapshot(deps, repository, label, undefined, signal)
      if (reason) fail(label, reason)
      if (hidden > 0) notes.add(HIDDEN)
      if (!gone) continue
      await objects.removeIntent(label, { signal })
      await marks.remove(label, { signal })
      progress.bytes += bytes
      deps.metrics.count('pruned_bytes_total', { repository: repository.name }, bytes)
    }
  }

  function fail(label: string, reason: string): void {
    if (progress.failures.length < MOST_FAILURES) progress.failures.push({ label, reason })
  }
}

const HIDDEN =
  'The bucket keeps older versions of deleted objects: their space is free when its own lifecycle rules remove them'

const resultOf = ({ deleted, bytes, failures }: PruneProgress) => ({ deleted, bytes, failures })

/** Why a backup is not deleted after all. */
function whyStays(
  { records, protectors, blocked, condemned }: Situation,
  { head, labels }: Doomed,
): string | undefined {
  if (blocked) return blocked
  const own = new Set(labels)
  const protector = protectors.find(
    (one) => one.labels.some((label) => own.has(label)) || one.records?.includes(head.id),
  )
  if (protector) return protector.why
  // Also what could not be deleted before it, and is still good.
  const dependant = records.find(
    (other) => other.id !== head.id && !condemned.has(other.id) && other.labels.some((label) => own.has(label)),
  )
  return dependant && `needed by ${dependant.id}`
}

/** The same by the rules, as things are now. */
function whyKept(plan: FullPlan, { head, labels }: Doomed): string | undefined {
  if (plan.delete.some((one) => one.head.id === head.id)) return undefined
  const kept = plan.keep.find((one) => one.head.id === head.id)
  if (kept) return `it is kept now: ${kept.why}`
  return plan.untouched.find(({ label }) => labels.includes(label))?.why ?? 'it is not there any more'
}

async function measure(repository: Repository, labels: readonly string[], signal: AbortSignal): Promise<number> {
  let bytes = 0
  for (const label of labels) bytes += (await repository.measure(label, { signal })).bytes
  return bytes
}
