import type { MigrationStatus } from '../contract/migration-api.ts'
import { rateOf } from './copy-rate.ts'
import type { MigrationMemory } from './migration-memory.ts'
import { groupReasons, type Parked } from './parking.ts'
import { windowSize } from './window.ts'

const MOST_REASONS = 20

/** The status as an operator sees it. Pure: the same memory at the same time gives the same status. */
export function statusOf(memory: MigrationMemory, nowMs: number): MigrationStatus {
  const { spec, counts, totals, metadata } = memory
  const running = Object.keys(memory.running).length
  const parked = Object.values(memory.parked)
  const refused = parked.filter((table) => table.refused).length
  const total = counts?.tables ?? metadata?.sourceTables ?? 0
  const expired = counts?.expiredTables ?? 0
  const finished = counts?.finishedTables ?? 0
  const lagging = counts?.laggingPartitions ?? 0
  const waiting = Math.max(
    0,
    expired - (counts?.missingTables ?? 0) - running - laggingParked(memory, counts !== undefined),
  )
  const perSecond = rateOf(memory.samples, nowMs)
  const toCopy = counts?.laggingBytes ?? 0
  const ddlPending = counts?.missingTables ?? metadata?.differentTables ?? 0
  const jobs = {
    ddlPending,
    jobPending: waiting,
    sent: Math.min(memory.sent, running),
    running: running - Math.min(memory.sent, running),
    finished: totals.finished,
    failed: totals.failed,
    unknown: counts?.unknownPartitions ?? 0,
  }
  const reason = whyNotMoving(memory, parked)
  return {
    name: spec.name,
    source: spec.source,
    target: spec.target,
    state: memory.state,
    ...(reason ? { reason } : {}),
    startedAt: new Date(memory.startedAtMs).toISOString(),
    ...(memory.checkedAt ? { checkedAt: memory.checkedAt } : {}),
    jobs: { total: ddlPending + waiting + running + totals.finished + totals.failed, ...jobs },
    tables: { total, finished, unfinished: Math.max(0, total - finished), expired, parked: parked.length, refused },
    finishedTableRatio: ratio(finished, total),
    expiredTableRatio: ratio(expired, total),
    progress: progressOf(memory),
    partitions: { total: counts?.partitions ?? 0, lagging, unknown: counts?.unknownPartitions ?? 0 },
    bytes: { total: counts?.totalBytes ?? 0, toCopy, copied: totals.bytes, perSecond: Math.round(perSecond) },
    ...(toCopy > 0 && perSecond > 0 ? { secondsLeft: Math.ceil(toCopy / perSecond) } : {}),
    ...(counts?.lagSeconds === undefined ? {} : { lagSeconds: counts.lagSeconds }),
    slots: { limit: windowSize(spec.limits.tables, memory.slots), used: running },
    reasons: reasonsOf(memory, waiting, ddlPending),
    settings: memory.settings,
    findings: memory.findings,
  }
}

/** 1 only when the target's metadata confirmed every partition of every table, and nothing is missing, refused or unknown. */
function progressOf({ counts, parked, metadataComplete }: MigrationMemory): number {
  if (!counts) return 0
  const { partitions, laggingPartitions, unknownPartitions, missingTables } = counts
  const open = laggingPartitions + unknownPartitions + missingTables
  const refused = Object.values(parked).filter((table) => table.refused).length
  const all = partitions + missingTables + refused
  const done = partitions - laggingPartitions - unknownPartitions
  if (open === 0 && refused === 0 && metadataComplete) return 1
  return Math.min(all === 0 ? 0 : done / all, 0.999999)
}

function laggingParked({ parked }: MigrationMemory, known: boolean): number {
  return known ? Object.values(parked).filter((table) => !table.byMetadata).length : 0
}

function reasonsOf(memory: MigrationMemory, waiting: number, missing: number): MigrationStatus['reasons'] {
  const reasons = groupReasons(
    Object.values(memory.parked).map((table) => parkedReason(table)),
    MOST_REASONS,
  )
  if (waiting > 0) reasons.unshift({ reason: memory.paused ? 'paused' : 'waiting for a slot', tables: waiting })
  if (missing > 0) reasons.unshift({ reason: 'waiting to be created on the target', tables: missing })
  if (memory.heldTables.length > 0) reasons.push({ reason: 'paused by an operator', tables: memory.heldTables.length })
  return reasons
}

function parkedReason({ needsApproval, refused, attempts, reason }: Parked): string {
  if (needsApproval || refused || attempts === 0) return reason
  return `parked after ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}: ${reason}`
}

function whyNotMoving(memory: MigrationMemory, parked: readonly Parked[]): string | undefined {
  const running = Object.keys(memory.running).length
  switch (memory.state) {
    case 'pausing':
    case 'stopping':
      return [memory.failure, whatEnds(memory, running)].filter(Boolean).join('; ')
    case 'paused':
      return 'paused by an operator'
    case 'failed':
      return memory.findings.find((finding) => finding.level === 'fatal')?.message
    case 'syncing':
    case 'preparing':
    case 'caughtUp': {
      if (memory.lookError ?? memory.metadataError) return memory.lookError ?? memory.metadataError
      if (running > 0 || parked.length === 0) return undefined
      const approvals = parked.filter((table) => table.needsApproval).length
      const what = `${parked.length} ${parked.length === 1 ? 'table is' : 'tables are'} parked`
      return approvals > 0 ? `${what}, ${approvals} of them until approved` : what
    }
    default:
      return undefined
  }
}

function whatEnds({ differenceSinceMs }: MigrationMemory, running: number): string {
  if (running > 0) return `${running} running ${running === 1 ? 'job is' : 'jobs are'} followed to the end`
  return differenceSinceMs === undefined
    ? 'waiting for running jobs'
    : 'waiting for the metadata difference to end its batch'
}

const ratio = (part: number, whole: number) => (whole === 0 ? 0 : part / whole)
