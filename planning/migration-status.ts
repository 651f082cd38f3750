import type { MigrationStatus } from '../contract/migration-api.ts'
import { rateOf } from './copy-rate.ts'
import type { MigrationMemory } from './migration-memory.ts'
import { isSettled, openMatters } from './open-matters.ts'
import { canList, canMark, markedCount, parkedCount } from './parked-groups.ts'
import { groupReasons, type Parked } from './parking.ts'
import { windowSize } from './window.ts'

const MOST_REASONS = 20

/** The status as an operator sees it. Pure: the same memory at the same time gives the same status. */
export function statusOf(memory: MigrationMemory, nowMs: number): MigrationStatus {
  const { spec, counts, totals, metadata } = memory
  const running = Object.keys(memory.running).length
  const parked = parkedCount(memory)
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
  const sent = Math.min(memory.sent, running)
  // Tables are started before they have a job: they look, wait for room on a disk, for a limit, for a schema change.
  const jobsRunning = Math.min(memory.jobsRunning ?? running - sent, running - sent)
  const jobs = {
    ddlPending,
    jobPending: waiting + running - sent - jobsRunning,
    sent,
    running: jobsRunning,
    finished: totals.finished,
    failed: totals.failed,
    unknown: counts?.unknownPartitions ?? 0,
  }
  const reason = whyNotMoving(memory)
  return {
    name: spec.name,
    source: spec.source,
    target: spec.target,
    state: memory.state === 'caughtUp' && !isSettled(memory) ? 'syncing' : memory.state,
    ...(reason ? { reason } : {}),
    startedAt: new Date(memory.startedAtMs).toISOString(),
    ...(memory.checkedAt ? { checkedAt: memory.checkedAt } : {}),
    ...(memory.definitionsCheckedAt ? { definitionsCheckedAt: memory.definitionsCheckedAt } : {}),
    jobs: { total: Object.values(jobs).reduce((sum, count) => sum + count, 0), ...jobs },
    tables: {
      total,
      finished,
      unfinished: Math.max(0, total - finished),
      expired,
      parked,
      refused: refusedTables(memory),
    },
    finishedTableRatio: ratio(finished, total),
    expiredTableRatio: ratio(expired, total),
    progress: progressOf(memory),
    partitions: {
      total: counts?.partitions ?? 0,
      lagging,
      unknown: counts?.unknownPartitions ?? 0,
      surplus: counts?.surplusPartitions ?? 0,
    },
    bytes: { total: counts?.totalBytes ?? 0, toCopy, copied: totals.bytes, perSecond: Math.round(perSecond) },
    ...(toCopy > 0 && perSecond > 0 ? { secondsLeft: Math.ceil(toCopy / perSecond) } : {}),
    ...(counts?.lagSeconds === undefined ? {} : { lagSeconds: counts.lagSeconds }),
    slots: { limit: windowSize(spec.limits.tables, memory.slots), used: running },
    reasons: reasonsOf(memory, waiting, ddlPending),
    settings: memory.settings,
    findings: [...memory.findings, ...(memory.blind ?? [])],
  }
}

/** 1 only when nothing at all is open: see `isSettled`. */
function progressOf(memory: MigrationMemory): number {
  const { counts } = memory
  if (!counts) return 0
  if (isSettled(memory)) return 1
  const { laggingPartitions, unknownPartitions, surplusPartitions, missingTables } = openMatters(memory)
  const all = counts.partitions + surplusPartitions + missingTables + refusedTables(memory)
  const done = counts.partitions - laggingPartitions - unknownPartitions
  return Math.min(all === 0 ? 0 : done / all, 0.999999)
}

/** Tables by what becomes of them beside being copied, for metrics. */
export function tableStates(memory: MigrationMemory): Record<'parked' | 'refused' | 'paused', number> {
  return { parked: parkedCount(memory), refused: refusedTables(memory), paused: memory.heldTables.length }
}

const refusedTables = (memory: MigrationMemory) => parkedCount(memory, ({ refused }) => refused)

const laggingParked = (memory: MigrationMemory, known: boolean) =>
  known ? parkedCount(memory, ({ byMetadata }) => !byMetadata) : 0

function reasonsOf(memory: MigrationMemory, waiting: number, missing: number): MigrationStatus['reasons'] {
  const { counts } = memory
  const reasons = groupReasons(
    [
      ...Object.values(memory.parked).map((table) => ({ reason: parkedReason(table), tables: 1 })),
      ...(memory.parkedMore ?? []),
      ...(Object.keys(memory.running).length > 0 ? (memory.waiting ?? []) : []),
      ...waitingReasons(memory),
    ],
    MOST_REASONS,
  )
  if (counts?.surplusTables) {
    reasons.unshift({
      reason: `the target still has ${counts.surplusPartitions} partitions with rows that the source does not have: the next metadata difference drops what was copied, the rest waits for an approval`,
      tables: counts.surplusTables,
    })
  }
  if (waiting > 0) reasons.unshift({ reason: whyQueued(memory), tables: waiting })
  if (missing > 0) reasons.unshift({ reason: 'waiting to be created on the target', tables: missing })
  if (memory.heldTables.length > 0) reasons.push({ reason: 'paused by an operator', tables: memory.heldTables.length })
  return reasons
}

/** Of what the last metadata difference left for the next one; what former ones left may have been settled since, without a word. */
function waitingReasons({ waitingDefinitions, pending, definitionsCheckedAt = '' }: MigrationMemory) {
  if (!waitingDefinitions) return []
  return pending
    .filter(({ outcome, at }) => outcome === 'waiting' && at >= definitionsCheckedAt)
    .map(({ reason = 'it has to wait' }) => ({
      reason: `the next metadata difference tries again: ${reason}`,
      tables: 1,
    }))
}

function whyQueued(memory: MigrationMemory): string {
  if (memory.paused) return 'paused'
  if (!canList(memory) && !canMark(memory)) return 'too many tables are parked: settle some of them first'
  return 'waiting for a slot'
}

function parkedReason({ needsApproval, refused, attempts, reason }: Parked): string {
  if (needsApproval || refused || attempts === 0) return reason
  return `parked after ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}: ${reason}`
}

function whyNotMoving(memory: MigrationMemory): string | undefined {
  const running = Object.keys(memory.running).length
  const failure = memory.lookError ?? memory.metadataError ?? memory.scheduleError
  switch (memory.state) {
    case 'pausing':
    case 'stopping':
      return [memory.failure, whatEnds(memory, running), failure].filter(Boolean).join('; ')
    case 'paused':
      return memory.checkedAt
        ? `paused by an operator; the figures are of ${memory.checkedAt}`
        : 'paused by an operator'
    case 'failed':
      return (
        memory.failure ??
        memory.findings.find(({ level, code }) => level === 'fatal' && !memory.spec.ignore.includes(code))?.message
      )
    case 'syncing':
    case 'preparing':
    case 'caughtUp':
      return failure ?? (running > 0 ? undefined : whyNotSettled(memory))
    default:
      return undefined
  }
}

function whatEnds({ differenceSinceMs }: MigrationMemory, running: number): string {
  if (running > 0) return `${running} running ${running === 1 ? 'table is' : 'tables are'} followed to the end`
  return differenceSinceMs === undefined
    ? 'waiting for running jobs'
    : 'waiting for the metadata difference to end its batch'
}

/** What keeps a migration in which nothing moves from having caught up. */
function whyNotSettled(memory: MigrationMemory): string | undefined {
  if (!memory.counts || !memory.metadataComplete) return undefined
  const { laggingPartitions, missingTables, parkedTables, surplusPartitions, unknownPartitions, waitingDefinitions } =
    openMatters(memory)
  if (parkedTables > 0) {
    const approvals = parkedCount(memory, ({ needsApproval }) => needsApproval)
    const listed = markedCount(memory) > 0 ? `, ${Object.keys(memory.parked).length} of them listed one by one` : ''
    const what = `${parkedTables} ${parkedTables === 1 ? 'table is' : 'tables are'} parked${listed}`
    return approvals > 0 ? `${what}, ${approvals} of them until approved` : what
  }
  if (laggingPartitions > 0 || missingTables > 0) return undefined
  if (waitingDefinitions > 0) {
    return `${waitingDefinitions} ${waitingDefinitions === 1 ? 'definition waits' : 'definitions wait'} for the next metadata difference`
  }
  if (surplusPartitions > 0) {
    return `${surplusPartitions} ${surplusPartitions === 1 ? 'partition' : 'partitions'} with rows only on the target: they can still be read there`
  }
  if (unknownPartitions > 0) {
    return `all versions are the source's, but ${memory.spec.target} does not tell of ${unknownPartitions} partitions what wrote them: nothing but starferry's own memory speaks for them`
  }
  return undefined
}

const ratio = (part: number, whole: number) => (whole === 0 ? 0 : part / whole)
