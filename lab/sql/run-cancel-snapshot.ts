import { done, type LabResult, type LabSession, type LabSqlContext } from './context.ts'
import type { Cursor } from './cursor.ts'
import { failure, syntaxFailure } from './errors.ts'
import { objectTypeOf, onObject, onSystem } from './has-privilege.ts'
import { demand } from './privileges.ts'
import { findDatabase } from './resolve.ts'
import { catalogsId, submitFailure } from './run-backup.ts'

/** CANCEL BACKUP|RESTORE {FROM db | FOR EXTERNAL CATALOG}; the word CANCEL read. It goes by database, not by label. */
export const cancelSnapshotJob = (context: LabSqlContext, session: LabSession, cursor: Cursor): LabResult => {
  const kind = cursor.next().upper === 'BACKUP' ? ('backup' as const) : ('restore' as const)
  const { state, snapshots, profile } = context
  let databaseId = catalogsId
  let name: string | undefined
  if (cursor.accept('FROM') || cursor.accept('IN')) name = cursor.identifier()
  else if (profile.atLeast('3.5') && cursor.accept('FOR', 'EXTERNAL', 'CATALOG')) name = ''
  cursor.end()
  if (name === undefined) {
    if (profile.version === '3.1')
      throw failure(
        'Cannot invoke "org.antlr.v4.runtime.tree.ParseTree.accept(org.antlr.v4.runtime.tree.ParseTreeVisitor)" because "tree" is null',
      )
    throw syntaxFailure('Getting syntax error. Detail message: No selected database for cancel BACKUP/RESTORE.')
  }
  demand(session, ['REPOSITORY'], 'SYSTEM', onSystem)
  if (name !== '') {
    const database = findDatabase(state, name)
    databaseId = database.id
    if (kind === 'backup')
      for (const object of database.objects.values())
        demand(session, ['EXPORT'], `${objectTypeOf(object)} ${object.name}`, onObject(database, object))
  }
  const job = state.snapshotJobs.get(databaseId)
  if (job?.kind !== kind)
    throw submitFailure(kind === 'backup' ? 'No backup job is currently running' : 'No restore is currently running')
  if (snapshots.running(databaseId) !== job)
    throw submitFailure(`Failed to cancel job: Job with label ${job.label} can not be cancelled. state: ${job.state}`)
  snapshots.cancel(databaseId)
  return done()
}
