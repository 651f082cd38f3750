import { z } from 'zod'
import { bytes } from './bytes.ts'
import { notATable, TABLE_NAME } from './names.ts'

const name = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/,
    'use 1 to 63 letters, digits, dots, dashes, underscores, starting with a letter or digit',
  )
const cluster = z.string().min(1).describe("The name of a cluster in the worker's starferry.yaml")
const pattern = z.string().min(1).describe('`db`, `db.table`, or either with globs (`*`, `?`, `[…]`, `{a,b}`)')
const tableName = z.string().regex(TABLE_NAME, { error: ({ input }) => notATable(String(input)) })
const seconds = (fallback: number) => z.number().positive().default(fallback)

export const limitsSchema = z.strictObject({
  tables: z
    .int()
    .positive()
    .optional()
    .describe("Tables replicated at once; unset: the target's replication_max_parallel_table_count"),
  bytesPerJob: bytes
    .default(1024 ** 4)
    .describe('Data of one replication job at most; larger tables go in several jobs'),
  diskPercent: z
    .number()
    .min(1)
    .max(100)
    .default(80)
    .describe('No new job starts while a target backend has a disk fuller than this'),
  ddlBatch: z.int().positive().max(1000).default(10).describe('Tables whose metadata is aligned at once'),
})

export const placementSchema = z.strictObject({
  storageVolume: z.string().optional().describe('Storage volume of new tables on a shared-data target'),
  replicationNumber: z.int().positive().optional().describe("Replicas of new tables; unset: the source's"),
  persistentIndex: z
    .boolean()
    .optional()
    .describe("enable_persistent_index of new primary-key tables; unset: the source's"),
})

export const intervalsSchema = z.strictObject({
  metadata: seconds(180).describe('Seconds between metadata differences'),
  stale: seconds(10).describe('Seconds between looks for tables that lag'),
  park: seconds(300).describe('Seconds before a parked table is tried again; doubled each time, 1 hour at most'),
})

export const allowSchema = z.strictObject({
  dropTargetOnlyTables: z.boolean().default(false),
  dropTargetOnlyViews: z.boolean().default(false),
  recreateOnSchemaChange: z.boolean().default(false),
  resetDivergedPartitions: z.boolean().default(false),
  dropTargetOnlyPartitions: z.boolean().default(false),
  replaceViews: z.boolean().default(false),
  renamedColumns: z.boolean().default(false),
})

export const syncSchema = z.strictObject({
  views: z.boolean().default(true),
  materializedViews: z.boolean().default(true),
  bitmapIndexes: z.boolean().default(true),
  tableProperties: z.boolean().default(false),
})

const setting = z.enum(['auto', 'on', 'off', 'keep'])

export const settingsSchema = z.strictObject({
  legacyCompatibility: setting
    .default('auto')
    .describe(
      'enable_legacy_compatibility_for_replication on the target while the migration runs; auto: where a SUM(DECIMAL) column needs it',
    ),
  targetCompaction: setting
    .default('auto')
    .describe(
      'lake_compaction_max_tasks on a shared-data target; auto: off where compaction would overtake the source',
    ),
  keepAfterwards: z.boolean().default(false).describe('Leave changed settings as they are when the migration ends'),
})

/** What an operator writes: `starferry migrate start SPEC`, or the JSON input of workflow type `migrate`. */
export const migrationSpecSchema = z
  .strictObject({
    name,
    source: cluster,
    target: cluster,
    include: z.array(pattern).default([]).describe('What to copy; empty: everything. Taken before exclude'),
    exclude: z.array(pattern).default([]),
    rename: z
      .strictObject({
        databases: z.record(z.string(), z.string().min(1)).default({}).describe('source database: target database'),
        tables: z.record(tableName, tableName).default({}).describe('source db.table: target db.table'),
      })
      .prefault({}),
    oneTime: z.boolean().default(false).describe('Stop when everything has been copied once, instead of following'),
    limits: limitsSchema.prefault({}),
    placement: placementSchema.prefault({}),
    intervals: intervalsSchema.prefault({}),
    allow: allowSchema.prefault({}).describe('What may be destroyed on the target although starferry did not write it'),
    sync: syncSchema.prefault({}),
    parkAfter: z.int().positive().default(5).describe('Failed attempts before a table is parked'),
    settings: settingsSchema.prefault({}),
    ignore: z.array(z.string()).default([]).describe('Codes of fatal preflight findings to go on in spite of'),
  })
  .refine((spec) => spec.source !== spec.target, {
    path: ['target'],
    message: 'source and target are the same cluster',
  })

/** As written, defaults left out. */
export type MigrationSpecInput = z.input<typeof migrationSpecSchema>
/** As used, defaults filled in. */
export type MigrationSpec = z.output<typeof migrationSpecSchema>
/** What the update `configure` may change while a migration runs. */
export const migrationPatchSchema = z.strictObject({
  limits: limitsSchema.partial().optional(),
  intervals: intervalsSchema.partial().optional(),
  allow: allowSchema.partial().optional(),
  sync: syncSchema.partial().optional(),
  parkAfter: z.int().positive().optional(),
})
export type MigrationPatch = z.input<typeof migrationPatchSchema>
/** What the signal `stop` may say. */
export const stopOptionsSchema = z.strictObject({
  cancelJobs: z
    .boolean()
    .optional()
    .describe('Cancel running jobs on the target instead of following them to their end'),
  keepSettings: z.boolean().optional().describe('Leave changed settings as they are'),
})
export type StopOptions = z.input<typeof stopOptionsSchema>
