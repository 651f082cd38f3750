import { readCompanion } from '../../planning/companion/script.ts'
import type { PlannedTable } from '../../planning/restore/restore-plan.ts'
import { StorageError } from '../../repository/index.ts'
import { quoteName, quoteQualified } from '../../starrocks/index.ts'
import { readScript } from '../companion/script-object.ts'
import { readGrant } from './regrant.ts'
import type { RestoreContext } from './restore-context.ts'

const MOST = 10

/**
 * Tells which grants there were at the backup on what was restored under names that were free: they went with the dropped table or database, and a new one has
 * none. They are not made again by themselves: nobody knows whether they are still wanted.
 */
export async function tellLostGrants(context: RestoreContext, tables: readonly PlannedTable[]): Promise<void> {
  const { deps, spec, outline, basis, signal } = context
  const { record, database } = outline
  const anew = tables.filter(({ route }) => route === 'rename' || route === 'rebackup' || route === 'direct')
  const newDatabase = outline.renames && !basis.databaseExisted && tables[0]?.name === outline.tables[0]?.name
  if (anew.length === 0 && !newDatabase) return
  const what = newDatabase ? `database ${database}` : brief(anew.map(({ target }) => `${database}.${target}`))
  const script = `starferry restore companion ${record.id} --repository ${spec.repository}`
  const unknown = (why: string) =>
    context.warn(`Grants on ${what} are in no snapshot, and which there were is not known: ${why}. Grant by hand`)
  let text: string | undefined
  try {
    text = await readScript(deps.repository(spec.repository), record.id, signal)
  } catch (error) {
    if (!(error instanceof StorageError)) throw error
    return unknown(error.message)
  }
  if (text === undefined) return unknown('the backup has no companion file')
  const statements = readCompanion(text).flatMap(({ kind, statements }) => (kind === 'grant' ? statements : []))
  const renamed = new Map(anew.map(({ name, target }) => [name, target]))
  const lost = lostGrants(statements, record.database, database, newDatabase ? 'all' : renamed)
  if (lost.length === 0) return
  const more = lost.length > MOST ? `; and ${lost.length - MOST} more` : ''
  context.warn(
    `Grants on ${what} are in no snapshot. At the backup there were ${lost.length}; to make them again: ${lost.slice(0, MOST).join('; ')}${more}. All are in the script that '${script}' prints`,
  )
}

/** Of the grants of a script those on some tables of a database, or on all that is in it and on itself, for their present names. */
export function lostGrants(
  statements: readonly string[],
  former: string,
  database: string,
  tables: ReadonlyMap<string, string> | 'all',
): string[] {
  const byName =
    tables === 'all'
      ? undefined
      : new Map([...tables].map(([name, target]) => [quoteQualified(former, name), quoteQualified(database, target)]))
  const inside = `${quoteName(former)}.`
  return statements.flatMap((text) => {
    const grant = readGrant(text)
    if (!grant) return []
    return grant.names.flatMap((name) => {
      const now = byName
        ? grant.kind === 'TABLE' && byName.get(name)
        : name === quoteName(former)
          ? quoteName(database)
          : name.startsWith(inside) && `${quoteName(database)}.${name.slice(inside.length)}`
      return now ? [`GRANT ${grant.privileges} ON ${grant.kind} ${now} TO ${grant.to}`] : []
    })
  })
}

const brief = (names: readonly string[]) =>
  `${names.slice(0, 5).join(', ')}${names.length > 5 ? ` and ${names.length - 5} more` : ''}`
