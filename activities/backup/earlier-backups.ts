import { type BackupRecord, repositoryKeys } from '../../contract/backup/record.ts'
import { labelStem } from '../../planning/backup/label.ts'
import type { RepositoryObjects } from '../repository/repository-objects.ts'

/** How far back it is looked for a full one. */
const MOST = 400

export interface Series {
  cluster: string
  database: string
  /** Of the policy. */
  name: string
  prefix: string
}

/** Backups of the same policy, database and cluster, newest first, back to the last full one. Those being deleted do not count. */
export async function earlierBackups(
  objects: RepositoryObjects,
  { cluster, database, name, prefix }: Series,
  unless: (record: BackupRecord) => Promise<string | undefined>,
  signal?: AbortSignal,
): Promise<{ earlier: BackupRecord[]; rejected: string[] }> {
  const { own } = objects.repository
  const stem = repositoryKeys.record(objects.repository.name, labelStem(prefix, database)).slice(own.directory.length)
  const keys: string[] = []
  for await (const { key } of own.list(stem.replace(/\.json\.gz$/, ''), { signal })) keys.push(key)
  const ids = keys.map((key) => key.replace(/^.*\//, '').replace(/\.json\.gz$/, ''))
  // Ids begin alike and go on with the time: their order is that of time.
  const doomed = await objects.deleting({ signal })
  const earlier: BackupRecord[] = []
  const rejected: string[] = []
  for (const id of ids.sort().reverse().slice(0, MOST)) {
    if (doomed.has(id)) continue
    const record = await objects.record(id, { signal })
    if (!record || record.cluster !== cluster || record.database !== database || record.name !== name) continue
    const why = await unless(record)
    if (why) {
      rejected.push(`backup ${id} is not built upon: ${why}`)
      continue
    }
    earlier.push(record)
    if (record.kind === 'full') break
  }
  return { earlier, rejected }
}

/** Why nothing may be built on a backup; undefined when all of its snapshots are there. */
export function damageOf(objects: RepositoryObjects, signal?: AbortSignal) {
  const seen = new Map<string, Promise<string>>()
  const stateOf = (label: string) => {
    let state = seen.get(label)
    if (!state) {
      state = objects.repository.lookAt(label, { signal }).then((names) => names.state)
      seen.set(label, state)
    }
    return state
  }
  return async (record: BackupRecord): Promise<string | undefined> => {
    const verified = await objects.verification(record.id, { signal })
    if (verified && !verified.ok) return 'its verification found damage'
    for (const { label } of record.labels) {
      const state = await stateOf(label)
      if (state !== 'complete') return `snapshot ${label} is ${state === 'missing' ? 'missing' : `damaged (${state})`}`
    }
    return undefined
  }
}
