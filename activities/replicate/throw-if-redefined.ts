import { isSameSchema } from '../../planning/schema-mark.ts'
import { indexSchemas } from '../../starrocks/index.ts'
import { stale } from '../failures.ts'
import { type ComparedDefinition, isStillSame } from './definitions.ts'
import { type Moment, momentOf } from './schema-trust.ts'
import type { TablePair } from './table-pair.ts'

/**
 * Looks at the source's columns once more where versions were read later than they were. What was loaded in between under other columns is in
 * these versions: it would be copied by the old ones, and a job that says so is believed for good. Throws `Stale` (to be aligned).
 */
export async function throwIfRedefined(pair: TablePair, moment: Moment, compared: ComparedDefinition): Promise<void> {
  const { cluster, databaseId, entry, full } = pair.source
  const now = momentOf(pair, await indexSchemas(cluster, databaseId, entry.id))
  if (isSameSchema(now, moment) && (await isStillSame(pair, compared))) return
  throw stale(`the columns of ${full} changed while partitions of its copy were emptied`, { align: true })
}
