import type { BackupRow, BackupsInput, BackupsPage } from '../../contract/backup/repository-api.ts'
import { pageOf, recordRows, type SnapshotLook, unrecorded, unrecordedRow } from '../../planning/backup/catalogue.ts'
import { type Repository, SnapshotError } from '../../repository/index.ts'
import type { RepositoryHandle } from '../dependencies.ts'
import { refused } from '../failures.ts'
import { mapConcurrently } from '../metadata/concurrency.ts'
import { describeObjects, notIncludedOf } from './describe-backup.ts'
import { readHoldings } from './read-holdings.ts'
import { objectsOf } from './repository-objects.ts'

const LOOKS_AT_ONCE = 16
const MOST_NOTES = 20

/** One page of what the repository holds, newest first, or one backup in full: from the repository alone. Errors: StorageError; Refused. */
export async function listBackups(
  handle: RepositoryHandle,
  input: BackupsInput,
  signal?: AbortSignal,
): Promise<BackupsPage> {
  const repository = await handle.open(signal)
  const holdings = await readHoldings(repository, signal)
  const notes = holdings.damaged.map(({ key, problem }) => `${key} is damaged: ${problem}`)
  const rows = recordRows(holdings, input)
  const totals = { backups: rows.length, bytes: rows.reduce((sum, row) => sum + (row.bytes ?? 0), 0) }
  if (input.id !== undefined) {
    const [row] = rows
    const page = row
      ? await describe(repository, row, signal)
      : await describeUnrecorded(repository, holdings, input.id, signal)
    return { ...page, totals, ...noted(notes) }
  }
  // Nothing but its name is known of such a snapshot, so it fits no filter.
  const others = input.all
    ? unrecorded(holdings).map((label): BackupRow => ({ id: label, state: '', labels: [label] }))
    : []
  const { rows: page, next } = pageOf([...rows, ...others], input)
  const looked = await mapConcurrently(page, LOOKS_AT_ONCE, async (row) =>
    row.state === '' ? unrecordedRow(await look(repository, row.id, signal), holdings.intents.get(row.id)) : row,
  )
  return { rows: looked, next, totals, ...noted(notes) }
}

const noted = (notes: string[]) => (notes.length === 0 ? {} : { notes: notes.slice(0, MOST_NOTES) })

async function describe(
  repository: Repository,
  row: BackupRow,
  signal?: AbortSignal,
): Promise<Pick<BackupsPage, 'rows' | 'objects' | 'notIncluded'>> {
  const objects = objectsOf(repository)
  const record = await objects.record(row.id, { signal })
  if (!record) throw refused(`Backup ${row.id} was deleted from repository ${repository.name} in this moment`)
  // Asked for alone, it is worth a look at each of its snapshots.
  const looks = await mapConcurrently(record.labels, LOOKS_AT_ONCE, async ({ label, infoMd5 }) => {
    const names = await repository.lookAt(label, { signal })
    if (names.state !== 'complete') return `snapshot ${label} is ${names.state}`
    const md5 = names.infos[0]?.md5
    return infoMd5 && md5 !== infoMd5 ? `snapshot ${label} is not the one that was made: its manifest is another` : ''
  })
  const problem = looks.find((text) => text !== '') ?? row.problem
  const state = problem && row.state === 'complete' ? 'damaged' : row.state
  return {
    rows: [{ ...row, state, problem, whole: looks.every((text) => text === '') && row.whole }],
    objects: describeObjects(record),
    notIncluded: notIncludedOf(record, await objects.report(record.id, { signal })),
  }
}

/** A snapshot of somebody else: what its manifest tells. */
async function describeUnrecorded(
  repository: Repository,
  { intents }: { intents: ReadonlyMap<string, string> },
  label: string,
  signal?: AbortSignal,
): Promise<Pick<BackupsPage, 'rows' | 'objects'>> {
  const found = await look(repository, label, signal)
  const announcedBy = intents.get(label)
  if (found.state === 'missing' && !announcedBy) {
    throw refused(
      `Repository ${repository.name} holds no backup or snapshot '${label}'; list what is there with backup list --all`,
    )
  }
  const row = unrecordedRow(found, announcedBy)
  try {
    const { manifest } = await repository.readManifest(label, { signal })
    const kinds = [...manifest.tables].map(([name, { partitions }]) => ({
      name,
      kind: 'table',
      partitions: [...partitions].map(([partition, { physical }]) => ({
        name: partition,
        version: physical.map(({ version }) => version).join(','),
        label,
      })),
    }))
    const views = [...manifest.views.keys()].map((name) => ({ name, kind: 'view', partitions: [] }))
    return {
      rows: [{ ...row, database: manifest.database, tables: manifest.tables.size }],
      objects: describeObjects([...kinds, ...views]),
    }
  } catch (error) {
    if (!(error instanceof SnapshotError)) throw error
    return { rows: [{ ...row, problem: row.problem ?? error.message }] }
  }
}

async function look(repository: Repository, label: string, signal?: AbortSignal): Promise<SnapshotLook> {
  const { state, infos } = await repository.lookAt(label, { signal })
  return { label, state, timestamp: infos[0]?.timestamp }
}
