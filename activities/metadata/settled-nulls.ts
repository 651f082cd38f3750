import { nullKey, printedNulls } from '../../starrocks/ddl/index.ts'
import { listPartitions } from '../../starrocks/index.ts'
import { setBounded } from '../set-bounded.ts'
import { askNulls } from './ask-nulls.ts'
import type { InventoryEntry } from './inventory.ts'
import type { Pair, Side } from './pair.ts'
import { readTable } from './read-table.ts'

const MOST = 20_000

/**
 * List partitions that print NULL on both sides can still be another's: NULL on the one, the string on the other, made by hand or by a guess while
 * they were empty. The clusters tell once they have rows. Settled are those of which both told, and the same; they stay so as long as no partition
 * is made again.
 */
export class SettledNulls {
  readonly #settled = new Map<string, string>()

  /** Whether a printed NULL of these two is known to be different. */
  async differ(pair: Pair, entry: InventoryEntry, there: InventoryEntry): Promise<boolean> {
    const key = JSON.stringify([pair.source.name, entry.full, pair.target.name, there.full])
    const before = await partitionIds(pair, entry, there)
    if (this.#settled.get(key) === before) return false
    const [source, target] = await Promise.all([
      meanings(pair.source, entry, pair.signal),
      meanings(pair.target, there, pair.signal),
    ])
    const open = source.keys.filter((printed) => !source.known.has(printed) || !target.known.has(printed))
    const differ = source.keys.some((printed) => {
      const [from, to] = [source.known.get(printed), target.known.get(printed)]
      return from !== undefined && to !== undefined && from !== to
    })
    if (!differ && open.length === 0) setBounded(this.#settled, key, before, MOST)
    return differ
  }
}

async function partitionIds({ source, target, signal }: Pair, entry: InventoryEntry, there: InventoryEntry) {
  const ids = async ({ cluster }: Side, { database, name }: InventoryEntry) =>
    (await listPartitions(cluster, database, name, { signal })).map(({ id }) => String(id))
  return JSON.stringify(await Promise.all([ids(source, entry), ids(target, there)]))
}

/** By name and place: they are the same on both sides. */
async function meanings(side: Side, entry: InventoryEntry, signal?: AbortSignal) {
  const facts = await readTable(side, entry, signal)
  const keys = facts.partitions.flatMap(({ shape }) =>
    printedNulls(facts.model, shape).map(({ tuple, column }) => nullKey(shape.name, tuple, column)),
  )
  return { keys, known: await askNulls(side, facts, signal) }
}
