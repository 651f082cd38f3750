import {
  epochToSend,
  partitionVerdict,
  physicalKey,
  type RememberedCopy,
  type SourceVersion,
  type Verdict,
  versionOf,
} from '../../planning/partition-verdict.ts'
import { listPartitions, type PartitionRow } from '../../starrocks/index.ts'
import { refused, stale } from '../failures.ts'
import { epochsOf } from '../pollers/epochs.ts'
import type { TablePair } from './table-pair.ts'

/** A physical partition of the source, its copy, and what has to be done. */
export interface PartitionPair {
  /** On the target. Only that of a table without partitioning, which is called like the table, can be another one at the source. */
  name: string
  /** The same, and told apart where several physical partitions have one name. */
  key: string
  source: PartitionRow
  target: PartitionRow
  /** To send, and to find again. */
  version: bigint
  epoch: bigint
  verdict: Verdict
}

/** What starferry itself knows of a copy, by its key and its id on the target, that is at this version; for targets that do not tell. */
export type Recall = (key: string, id: bigint, version: bigint) => RememberedCopy | undefined

/** Reads both sides, the source first: what the target shows afterwards can only be newer than what it is compared with. */
export async function readPartitionPairs(pair: TablePair, recall: Recall): Promise<PartitionPair[]> {
  const epochs = epochsOf(pair.source.cluster)
  const rows = await listPartitions(pair.source.cluster, pair.source.database, pair.source.name)
  const source = rows.map((row) => {
    const formerEpochs = epochs.note(row)
    return formerEpochs.length === 0 ? row : { ...row, formerEpochs }
  })
  const target = await listPartitions(pair.target.cluster, pair.target.database, pair.target.name)
  return matchPartitions(pair, source, target, recall)
}

/**
 * Matches by name, and physical partitions of one name by ascending id. Throws `Stale` (to be aligned) when the target lacks one, `Refused`
 * when a partition consists of another number of physical ones. What only the target has does not disturb.
 */
export function matchPartitions(
  pair: Pick<TablePair, 'source' | 'target'>,
  source: readonly (PartitionRow & Pick<SourceVersion, 'formerEpochs'>)[],
  target: readonly PartitionRow[],
  recall: Recall,
): PartitionPair[] {
  const copies = grouped(target)
  const pairs: PartitionPair[] = []
  for (const [name, originals] of grouped(source)) {
    const twins = copies.get(name) ?? onlyPartition(originals, copies)
    if (!twins)
      throw stale(`partition ${name} of ${pair.target.full} does not exist on the target yet`, { align: true })
    if (twins.length !== originals.length) {
      throw refused(
        `partition ${name} of ${pair.source.full} consists of ${originals.length} physical partitions on the source and of ${twins.length} on the target; StarRocks has no statement that makes more of them`,
      )
    }
    for (const [place, original] of originals.entries()) {
      const twin = twins[place]
      if (!twin) continue
      if (original.buckets !== twin.buckets) {
        throw stale(
          `partition ${name} of ${pair.source.full} has ${original.buckets} buckets on the source and ${twin.buckets} on the target`,
          { align: true },
        )
      }
      const key = physicalKey(twin.name, place)
      pairs.push({
        name: twin.name,
        key,
        source: original,
        target: twin,
        version: original.visibleVersion,
        epoch: epochToSend(original),
        verdict: partitionVerdict(original, twin, recall(key, twin.id, versionOf(twin))),
      })
    }
  }
  return pairs
}

/** The only partition of a table without partitioning is called like the table, which may have another name on the target. */
function onlyPartition(
  originals: readonly PartitionRow[],
  copies: ReadonlyMap<string, PartitionRow[]>,
): PartitionRow[] | undefined {
  const [twins, ...others] = copies.values()
  if (!twins || others.length > 0) return undefined
  const isWhole = ({ rangeText, listText }: PartitionRow) => rangeText === undefined && listText === undefined
  return [...originals, ...twins].every(isWhole) ? twins : undefined
}

function grouped<R extends PartitionRow>(rows: readonly R[]): Map<string, R[]> {
  const groups = new Map<string, R[]>()
  for (const row of rows) {
    const same = groups.get(row.name)
    if (same) same.push(row)
    else groups.set(row.name, [row])
  }
  return groups
}
