import { asideName } from '../../planning/restore/restore-names.ts'
import { restoredLater } from '../../planning/restore/restore-steps.ts'
import { listDatabases } from '../../starrocks/index.ts'
import { catalogNames, kindOf, readDatabase } from './live-objects.ts'
import type { RestoreContext } from './restore-context.ts'
import { renameDatabaseStatement, renameTableStatement } from './step-statements.ts'

/**
 * What has changed under the live names since the check, so that what was restored cannot take them now: told before anything is published, since
 * a publication that fails takes everything back. Sentences with what to do. Errors: StarRocksError.
 */
export async function publishObstacles(context: RestoreContext): Promise<string[]> {
  const { cluster, outline, basis, signal } = context
  const { database, tables, scratch } = outline
  if (outline.renames && !basis.databaseExisted) {
    const names = new Set((await listDatabases(cluster, { signal })).map(({ name }) => name))
    // Without the scratch database the name may be its own already.
    if (!names.has(database) || !names.has(scratch)) return []
    const away = renameDatabaseStatement(database, `${database}_other`)
    return [`Database ${database} was made meanwhile by somebody: rename it (${away}) or drop it`]
  }
  const named = tables.filter(
    ({ route }) => route === 'rename' || route === 'rebackup' || route === 'swap' || route === 'rebackup-swap',
  )
  const later = restoredLater(outline)
  if (named.length === 0 && later.length === 0) return []
  const objects = (await readDatabase(cluster, database, signal))?.objects
  const obstacles = named.flatMap(({ target, route }): string[] => {
    const live = objects?.get(target)
    const aside = asideName(target, basis.hash)
    // Without the restored table beside it the name may be its own already.
    if (!live || !objects?.has(aside)) return []
    if (route === 'rename' || route === 'rebackup') {
      const away = renameTableStatement(database, target, `${target}_other`)
      return [`${database}.${target} was made meanwhile by somebody: rename it (${away}) or drop it`]
    }
    if (kindOf(live) !== 'table') return [`${database}.${target} is no table any more: rename or drop it`]
    if (live.state !== '' && live.state !== 'NORMAL')
      return [`${database}.${target} is being altered (${live.state}): wait for its end`]
    return []
  })
  const catalogs = later.some(({ kind }) => kind === 'catalog') ? await catalogNames(cluster, signal) : new Set()
  for (const { kind, target } of later) {
    if (kind === 'catalog' ? catalogs.has(target) : kind !== 'function' && objects?.has(target)) {
      const what = kind === 'catalog' ? `External catalog ${target}` : `${database}.${target}`
      obstacles.push(`${what} was made meanwhile by somebody: drop it`)
    }
  }
  return obstacles
}
