import type { BackupRow, BackupsInput, BackupsPage } from '../../contract/backup/repository-api.ts'
import { newestFirst, ownLabels, type RecordHead, UNREADABLE } from './head.ts'
import { isOurLabel, passingLabel } from './label.ts'
import { ownersOf } from './retention.ts'

/** What a repository holds, as far as listing it tells. */
export interface Holdings {
  records: readonly RecordHead[]
  /** Labels of all snapshots that are there, in whatever state; undefined when they were not listed. */
  labels?: ReadonlySet<string>
  /** Ids of records that are being deleted. */
  marked: ReadonlySet<string>
  /** Labels that were announced, and by whom. */
  intents: ReadonlyMap<string, string>
}

/** What one look at a snapshot without a record tells. */
export interface SnapshotLook {
  label: string
  state: 'complete' | 'missing' | 'incomplete' | 'several-manifests' | 'no-meta'
  timestamp?: string
}

const DEFAULT_LIMIT = 100
const MOST_LACKING = 20
const LARGEST_LIMIT = 500
/** Characters of a page's rows: with its notes it goes through a workflow's history, and payloads stay under 64 KiB. */
const LARGEST_PAGE = 48 * 1024

/** Whether everything is there that restoring it needs; undefined when that was not looked at. */
export function isWhole(
  head: RecordHead,
  { labels, marked }: Pick<Holdings, 'labels' | 'marked'>,
): boolean | undefined {
  if (marked.has(head.id)) return false
  return labels && head.labels.every((label) => labels.has(label))
}

/** The records that are asked for as rows, newest first. */
export function recordRows(
  holdings: Holdings,
  wanted: Pick<BackupsInput, 'cluster' | 'database' | 'policy' | 'id'>,
): BackupRow[] {
  const owners = ownersOf(holdings.records)
  return holdings.records
    .filter(
      (head) =>
        (wanted.cluster === undefined || head.cluster === wanted.cluster) &&
        (wanted.database === undefined || head.database === wanted.database) &&
        (wanted.policy === undefined || head.name === wanted.policy) &&
        (wanted.id === undefined || head.id === wanted.id || ownLabels(head).includes(wanted.id)),
    )
    .sort(newestFirst)
    .map((head) => rowOf(head, holdings, owners))
}

function rowOf(head: RecordHead, holdings: Holdings, owners: Map<string, string[]>): BackupRow {
  const whole = isWhole(head, holdings)
  const missing = holdings.labels ? head.labels.filter((label) => !holdings.labels?.has(label)) : []
  const chain = new Set([head.id, ...head.labels.map((label) => owners.get(label)?.[0] ?? label)]).size
  const { verified } = head
  const marked = holdings.marked.has(head.id)
  const problem = marked
    ? 'retention deletes it'
    : missing.length > 0
      ? `snapshot ${missing.slice(0, 3).join(', ')}${missing.length > 3 ? ' …' : ''} is not there${head.ttl ? `; the cluster deletes it ${head.ttl} after it was made` : ''}`
      : verified && !verified.ok
        ? verified.mode === UNREADABLE
          ? 'its last verification cannot be read, and may have found damage; a deep one can tell'
          : `verification (${verified.mode}) found damage`
        : undefined
  return {
    id: head.id,
    state: marked ? 'being deleted' : problem ? 'damaged' : 'complete',
    cluster: head.cluster,
    database: head.database,
    policy: head.name,
    kind: head.kind,
    baseline: head.baseline,
    finishedAt: head.finishedAt,
    timestamp: head.timestamp,
    labels: head.labels,
    tables: head.tables,
    partitions: head.partitions,
    bytes: head.bytes,
    chain,
    whole,
    verified: verified && `${verified.ok ? 'ok' : 'failed'} (${verified.mode}) ${verified.at}`,
    partial: head.partial,
    lacking: head.lacking?.slice(0, MOST_LACKING),
    problem,
  }
}

/** Labels that are in the repository, or announced, and that are no record's: newest last made first, as far as their names tell. */
export function unrecorded({ records, labels, intents }: Holdings): string[] {
  const known = new Set(records.flatMap((head) => [head.id, ...head.labels]))
  const all = new Set([...(labels ?? []), ...intents.keys()])
  return [...all]
    .filter((label) => !known.has(label))
    .sort((a, b) => (timeOf(a) < timeOf(b) ? 1 : timeOf(a) > timeOf(b) ? -1 : a < b ? -1 : 1))
}

/** Of labels in starferry's form; the others come last. */
const timeOf = (label: string) => (isOurLabel(label) ? (/_(\d{8}T\d{9})_/.exec(label)?.[1] ?? '') : '')

/** A snapshot without a record as a row. */
export function unrecordedRow({ label, state, timestamp }: SnapshotLook, announcedBy: string | undefined): BackupRow {
  const row = { id: label, labels: [label], timestamp }
  if (announcedBy) return { ...row, state: 'being written', problem: `by ${announcedBy}, unless that has ended` }
  const passing = passingLabel(label)
  if (passing) {
    const whose = passing.kind === 'passage' ? 'a restore moves tables by it' : 'the repository is tried out by it'
    return { ...row, state: 'leftover', problem: `${whose}, or did so and has left it` }
  }
  if (state === 'complete') return { ...row, state: 'foreign' }
  if (state === 'several-manifests') {
    return { ...row, state: 'damaged', problem: 'two backups took the same label, and their objects are mixed' }
  }
  if (state === 'no-meta') return { ...row, state: 'damaged', problem: 'its meta object is missing' }
  return {
    ...row,
    state: isOurLabel(label) ? 'leftover' : 'incomplete',
    problem: 'it has no manifest: it is being written, or a failed backup left it',
  }
}

/** The rows behind `after`, as many as are asked for and fit. */
export function pageOf(
  rows: readonly BackupRow[],
  { after, limit = DEFAULT_LIMIT }: Pick<BackupsInput, 'after' | 'limit'>,
): Pick<BackupsPage, 'rows' | 'next'> {
  const start = after === undefined ? 0 : rows.findIndex((row) => row.id === after) + 1
  const page: BackupRow[] = []
  let size = 0
  for (const row of rows.slice(start, start + Math.min(Math.max(1, limit), LARGEST_LIMIT))) {
    size += JSON.stringify(row).length
    if (size > LARGEST_PAGE && page.length > 0) break
    page.push(row)
  }
  const last = page.at(-1)
  return { rows: page, next: last && start + page.length < rows.length ? last.id : undefined }
}
