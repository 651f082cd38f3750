import type { SnapshotExtent } from '../../contract/backup/record.ts'
import { repositoryKeys } from '../../contract/backup/record.ts'
import type { VerifyInput } from '../../contract/backup/repository-api.ts'
import { recordRows } from '../../planning/backup/catalogue.ts'
import { ownLabels } from '../../planning/backup/head.ts'
import { mayBeOfOneBackup } from '../../planning/backup/label.ts'
import type { UnreadRecord } from '../../planning/backup/verify-summary.ts'
import { isUnreadable, type Repository } from '../../repository/index.ts'
import { refused } from '../failures.ts'
import { mapConcurrently } from '../metadata/concurrency.ts'
import { readHoldings } from './read-holdings.ts'
import { type Damaged, objectsOf } from './repository-objects.ts'

/** A page is part of a history, and so are its labels once more as the next activity's input. */
const BACKUPS_PER_PAGE = 50
const LABELS_PER_PAGE = 400
const MOST_UNREAD = 100
/** Each may be of a database of a million partitions. */
const RECORDS_AT_ONCE = 4

export interface LabelToVerify {
  label: string
  md5?: string
  size?: SnapshotExtent
}

export interface VerifyPage {
  labels: LabelToVerify[]
  /** `needs`: indices into `labels`. `unread`: its record cannot be read to its end. */
  backups: { id: string; needs: number[]; unread?: UnreadRecord }[]
  /** On the first page: backups of which not even that can be told, with those beyond the bound only counted. */
  unread?: ({ id: string } & UnreadRecord)[]
  moreUnread?: number
  /** The last id, when there are more. */
  next?: string
}

/** The next backups to verify, newest first, and the snapshots that they need. Errors: StorageError; Refused for what is not there. */
export async function selectToVerify(
  repository: Repository,
  input: VerifyInput & { after?: string },
  signal?: AbortSignal,
): Promise<VerifyPage> {
  const holdings = await readHoldings(repository, signal)
  const heads = new Map(holdings.records.map((head) => [head.id, head]))
  const labels = new Set(holdings.records.flatMap((head) => head.labels))
  const damaged = holdings.damaged.filter(({ id }) => !holdings.marked.has(id))
  const unknown = input.ids?.find(
    (id) => !heads.has(id) && !labels.has(id) && !damaged.some((one) => isPerhaps(one, id)),
  )
  if (unknown !== undefined) throw refused(`Repository ${repository.name} holds no backup '${unknown}'`)
  const wanted = input.ids && new Set(input.ids)
  const labelsOf = (id: string) => {
    const head = heads.get(id)
    return head ? ownLabels(head) : []
  }
  const rows = recordRows(holdings, input).filter(
    (row) =>
      row.state !== 'being deleted' &&
      (!wanted || wanted.has(row.id) || labelsOf(row.id).some((label) => wanted.has(label))),
  )
  // Whose they are nobody can tell, so no other filter leaves them out.
  const unread = input.ids ? damaged.filter((one) => input.ids?.some((id) => isPerhaps(one, id))) : damaged
  const first = input.after === undefined
  if (first && rows.length === 0 && unread.length === 0 && isFiltered(input)) {
    throw refused(nothingFits(repository.name, input))
  }
  const page: VerifyPage = { labels: [], backups: [] }
  if (first && unread.length > 0) {
    page.unread = unread
      .slice(0, MOST_UNREAD)
      .map(({ id, problem }) => ({ id, object: keyOf(repository, id), problem }))
    page.moreUnread = Math.max(0, unread.length - MOST_UNREAD)
  }
  const places = new Map<string, number>()
  const start = first ? 0 : rows.findIndex(({ id }) => id === input.after) + 1
  for (const { id } of rows.slice(start, start + BACKUPS_PER_PAGE)) {
    const head = heads.get(id)
    if (!head || (page.backups.length > 0 && places.size + head.labels.length > LABELS_PER_PAGE)) break
    const needs = head.labels.map((label, i) => {
      const place = places.get(label) ?? page.labels.push({ label, md5: head.md5?.[i], size: head.sizes?.[i] }) - 1
      places.set(label, place)
      return place
    })
    page.backups.push({ id, needs })
  }
  // A head is read from the beginning of a record; what a restore needs is all of it.
  page.backups = await mapConcurrently(page.backups, RECORDS_AT_ONCE, async (backup) => {
    const problem = await problemOf(repository, backup.id, signal)
    return problem === undefined ? backup : { ...backup, unread: { object: keyOf(repository, backup.id), problem } }
  })
  const last = page.backups.at(-1)
  return { ...page, next: last && start + page.backups.length < rows.length ? last.id : undefined }
}

/** Whether an id or a label may be of the backup whose record is damaged. */
const isPerhaps = ({ id }: Damaged, asked: string) => asked === id || mayBeOfOneBackup(asked, id)

const keyOf = ({ name }: Repository, id: string) => repositoryKeys.record(name, id)

const isFiltered = ({ ids, cluster, database, policy }: VerifyInput) =>
  [ids, cluster, database, policy].some((one) => one !== undefined)

function nothingFits(repository: string, { cluster, database, policy }: VerifyInput): string {
  const of = [
    cluster === undefined ? '' : ` of cluster ${cluster}`,
    database === undefined ? '' : ` of ${database === '' ? 'external catalogs' : `database ${database}`}`,
    policy === undefined ? '' : ` of policy ${policy}`,
  ]
  return `Repository ${repository} holds no backup${of.join('')} that could be verified; look with 'starferry backup list'`
}

async function problemOf(repository: Repository, id: string, signal?: AbortSignal): Promise<string | undefined> {
  try {
    await objectsOf(repository).record(id, { signal })
    return undefined
  } catch (error) {
    if (isUnreadable(error)) return error.message
    throw error
  }
}
