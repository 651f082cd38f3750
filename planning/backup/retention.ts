import type { Retention } from '../../contract/backup/policy.ts'
import { newestFirst, ownLabels, type RecordHead, seriesOf } from './head.ts'
import { hasRules, keptByRules } from './keep-rules.ts'

/** What somebody works with now: a backup being written, a restore that reads, a job on a cluster. */
export interface Protector {
  labels: readonly string[]
  /** Ids of records that are needed themselves, e.g. because a backup is being compared with them. */
  records?: readonly string[]
  /** For people; says who. */
  why: string
}

export interface RetentionHead extends RecordHead {
  /** false: a snapshot that it needs is not there. */
  whole?: boolean
}

export interface RetentionInput {
  /** All of the repository, whoever made them. */
  records: readonly RetentionHead[]
  protectors: readonly Protector[]
  retention: Retention
  /** Whose backups these rules are for; those of others are never deleted, but what they need stays. */
  scope: { cluster?: string; policy?: string }
  /** IANA name; of the days that the rules count. */
  timeZone: string
  /** Milliseconds, by the store's clock. */
  now: number
}

export interface Kept {
  head: RetentionHead
  why: string
}

export interface Doomed extends Kept {
  /** Its own snapshots. */
  labels: string[]
}

export interface RetentionPlan {
  /** In an order in which none is deleted before those that need it. */
  delete: Doomed[]
  /** Newest first; of the scope alone. */
  keep: Kept[]
  /** Would be deleted if nobody worked with them. */
  untouched: { label: string; why: string }[]
}

/**
 * What retention deletes, and why what stays stays. Kept is what a rule of its series keeps, the newest good one of every series with the full one
 * that the next is compared with, everything of others, everything somebody works with, and whatever any of these needs: a backup lives
 * as long as the last that names one of its snapshots. Backups that are damaged, or lack something that one before them has, take no place of good ones,
 * and those of a part of the database none of those of all of it.
 */
export function planRetention(input: RetentionInput): RetentionPlan {
  const { records, scope } = input
  const owners = ownersOf(records)
  const byId = new Map(records.map((head) => [head.id, head]))
  const inScope = (head: RetentionHead) =>
    (scope.cluster === undefined || head.cluster === scope.cluster) &&
    (scope.policy === undefined || head.name === scope.policy)

  const kept = new Map<string, string>()
  const keep = (id: string, why: string) => {
    if (byId.has(id) && !kept.has(id)) kept.set(id, why)
  }
  for (const head of records)
    if (!inScope(head)) keep(head.id, `of ${head.name} on ${head.cluster}, which these rules are not for`)
  for (const series of groupBySeries(records.filter(inScope))) keepOfSeries(series, input, keep)
  closeOver(kept, byId, owners)

  const untouched: RetentionPlan['untouched'] = []
  for (const { labels, records: ids = [], why } of input.protectors) {
    const wanted = new Set([...ids, ...labels.flatMap((label) => owners.get(label) ?? [])])
    for (const id of wanted) {
      const head = byId.get(id)
      if (!head || kept.has(id)) continue
      keep(id, why)
      for (const label of ownLabels(head)) untouched.push({ label, why })
    }
  }
  closeOver(kept, byId, owners)

  const doomed = records.filter(({ id }) => !kept.has(id))
  return {
    delete: dependantsFirst(doomed, owners).map((head) => ({
      head,
      labels: ownLabels(head),
      why: 'no rule keeps it and nothing needs it',
    })),
    keep: records
      .filter((head) => kept.has(head.id) && inScope(head))
      .sort(newestFirst)
      .map((head) => ({ head, why: kept.get(head.id) ?? '' })),
    untouched,
  }
}

/** Snapshots by label: the records that they are part of. One, unless somebody copied records by hand. */
export function ownersOf(records: Iterable<RecordHead>): Map<string, string[]> {
  const owners = new Map<string, string[]>()
  for (const head of records) {
    for (const label of ownLabels(head)) {
      const known = owners.get(label)
      if (known) known.push(head.id)
      else owners.set(label, [head.id])
    }
  }
  return owners
}

/** Not known to be damaged. One without any snapshot holds nothing. */
const isSound = (head: RetentionHead) => head.whole !== false && head.verified?.ok !== false && head.labels.length > 0

/** Sound, and with everything that was to be in it. */
export const isGood = (head: RetentionHead) => isSound(head) && !head.lacking?.length

function groupBySeries(records: readonly RetentionHead[]): RetentionHead[][] {
  const series = new Map<string, RetentionHead[]>()
  for (const head of records) {
    const key = seriesOf(head)
    const known = series.get(key)
    if (known) known.push(head)
    else series.set(key, [head])
  }
  return [...series.values()].map((heads) => heads.sort(newestFirst))
}

function keepOfSeries(series: RetentionHead[], input: RetentionInput, keep: (id: string, why: string) => void): void {
  if (!hasRules(input.retention)) {
    for (const { id } of series) keep(id, 'there is no rule')
    return
  }
  const good = series.filter(isGood)
  const complete = good.filter(({ partial }) => !partial)
  // One after the other: a damaged backup is kept as long as if it were good, the good ones as if there were no damaged one, and those of the whole
  // database as if nobody had ever backed up a part of it.
  for (const heads of [complete, good, series]) {
    for (const [id, why] of keptByRules(heads, input.retention, input.now, input.timeZone)) keep(id, why)
  }
  const newest = good[0] ?? series[0]
  if (!newest) return
  keep(newest.id, good[0] ? 'the newest good one' : 'the newest; none is good')
  if (complete[0]) keep(complete[0].id, 'the newest good one of the whole database')
  // One that lacks a table is built upon, and has the others as they are now.
  const sound = series.find(isSound)
  if (sound && sound !== good[0]) keep(sound.id, 'the newest one, although it does not hold everything')
  for (const id of [newest.base, newest.baseline, sound?.base, sound?.baseline])
    if (id) keep(id, 'the next backup is compared with it')
}

/** Keeps what the kept need, and what that needs. */
function closeOver(kept: Map<string, string>, byId: Map<string, RetentionHead>, owners: Map<string, string[]>): void {
  const open = [...kept.keys()]
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    for (const label of byId.get(id)?.labels ?? []) {
      for (const owner of owners.get(label) ?? []) {
        if (kept.has(owner)) continue
        kept.set(owner, `needed by ${id}`)
        open.push(owner)
      }
    }
  }
}

/** Each before those that it needs, so that whatever interrupts deleting leaves no backup without its baseline. */
function dependantsFirst(doomed: readonly RetentionHead[], owners: Map<string, string[]>): RetentionHead[] {
  const byId = new Map(doomed.map((head) => [head.id, head]))
  const order: RetentionHead[] = []
  const seen = new Set<string>()
  for (const start of [...doomed].sort(newestFirst).reverse()) {
    // Depth first without recursion: chains may be thousands long.
    const stack = [{ head: start, needs: needsOf(start, owners) }]
    if (seen.has(start.id)) continue
    seen.add(start.id)
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const next = top.needs.pop()
      if (next === undefined) {
        order.push(top.head)
        stack.pop()
        continue
      }
      const head = byId.get(next)
      if (!head || seen.has(next)) continue
      seen.add(next)
      stack.push({ head, needs: needsOf(head, owners) })
    }
  }
  return order.reverse()
}

function needsOf(head: RetentionHead, owners: Map<string, string[]>): string[] {
  return head.labels.slice(0, head.labels.length - head.own).flatMap((label) => owners.get(label) ?? [])
}
