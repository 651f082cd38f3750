import { done, type LabResult, type LabSession, type LabSqlContext } from './context.ts'
import type { Cursor } from './cursor.ts'
import { failure } from './errors.ts'
import { parseComment, parseProperties } from './parse-clauses.ts'
import { demand } from './privileges.ts'

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
    properties.delete('enabled')
    for (const key of properties.keys()) if (/(access|secret)_key$/.test(key)) properties.set(key, '******')
    storageVolumes.set(name, {
      type,
      isDefault: false,
      location,
      params: JSON.stringify(Object.fromEntries(properties)),
      enabled,
      comment,
    })
    return done()
  }
  if (verb === 'DROP') {
    const ifExists = cursor.accept('IF', 'EXISTS')
    const name = cursor.identifier()
    cursor.end()
    if (!storageVolumes.delete(name) && !ifExists) throw failure(`Unknown storage volume: ${name}`)
    return done()
  }
  const name = cursor.identifier()
  if (!storageVolumes.has(name)) throw failure(`Unknown storage volume: ${name}`)
  cursor.index = cursor.tokens.length - 1
  return done()
}
