import type { BackupResult, BackupSetInput, BackupSetResult, FailedBackup } from '../../contract/backup/backup-api.ts'
import type { Finding } from '../../contract/findings.ts'
import { brief } from './failure.ts'

/** What a set of backups knows; goes along when it continues as new, so it is bounded whatever the number of databases. */
export interface SetMemory {
  spec: BackupSetInput['spec']
  kind: NonNullable<BackupSetInput['kind']>
  set: string
  startedAt: number
  /** ISO: by the Schedule that started it; its own start otherwise. */
  due: string
  /** Read and not begun yet. */
  queue: string[]
  /** The last one that was read; unset before the first page. */
  last?: string
  more: boolean
  total: number
  done: number
  /** By database: first run of its workflow, once it is known, and whether the cluster is through with it. */
  running: Record<string, { runId?: string; snapshotsDone?: true }>
  failed: FailedBackup[]
  failedCount: number
  backups: BackupSetResult['backups']
  warnings: string[]
  /** That it takes long was told. */
  toldLate?: true
  bytes: number
  findings: Finding[]
}

const MOST_FAILED = 60
const MOST_BACKUPS = 120
const MOST_WARNINGS = 40
const LONGEST_REASON = 300

export function newSetMemory(
  { spec, kind = 'auto' }: BackupSetInput,
  { startedAt, due, firstRunId }: { startedAt: number; due: number; firstRunId: string },
): SetMemory {
  return {
    spec,
    kind,
    set: `${spec.name}/${new Date(startedAt).toISOString()}/${firstRunId.slice(0, 8)}`,
    startedAt,
    due: new Date(due).toISOString(),
    queue: [],
    more: true,
    total: 0,
    done: 0,
    running: {},
    failed: [],
    failedCount: 0,
    backups: [],
    warnings: [],
    bytes: 0,
    findings: [],
  }
}

export function addResult(memory: SetMemory, result: BackupResult): void {
  memory.done++
  memory.bytes += result.bytes ?? 0
  for (const warning of result.warnings) warn(memory, `${result.database || 'external catalogs'}: ${warning}`)
  if (result.verified === 'failed') {
    addFailed(memory, result.database, `backup ${result.id} was made, and its verification found damage`)
  }
  if (memory.backups.length >= MOST_BACKUPS) return
  const { id, database, kind, bytes, verified, chain, notIncluded, besides } = result
  memory.backups.push({
    id,
    database,
    kind,
    ...(bytes === undefined ? {} : { bytes }),
    ...(verified === undefined ? {} : { verified }),
    chain,
    notIncluded,
    ...(besides === undefined ? {} : { besides }),
  })
}

export function addFailure(memory: SetMemory, database: string, reason: string): void {
  memory.done++
  addFailed(memory, database, reason)
}

function addFailed(memory: SetMemory, database: string, reason: string): void {
  memory.failedCount++
  if (memory.failed.length < MOST_FAILED) memory.failed.push({ database, reason: brief(reason, LONGEST_REASON) })
}

/** Before all others: not to be cut off by many of them. */
export function warnFirst(memory: SetMemory, warning: string): void {
  memory.warnings = [brief(warning, LONGEST_REASON), ...memory.warnings].slice(0, MOST_WARNINGS)
}

export function warn(memory: SetMemory, warning: string): void {
  const text = brief(warning, LONGEST_REASON)
  if (memory.warnings.length < MOST_WARNINGS && !memory.warnings.includes(text)) memory.warnings.push(text)
}
