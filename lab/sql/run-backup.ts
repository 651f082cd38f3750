import type { SnapshotManager } from '../backup/index.ts'
import { SnapshotFileError, StoreFailure } from '../backup/index.ts'
import type { LabBackupJob, LabDatabase, LabSnapshotJob } from '../model.ts'
import { checkBackupObjects, chooseBackupObjects } from './choose-backup-objects.ts'
import { done, type LabResult, type LabSession, type LabSqlContext } from './context.ts'
import type { Cursor } from './cursor.ts'
import { analysisFailure, failure, type LabSqlError } from './errors.ts'
import { onSystem } from './has-privilege.ts'
import { parseBackup } from './parse-snapshot-statement.ts'
import { demand } from './privileges.ts'
import { findDatabase } from './resolve.ts'
import { backupProperties } from './snapshot-properties.ts'
import type { SnapshotStatement } from './snapshot-statement.ts'

export const submitFailure = (text: string): LabSqlError => failure(text, 5064, '42000')

/** What storage says of a repository that cannot be read; SHOW REPOSITORIES tells it from then on. */
export const storeFailure = (context: LabSqlContext, repository: string, error: unknown): never => {
  if (!(error instanceof StoreFailure || error instanceof SnapshotFileError)) throw error
  const known = context.state.repositories.get(repository)
  if (known && error instanceof StoreFailure) known.trouble = error.message
  throw submitFailure(error.message)
}

/** External catalogs count as one database. */
export const catalogsId = -1n

/** BACKUP, the word read. The job is taken when this returns. */
export const runBackup = async (context: LabSqlContext, session: LabSession, cursor: Cursor): Promise<LabResult> => {
  const statement = parseBackup(cursor, context.profile.atLeast('3.5'))
  demand(session, ['REPOSITORY'], 'SYSTEM', onSystem)
  if (statement.catalogs) return backupCatalogs(context, session, statement)
  const database = findDatabase(context.state, statement.database ?? statement.prefix ?? session.database ?? '')
  demandRepository(context, statement.repository)
  const selection = chooseBackupObjects(context, session, database, statement.items)
  const { timeoutMs } = backupProperties(context, statement.properties)
  await submit(context, statement, database.name, () => {
    demandIdle(context.snapshots, database.id)
    demandWritable(context, statement.repository)
    checkBackupObjects(context, database, selection)
  })
  demandIdle(context.snapshots, database.id)
  const objects = selection.objects
    .map(({ name, partitions }) => {
      const chosen = partitions ? `PARTITIONS (${partitions.join(', ')})` : ''
      return `[${database.name}.${name}${chosen}${context.profile.version === '4.1' ? ` AS ${name}` : ''}]`
    })
    .join(', ')
  const names = selection.objects.map(({ name }) => name)
  context.snapshots.submitBackup(
    { ...newJob(context, session, statement, database, objects, timeoutMs), names },
    selection,
  )
  return done()
}

const newJob = (
  context: LabSqlContext,
  session: LabSession,
  statement: SnapshotStatement,
  database: LabDatabase | undefined,
  objects: string,
  timeoutMs: number,
): LabBackupJob => ({
  kind: 'backup',
  id: -1n,
  label: statement.label,
  databaseId: database?.id ?? catalogsId,
  databaseName: database?.name ?? '',
  repository: statement.repository,
  objects,
  names: [],
  state: 'PENDING',
  createdMs: context.state.now(),
  unfinished: new Map(),
  progress: new Map(),
  errors: new Map(),
  status: { code: 'OK', message: '' },
  timeoutMs,
  user: session.user.name,
})

const backupCatalogs = async (
  context: LabSqlContext,
  session: LabSession,
  statement: SnapshotStatement,
): Promise<LabResult> => {
  const { state } = context
  demandRepository(context, statement.repository)
  const names = statement.catalogs?.names?.map(({ name }) => name) ?? [...state.catalogs.keys()]
  for (const name of names) {
    if (name === 'default_catalog')
      throw analysisFailure('Do not support Backup/Restore the entire default catalog', 5064, '42000')
    if (!state.catalogs.has(name)) throw analysisFailure(`external catalog ${name} does not existed.`, 5064, '42000')
  }
  if (names.length === 0) throw analysisFailure('No external catalog can be backed up', 5064, '42000')
  const { timeoutMs } = backupProperties(context, statement.properties)
  if (context.profile.version === '4.1')
    throw failure('Cannot invoke "com.starrocks.catalog.Database.getNameToFunction()" because "db" is null')
  await submit(context, statement, '', () => {
    demandIdle(context.snapshots, catalogsId)
    demandWritable(context, statement.repository)
  })
  context.snapshots.submitBackup(newJob(context, session, statement, undefined, '', timeoutMs), {
    objects: [],
    functions: [],
    catalogs: names,
  })
  return done()
}

export const demandRepository = (context: LabSqlContext, name: string): void => {
  if (!context.state.repositories.has(name)) throw analysisFailure(`Repository [${name}] does not exist`, 5064, '42000')
}

const demandWritable = (context: LabSqlContext, name: string): void => {
  if (context.state.repositories.get(name)?.readOnly) throw submitFailure(`Repository ${name} is read only`)
}

/** One job of a database at a time, backup or restore. */
export const demandIdle = (snapshots: SnapshotManager, databaseId: bigint): void => {
  if (!snapshots.running(databaseId)) return
  throw submitFailure(
    databaseId === catalogsId
      ? 'Can only run one backup or restore job of external catalog'
      : 'Can only run one backup or restore job of a database at same time',
  )
}

export const refuseByFault = (context: LabSqlContext, kind: LabSnapshotJob['kind'], databaseName: string): void => {
  const text = context.snapshots.hooks.refuses(kind, databaseName)
  if (text !== undefined) throw submitFailure(text)
}

/** A label must be new in the repository; the store is asked for it, so that two that are sent at once do not see each other. */
const submit = async (
  context: LabSqlContext,
  statement: SnapshotStatement,
  databaseName: string,
  check: () => void,
): Promise<void> => {
  refuseByFault(context, 'backup', databaseName)
  check()
  try {
    const labels = await context.snapshots.files(statement.repository).labels()
    const known = context.state.repositories.get(statement.repository)
    if (known) known.trouble = ''
    if (labels.includes(statement.label))
      throw submitFailure(`Snapshot with name '${statement.label}' already exist in repository`)
  } catch (error) {
    storeFailure(context, statement.repository, error)
  }
}
