import { setTimeout as sleep } from 'node:timers/promises'
import { NoCredentials, openStore, RepositoryFiles, StoreFailure, UnreachablePlace } from '../backup/index.ts'
import type { LabRepository } from '../model.ts'
import { timeText } from '../show/format.ts'
import { inStringHashOrder } from '../show/java-hash.ts'
import { done, type LabResult, type LabSession, type LabSqlContext, table } from './context.ts'
import type { Cursor } from './cursor.ts'
import { analysisFailure } from './errors.ts'
import { onSystem } from './has-privilege.ts'
import { parseProperties } from './parse-clauses.ts'
import { demand } from './privileges.ts'
import { submitFailure } from './run-backup.ts'

/** How long a frontend tries to reach an S3 endpoint where nothing listens. */
const DEAD_ENDPOINT_MS = 28_000

/** CREATE [READ ONLY] REPOSITORY; the word CREATE read. */
export const createRepository = async (
  context: LabSqlContext,
  session: LabSession,
  cursor: Cursor,
): Promise<LabResult> => {
  const readOnly = cursor.accept('READ', 'ONLY')
  cursor.expect('REPOSITORY')
  const name = cursor.identifier()
  cursor.expect('WITH', 'BROKER')
  const broker =
    cursor.token.kind === 'string' ? cursor.string() : cursor.atIdentifier() ? cursor.identifier() : undefined
  cursor.expect('ON', 'LOCATION')
  const location = cursor.string()
  const properties = new Map(parseProperties(cursor))
  cursor.end()
  if (!/^[a-zA-Z]\w{0,255}$/.test(name)) throw analysisFailure(`Incorrect repository name '${name}'`, 5063, '42000')
  if (location === '') throw analysisFailure('You must specify a location on the repository')
  if (broker !== undefined)
    throw analysisFailure(
      context.profile.version === '3.1'
        ? `failed to get address of broker ${broker}`
        : `Unknown broker name(${broker})`,
    )
  demand(session, ['REPOSITORY'], 'SYSTEM', onSystem)
  await context.snapshots.oneAtATime(() => register(context, { name, location, properties, readOnly }))
  return done()
}

const register = async (
  context: LabSqlContext,
  given: Pick<LabRepository, 'name' | 'location' | 'properties' | 'readOnly'>,
): Promise<void> => {
  const { state, snapshots } = context
  const { name } = given
  const refusal = (text: string) => submitFailure(`Failed to create repository: ${text}`)
  if (state.repositories.has(name)) throw refusal(`repository with same name already exist: ${name}`)
  const location = context.profile.version === '4.1' ? given.location.replace(/\/+$/, '') : given.location
  try {
    const store = openStore(location, given.properties)
    const files = new RepositoryFiles(name, location, store)
    const info = await files.adopt(timeText(context, state.now())).finally(() => store.close())
    if (info.name !== name) throw refusal(`failed to parse create time of repository: ${info.name}`)
    const { createTime, adopted } = info
    state.repositories.set(name, {
      id: state.nextId(),
      ...given,
      location,
      createTime,
      adopted,
      broker: '',
      trouble: '',
    })
  } catch (error) {
    if (!(error instanceof StoreFailure)) throw error
    const patience = error instanceof UnreachablePlace ? error.seconds * 1000 : isDead(error) ? DEAD_ENDPOINT_MS : 0
    if (patience > 0) await sleep(snapshots.real(patience), undefined, { ref: false })
    const path = `${given.location}/__starrocks_repository_${name}/__repo_info`
    const said = error instanceof NoCredentials ? `Fail to get file status: ${path}: ${error.message}` : error.message
    throw refusal(`failed to list remote path: ${path}. msg: ${said}`)
  }
}

const isDead = (error: StoreFailure): boolean => error.message.includes('Unable to execute HTTP request')

/** DROP REPOSITORY; both words read. Its objects stay. */
export const dropRepository = (context: LabSqlContext, session: LabSession, cursor: Cursor): LabResult => {
  const name = cursor.identifier()
  cursor.end()
  demand(session, ['REPOSITORY'], 'SYSTEM', onSystem)
  if (!context.state.repositories.has(name)) throw analysisFailure('Repository does not exist', 5064, '42000')
  if (context.snapshots.usesRepository(name))
    throw submitFailure('Backup or restore job is running on this repository. Can not drop it')
  context.state.repositories.delete(name)
  return done()
}

/** A time that was read from the repository is taken as of another zone. */
const shownTime = (repository: LabRepository): string => {
  if (!repository.adopted) return repository.createTime
  const ms = Date.parse(`${repository.createTime.replace(' ', 'T')}Z`)
  return Number.isNaN(ms)
    ? repository.createTime
    : new Date(ms - 8 * 3_600_000).toISOString().replace('T', ' ').slice(0, 19)
}

/** SHOW REPOSITORIES. Credentials are shown nowhere. */
export const showRepositories = (context: LabSqlContext): LabResult => {
  const all = inStringHashOrder([...context.state.repositories.values()], (repository) => repository.name)
  return table(
    ['RepoId', 'RepoName', 'CreateTime', 'IsReadOnly', 'Location', 'Broker', 'ErrMsg'],
    all.map((one) => [
      String(one.id),
      one.name,
      context.profile.version === '4.1' && one.adopted ? one.createTime : shownTime(one),
      String(one.readOnly),
      one.location,
      one.broker,
      one.trouble === '' ? null : one.trouble,
    ]),
  )
}
