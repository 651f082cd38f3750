import { hasFullTextIndex } from '../../../planning/backup-preflight/full-text.ts'
import { isAtLeast, knownBackupBugs, showCreate } from '../../../starrocks/index.ts'
import { mapConcurrently } from '../../metadata/concurrency.ts'
import type { BackupCheck } from '../backup-context.ts'
import { unlessRefused } from '../unless-refused.ts'
import { ofTables } from './objects.ts'

/** More tables than these are not asked one by one here; each backup asks all of its own anyway, and leaves such tables out. */
const MOST = 2_000

/** Tables with a full-text index (GIN): their uploads fail until the job times out. */
export const checkFullText: BackupCheck = async (context) => {
  const { side, databases, signal } = context
  const concerned =
    isAtLeast(side.version, 3, 3) && knownBackupBugs(side.version).some(({ id }) => id === 'full-text-index')
  const tables = databases.flatMap(({ name, objects }) =>
    objects.filter(({ type }) => type === 'OLAP').map((table) => [name, table.name] as const),
  )
  if (!concerned || tables.length > MOST) return []
  const found = await mapConcurrently(tables, 4, async ([database, table]) => {
    const created = await showCreate(side.cluster, database, table, { signal }).catch(unlessRefused)
    return created && hasFullTextIndex(created.text) ? [`${database}.${table}`] : []
  })
  const why = 'have a full-text (GIN) index, which StarRocks cannot upload'
  return ofTables(context, 'full-text-index', found.flat(), why, 'warning')
}
