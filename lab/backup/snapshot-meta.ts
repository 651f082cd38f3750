import type { LabCatalog, LabFunction, LabMaterializedView, LabTable, LabView } from '../model.ts'
import { readLossless, writeLossless } from './lossless-json.ts'

/** A table without its rows; partitions are those that were backed up, the shadow partition among them. */
export interface SnapshotTable {
  kind: 'table'
  table: LabTable
}

export interface SnapshotView {
  kind: 'view'
  view: LabView
}

export interface SnapshotMaterializedView {
  kind: 'materialized-view'
  view: LabMaterializedView
  /** Its partitions and tablets. */
  storage: LabTable
}

export type SnapshotObject = SnapshotTable | SnapshotView | SnapshotMaterializedView

/** What `__meta` holds: the definitions of everything in a snapshot. */
export interface SnapshotMeta {
  tblNameMap: Map<string, SnapshotObject>
  functions: LabFunction[]
  catalogs: LabCatalog[]
}

/** Length in four bytes, then JSON: the form that frontends write, with the lab's own definitions in it. */
export const writeMeta = (meta: SnapshotMeta): Buffer => {
  const json = Buffer.from(
    `{"tblNameMap":{${[...meta.tblNameMap].map(([name, object]) => `${JSON.stringify(name)}:${writeLossless(object)}`).join(',')}},"functions":${writeLossless(meta.functions)},"catalogs":${writeLossless(meta.catalogs)}}`,
  )
  const length = Buffer.alloc(4)
  length.writeInt32BE(json.length)
  return Buffer.concat([length, json])
}

/** @throws when the content is none of ours */
export const readMeta = (content: Buffer): SnapshotMeta => {
  const length = content.readInt32BE(0)
  const meta = readLossless(content.subarray(4, 4 + length).toString()) as Omit<SnapshotMeta, 'tblNameMap'> & {
    tblNameMap: Record<string, SnapshotObject>
  }
  return { ...meta, tblNameMap: new Map(Object.entries(meta.tblNameMap)) }
}
