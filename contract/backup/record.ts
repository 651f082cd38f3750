import { z } from 'zod'

/** 64-bit numbers are text in JSON. */
const big = z.string().regex(/^-?\d+$/)

/** One partition of a table at the moment of a backup. */
export const partitionRecordSchema = z.object({
  /** Physical partitions: id and visible version, as the manifest of the snapshot that holds them tells. */
  physical: z.array(z.tuple([big, big])),
  /** Which snapshot holds its rows: index into `labels`. */
  at: z.int().min(0),
  /** Range or list values as SHOW PARTITIONS prints them; absent for unpartitioned tables. */
  value: z.string().optional(),
  /** Where list values need more than the printed text: tuples, null for NULL. */
  list: z.array(z.array(z.string().nullable())).optional(),
  buckets: z.int().optional(),
  replication: z.int().optional(),
  medium: z.string().optional(),
  bytes: z.number().optional(),
  /** When these versions became visible, as the cluster printed it; only to be compared. Absent where it is not certain to be that of these versions. */
  time: z.string().optional(),
  /** Counted exactly at these versions; absent where that was not possible. */
  rows: big.optional(),
})
export type PartitionRecord = z.output<typeof partitionRecordSchema>

export const tableRecordSchema = z.object({
  id: big,
  /** The whole table as a single partition, partitions made by hand, or made by loads (then the snapshot lists the shadow partition, too). */
  partitioning: z.enum(['none', 'range', 'list', 'automatic-range', 'automatic-list']),
  /** Of the definition without partitions; another one means that nothing from before fits any more. */
  fingerprint: z.string(),
  /** SHOW CREATE TABLE. */
  ddl: z.string(),
  /** Snapshots that hold the whole table, not a list of partitions: indexes into `labels`. */
  whole: z.array(z.int()).default([]),
  partitions: z.record(z.string(), partitionRecordSchema),
  colocateGroup: z.string().optional(),
  /** dynamic_partition.enable was true. */
  dynamic: z.boolean().optional(),
  /** Only some of its partitions were asked for: it must never take the whole table's place. */
  partial: z.boolean().optional(),
})
export type TableRecord = z.output<typeof tableRecordSchema>

export const labelRecordSchema = z.object({
  label: z.string(),
  /** As SHOW SNAPSHOT prints it; RESTORE wants exactly this. */
  timestamp: z.string(),
  /** Of the manifest object; what a later look compares. */
  infoMd5: z.string().optional(),
  /** All objects of the snapshot as it was made. Manifests name no files, so this alone tells that one has gone. */
  size: z.object({ objects: z.int(), bytes: z.number() }).optional(),
})
export type LabelRecord = z.output<typeof labelRecordSchema>
export type SnapshotExtent = NonNullable<LabelRecord['size']>

/**
 * What starferry knows of one backup of one database, kept in the repository beside StarRocks' own files. It tells the whole state of the
 * database at that moment, also of what lies in earlier snapshots: a restore needs this record alone.
 */
export const backupRecordSchema = z.object({
  format: z.literal(1),
  /** The label of its last snapshot; unique in the repository. */
  id: z.string(),
  repository: z.string(),
  cluster: z.string(),
  /** As the cluster itself tells it (ClusterId of SHOW FRONTENDS): one that was set up anew under this name counts its ids from the beginning again. */
  clusterId: z.string().optional(),
  /** Empty for external catalogs. */
  database: z.string(),
  databaseId: big.optional(),
  /** Name of the policy, or of the spec given to `backup run`. */
  name: z.string(),
  /** One of backupSet's runs: what was made together. */
  set: z.string(),
  kind: z.enum(['full', 'differential', 'incremental', 'catalogs']),
  /** Of the record it was compared with. */
  baseline: z.string().optional(),
  /** The full one at the beginning of the chain. */
  base: z.string().optional(),
  /** ISO, UTC: when it was begun, by Temporal's or the worker's clock, and done, by the store's: those of two workers may differ. */
  startedAt: z.string(),
  finishedAt: z.string(),
  /** Of a policy's: when it was due, ISO, UTC. Days of partition filters were counted from it. */
  due: z.string().optional(),
  /** After how long the cluster deletes its snapshots by itself. */
  ttl: z.string().optional(),
  /** Version text of the cluster. */
  version: z.string(),
  /** All snapshots that are needed, those of the chain first; `own` of them, at the end, are this backup's. */
  labels: z.array(labelRecordSchema),
  own: z.int().min(0),
  tables: z.record(z.string(), tableRecordSchema),
  materializedViews: z.record(
    z.string(),
    z.object({
      at: z.int().optional(),
      physical: z.array(z.tuple([big, big])).default([]),
      time: z.string().optional(),
      ddl: z.string(),
    }),
  ),
  views: z.record(z.string(), z.object({ at: z.int().optional(), ddl: z.string() })),
  functions: z.record(z.string(), z.object({ at: z.int().optional(), ddl: z.string().optional() })),
  catalogs: z.array(z.string()).default([]),
  /** Bytes in the snapshots of its own, by the objects' sizes; absent where the repository could not be read. */
  bytes: z.number().optional(),
  /** Only some of the database was asked for: it must never take the whole database's place. */
  partial: z.boolean().optional(),
  /** Objects of the database that are in no snapshot, and why. */
  notIncluded: z.array(z.object({ object: z.string(), reason: z.string() })),
  /** What was to be in it, is not, and was in an earlier backup of its series: why, and when the last one that has it was due. */
  lacking: z.record(z.string(), z.object({ reason: z.string(), since: z.string() })).optional(),
  /** Partitions left out as unchanged that were written to while the snapshot was taken: their new rows are in the next backup. */
  movedMeanwhile: z.array(z.string()).default([]),
  companion: z.string().optional(),
  /** The last verification. */
  verified: z.object({ at: z.string(), mode: z.string(), ok: z.boolean() }).optional(),
})
export type BackupRecord = z.output<typeof backupRecordSchema>

/** Rows by table and partition, counted after the record was written, at the versions that it tells. */
export const recordCountsSchema = z.record(z.string(), z.record(z.string(), big))
export type RecordCounts = z.output<typeof recordCountsSchema>

/**
 * Written before a BACKUP is sent, removed when its record stands: whoever finds the snapshot without its record can finish it, and retention
 * leaves it and its baseline alone. The record as far as it is known then; what the snapshot really holds is read from its manifest.
 */
export interface BackupIntent {
  label: string
  workflowId: string
  runId: string
  record: BackupRecord
}

/** Where starferry's own objects lie, below the repository's location. */
export const repositoryKeys = {
  root: (repository: string) => `__starferry_${repository}/`,
  record: (repository: string, id: string) => `__starferry_${repository}/records/${id}.json.gz`,
  records: (repository: string) => `__starferry_${repository}/records/`,
  intent: (repository: string, label: string) => `__starferry_${repository}/intents/${label}.json.gz`,
  intents: (repository: string) => `__starferry_${repository}/intents/`,
  /** What was counted after the record was written, which itself never changes. */
  counts: (repository: string, id: string) => `__starferry_${repository}/counts/${id}.json.gz`,
  companion: (repository: string, id: string) => `__starferry_${repository}/companions/${id}.sql.gz`,
  companions: (repository: string) => `__starferry_${repository}/companions/`,
  /** kind: `read` (a restore reads it), `write` (retention or a cleaner works). */
  lease: (repository: string, kind: string, id: string) => `__starferry_${repository}/leases/${kind}/${id}.json`,
  leases: (repository: string) => `__starferry_${repository}/leases/`,
  /** Written before a backup is deleted: who meant to build on it, and announced so before, finds this and takes another. */
  deleting: (repository: string, id: string) => `__starferry_${repository}/deleting/${id}.json`,
  /** What no snapshot of the backup holds, as it was found around it when it was made. */
  report: (repository: string, id: string) => `__starferry_${repository}/reports/${id}.json.gz`,
  verifications: (repository: string) => `__starferry_${repository}/verified/`,
  verification: (repository: string, id: string) => `__starferry_${repository}/verified/${id}.json`,
}
