import { z } from 'zod'
import { backupObjectsSchema, snapshotLimitsSchema } from './objects.ts'

const name = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/,
    'use 1 to 63 letters, digits, dots, dashes, underscores, starting with a letter or digit',
  )

export const scheduleSchema = z
  .strictObject({
    cron: z
      .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
      .optional()
      .describe('Cron expressions, as Temporal takes them'),
    everyMinutes: z.number().positive().optional().describe('Interval instead of cron'),
    offsetMinutes: z.number().min(0).optional(),
    timeZone: z.string().default('UTC').describe('IANA name, of the cron expressions and of partition days'),
    jitterMinutes: z.number().min(0).default(0),
  })
  .refine((s) => (s.cron === undefined) !== (s.everyMinutes === undefined), {
    message: 'give either cron or everyMinutes',
  })

export const fullSchema = z.strictObject({
  everyDays: z
    .number()
    .positive()
    .optional()
    .describe('A full one is due when the last is older; 7 unless a number of backups is given'),
  everyBackups: z.int().positive().optional().describe('A full one is due after so many incremental ones'),
})

export const retentionSchema = z.strictObject({
  last: z.int().min(1).optional().describe('Newest backups of each database to keep'),
  days: z.number().positive().optional().describe('Keep everything younger'),
  daily: z.int().min(0).default(0).describe('Grandfather-father-son: the newest of each of so many days'),
  weekly: z.int().min(0).default(0),
  monthly: z.int().min(0).default(0),
  yearly: z.int().min(0).default(0),
})
export type Retention = z.output<typeof retentionSchema>

export const verifySchema = z.strictObject({
  mode: z
    .enum(['off', 'manifest', 'sample', 'deep'])
    .default('sample')
    .describe('Of each new snapshot, in the repository: sizes and a sample of md5 sums, or every object'),
  rowCounts: z
    .enum(['exact', 'off'])
    .default('exact')
    .describe('Whether rows of what is backed up are counted on the cluster, for restores to be compared with'),
})

/** What one backup does; a policy adds when, and for how long it is kept. */
const work = {
  name,
  cluster: z.string().min(1).describe("The name of a cluster in the worker's starferry.yaml"),
  repository: z
    .string()
    .min(1)
    .describe("The name of a repository in the worker's starferry.yaml; StarRocks knows it by the same name"),
  objects: backupObjectsSchema,
  incremental: z
    .enum(['off', 'differential', 'incremental'])
    .default('differential')
    .describe('differential: against the last full one; incremental: against the last backup, a chain'),
  full: fullSchema.prefault({}),
  parallelDatabases: z.int().positive().max(100).default(2).describe('Databases backed up at once'),
  snapshot: snapshotLimitsSchema.prefault({}),
  timeout: z.int().min(600).default(86_400).describe('Seconds that StarRocks gives one job; at least 600'),
  attempts: z.int().positive().default(4).describe('Times that one snapshot is tried'),
  stallMinutes: z
    .number()
    .positive()
    .default(15)
    .describe(
      'A job that does not move for so long, longer where tablets are large, is cancelled and repeated under a new label',
    ),
  ttl: z
    .string()
    .regex(/^[1-9]\d{0,5} +(DAY|HOUR)$/i, "write it as '30 DAY' or '12 HOUR'")
    .optional()
    .describe(
      'From StarRocks 4.2: the cluster itself deletes each snapshot so long after it was made, whatever retention says; only with `incremental: off`. Unset: it never does',
    ),
  companion: z
    .boolean()
    .default(true)
    .describe('Save DDL of databases and views, users, roles and grants beside the snapshot'),
  verify: verifySchema.prefault({}),
  prefix: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9_]{0,15}$/, 'use up to 16 letters, digits, underscores')
    .default('sf')
    .describe('What labels begin with'),
  ignore: z.array(z.string()).default([]).describe('Codes of fatal preflight findings to go on in spite of'),
} as const

/** The cluster knows of no chains: a full backup would go while the incremental ones that stand on it are still kept. */
const EXPIRES_ALONE = {
  path: ['ttl'],
  message: 'needs incremental: off, since the cluster would delete full backups that incremental ones still need',
}
const expiresAlone = ({ ttl, incremental }: { ttl?: string; incremental: string }) =>
  ttl === undefined || incremental === 'off'

/** What `backup run` starts: the same as a policy, once. */
export const backupSpecSchema = z.strictObject(work).refine(expiresAlone, EXPIRES_ALONE)
export type BackupSpecInput = z.input<typeof backupSpecSchema>
export type BackupSpec = z.output<typeof backupSpecSchema>

export const policySchema = z
  .strictObject({
    ...work,
    schedule: scheduleSchema,
    retention: retentionSchema.optional().describe('Unset: nothing is ever deleted'),
    onMissed: z
      .enum(['skip', 'run'])
      .default('run')
      .describe('Whether a backup that was due while nothing ran is made afterwards'),
    catchupHours: z.number().positive().default(24).describe('How long afterwards'),
    notify: z
      .strictObject({
        webhook: z
          .url()
          .describe(
            'Receives a JSON object by POST; secrets in it belong into the worker: name it there and write ${webhook:NAME}',
          )
          .or(z.string().regex(/^\$\{webhook:[A-Za-z0-9_.-]+\}$/)),
        on: z.array(z.enum(['success', 'warning', 'failure'])).default(['warning', 'failure']),
        lateAfterHours: z
          .number()
          .positive()
          .default(6)
          .describe(
            'One that still runs after so long is told of as a warning: no other of its policy begins before it ends',
          ),
      })
      .optional(),
    paused: z.boolean().default(false),
  })
  .refine(expiresAlone, EXPIRES_ALONE)
export type PolicySpecInput = z.input<typeof policySchema>
export type PolicySpec = z.output<typeof policySchema>

/** Why no backup of this kind can be asked for; undefined where it can. */
export function whyNotOfKind({ incremental }: Pick<BackupSpec, 'incremental'>, kind = 'auto'): string | undefined {
  if (kind !== 'incremental' || incremental !== 'off') return undefined
  return 'an incremental backup was asked for where `incremental: off` says that each is a full one'
}
