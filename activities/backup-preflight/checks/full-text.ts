import { hasFullTextIndex } from '../../../planning/backup-preflight/full-text.ts'
import { knownBackupBugs, showCreate, type Version } from '../../../starrocks/index.ts'
import { mapConcurrently } from '../../metadata/concurrency.ts'
import type { BackupCheck } from '../backup-context.ts'
import { unlessRefused } from '../unless-refused.ts'
import { ofTables } from './objects.ts'

/** More tables than these are not asked one by one here; each backup asks all of its own anyway, and leaves such tables out. */
const MOST = 2_000

/** Whether uploads of tables with such an index fail on this version. */
export const failsWithFullText = (version: Version): boolean =>
  knownBackupBugs(version).some(({ id }) => id === 'full-text-index')

/** Tables with a full-text index (GIN): their uploads fail until the job times out. */
export const checkFullText: BackupCheck = async (context) => {
  const { side, databases, signal } = context
  const tables = databases.flatMap(({ name, objects }) =>
    objects.filter(({ type }) => type === 'OLAP').map((table) => [name, table.name] as const),
  )
  if (!failsWithFullText(side.version) || tables.length > MOST) return []
  const found = await mapConcurrently(tables, 4, async ([database, table]) => {
    const created = await showCreate(side.cluster, database, table, { signal }).catch(unlessRefused)
    return created && hasFullTextIndex(created.text) ? [`${database}.${table}`] : []
  })
  const why = 'have a full-text (GIN) index, which StarRocks cannot upload'
  return ofTables(context, 'full-text-index', found.flat(), why, 'warning')
}
