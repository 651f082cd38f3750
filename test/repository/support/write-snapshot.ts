import { createHash } from 'node:crypto'
import type { ObjectStore } from '../../../repository/index.ts'

export const md5 = (content: Uint8Array | string) => createHash('md5').update(content).digest('hex')

export interface Written {
  info: string
  meta: string
  /** Keys of the tablets' files, relative to the location. */
  content: string[]
}

export interface SnapshotShape {
  repository: string
  label: string
  /** Tablets of one partition of one table. */
  tablets: number
  /** Beside the header. */
  filesPerTablet?: number
  bytesPerFile?: number
  /** What the manifest says else. */
  info?: Record<string, unknown>
}

export const DIRECTORY = (repository: string) => `__starrocks_repository_${repository}/`

export async function writeRepositoryInfo(store: ObjectStore, repository: string): Promise<void> {
  const info = { create_time: '2026-11-20 19:38:02', name: repository }
  await store.put(`${DIRECTORY(repository)}__repo_info`, JSON.stringify(info))
}

/** Writes a whole snapshot, in the order in which StarRocks does: content, meta, manifest. */
export async function writeSnapshot(store: ObjectStore, shape: SnapshotShape): Promise<Written> {
  const { repository, label, tablets, filesPerTablet = 1, bytesPerFile = 50 } = shape
  const root = `${DIRECTORY(repository)}__ss_${label}/`
  const files: [key: string, content: Uint8Array | string][] = []
  const ids = Array.from({ length: tablets }, (_, i) => 20_000 + i)
  for (const id of ids) {
    const directory = `${root}__ss_content/__db_10/__tbl_11/__part_13/__idx_14/__${id}/`
    for (let file = 0; file < filesPerTablet; file++) {
      const content = Buffer.alloc(bytesPerFile, `${label} ${id} ${file} `)
      files.push([`${directory}0200000000000001_${id}_${file}.dat.${md5(content)}`, content])
    }
    files.push([`${directory}${id}.hdr.${md5(`header ${id}`)}`, `header ${id}`])
  }
  const left = [...files]
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      for (let next = left.pop(); next; next = left.pop()) await store.put(next[0], next[1])
    }),
  )
  const metaText = `\0\0\0\x02{}${label}`
  const meta = `${root}__meta.${md5(metaText)}`
  await store.put(meta, metaText)
  const index = {
    schema_hash: 1,
    tablets_order: ids.map(String),
    id: 14,
    tablets: Object.fromEntries(ids.map((id) => [id, []])),
  }
  const physical = { indexes: { t: index }, id: 13, version: 7 }
  const partition = { indexes: {}, id: 12, version_hash: 0, version: 7, subPartitions: { 13: physical } }
  const text = JSON.stringify({
    database: 'd',
    backup_time: 1795204148084,
    name: label,
    backup_result: 'succeed',
    id: 10,
    backup_objects: { t: { partitions: { p1: partition }, id: 11 } },
    ...shape.info,
  })
  const info = `${root}__info_2026-11-20-19-49-08-084.${md5(text)}`
  await store.put(info, text)
  return { info, meta, content: files.map(([key]) => key) }
}
