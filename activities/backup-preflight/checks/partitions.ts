import type { Finding } from '../../../contract/findings.ts'
import { someOf, warning } from '../../../planning/backup-preflight/make-finding.ts'
import { listPartitions, partitionsMeta } from '../../../starrocks/index.ts'
import { mapConcurrently } from '../../metadata/concurrency.ts'
import { type BackupContext, namesWhere } from '../backup-context.ts'
import { unlessRefused } from '../unless-refused.ts'

export interface PartitionTotals {
  /** Names, some of them; not known: undefined. */
  temporary?: string[]
  /** Of one replica. */
  bytes?: number
  partitions?: number
}

/** Beyond so many databases all of the cluster are asked for: a statement has to stay readable. */
const MOST_DATABASES = 500
/** So many tables are asked one by one where no backend tells of all at once. */
const MOST_TABLES = 200

/** Sizes and temporary partitions of all chosen tables, by one statement where a backend answers it. */
export async function readPartitionTotals(context: BackupContext): Promise<PartitionTotals> {
  const { side, databases, signal } = context
  const chosen = new Set(namesWhere(context, ({ type }) => type === 'OLAP'))
  if (chosen.size === 0) return { temporary: [], bytes: 0, partitions: 0 }
  const names = databases.map(({ name }) => name)
  const options = { signal, ...(names.length <= MOST_DATABASES ? { databases: names } : {}) }
  const all = async (): Promise<PartitionTotals> => {
    const temporary = new Set<string>()
    let bytes = 0
    let partitions = 0
    for await (const row of partitionsMeta(side.cluster, options)) {
      const full = `${row.database}.${row.table}`
      if (!chosen.has(full)) continue
      if (row.temporary) temporary.add(full)
      else {
        bytes += Number(row.dataSizeBytes)
        partitions++
      }
    }
    return { temporary: [...temporary], bytes, partitions }
  }
  const totals = await all().catch(unlessRefused)
  if (totals) return totals
  if (chosen.size > MOST_TABLES) return {}
  const found = await mapConcurrently(
    databases.flatMap(({ name, objects }) =>
      objects.filter(({ type }) => type === 'OLAP').map((table) => [name, table.name] as const),
    ),
    4,
    async ([database, table]) => {
      const rows = await listPartitions(side.cluster, database, table, { temporary: true, signal }).catch(unlessRefused)
      return (rows ?? []).length > 0 ? [`${database}.${table}`] : []
    },
  )
  return { temporary: found.flat() }
}

/** One table with temporary partitions is enough for StarRocks to refuse a whole statement. */
export function checkTemporaryPartitions({ spec }: BackupContext, { temporary = [] }: PartitionTotals): Finding[] {
  if (temporary.length === 0) return []
  return [
    warning(
      'temporary-partitions',
      spec.cluster,
      `Tables have temporary partitions, with which StarRocks backs up none: ${someOf(temporary)}`,
      'An INSERT OVERWRITE has some while it runs. They are waited for, and left out if they stay; drop those that nobody needs (ALTER TABLE … DROP TEMPORARY PARTITION)',
    ),
  ]
}
