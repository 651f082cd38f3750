import { z } from 'zod'
import { bytes } from '../bytes.ts'

const pattern = z.string().min(1)

export const OBJECT_KINDS = ['tables', 'materializedViews', 'views', 'functions'] as const
export type ObjectKind = (typeof OBJECT_KINDS)[number]

/** Which partitions of a table go into a backup, by what they are rather than by name. */
export const partitionFilterSchema = z
  .strictObject({
    names: z.array(pattern).optional().describe('Names or globs of partitions'),
    newest: z.int().positive().optional().describe('Only the newest N of a range-partitioned table'),
    closed: z
      .boolean()
      .optional()
      .describe('Only range partitions whose upper end has passed: nothing new is expected in them'),
    ofDay: z
      .int()
      .min(-3650)
      .max(0)
      .optional()
      .describe('Only range partitions that hold that day, counted from today: -1 is yesterday'),
  })
  .describe(
    'All given conditions must hold; a table that is not partitioned, or not by range, is taken whole where a condition needs ranges',
  )
export type PartitionFilter = z.output<typeof partitionFilterSchema>

/** What to back up. Everything is enumerated by starferry: StarRocks' own ALL fails over one external table and skips materialized views. */
export const backupObjectsSchema = z.strictObject({
  databases: z.array(pattern).default([]).describe('Databases, names or globs: their tables, and the kinds below'),
  tables: z.array(pattern).default([]).describe('`db.table`, either part with globs: only these of the database'),
  exclude: z.array(pattern).default([]).describe('`db` or `db.table` with globs; taken last, wins'),
  partitions: partitionFilterSchema.optional(),
  materializedViews: z
    .enum(['data', 'definition', 'none'])
    .default('data')
    .describe('Asynchronous ones: with their rows, only as DDL in the companion file, or not at all'),
  views: z
    .boolean()
    .default(true)
    .describe('Logical views, from 3.4 in the snapshot; always as DDL in the companion file'),
  functions: z
    .union([z.boolean(), z.array(pattern)])
    .default(true)
    .describe('UDFs, from 3.4: those of the databases above; or only these, `db.function` with globs'),
  only: z
    .array(z.enum(OBJECT_KINDS))
    .min(1)
    .optional()
    .describe('Of everything above only these kinds; all of them unless given'),
  catalogs: z
    .array(pattern)
    .default([])
    .describe('External catalogs, names or globs; their secrets are in the snapshot in clear'),
})
export type BackupObjects = z.output<typeof backupObjectsSchema>

/** How large one snapshot may become; what is more goes into further snapshots of the same backup. 0: no limit. */
export const snapshotLimitsSchema = z.strictObject({
  tables: z.int().min(0).default(2_000),
  partitions: z.int().min(0).default(20_000),
  bytes: z
    .union([z.literal(0), bytes])
    .default(0)
    .describe('Of data; a single table or partition may be larger'),
})
export type SnapshotLimits = z.output<typeof snapshotLimitsSchema>
