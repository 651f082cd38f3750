import { z } from 'zod'
import { type BackupRecord, backupRecordSchema, type SnapshotExtent } from '../../contract/backup/record.ts'

/** In place of its mode: a verification that cannot be read. It may have found damage, and counts as one that did. */
export const UNREADABLE = 'unreadable'

/** What lists and retention need to know of a record: small, whatever the size of the database. */
export interface RecordHead {
  id: string
  cluster: string
  /** See BackupRecord. */
  clusterId?: string
  /** Empty for external catalogs. */
  database: string
  /** Name of the policy, or of what `backup run` was given. */
  name: string
  set: string
  kind: BackupRecord['kind']
  baseline?: string
  base?: string
  /** ISO, UTC. */
  startedAt: string
  finishedAt: string
  /** All labels that restoring it needs, its own at the end. */
  labels: string[]
  own: number
  /** Of the labels' manifests, where the record tells: what is there under a label must still be what was made. */
  md5?: (string | undefined)[]
  /** The same of their objects. */
  sizes?: (SnapshotExtent | undefined)[]
  /** Of its last label. */
  timestamp?: string
  tables: number
  partitions: number
  /** Of its own snapshots. */
  bytes?: number
  verified?: { at: string; mode: string; ok: boolean }
  due?: string
  ttl?: string
  partial?: boolean
  /** Names: see BackupRecord. */
  lacking?: string[]
}

/** What a head needs of a record; thousands of them are read at once, each with thousands of partitions that nobody looks at. */
const headSchema = backupRecordSchema
  .pick({
    format: true,
    id: true,
    cluster: true,
    clusterId: true,
    database: true,
    name: true,
    set: true,
    kind: true,
    baseline: true,
    base: true,
    startedAt: true,
    finishedAt: true,
    labels: true,
    own: true,
    bytes: true,
    verified: true,
    due: true,
    ttl: true,
    partial: true,
    lacking: true,
  })
  .extend({ tables: z.custom<Record<string, { partitions: object }>>(isTables, 'tables with partitions are missing') })

function isTables(value: unknown): boolean {
  return isObject(value) && Object.values(value).every((table) => isObject(table) && isObject(table.partitions))
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

/** The head of a record as it lies in the repository. Errors: ZodError for what is none. */
export const readHead = (json: unknown): RecordHead => headOf(headSchema.parse(json))

export function headOf(record: z.output<typeof headSchema> | BackupRecord): RecordHead {
  const tables: { partitions: object }[] = Object.values(record.tables)
  return {
    id: record.id,
    cluster: record.cluster,
    clusterId: record.clusterId,
    database: record.database,
    name: record.name,
    set: record.set,
    kind: record.kind,
    baseline: record.baseline,
    base: record.base,
    startedAt: record.startedAt,
    finishedAt: record.finishedAt,
    labels: record.labels.map(({ label }) => label),
    own: record.own,
    md5: record.labels.map(({ infoMd5 }) => infoMd5),
    sizes: record.labels.map(({ size }) => size),
    timestamp: record.labels.at(-1)?.timestamp,
    tables: tables.length,
    partitions: tables.reduce((sum, table) => sum + Object.keys(table.partitions).length, 0),
    bytes: record.bytes,
    verified: record.verified,
    due: record.due,
    ttl: record.ttl,
    partial: record.partial,
    lacking: record.lacking && Object.keys(record.lacking),
  }
}

/** The labels of its own snapshots; none for a record that says that nothing had changed. */
export function ownLabels({ labels, own }: Pick<RecordHead, 'labels' | 'own'>): string[] {
  return own === 0 ? [] : labels.slice(-own)
}

/** Backups that follow each other: the same policy's, of one database of one cluster. No name holds a line break. */
export function seriesOf({ cluster, name, database }: Pick<RecordHead, 'cluster' | 'name' | 'database'>): string {
  return [cluster, name, database].join('\n')
}

/** Newest first; the id decides between those of one instant, so that the order is the same for everybody. */
export function newestFirst(a: RecordHead, b: RecordHead): number {
  if (a.finishedAt !== b.finishedAt) return a.finishedAt < b.finishedAt ? 1 : -1
  return a.id < b.id ? 1 : a.id > b.id ? -1 : 0
}
