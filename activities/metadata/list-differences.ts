import { createHash } from 'node:crypto'
import type { MetadataCounts } from '../../contract/index.ts'
import {
  compareDefinitions,
  compareIndexes,
  definitionsOfIndexes,
  difference,
  refusals,
} from '../../starrocks/ddl/index.ts'
import { describeAll, listMaterializedViews, showCreate } from '../../starrocks/index.ts'
import { setBounded } from '../set-bounded.ts'
import { mapConcurrently } from './concurrency.ts'
import { isNotFound } from './failure.ts'
import type { InventoryEntry } from './inventory.ts'
import type { Pair, Side } from './pair.ts'
import { readPartitionDigests } from './partition-digests.ts'
import { isWanted, lacksForeignKeys, livesByItself } from './plan-existing.ts'
import type { PlanningSession } from './plan-table.ts'
import { isUnreadable, readModel, rollupTexts } from './read-table.ts'
import type { SettledNulls } from './settled-nulls.ts'
import { targetOnlyObjects } from './target-only.ts'

export interface Differences {
  /** Source tables to align, in name order: different, missing, refused, or busy. */
  different: string[]
  counts: MetadataCounts
}

type Verdict = 'same' | 'different' | 'refused'

/**
 * Remembers what comparing two texts gave, so that only tables whose text changed are read and compared again. Bounded: the oldest go first.
 */
export class VerdictCache {
  readonly #verdicts = new Map<string, Verdict>()
  readonly #limit: number

  constructor(limit = 100_000) {
    this.#limit = limit
  }

  get(key: string): Verdict | undefined {
    return this.#verdicts.get(key)
  }

  set(key: string, verdict: Verdict): void {
    setBounded(this.#verdicts, key, verdict, this.#limit)
  }
}

/**
 * Compares every selected table with its copy: definitions by SHOW CREATE TABLE (four at a time on each cluster), partitions by one statement a
 * cluster, rollups only where there are any. May name a table that turns out equal on a closer look, never leaves out one that differs.
 */
export async function findDifferences(
  session: PlanningSession,
  cache: VerdictCache,
  nulls: SettledNulls,
): Promise<Differences> {
  const { pair } = session
  const entries = [...session.source.entries.values()]
    .filter((entry) => entry.kind === 'table' || entry.kind === 'external table')
    .filter((entry) => pair.selection.includes(entry.database, entry.name))
    .sort((a, b) => (a.full < b.full ? -1 : a.full > b.full ? 1 : 0))

  const both: { entry: InventoryEntry; there: InventoryEntry }[] = []
  const different = new Set<string>()
  const refused = new Set<string>()
  for (const entry of entries) {
    const name = pair.rename(entry)
    const there = session.target.get(name.database, name.name)
    if (entry.kind === 'external table') refused.add(entry.full)
    else if (there?.kind !== 'table') different.add(entry.full)
    else both.push({ entry, there })
  }

  const listings = new RollupListings()
  const partitions = comparePartitions(session, both, nulls)
  // Awaited below; when something else fails first, its failure must not go unheard, which would end the process.
  partitions.catch(() => undefined)
  // Tables without a copy are compared too, with nothing: to count those that can have none.
  const missing = [...different].flatMap((full) => session.source.entries.get(full) ?? [])
  await mapConcurrently(
    [...both, ...missing.map((entry) => ({ entry, there: undefined }))],
    4,
    async ({ entry, there }) => {
      const verdict = await compareOne(session, cache, listings, entry, there)
      if (verdict === 'refused') refused.add(entry.full)
      else if (verdict === 'different') different.add(entry.full)
    },
  )
  for (const full of await partitions) different.add(full)
  for (const full of refused) different.add(full)

  const targetOnly = targetOnlyObjects(session).filter(({ kind }) => kind === 'table').length
  return {
    different: entries.filter((entry) => different.has(entry.full)).map((entry) => entry.full),
    counts: {
      sourceTables: entries.length,
      alignedTables: entries.length - different.size,
      differentTables: different.size - refused.size,
      targetOnlyTables: targetOnly,
      refusedTables: refused.size,
    },
  }
}

async function comparePartitions(
  { pair }: PlanningSession,
  both: readonly { entry: InventoryEntry; there: InventoryEntry }[],
  nulls: SettledNulls,
): Promise<string[]> {
  const sourceTables = new Map(both.map(({ entry }) => [entry.full, entry]))
  const targetTables = new Map(both.map(({ there }) => [there.full, there]))
  const [source, target] = await Promise.all([
    readPartitionDigests(pair.source, sourceTables, pair.signal),
    readPartitionDigests(pair.target, targetTables, pair.signal),
  ])
  const isSame = ({ entry, there }: (typeof both)[number]) =>
    source.get(entry.full)?.text === target.get(there.full)?.text
  const different = both.filter((one) => !isSame(one))
  // Few tables have such partitions.
  await mapConcurrently(
    both.filter((one) => isSame(one) && source.get(one.entry.full)?.printsNull),
    4,
    async (one) => {
      if (await differAsNulls(pair, one, nulls)) different.push(one)
    },
  )
  return different.map(({ entry }) => entry.full)
}

async function differAsNulls(
  pair: Pair,
  { entry, there }: { entry: InventoryEntry; there: InventoryEntry },
  nulls: SettledNulls,
): Promise<boolean> {
  try {
    return await nulls.differ(pair, entry, there)
  } catch (error) {
    // As when definitions are compared: the closer look tells.
    if (isNotFound(error) || isUnreadable(error)) return true
    throw error
  }
}

async function compareOne(
  session: PlanningSession,
  cache: VerdictCache,
  listings: RollupListings,
  entry: InventoryEntry,
  there: InventoryEntry | undefined,
): Promise<Verdict> {
  const { pair } = session
  try {
    const [from, to] = await Promise.all([
      showCreate(pair.source.cluster, entry.database, entry.name, { signal: pair.signal }),
      there && showCreate(pair.target.cluster, there.database, there.name, { signal: pair.signal }),
    ])
    const key = cacheKey(session, entry, from.text, to?.text ?? '')
    let verdict = cache.get(key)
    if (verdict === undefined) {
      verdict = await compareTexts(session, entry, from.text, there, to?.text)
      cache.set(key, verdict)
    }
    return verdict === 'same' && there ? await compareRollups(session, listings, entry, there) : verdict
  } catch (error) {
    // Gone, or made by the target only half: the closer look tells.
    if (isNotFound(error)) return 'different'
    if (isUnreadable(error)) return 'refused'
    throw error
  }
}

function cacheKey({ pair }: PlanningSession, entry: InventoryEntry, from: string, to: string): string {
  const { spec, source, target } = pair
  const name = pair.rename(entry)
  return createHash('sha1')
    .update(JSON.stringify([source.version.text, target.version.text, target.runMode, pair.writeFor.experimental]))
    .update(JSON.stringify([entry.full, name, spec.placement, spec.sync, from, to]))
    .digest('base64')
}

async function compareTexts(
  { pair, unknownProperties }: PlanningSession,
  entry: InventoryEntry,
  from: string,
  there: InventoryEntry | undefined,
  to: string | undefined,
): Promise<Verdict> {
  const source = await readModel(pair.source, entry, from, pair.signal)
  if (refusals(source, { target: pair.writeFor, placement: pair.placement }).length > 0) return 'refused'
  if (!there || to === undefined) return 'different'
  const target = await readModel(pair.target, there, to, pair.signal)
  if (lacksForeignKeys({ model: source }, { model: target }, pair) || livesByItself(target)) return 'different'
  const found = difference(source, target, {
    target: pair.writeFor,
    source: entry,
    rename: pair.rename,
    placement: pair.placement,
    from: pair.source,
    // The number of an unpartitioned table whose text has none is compared with its partition.
    buckets: target.distribution?.kind === 'other' ? undefined : target.distribution?.buckets,
    unknownProperties,
  })
  return found.some((one) => isWanted(one, pair.spec.sync)) ? 'different' : 'same'
}

async function compareRollups(
  { pair }: PlanningSession,
  listings: RollupListings,
  entry: InventoryEntry,
  there: InventoryEntry,
): Promise<Verdict> {
  if (entry.indexCount <= 1 && there.indexCount <= 1) return 'same'
  if (entry.indexCount !== there.indexCount) return 'different'
  const read = async (side: Side, { database, name }: InventoryEntry) => {
    const [indexes, listed] = await Promise.all([
      describeAll(side.cluster, database, name, { signal: pair.signal }),
      listings.of(side, database, pair.signal),
    ])
    return { table: name, indexes, definitions: definitionsOfIndexes({ database, name }, indexes, listed) }
  }
  const [source, target] = await Promise.all([read(pair.source, entry), read(pair.target, there)])
  const found = compareIndexes(source, target)
  const others = compareDefinitions(source.definitions, target.definitions, { source: entry, rename: pair.rename })
  return found.length + others.length > 0 ? 'different' : 'same'
}

type RollupTexts = ReturnType<typeof rollupTexts>

/** What SHOW MATERIALIZED VIEWS tells of the rollups of each database: asked once for all of its tables, and only where a table has one. */
class RollupListings {
  readonly #listed = new Map<string, Promise<RollupTexts>>()

  of({ name, cluster }: Side, database: string, signal?: AbortSignal): Promise<RollupTexts> {
    const key = JSON.stringify([name, database])
    const known = this.#listed.get(key)
    if (known) return known
    const listed = listMaterializedViews(cluster, database, { signal }).then(rollupTexts)
    this.#listed.set(key, listed)
    return listed
  }
}
