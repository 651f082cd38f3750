import { Context } from '@temporalio/activity'
import { ApplicationFailure, CancelledFailure } from '@temporalio/common'
import type { Dependencies } from '../dependencies.ts'
import { busy, unreachable } from '../failures.ts'
import { beating, endingReason } from '../heartbeat.ts'
import { turnsOfClusters } from '../pollers/turns.ts'
import { repositoryFailure } from '../repository/storage-failure.ts'
import { Leaving, shouldStop, throwIfLeaving } from '../snapshot-jobs/index.ts'
import { abortedBackup, refusedBackup } from './backup-failures.ts'
import { announce, type Intent } from './backup-intent.ts'
import { type BackupRun, type LeftOut, openRun, type RunBackupInput, type RunBackupResult } from './backup-run.ts'
import { findOwn, removeFailed } from './find-own.ts'
import { finish, nothingToSend, recorded } from './finish-backup.ts'
import { follow } from './follow-backup.ts'
import { planNext } from './plan-snapshot.ts'
import { checkFree, sendBackup } from './send-backup.ts'

/** Databases of a cluster that are read at once: StarRocks ends many jobs in the same moment, and their successors all want to begin. */
const planningTurns = turnsOfClusters(3)

const MOST_REPLANS = 50
const MOST_WARNINGS = 50

/**
 * One snapshot: look, plan, send, follow, and write down what it holds. It is sent once: its label depends on nothing but the workflow's run, the part and
 * the attempt, so whoever runs this again – after a lost answer, in another worker – finds the job or the snapshot by it and goes on from there.
 */
export async function runBackup(deps: Dependencies, input: RunBackupInput): Promise<RunBackupResult> {
  const context = Context.current()
  return beating(async (report) => {
    const what = `backup of ${input.database || 'external catalogs'} on ${input.spec.cluster}`
    try {
      const run = await openRun(deps, context, input, report)
      await removeFailed(run)
      const found = await findOwn(run)
      if (found && 'record' in found) return bounded(await recorded(run, found.record))
      if (found) return bounded(await finish(run, found.intent, found.followed))
      const planned = await planAndSend(run)
      if ('done' in planned) return bounded(planned)
      return bounded(await followToEnd(run, planned))
    } catch (error) {
      throw backupFailure(error, what, context)
    }
  }, context.info.heartbeatDetails)
}

/** Plans until the cluster takes it; at most once it does. */
async function planAndSend(run: BackupRun): Promise<Intent | RunBackupResult> {
  const { input, objects, label } = run
  const leftOut: LeftOut[] = [...input.leftOut]
  for (let tries = 0; ; tries++) {
    const says = (waiting: string) => run.report({ label, database: input.database, state: '', waiting })
    const planned = await planningTurns(run.side.cluster).take(
      async () => {
        await checkFree(run, (why) => busy(why, 5_000))
        if (shouldStop(run.context)) throw new CancelledFailure('the backup was cancelled')
        says('reading what has changed')
        return planNext(run, leftOut)
      },
      { signal: run.signal, waiting: () => says('other databases of the cluster are being read; this one is next') },
    )
    if (
      !planned.objects &&
      leftOut.length > 0 &&
      input.cursor.labels.length === 0 &&
      planned.record.labels.length === 0
    ) {
      throw refusedBackup(`nothing of ${input.database} can be backed up: ${leftOut[0]?.object}: ${leftOut[0]?.reason}`)
    }
    planned.warnings.push(...leftOut.map(({ object, reason }) => `${object} is not in the backup: ${reason}`))
    if (!planned.objects) return await nothingToSend(run, planned)
    const intent = await announce(run, planned)
    throwIfLeaving(run.context)
    const sent = await sendBackup(run, planned)
    if (sent.outcome === 'sent') return intent
    if (objects) await objects.removeIntent(label)
    if (tries >= MOST_REPLANS) throw refusedBackup(sent.why)
    leftOut.push(...sent.leaveOut)
  }
}

async function followToEnd(run: BackupRun, intent: Intent): Promise<RunBackupResult> {
  return finish(run, intent, await follow(run, intent))
}

/** Each of ten thousand tables may have its warning; what goes through a workflow is bounded. */
function bounded(result: RunBackupResult): RunBackupResult {
  const { warnings } = result
  if (warnings.length <= MOST_WARNINGS) return result
  const more = warnings.length - MOST_WARNINGS + 1
  return { ...result, warnings: [...warnings.slice(0, MOST_WARNINGS - 1), `and ${more} more warnings`] }
}

/** Everything ends with a type that the workflow knows. */
function backupFailure(error: unknown, what: string, context: Context): unknown {
  if (error instanceof Leaving || endingReason(context) === 'leave') return unreachable(new Leaving().message, 100)
  const failure = repositoryFailure(error, what)
  if (failure instanceof ApplicationFailure || failure instanceof CancelledFailure) return failure
  return abortedBackup(`${what}: ${failure instanceof Error ? failure.message : String(failure)}`)
}
