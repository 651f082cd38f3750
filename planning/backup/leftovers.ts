import { isOurLabel, passingLabel } from './label.ts'

const HOUR_MS = 3_600_000
/** What is still written to is younger. */
const QUIET_MS = HOUR_MS
/** For what somebody unknown may still be writing: longer than a job is given by default, which is a day. */
const SURELY_OVER_MS = 26 * HOUR_MS

/** A snapshot, or what is left of one, that no record names. */
export interface SnapshotTrace {
  label: string
  /** `nothing`: only its intent is there. */
  state: 'complete' | 'incomplete' | 'nothing'
  /** Since its newest object was written, or its intent, whichever is later; by the store's clock. */
  ageMs: number
  /** Of starferry, written before the backup was sent. `unknown`: this Temporal has never heard of that workflow, or has forgotten it. */
  intent?: { workflowId: string; writer: 'open' | 'closed' | 'unknown' }
  /** Why somebody works with it, by his lease: a restore by the label alone needs no record. */
  read?: string
  /** Of a snapshot that was to be there for a while only: whether a restore of this Temporal that runs made it; undefined where that cannot be told. */
  inUse?: boolean
  /** Of its job on the clusters where it can have been made. */
  job: 'runs' | 'over' | 'unknown'
  /** Where it runs, or why that is not known. */
  jobWhy?: string
}

export interface LeftoverPlan {
  delete: { label: string; why: string }[]
  untouched: { label: string; why: string }[]
}

/**
 * Which of these nobody will ever finish or use. A complete snapshot without an intent may be somebody's backup and is none of our business;
 * so is what was not made by starferry. By which a restore moved tables, or a repository was tried out, is nobody's backup.
 */
export function planLeftovers(traces: readonly SnapshotTrace[]): LeftoverPlan {
  const plan: LeftoverPlan = { delete: [], untouched: [] }
  for (const trace of traces) {
    const ours = passingLabel(trace.label)
      ? trace.state !== 'nothing'
      : trace.state === 'incomplete' && isOurLabel(trace.label)
    if (!trace.intent && !ours) continue
    const reason = whyNot(trace)
    if (reason) plan.untouched.push({ label: trace.label, why: reason })
    else plan.delete.push({ label: trace.label, why: whatItIs(trace) })
  }
  return plan
}

function whyNot({ label, intent, read, inUse, job, jobWhy, ageMs }: SnapshotTrace): string | undefined {
  if (read !== undefined) return read
  if (inUse) return 'a restore that runs moves tables by it'
  if (inUse === undefined && passingLabel(label)?.kind === 'passage')
    return 'whether its restore still runs cannot be told'
  if (intent?.writer === 'open') return `being written by ${intent.workflowId}`
  if (job === 'runs') return `its job runs${jobWhy ? `: ${jobWhy}` : ''}`
  if (job === 'unknown') return `whether its job still runs cannot be told${jobWhy ? `: ${jobWhy}` : ''}`
  const limit = intent?.writer === 'closed' ? QUIET_MS : SURELY_OVER_MS
  if (ageMs >= limit) return undefined
  return `written ${Math.floor(ageMs / 60_000)} minutes ago; it is left alone for ${limit / HOUR_MS} hours${limit > HOUR_MS ? ', since another Temporal may be at work' : ''}`
}

function whatItIs({ label, state, intent }: SnapshotTrace): string {
  const passing = passingLabel(label)
  if (passing?.kind === 'passage') return 'a copy by which a restore moved tables that runs no more'
  if (passing) return 'a snapshot by which the repository was tried out'
  const whose = intent ? ` of ${intent.workflowId}, which ended without a record of it` : ''
  if (state === 'nothing') return `announced by a backup${whose}, and never made`
  if (state === 'incomplete') return `the beginning of a snapshot${whose}`
  return `a snapshot${whose}`
}
