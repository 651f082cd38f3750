import { StarRocksError } from '../errors/starrocks-error.ts'
import type { Row } from '../row.ts'
import type { StatementOptions } from '../session/connection.ts'
import type { Queryable } from '../show/queryable.ts'
import { filled } from './job-row.ts'
import { type SnapshotFilter, showSnapshotsStatement } from './job-statements.ts'

/**
 * - `missing`: no manifest. There is no such snapshot, or one is being written, or a failed one left its objects.
 * - `unreadable`: the repository did not answer, or its answer could not be understood; says nothing about the snapshot.
 */
export type SnapshotStatus = { kind: 'ok' } | { kind: 'missing' | 'unreadable'; message: string }

export interface Snapshot {
  label: string
  /** What RESTORE wants as `backup_timestamp`, in the time zone of the frontend that wrote it. Never to be computed. */
  timestamp?: string
  status: SnapshotStatus
  /** From 4.2 on. */
  clusterId?: string
  finishTime?: string
  ttl?: string
  expireTime?: string
}

export interface SnapshotDetails extends Snapshot {
  /** Undefined for snapshots of external catalogs. */
  database?: string
  /** The description as printed; undefined when the snapshot could not be read. */
  details?: SnapshotDescription
}

/** What the `Details` say. They hold no ids, versions or kinds, and neither functions nor catalogs. */
export interface SnapshotDescription {
  name: string
  database?: string
  /** Milliseconds since 1970, as the manifest has it. */
  backupTime: number
  result: string
  metaVersion?: number
  starrocksMetaVersion?: number
  /** Tables, materialized views and views: these without partitions. */
  objects: { name: string; partitions: string[] }[]
}

/**
 * SHOW SNAPSHOT ON repository. One remote listing for each label: pass labels where they are known. A label that is asked for comes back
 * whether it exists or not. Needs REPOSITORY on SYSTEM. Errors: `NotFound` for an unknown repository.
 */
export async function showSnapshots(
  cluster: Queryable,
  repository: string,
  labels?: readonly string[],
  options?: StatementOptions,
): Promise<Snapshot[]> {
  if (labels?.length === 0) return []
  const filter: SnapshotFilter | undefined = labels && { labels }
  const { rows } = await cluster.query(showSnapshotsStatement(repository, filter), options)
  return rows.flatMap(readSnapshots)
}

/** SHOW SNAPSHOT for one label and timestamp: what is in it. */
export async function showSnapshotDetails(
  cluster: Queryable,
  repository: string,
  label: string,
  timestamp: string,
  options?: StatementOptions,
): Promise<SnapshotDetails | undefined> {
  const { rows } = await cluster.query(showSnapshotsStatement(repository, { label, timestamp }), options)
  return rows[0] && readSnapshotDetails(rows[0])
}

/** One row; old versions put several timestamps of a label into one cell, line by line. */
export function readSnapshots(row: Row): Snapshot[] {
  const timestamps = (row.get('Timestamp') ?? '').split('\n').map((line) => line.trim() || undefined)
  return timestamps.map((timestamp) => ({
    label: row.required('Snapshot'),
    timestamp,
    status: readSnapshotStatus(row.get('Status') ?? ''),
    clusterId: filled(row, 'ClusterId'),
    finishTime: filled(row, 'FinishTime'),
    ttl: filled(row, 'TTL'),
    expireTime: filled(row, 'ExpireTime'),
  }))
}

export function readSnapshotDetails(row: Row): SnapshotDetails {
  const [snapshot] = readSnapshots(row)
  const details = row.get('Details')
  return {
    ...(snapshot ?? { label: row.required('Snapshot'), status: readSnapshotStatus('') }),
    database: filled(row, 'Database'),
    details: details ? readDescription(details) : undefined,
  }
}

export function readSnapshotStatus(text: string): SnapshotStatus {
  if (text.trim() === 'OK') return { kind: 'ok' }
  const message = text.trim().replace(/^ERROR:\s*/, '') || 'no status'
  // “get: 0”: the listing worked and found no such file.
  const missing = /^no snapshot$/i.test(message) || /Expected one file with path[\s\S]* get: 0\b/.test(message)
  return { kind: missing ? 'missing' : 'unreadable', message }
}

function readDescription(text: string): SnapshotDescription {
  let raw: Record<string, unknown>
  try {
    raw = JSON.parse(text) as Record<string, unknown>
  } catch (error) {
    throw new StarRocksError({
      kind: 'UnexpectedAnswer',
      detail: `The Details of SHOW SNAPSHOT are no JSON (${error instanceof Error ? error.message : String(error)})`,
    })
  }
  const objects = (raw.backup_objects ?? {}) as Record<string, { partitions?: Record<string, unknown> }>
  return {
    name: String(raw.name ?? ''),
    database: typeof raw.database === 'string' && raw.database !== '' ? raw.database : undefined,
    backupTime: Number(raw.backup_time ?? 0),
    result: String(raw.backup_result ?? ''),
    metaVersion: optionalNumber(raw.meta_version),
    starrocksMetaVersion: optionalNumber(raw.starrocks_meta_version),
    objects: Object.entries(objects).map(([name, object]) => ({
      name,
      partitions: Object.keys(object?.partitions ?? {}),
    })),
  }
}

function optionalNumber(value: unknown): number | undefined {
  return value === undefined || value === null ? undefined : Number(value)
}
