import type { LabState } from '../model.ts'
import { done, type LabResult, type LabSession, type LabSqlContext } from './context.ts'
import type { Cursor } from './cursor.ts'
import { failure } from './errors.ts'
import { parseComment, parseProperties } from './parse-clauses.ts'
import { demand } from './privileges.ts'

/** Parameters of S3 as a frontend shows them: in its own order, secrets hidden, what was not given as its default. */
const shownParameters = (given: ReadonlyMap<string, string>): string =>
  JSON.stringify({
    'aws.s3.access_key': '******',
    'aws.s3.secret_key': '******',
    'aws.s3.endpoint': given.get('aws.s3.endpoint') ?? '',
    'aws.s3.region': given.get('aws.s3.region') ?? '',
    'aws.s3.use_instance_profile': given.get('aws.s3.use_instance_profile') ?? 'false',
    'aws.s3.use_web_identity_token_file': given.get('aws.s3.use_web_identity_token_file') ?? 'false',
    'aws.s3.use_aws_sdk_default_behavior': given.get('aws.s3.use_aws_sdk_default_behavior') ?? 'false',
  })

/** A volume that databases or tables were made on stays. */
const checkUnused = (state: LabState, volume: string): void => {
  const databases = [...state.databases.values()]
  const on = (one: { properties: ReadonlyMap<string, string> }): boolean =>
    one.properties.get('storage_volume') === volume
  const dbs = databases.filter(on).map((d) => d.id)
  const tables = databases.flatMap((d) =>
    [...d.objects.values()].filter((o) => o.kind === 'table' && on(o)).map((o) => o.id),
  )
  if (dbs.length + tables.length > 0)
    throw failure(
      `Storage volume '${volume}' is referenced by dbs or tables, dbs: [${dbs.join(', ')}], tables: [${tables.join(', ')}]`,
    )
}

/** SET name AS DEFAULT STORAGE VOLUME; the word SET read. */
export const setDefaultVolume = (context: LabSqlContext, session: LabSession, cursor: Cursor): LabResult => {
  const name = cursor.identifier()
  cursor.expect('AS', 'DEFAULT', 'STORAGE', 'VOLUME')
  cursor.end()
  demand(session, ['ALTER'], `STORAGE VOLUME ${name}`)
  if (!context.state.storageVolumes.has(name)) throw failure(`Unknown storage volume: ${name}`)
  for (const [other, volume] of context.state.storageVolumes) volume.isDefault = other === name
  return done()
}

/** CREATE, ALTER and DROP STORAGE VOLUME; the first word read. */
export const runStorageVolume = (context: LabSqlContext, session: LabSession, cursor: Cursor): LabResult => {
  const verb = cursor.tokens[cursor.index - 1]?.upper
  cursor.expect('STORAGE', 'VOLUME')
  const { storageVolumes } = context.state
  if (verb === 'CREATE') {
    const ifNotExists = cursor.accept('IF', 'NOT', 'EXISTS')
    const name = cursor.identifier()
    cursor.expect('TYPE', '=')
    const type = cursor.next().value.toUpperCase()
    cursor.expect('LOCATIONS', '=')
    const [location = ''] = cursor.parenthesized(() => cursor.string())
    const comment = parseComment(cursor)
    const properties = new Map(parseProperties(cursor))
    cursor.end()
    demand(session, ['CREATE STORAGE VOLUME'], 'SYSTEM')
    if (storageVolumes.has(name)) {
      if (ifNotExists) return done()
      throw failure(`Storage volume '${name}' already exists`)
    }
    const enabled = properties.get('enabled') !== 'false'
    storageVolumes.set(name, {
      type,
      isDefault: false,
      location,
      params: shownParameters(properties),
      enabled,
      comment,
    })
    return done()
  }
  if (verb === 'DROP') {
    const ifExists = cursor.accept('IF', 'EXISTS')
    const name = cursor.identifier()
    cursor.end()
    checkUnused(context.state, name)
    if (!storageVolumes.delete(name) && !ifExists) throw failure(`Unknown storage volume: ${name}`)
    return done()
  }
  const name = cursor.identifier()
  if (!storageVolumes.has(name)) throw failure(`Unknown storage volume: ${name}`)
  cursor.index = cursor.tokens.length - 1
  return done()
}
