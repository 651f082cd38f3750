import { setHandler, workflowInfo } from '@temporalio/workflow'
import {
  cancelRestoreSignal,
  discardUpdate,
  publishUpdate,
  type RestoreResult,
  restoreStatusQuery,
} from '../contract/backup/restore-api.ts'
import { type RestoreSpecInput, restoreSpecSchema } from '../contract/backup/restore-spec.ts'
import { check } from '../contract/check.ts'
import { restoreId } from '../contract/names.ts'
import { badInput, checked } from './check-input.ts'
import { RestoreRun } from './restore/restore-run.ts'

/**
 * A restore as one entity: its input is the spec. Assembles what was backed up beside the live objects, compares it with the record, waits until somebody says
 * `publish` (or does so at once), and gives it the live names. Failing or cancelled before that it removes everything that it made.
 */
export async function restore(input: RestoreSpecInput): Promise<RestoreResult> {
  const spec = checked(() => check(restoreSpecSchema, input, 'This is no restore spec'))
  if (!spec.from.label && !spec.from.database && spec.catalogs.length === 0) {
    throw badInput('Say what to restore: from.label, or from.database')
  }
  const id = restoreId(spec.name)
  if (workflowInfo().workflowId !== id) {
    throw badInput(
      `Start this restore with the workflow id ${id}, under which it cannot run twice, not ${workflowInfo().workflowId}`,
    )
  }
  const run = new RestoreRun(spec)
  setHandler(restoreStatusQuery, () => run.status)
  setHandler(cancelRestoreSignal, () => run.cancel())
  setHandler(
    publishUpdate,
    () => {
      run.publish()
      return run.status
    },
    { validator: () => refuse(run.mayPublish) },
  )
  setHandler(
    discardUpdate,
    () => {
      run.discard()
      return run.status
    },
    { validator: () => refuse(run.mayDiscard) },
  )
  return run.run()
}

function refuse(why: string | undefined): void {
  if (why !== undefined) throw badInput(why)
}
