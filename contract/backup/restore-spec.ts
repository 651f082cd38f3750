import { z } from 'zod'

const name = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/,
    'use 1 to 63 letters, digits, dots, dashes, underscores, starting with a letter or digit',
  )

export const notATime = (text: string) => `'${text}' is no time; write it like 2026-11-20T18:00:00Z`

/** What `restore run` starts: the JSON input of workflow type `restore`. */
export const restoreSpecSchema = z.strictObject({
  name,
  cluster: z.string().min(1).describe('Where to restore to'),
  repository: z.string().min(1),
  from: z
    .strictObject({
      label: z.string().optional().describe('A backup by its id, or any snapshot of the repository by its label'),
      asOf: z
        .string()
        .refine((text) => !Number.isNaN(Date.parse(text)), { error: ({ input }) => notATime(String(input)) })
        .optional()
        .describe('The newest backup that was finished by then and holds all that is asked for: ISO time'),
      cluster: z
        .string()
        .optional()
        .describe('Whose backups; unset: of the only cluster that has any of this database'),
      database: z.string().optional().describe('Of which database; unset only with a label'),
      policy: z.string().optional(),
    })
    .refine((from) => !(from.label && from.asOf), { message: 'give a label or a time, not both' })
    .describe('Neither label nor time: the newest that holds all that is asked for'),
  tables: z
    .array(z.string().min(1))
    .default([])
    .describe('Names or globs; empty together with all others: the whole database'),
  partitions: z
    .record(z.string(), z.array(z.string().min(1)).min(1))
    .default({})
    .describe('table: its partitions to restore'),
  materializedViews: z.array(z.string().min(1)).default([]),
  views: z.array(z.string().min(1)).default([]),
  functions: z.array(z.string().min(1)).default([]),
  catalogs: z.array(z.string().min(1)).default([]),
  rename: z
    .strictObject({
      database: z.string().min(1).optional(),
      tables: z.record(z.string(), z.string().min(1)).default({}),
      catalogs: z.record(z.string(), z.string().min(1)).default({}),
    })
    .prefault({}),
  mode: z
    .enum(['aside', 'in-place'])
    .default('aside')
    .describe(
      'aside: beside what exists and beside names that are free, live data are untouched until it is published; in-place: over it, or at once under a free name, asking nobody, which cannot be undone from COMMIT on',
    ),
  publish: z
    .enum(['ask', 'auto', 'never'])
    .default('ask')
    .describe(
      'What has been restored aside takes the live name: when somebody says so, once it has been verified, or not at all',
    ),
  replaced: z
    .enum(['keep', 'drop'])
    .default('keep')
    .describe('What becomes of the table or database that was replaced'),
  replicationNumber: z
    .int()
    .positive()
    .optional()
    .describe('Of new tables; unset: what was recorded, as far as there are live backends'),
  timeout: z.int().min(600).default(86_400),
  attempts: z.int().positive().default(4),
  stallMinutes: z.number().positive().default(15),
  verify: z
    .enum(['counts', 'off'])
    .default('counts')
    .describe('Compare rows with those counted at backup time; what cannot be counted is told'),
  ignore: z.array(z.string()).default([]),
})
export type RestoreSpecInput = z.input<typeof restoreSpecSchema>
export type RestoreSpec = z.output<typeof restoreSpecSchema>
