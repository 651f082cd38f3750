import type { SnapshotExtent } from '../../contract/backup/record.ts'
import type { VerifyInput } from '../../contract/backup/repository-api.ts'
import { recordRows } from '../../planning/backup/catalogue.ts'
import { ownLabels } from '../../planning/backup/head.ts'
import type { Repository } from '../../repository/index.ts'
import { refused } from '../failures.ts'
import { readHoldings } from './read-holdings.ts'

/** A page is part of a history, and so are its labels once more as the next activity's input. */
const BACKUPS_PER_PAGE = 50
const LABELS_PER_PAGE = 400

export interface LabelToVerify {
  label: string
  md5?: string
  size?: SnapshotExtent
}

export interface VerifyPage {
  labels: LabelToVerify[]
  /** `needs`: indices into `labels`. */
  backups: { id: string; needs: number[] }[]
  /** The last id, when there are more. */
  next?: string
}

/** The next backups to verify, newest first, and the snapshots that they need. Errors: StorageError; Refused for an id that is not there. */
export async function selectToVerify(
  repository: Repository,
  input: VerifyInput & { after?: string },
  signal?: AbortSignal,
): Promise<VerifyPage> {
  const holdings = await readHoldings(repository, signal)
  const heads = new Map(holdings.records.map((head) => [head.id, head]))
  const labels = new Set(holdings.records.flatMap((head) => head.labels))
  const unknown = input.ids?.find((id) => !heads.has(id) && !labels.has(id))
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
  const page: VerifyPage = { labels: [], backups: [] }
  const places = new Map<string, number>()
  const start = input.after === undefined ? 0 : rows.findIndex(({ id }) => id === input.after) + 1
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
  const last = page.backups.at(-1)
  return { ...page, next: last && start + page.backups.length < rows.length ? last.id : undefined }
}
