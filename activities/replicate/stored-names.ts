import { log } from '@temporalio/activity'
import { versionOf } from '../../planning/partition-verdict.ts'
import { compareStored, type StoredVerdict } from '../../planning/stored-names.ts'
import {
  type IndexSchema,
  indexSchemas,
  isAtLeast,
  type PartitionReplication,
  type ReplicaBackend,
  StarRocksError,
  type TabletColumns,
  tabletColumns,
  tablets,
} from '../../starrocks/index.ts'
import { refused } from '../failures.ts'
import { facts } from '../pollers/facts.ts'
import type { ComparedDefinition } from './definitions.ts'
import { livingBackends, replicaSources } from './pair-tablets.ts'
import type { PartitionPair } from './partition-pairs.ts'
import type { TablePair } from './table-pair.ts'
import { baseOf, indexesOf } from './tablet-map.ts'

/** A backend that cannot be reached must not hold up what does not depend on it. */
const ANSWER_MS = 5_000
/** Replicas that are asked. */
const MOST_ASKED = 3
/** Tables of which is remembered what was found. */
const MOST_KNOWN = 20_000

/** By source table: the state of both tables under which all was well. */
const known = new WeakMap<object, Map<string, string>>()

/**
 * Refuses a table of which a column was renamed where its copy would be wrong: the replication goes by names that only backends know. One tablet's
 * backend is asked, once for each state of the columns. Where none can be reached from here nothing is known, and the table is copied as before;
 * the preflight tells.
 *
 * A shared-data source tells these names nowhere; one before 3.3 cannot rename. `mapped`: what is about to be sent, so that no tablet has to be looked up.
 */
export async function checkStoredNames(
  pair: TablePair,
  { model }: ComparedDefinition,
  indexes: readonly IndexSchema[],
  partitions: readonly PartitionPair[],
  mapped: readonly PartitionReplication[] = [],
): Promise<void> {
  const { source, target, spec } = pair
  const { version, runMode } = source.capabilities
  if (spec.allow.renamedColumns || runMode !== 'shared_nothing' || !isAtLeast(version, 3, 3)) return
  const base = baseOf(source, indexes)
  const filled = partitions.filter((partition) => versionOf(partition.source) > 1n)
  if (!base || filled.length === 0) return
  const printed = model.columns.map(({ name }) => name)
  const key = `${source.databaseId}/${source.entry.id}`
  const state = JSON.stringify([String(base.id), base.schemaVersion, printed, String(target.entry.id)])
  const found = known.get(source.cluster) ?? new Map<string, string>()
  known.set(source.cluster, found)
  if (found.get(key) === state) return
  const last = latest(filled)
  const sent = [...(mapped.find(({ sourcePartitionId }) => sourcePartitionId === last?.source.id)?.indexes ?? [])]
  const [tablet] = sent[indexes.indexOf(base)]?.tablets ?? []
  const asked = tablet ? { id: tablet.sourceTabletId, doors: tablet.backends } : await findTablet(pair, base, last)
  const stored = asked && (await ask(source.full, asked))
  if (!stored) return
  const verdict = compareStored({ printed, version: base.schemaVersion, stored })
  if (!(await isRight(pair, verdict))) throw refused(whyRefused(source.full, verdict))
  found.delete(key)
  found.set(key, state)
  const [oldest] = found.keys()
  if (found.size > MOST_KNOWN && oldest !== undefined) found.delete(oldest)
}

/** What was loaded last has heard of the latest change. */
function latest(partitions: readonly PartitionPair[]): PartitionPair | undefined {
  const at = ({ source }: PartitionPair) => source.visibleVersionTime ?? ''
  return partitions.reduce<PartitionPair | undefined>((a, b) => (a && at(a) >= at(b) ? a : b), undefined)
}

/** One of which a backend can be asked. */
interface AskedTablet {
  id: bigint
  doors: readonly ReplicaBackend[]
}

async function findTablet(
  { source }: TablePair,
  base: IndexSchema,
  partition: PartitionPair | undefined,
): Promise<AskedTablet | undefined> {
  if (!partition) return undefined
  const backends = livingBackends(await facts(source.cluster).backends(), source.handle.addressMap)
  const own = await indexesOf(source, partition.source.id)
  const index = own ? own.get(base.name)?.id : base.id
  if (index === undefined) return undefined
  const [tablet] = await tablets(source.cluster, source.databaseId, source.entry.id, partition.source.id, index)
  return tablet && { id: tablet.id, doors: replicaSources(tablet, partition.source.visibleVersion, backends) }
}

async function ask(table: string, { id, doors }: AskedTablet): Promise<TabletColumns | undefined> {
  for (const { host, httpPort } of doors.slice(0, MOST_ASKED)) {
    try {
      const answer = await tabletColumns({ host, port: httpPort }, id, { timeoutMs: ANSWER_MS })
      if (answer) return answer
    } catch (error) {
      if (!(error instanceof StarRocksError)) throw error
      log.info('a backend does not tell its columns', { table, error: error.message })
    }
  }
  return undefined
}

/** Renamed columns are read by their ids where no id has to be rewritten: as in a copy that was made in one piece. */
async function isRight({ target }: TablePair, verdict: StoredVerdict): Promise<boolean> {
  if (verdict.verdict === 'alike') return true
  if (verdict.verdict === 'unclear' || !verdict.inOrder) return false
  const copy = baseOf(target, await indexSchemas(target.cluster, target.databaseId, target.entry.id))
  return copy?.schemaVersion === 0
}

const REMEDY =
  'Make the table anew at the source (CREATE TABLE … LIKE, INSERT INTO … SELECT, ALTER TABLE … SWAP WITH), or set allow.renamedColumns if its rows are compared by other means'

function whyRefused(table: string, verdict: StoredVerdict): string {
  if (verdict.verdict === 'unclear') {
    return `${table}: backends have columns ${verdict.surplus.join(', ')} and not ${verdict.missing.join(', ')}; were they renamed, the replication would leave them empty in the copy, without a word. Load a row into the table: then its backends tell. Else: ${REMEDY}`
  }
  const columns = verdict.verdict === 'renamed' ? verdict.columns : []
  const renamed = columns.map(({ name, stored }) => `${name} (${stored})`).join(', ')
  return `${table}: columns were renamed, which the source's backends do not know: ${renamed}. The replication goes by the backends' names and would fill them with wrong values or none, without a word. ${REMEDY}`
}
