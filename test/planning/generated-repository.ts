import type { Retention } from '../../contract/backup/policy.ts'
import { ownLabels } from '../../planning/backup/head.ts'
import type { Protector, RetentionHead, RetentionInput } from '../../planning/backup/retention.ts'

export const NOW = Date.parse('2026-03-31T12:00:00Z')
const DAY_MS = 86_400_000

export type Random = () => number

/** Mulberry32: the same numbers for the same seed, everywhere. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const below = (random: Random, limit: number) => Math.floor(random() * limit)
const pick = <T>(random: Random, list: readonly T[]): T => list[below(random, list.length)] as T

/** A repository as several policies of several clusters may have left it, somebody at work in it, and rules. */
export function generateRepository(seed: number): RetentionInput {
  const random = randomOf(seed)
  const records: RetentionHead[] = []
  const clusters = ['east', 'west'].slice(0, 1 + below(random, 2))
  const policies = ['nightly', 'hourly', 'by-hand'].slice(0, 1 + below(random, 3))
  const databases = ['shop', 'crm', ''].slice(0, 1 + below(random, 3))
  for (const cluster of clusters) {
    for (const name of policies) {
      for (const database of databases) addSeries(random, records, { cluster, name, database })
    }
  }
  return {
    records: shuffled(random, records),
    protectors: protectorsOf(random, records),
    retention: rulesOf(random),
    scope: {
      cluster: random() < 0.7 ? pick(random, clusters) : undefined,
      policy: random() < 0.7 ? pick(random, policies) : undefined,
    },
    timeZone: pick(random, ['UTC', 'America/New_York', 'Asia/Kathmandu', 'Pacific/Auckland']),
    now: NOW,
  }
}

type Series = Pick<RetentionHead, 'cluster' | 'name' | 'database'>

function addSeries(random: Random, records: RetentionHead[], series: Series): void {
  const count = below(random, 25)
  const step = pick(random, [0.04, 0.5, 1, 6.5])
  const incremental = random() < 0.5
  let time = NOW - count * step * DAY_MS
  const own: RetentionHead[] = []
  for (let i = 0; i < count; i++) {
    time += step * DAY_MS * random() * 2
    const full = own.findLast((head) => head.kind === 'full')
    const compared = incremental ? own.at(-1) : full
    // Now and then another policy of the same database has the newer full one.
    const foreign = records.find((head) => head.kind === 'full' && head.database === series.database)
    const baseline = random() < 0.2 ? undefined : random() < 0.05 ? foreign : compared
    const head = make(random, series, `${series.cluster}-${series.name}-${series.database}-${i}`, time, baseline)
    own.push(head)
    records.push(head)
  }
}

function make(
  random: Random,
  series: Series,
  id: string,
  time: number,
  baseline: RetentionHead | undefined,
): RetentionHead {
  // What was taken anew since is not needed from before; a record that says that nothing changed has no snapshot of its own.
  const before = baseline ? baseline.labels.filter(() => random() < 0.85) : []
  const snapshots = baseline && before.length > 0 && random() < 0.15 ? 0 : 1 + below(random, 3)
  const fresh = Array.from({ length: snapshots }, (_, part) => `${id}/${part}`)
  // Clocks of workers differ, and some records are made at the same instant.
  const at = Math.min(NOW, random() < 0.1 ? time - 2 * DAY_MS * random() : Math.round(time / 60_000) * 60_000)
  return {
    ...series,
    id,
    set: `${series.name}-run`,
    kind: baseline ? (random() < 0.5 ? 'differential' : 'incremental') : 'full',
    baseline: baseline?.id,
    base: baseline ? (baseline.base ?? baseline.id) : undefined,
    startedAt: new Date(at).toISOString(),
    finishedAt: new Date(at).toISOString(),
    labels: [...before, ...fresh],
    own: fresh.length,
    tables: 1,
    partitions: 1,
    whole: random() < 0.05 ? false : undefined,
    lacking: random() < 0.1 ? ['t'] : undefined,
    partial: random() < 0.15 ? true : undefined,
    verified: random() < 0.3 ? { at: new Date(at).toISOString(), mode: 'sample', ok: random() < 0.9 } : undefined,
  }
}

function protectorsOf(random: Random, records: readonly RetentionHead[]): Protector[] {
  if (records.length === 0) return []
  return Array.from({ length: below(random, 4) }, (_, i) => {
    const head = pick(random, records)
    const kind = pick(random, ['intent', 'lease', 'job'])
    if (kind === 'intent') {
      return {
        labels: [...head.labels, `new-${i}`],
        records: [head.id],
        why: 'compared with by a backup that is being made',
      }
    }
    if (kind === 'lease') return { labels: head.labels, why: 'read by a restore' }
    return { labels: ownLabels(head).slice(0, 1), why: 'a job on the cluster' }
  })
}

function rulesOf(random: Random): Retention {
  const count = () => (random() < 0.5 ? 0 : below(random, 8))
  return {
    last: random() < 0.5 ? 1 + below(random, 8) : undefined,
    days: random() < 0.5 ? random() * 20 : undefined,
    daily: count(),
    weekly: count(),
    monthly: count(),
    yearly: random() < 0.8 ? 0 : 2,
  }
}

function shuffled<T>(random: Random, list: readonly T[]): T[] {
  return list
    .map((item) => [random(), item] as const)
    .sort(([a], [b]) => a - b)
    .map(([, item]) => item)
}
