import { fullTextIndex } from '../../../planning/backup-preflight/full-text.ts'
import { info, someOf } from '../../../planning/backup-preflight/make-finding.ts'
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
    return { name: `${database}.${table}`, index: created && fullTextIndex(created.text) }
  })
  const having = (index: 'directory' | 'builtin') =>
    found.flatMap((table) => (table.index === index ? [table.name] : []))
  const why = 'have a full-text (GIN) index, which StarRocks cannot upload'
  const builtin = having('builtin')
  return [
    ...ofTables(context, 'full-text-index', having('directory'), why, 'warning'),
    ...(builtin.length === 0
      ? []
      : [
          info(
            'full-text-index',
            context.spec.cluster,
            `Tables have a builtin full-text index: ${someOf(builtin)}. They are backed up; restoring them fails on builds without StarRocks#77101`,
          ),
        ]),
  ]
}
