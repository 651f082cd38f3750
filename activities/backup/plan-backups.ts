import { Context } from '@temporalio/activity'
import type { BackupCursor, BackupInput, PlannedBackup } from '../../contract/backup/backup-api.ts'
import type { BackupSpec } from '../../contract/backup/policy.ts'
import { backupStatement } from '../../starrocks/backup/backup-statement.ts'
import type { Dependencies } from '../dependencies.ts'
import { beating } from '../heartbeat.ts'
import { facts } from '../pollers/facts.ts'
import { repositoryFailure } from '../repository/storage-failure.ts'
import { labelOfAttempt, localTime, type RunBackupInput, timeZoneOf } from './backup-run.ts'
import { decide } from './decide-backup.ts'
import { openObjects } from './open-repository.ts'
import { planNext } from './plan-snapshot.ts'

export interface PlanBackupsInput {
  spec: BackupSpec
  kind: BackupInput['kind']
  databases: string[]
}

/** A page goes through a workflow's history: payloads stay under 64 KiB. One database with long statements is a page alone, and may be larger. */
const PAGE_CHARACTERS = 48 * 1024
const LONGEST_STATEMENT = 8 * 1024
const MOST_SNAPSHOTS = 20
/** Somebody waits for the answer, and it is the last try. */
const PLAN_TRIES = 3
const MOST_WHOLE = 50
const MOST_NOT_INCLUDED = 50
const MOST_WARNINGS = 20

/** What backups of these databases would do now, as many of them as fit into a page, at least one; changes nothing. */
export async function planBackups(deps: Dependencies, input: PlanBackupsInput): Promise<PlannedBackup[]> {
  return beating(async () => {
    const planned: PlannedBackup[] = []
    let characters = 0
    for (const database of input.databases) {
      try {
        const one = await planDatabase(deps, input, database)
        characters += JSON.stringify(one).length
        if (planned.length > 0 && characters > PAGE_CHARACTERS) break
        planned.push(one)
      } catch (error) {
        throw repositoryFailure(error, `planning the backup of ${database || 'external catalogs'}`)
      }
    }
    return planned
  })
}

async function planDatabase(
  deps: Dependencies,
  { spec, kind }: PlanBackupsInput,
  database: string,
): Promise<PlannedBackup> {
  const signal = Context.current().cancellationSignal
  const handle = deps.cluster(spec.cluster)
  const { version, runMode } = await facts(handle.cluster).capabilities()
  const startedAt = deps.clock.now()
  const decision = await decide(deps, { spec, database, kind, dueAt: startedAt, tries: PLAN_TRIES })
  const objects = decision.recordless === undefined ? await openObjects(deps, spec.repository) : undefined
  const answer: PlannedBackup = {
    database,
    kind: decision.kind,
    why: decision.why,
    ...(decision.baseline === undefined ? {} : { baseline: decision.baseline }),
    tables: 0,
    partitions: 0,
    bytes: 0,
    whole: [],
    statements: [],
    notIncluded: [],
    warnings: decision.warnings.slice(0, MOST_WARNINGS),
  }
  let after: BackupCursor['after']
  for (let part = 0; ; part++) {
    const run: RunBackupInput = {
      spec,
      set: spec.name,
      database,
      kind: decision.kind,
      ...(decision.baseline === undefined ? {} : { baseline: decision.baseline }),
      ...(decision.previous === undefined ? {} : { previous: decision.previous }),
      runId: 'plan',
      startedAt,
      dueAt: startedAt,
      part,
      attempt: 1,
      cursor: { labels: [], ...(after ? { after } : {}) },
      leftOut: [],
    }
    const label = labelOfAttempt(run, 1)
    const side = { name: spec.cluster, handle, cluster: handle.cluster, version, runMode }
    const now = localTime(startedAt, timeZoneOf(spec))
    const planned = await planNext({ side, input: run, objects, signal, now, label, deps }, [])
    answer.tables += planned.part.tables.length
    answer.partitions += planned.part.partitions
    answer.bytes += planned.part.bytes
    answer.whole = [...answer.whole, ...planned.whole].slice(0, MOST_WHOLE)
    if (part === 0) {
      answer.notIncluded = planned.record.notIncluded.slice(0, MOST_NOT_INCLUDED)
      answer.warnings = [...answer.warnings, ...planned.warnings].slice(0, MOST_WARNINGS)
    }
    if (planned.objects) {
      const statement = backupStatement(version, {
        ...(database === '' ? {} : { database }),
        label,
        repository: spec.repository,
        objects: planned.objects,
        timeoutSeconds: spec.timeout,
        ...(spec.ttl === undefined ? {} : { ttl: spec.ttl }),
      })
      const cut = statement.length - LONGEST_STATEMENT
      answer.statements.push(
        cut > 0 ? `${statement.slice(0, LONGEST_STATEMENT)} … (${cut} more characters)` : statement,
      )
    }
    if (planned.last) break
    if (part + 1 >= MOST_SNAPSHOTS) {
      answer.statements.push(`… and further snapshots: the first ${MOST_SNAPSHOTS} are shown`)
      break
    }
    after = planned.part.last
  }
  if (answer.statements.length === 0 && Object.keys(answer).length > 0 && answer.baseline === undefined) {
    answer.kind = 'nothing'
  }
  return answer
}
