import { z } from 'zod'

/** What a companion file holds, in the order in which it can be run. */
export const COMPANION_KINDS = [
  'database',
  'catalog',
  'function',
  'externalTable',
  'view',
  'materializedView',
  'role',
  'user',
  'grant',
  'resourceGroup',
  'resource',
  'storageVolume',
  'routineLoad',
  'pipe',
  'task',
] as const
export type CompanionKind = (typeof COMPANION_KINDS)[number]

const text = z.string().min(1)
const which = {
  repository: text.describe("The name of a repository in the worker's starferry.yaml"),
  id: text.describe('Of the backup'),
}

/** Input of workflow type `companion`: the script beside a backup, of what its snapshots do not hold. */
export const companionInputSchema = z.discriminatedUnion('op', [
  z.strictObject({
    op: z.literal('print'),
    ...which,
    from: z.int().min(0).optional().describe('Where the page before ended'),
  }),
  z.strictObject({
    op: z.literal('apply'),
    ...which,
    cluster: text.describe("The name of a cluster in the worker's starferry.yaml"),
    kinds: z.array(z.enum(COMPANION_KINDS)).min(1).optional().describe('Only these; everything unless given'),
  }),
])
export type CompanionInput = z.input<typeof companionInputSchema>

/** A page of the script, in characters. */
export interface CompanionPage {
  /** Of the object, below the repository's location. */
  key: string
  text: string
  /** Where the next page begins; absent with the last. */
  next?: number
  /** Of the whole script. */
  statements: number
  /** Of the whole script: what has to be made by hand, because a secret in it cannot be read, or no statement prints it. */
  byHand: number
}

export interface CompanionApplied {
  ok: boolean
  /** Things that are there now; those made by IF NOT EXISTS may have been there before. */
  applied: number
  /** Refused because they were there already. */
  existed: number
  /** Bounded. */
  failed: { kind: CompanionKind; name: string; statement: string; reason: string }[]
  /** Failures beyond those listed. */
  more: number
  /** What is left to do by hand; bounded. */
  byHand: { kind: CompanionKind; name: string; why: string }[]
}

/** What `saveCompanion` answers. */
export interface SavedCompanion {
  /** Unset: there is none, see the warnings. */
  key?: string
  statements: number
  byHand: number
  /** What is in no backup of this database, snapshots and script alike. */
  notIncluded: { object: string; reason: string }[]
  warnings: string[]
}
