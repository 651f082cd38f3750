import { log } from '@temporalio/activity'
import { judgeStored, type StoredVerdict } from '../../planning/stored-names.ts'
import {
  type IndexSchema,
  indexSchemas,
  isAtLeast,
  type PartitionReplication,
  type ReplicaBackend,
  StarRocksError,
  type TabletColumns,
  tabletColumns,
  tabletSources,
} from '../../starrocks/index.ts'
import { busyTable, refused } from '../failures.ts'
import { mapConcurrently } from '../metadata/concurrency.ts'
import { facts } from '../pollers/facts.ts'
import { setBounded } from '../set-bounded.ts'
import type { ComparedDefinition } from './definitions.ts'
import { livingBackends, replicaSources } from './pair-tablets.ts'
import type { PartitionPair } from './partition-pairs.ts'
import type { TablePair, TableSide } from './table-pair.ts'
import { baseOf, indexesOf } from './tablet-map.ts'

/** A backend that cannot be reached must not hold up what does not depend on it. */
const ANSWER_MS = 3_000
/** Nor again and again; and tables that wait for its answer must not wait long once it is back. */
const SILENT_MS = 30_000
/** Tablets of the partition that was loaded last which are asked whether they have heard of the last change. */
const MOST_ASKED = 3
/** Tables of which is remembered what was found. */
const MOST_KNOWN = 20_000
const WIDTH = 4

/** What was found of a table while its columns, and those of its copy, are in one state. */
interface Found {
  state: string
  /** Unset: no tablet has heard of the last change. */
  current: TabletColumns['columns'] | undefined
  fresh: boolean
  /** Source partitions that come out right. */
  right: Set<bigint>
}

const known = new WeakMap<object, Map<string, Found>>()
/** Clusters of which some backend has answered: they can be reached from here. */
const reached = new WeakSet<object>()
/** When backends that did not answer are asked again. */
const silent = new WeakMap<object, Map<string, number>>()

/**
 * Refuses a table of which these partitions would be copied with wrong values, since the replication goes by names and ids of columns that only backends
 * know. A tablet of each is asked for, once for each state of the columns; of a table that was never altered one for all.
 *
 * Where no backend tells, an altered table waits (`Busy`): it may be the very one that was refused before, perhaps by another process. One that was
 * never altered is copied, unless some backend of the cluster has answered this process before, so that they can be reached from here.
 *
 * A shared-data source tells these names nowhere; before 3.3 every change of columns writes the tablets anew, and none can be renamed. `mapped`: what is about
 * to be sent, so that its tablets need not be looked up.
 */
export async function checkStoredNames(
  pair: TablePair,
  { model }: ComparedDefinition,
  indexes: readonly IndexSchema[],
  all: readonly PartitionPair[],
  copied: readonly PartitionPair[],
  mapped: readonly PartitionReplication[] = [],
): Promise<void> {
  const { source, target, spec } = pair
  const { version, runMode } = source.capabilities
  if (spec.allow.renamedColumns || runMode !== 'shared_nothing' || !isAtLeast(version, 3, 3)) return
  const base = baseOf(source, indexes)
  const last = latest(all.filter(hasRows))
  if (!base || !last) return
  const neverAltered = base.schemaVersion === 0
  const printed = model.columns.map(({ name }) => name)
  const state = JSON.stringify([String(base.id), base.schemaVersion, printed, String(target.entry.id)])
  const look = (partition: PartitionPair) => tabletsOf(source, base, indexes.indexOf(base), partition, mapped)
  let found = recall(pair, state)
  // Its tablets are all alike.
  if (neverAltered && found && found.right.size > 0) return
  let first: TabletColumns | undefined
  if (!found?.current) {
    const answers = await askSome(source, (await look(last)).slice(0, MOST_ASKED), base.schemaVersion)
    first = answers[0]
    if (!first) return unanswered(source, last, neverAltered)
    const heard = neverAltered ? first : answers.find(({ schemaVersion }) => schemaVersion === base.schemaVersion)
    const copy = baseOf(target, await indexSchemas(target.cluster, target.databaseId, target.entry.id))
    found = { state, current: heard?.columns, fresh: copy?.schemaVersion === 0, right: new Set() }
    remember(pair, found)
  }
  const { current, fresh, right } = found
  const open = neverAltered ? [last] : copied.filter((one) => hasRows(one) && !right.has(one.source.id))
  await mapConcurrently(open, WIDTH, async (partition) => {
    const stored = partition === last && first ? first : await askFirst(source, await look(partition))
    if (!stored) return unanswered(source, partition, neverAltered)
    const verdict = judgeStored({ printed, version: base.schemaVersion, current, stored, fresh })
    if (verdict.verdict !== 'right') throw refused(whyRefused(`${source.full}, partition ${partition.name}`, verdict))
    // Without a tablet that knows, the next load may tell another story.
    if (current) right.add(partition.source.id)
  })
}

const hasRows = ({ source }: PartitionPair) => source.visibleVersion > 1n

function recall({ source }: TablePair, state: string): Found | undefined {
  const found = known.get(source.cluster)?.get(`${source.databaseId}/${source.entry.id}`)
  return found?.state === state ? found : undefined
}

function remember({ source }: TablePair, found: Found): void {
  const tables = known.get(source.cluster) ?? new Map<string, Found>()
  known.set(source.cluster, tables)
  const key = `${source.databaseId}/${source.entry.id}`
  tables.delete(key)
  setBounded(tables, key, found, MOST_KNOWN)
}

/** What was loaded last has heard of the latest change, if any has. */
function latest(partitions: readonly PartitionPair[]): PartitionPair | undefined {
  const at = ({ source }: PartitionPair) => source.visibleVersionTime ?? ''
  return partitions.reduce<PartitionPair | undefined>((a, b) => (a && at(a) >= at(b) ? a : b), undefined)
}

/** A tablet of the base index, and the backends that have it. */
interface AskedTablet {
  id: bigint
  doors: readonly ReplicaBackend[]
}

async function tabletsOf(
  source: TableSide,
  base: IndexSchema,
  place: number,
  partition: PartitionPair,
  mapped: readonly PartitionReplication[],
): Promise<AskedTablet[]> {
  const sent = mapped.find(({ sourcePartitionId }) => sourcePartitionId === partition.source.id)
  const index = sent && [...sent.indexes][place]
  if (index) return [...index.tablets].map(({ sourceTabletId, backends }) => ({ id: sourceTabletId, doors: backends }))
  const backends = livingBackends(await facts(source.cluster).backends(), source.handle.addressMap)
  const own = await indexesOf(source, partition.source.id)
  const id = own ? own.get(base.name)?.id : base.id
  if (id === undefined) return []
  const listed = await tabletSources(source.cluster, source.databaseId, source.entry.id, partition.source.id, id)
  return listed.map((tablet) => ({
    id: tablet.id,
    doors: replicaSources(tablet, partition.source.visibleVersion, backends),
  }))
}

const askFirst = async (source: TableSide, [tablet]: readonly AskedTablet[]) => tablet && ask(source, tablet)

/** Up to the first that has heard of the last change. */
async function askSome(source: TableSide, some: readonly AskedTablet[], version: number): Promise<TabletColumns[]> {
  const answers: TabletColumns[] = []
  for (const tablet of some) {
    const answer = await ask(source, tablet)
    if (answer) answers.push(answer)
    if (answer?.schemaVersion === version) break
  }
  return answers
}

async function ask({ cluster, full }: TableSide, { id, doors }: AskedTablet): Promise<TabletColumns | undefined> {
  const until = silent.get(cluster) ?? new Map<string, number>()
  silent.set(cluster, until)
  for (const { host, httpPort } of doors) {
    const door = `${host}:${httpPort}`
    if ((until.get(door) ?? 0) > performance.now()) continue
    try {
      const answer = await tabletColumns({ host, port: httpPort }, id, { timeoutMs: ANSWER_MS })
      reached.add(cluster)
      if (answer) return answer
    } catch (error) {
      if (!(error instanceof StarRocksError)) throw error
      until.set(door, performance.now() + SILENT_MS)
      log.info('a backend does not tell its columns, and is not asked for a while', {
        table: full,
        error: error.message,
      })
    }
  }
  return undefined
}

/** Throws `Busy`, unless nothing says that it matters. */
function unanswered({ cluster, full }: TableSide, { name }: PartitionPair, neverAltered: boolean): void {
  if (neverAltered && !reached.has(cluster)) return
  throw busyTable(
    `no backend of ${cluster.name} tells now what the columns of ${full}, partition ${name} are called there (be_http_port, /api/meta/header); a copy without that may get wrong values. Where the worker cannot reach backends at all, set allow.renamedColumns and compare altered tables yourself`,
  )
}

const REMEDY =
  'Make the table anew at the source (CREATE TABLE … LIKE, INSERT INTO … SELECT, ALTER TABLE … SWAP WITH), or set allow.renamedColumns if its rows are compared by other means'

function whyRefused(what: string, verdict: StoredVerdict): string {
  const columns = verdict.verdict === 'wrong' ? `columns ${verdict.columns.join(', ')}` : 'some columns, perhaps,'
  return `${what}: columns were renamed, or came after others were dropped, and the source's backends still go by the former ones: the replication would fill ${columns} with wrong values or none, without a word. ${verdict.verdict === 'unclear' ? 'Once a row was loaded into the table its backends may tell more; a copy that is dropped is made in one piece. ' : ''}${REMEDY}`
}
