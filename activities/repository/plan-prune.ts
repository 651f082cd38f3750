import type { PruneOrder, PrunePlan } from '../../contract/backup/repository-api.ts'
import { ownLabels } from '../../planning/backup/head.ts'
import { type Doomed, type Kept, planRetention, type RetentionHead } from '../../planning/backup/retention.ts'
import type { DeletionMark } from './deletion-marks.ts'
import type { Situation } from './situation.ts'

export interface FullPlan {
  delete: Doomed[]
  keep: Kept[]
  leftovers: { label: string; why: string }[]
  untouched: { label: string; why: string }[]
  /** Written by an earlier run about what is kept after all. */
  unmark: DeletionMark[]
  waits: string[]
}

type Wanted = Pick<PruneOrder, 'cluster' | 'policy' | 'retention' | 'timeZone' | 'leftovers' | 'confirmed'>

/** What would be deleted in this situation; of what was confirmed only, where ids were named. */
export function planPrune(situation: Situation, input: Wanted): FullPlan {
  const { condemned, blocked } = situation
  const leftovers = input.leftovers ? situation.leftovers : { delete: [], untouched: [] }
  const confirmed = Array.isArray(input.confirmed) ? new Set(input.confirmed) : undefined
  const plan = withinConfirmed(situation, input, confirmed)
  // Begun, and good for nothing any more: to be ended whatever the rules say, unless of others.
  const torn = situation.records.filter((head) => condemned.has(head.id) && isWanted(head, input))
  // A job that began before it was torn may still read it.
  const read = torn.flatMap((head) => readBy(head, situation))
  const free = torn.filter((head) => readBy(head, situation).length === 0)
  const doomed = [
    ...free.map((head) => ({ head, labels: ownLabels(head), why: 'its deletion was begun before' })),
    ...plan.delete.filter(({ head }) => !condemned.has(head.id)),
  ]
  if (blocked) {
    const untouched = doomed.flatMap(({ labels }) => labels.map((label) => ({ label, why: blocked })))
    const stays = leftovers.delete.map(({ label }) => ({ label, why: blocked }))
    return {
      delete: [],
      keep: plan.keep,
      leftovers: [],
      untouched: [...untouched, ...stays],
      unmark: [],
      waits: untouched.length + stays.length > 0 ? [`nothing is deleted: ${blocked}`] : [],
    }
  }
  const gone = new Set(doomed.map(({ head }) => head.id))
  const untouched = [...plan.untouched, ...read, ...leftovers.untouched]
  return {
    delete: doomed,
    keep: plan.keep.filter(({ head }) => !gone.has(head.id)),
    leftovers: leftovers.delete.filter(({ label }) => !confirmed || confirmed.has(label)),
    untouched,
    unmark: situation.undecided.filter(({ id }) => !gone.has(id)),
    waits: situation.waits.filter((reason) => untouched.some(({ why }) => why === reason)),
  }
}

/** Its snapshots that somebody works with, or may. */
const readBy = (head: RetentionHead, { protectors }: Situation) =>
  ownLabels(head).flatMap((label) => {
    const protector = protectors.find(({ labels }) => labels.includes(label))
    return protector ? [{ label, why: protector.why }] : []
  })

const isWanted = (head: RetentionHead, { cluster, policy }: Wanted) =>
  (cluster ?? head.cluster) === head.cluster && (policy ?? head.name) === head.name

/** What was not confirmed stays, and so does what that needs. */
function withinConfirmed(situation: Situation, input: Wanted, confirmed: Set<string> | undefined) {
  const { records, protectors, now } = situation
  const { cluster, policy, retention, timeZone = 'UTC' } = input
  const plan = (more: typeof protectors) =>
    planRetention({
      records,
      protectors: [...protectors, ...more],
      retention,
      scope: { cluster, policy },
      timeZone,
      now,
    })
  const all = plan([])
  if (!confirmed) return all
  const others = all.delete.filter(({ head }) => !confirmed.has(head.id)).map(({ head }) => head.id)
  return others.length === 0 ? all : plan([{ labels: [], records: others, why: 'was not confirmed' }])
}

/** A plan is part of a workflow's history. */
const MOST = 150

/** The plan as it is shown. */
export function shownPlan({ delete: doomed, keep, leftovers, untouched, waits }: FullPlan): PrunePlan {
  const cut = <T>(list: readonly T[]) => list.slice(0, MOST)
  return {
    delete: cut(doomed).map(({ head: { id, database, finishedAt, bytes }, labels, why }) => ({
      id,
      labels,
      database,
      finishedAt,
      bytes,
      why,
    })),
    keep: cut(keep).map(({ head: { id, database, finishedAt }, why }) => ({ id, database, finishedAt, why })),
    leftovers: cut(leftovers),
    untouched: cut(untouched),
    ...(waits.length > 0 ? { waits } : {}),
    more: [doomed, keep, leftovers, untouched].reduce((sum, { length }) => sum + Math.max(0, length - MOST), 0),
  }
}
