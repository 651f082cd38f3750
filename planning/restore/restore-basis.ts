/**
 * What a restore found when it was checked. Together with the spec and the backup's record, neither of which ever changes, it determines every
 * step, so that plans of any size need not pass through workflows: each activity makes the plan anew and looks at its own step.
 */
export interface RestoreBasis {
  /** Six letters and digits of this run: in the name of everything that it makes beside the live objects. */
  hash: string
  /** The record's id; of a snapshot without a record its label. */
  backup: string
  /** A snapshot that has no record of starferry's, or whose record this worker has no way to. */
  bare?: { timestamp: string; database: string }
  /** Whether the target database was there. */
  databaseExisted: boolean
  /** Of the selected objects, in the selection's order: whose name was taken on the target (`packFlags`). */
  taken: string
  /** Backends that can hold a replica: more than these no partition can have. */
  backends: number
  /** Whether the cluster may write to the repository. */
  writable: boolean
  /** The repository was attached to the cluster for this restore alone. */
  attached: boolean
  /** Views, functions and catalogs in snapshots, databases made by RESTORE (≥ 3.4). */
  newGrammar: boolean
  /** What has no place beside its live name waits to be published, too. Restores that versions before began do not. */
  asks?: boolean
  /** One character for each step, see `STEP_CODES`: what the workflow goes by. */
  steps: string
}

/** Letters for the steps of a plan, in which the workflow knows its way without knowing the plan. */
export const STEP_CODES = {
  'create-database': 'd',
  clear: 'x',
  restore: 'r',
  'create-tables': 'e',
  backup: 'b',
  'restore-again': 'R',
  verify: 'v',
  ask: 'a',
  swap: 's',
  'rename-tables': 'N',
  'rename-database': 'n',
  overwrite: 'o',
  replaced: 'g',
  views: 'w',
  tend: 't',
  'materialized-views': 'm',
  'drop-database': 'D',
  'delete-snapshot': 'L',
} as const
export type StepKind = keyof typeof STEP_CODES

const kinds = new Map<string, StepKind>(Object.entries(STEP_CODES).map(([kind, code]) => [code, kind as StepKind]))

export function kindOfCode(code: string): StepKind {
  const kind = kinds.get(code)
  if (!kind) throw new Error(`There is no step ${code}`)
  return kind
}

/** assemble: the live objects are as they were, until `ask` is through; what is made then can be removed. publish: they change, and can be changed back. after: what is put right then. clean: what was only needed meanwhile. */
export type StepPhase = 'assemble' | 'publish' | 'after' | 'clean'

const PHASES: Record<StepKind, StepPhase> = {
  'create-database': 'assemble',
  clear: 'assemble',
  restore: 'assemble',
  'create-tables': 'assemble',
  backup: 'assemble',
  'restore-again': 'assemble',
  verify: 'assemble',
  ask: 'assemble',
  swap: 'publish',
  'rename-tables': 'publish',
  'rename-database': 'publish',
  overwrite: 'publish',
  replaced: 'after',
  views: 'after',
  tend: 'after',
  'materialized-views': 'after',
  'drop-database': 'clean',
  'delete-snapshot': 'clean',
}

export const phaseOf = (kind: StepKind): StepPhase => PHASES[kind]

/** Steps whose outcome can only be told by what was there right before them: that is noted by an activity of its own. */
export const needsMark = (kind: StepKind): boolean =>
  kind === 'restore' ||
  kind === 'restore-again' ||
  kind === 'swap' ||
  kind === 'rename-tables' ||
  kind === 'rename-database' ||
  kind === 'overwrite'
