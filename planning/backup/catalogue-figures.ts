import type { Holdings } from './catalogue.ts'
import { isWhole } from './catalogue.ts'
import { newestFirst, type RecordHead, seriesOf } from './head.ts'
import { isGood, type RetentionHead } from './retention.ts'

/** What is known of the backups of one database by one policy. */
export interface SeriesFigures {
  cluster: string
  database: string
  policy: string
  /** When the last good one was finished, as Unix time; 0: there is none. */
  lastGood: number
  /** Of that one: bytes of its own snapshots, and how many snapshots restoring it needs. */
  bytes?: number
  chain?: number
  /** Of the one that was verified last. */
  verifiedOk?: boolean
}

/** What a policy is for. */
export interface PolicyScope {
  name: string
  cluster: string
  /** Undefined: its cluster cannot be asked, and only what the repository has is known. */
  databases?: readonly string[]
}

/**
 * The figures of a repository: of every series that it has and that is still wanted, and of every database of a policy that has no good backup. One that
 * no policy takes any more, because it was dropped or excluded, is left out; what was made without a policy is not.
 */
export function catalogueFigures(
  { records, labels, marked }: Pick<Holdings, 'records' | 'labels' | 'marked'>,
  policies: readonly PolicyScope[],
): SeriesFigures[] {
  const series = new Map<string, SeriesFigures>()
  const wanted = new Map(policies.map((policy) => [policy.name, policy]))
  for (const policy of policies) {
    for (const database of policy.databases ?? []) {
      const { name, cluster } = policy
      series.set(seriesOf({ cluster, name, database }), { cluster, database, policy: name, lastGood: 0 })
    }
  }
  const verifiedAt = new Map<string, string>()
  for (const head of [...records].sort(newestFirst)) {
    const key = seriesOf(head)
    const policy = wanted.get(head.name)
    if (policy?.databases && !series.has(key)) continue
    const figures = series.get(key) ?? { ...nameOf(head), lastGood: 0 }
    series.set(key, figures)
    const { verified } = head
    if (verified && verified.at > (verifiedAt.get(key) ?? '')) {
      verifiedAt.set(key, verified.at)
      figures.verifiedOk = verified.ok
    }
    if (figures.lastGood > 0 || !isGood(withWhole(head, { labels, marked }))) continue
    figures.lastGood = Math.floor(Date.parse(head.finishedAt) / 1000) || 0
    if (head.bytes !== undefined) figures.bytes = head.bytes
    figures.chain = head.labels.length
  }
  return [...series.values()]
}

const nameOf = ({ cluster, database, name }: RecordHead) => ({ cluster, database, policy: name })

const withWhole = (head: RecordHead, known: Pick<Holdings, 'labels' | 'marked'>): RetentionHead => ({
  ...head,
  whole: isWhole(head, known),
})
