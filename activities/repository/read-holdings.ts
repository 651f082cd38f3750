import type { Holdings } from '../../planning/backup/catalogue.ts'
import type { Repository } from '../../repository/index.ts'
import type { DeletionMark } from './deletion-marks.ts'
import type { Damaged } from './repository-objects.ts'
import { objectsOf } from './repository-objects.ts'

/** What a repository holds, from a few listings and the records; content objects are never listed. Errors: StorageError. */
export async function readHoldings(
  repository: Repository,
  signal?: AbortSignal,
): Promise<Holdings & { labels: ReadonlySet<string>; damaged: Damaged[]; marks: ReadonlyMap<string, DeletionMark> }> {
  const objects = objectsOf(repository)
  // Records after intents: a backup that ends in between writes its record before it takes its intent back, so it is in one of them.
  const intents = await objects.intents({ signal })
  const [{ heads, damaged }, marks, labels] = await Promise.all([
    objects.heads({ signal }),
    objects.marks.list({ signal }),
    collect(repository.listSnapshots({ signal })),
  ])
  return {
    records: heads,
    damaged,
    labels,
    marks,
    marked: new Set(marks.keys()),
    intents: new Map(intents.map(({ intent }) => [intent.label, intent.workflowId])),
  }
}

async function collect(labels: AsyncIterable<string>): Promise<Set<string>> {
  const all = new Set<string>()
  for await (const label of labels) all.add(label)
  return all
}
