import type { Manifest, ManifestIndex } from '../layout/manifest.ts'
import { indexDirectory, tabletName } from '../layout/names.ts'

export interface ExpectedTablet {
  table: string
  partition: string
  /** File names of the manifest, where it lists any. */
  files: string[] | undefined
}

interface ExpectedIndex {
  table: string
  partition: string
  index: ManifestIndex
  /** Not met yet. */
  left: Set<bigint>
}

/** The tablets that a manifest names, ticked off as they are met. Kept by index: there may be millions, and paths are long. */
export class ExpectedTablets {
  readonly count: number
  readonly #indexes = new Map<string, ExpectedIndex>()

  constructor({ databaseId, tables }: Manifest) {
    let count = 0
    for (const [table, { id, partitions }] of tables) {
      for (const [partition, { physical }] of partitions) {
        for (const { id: physicalId, indexes } of physical) {
          for (const index of indexes) {
            const directory = indexDirectory({
              database: databaseId,
              table: id,
              partition: physicalId,
              index: index.id,
            })
            this.#indexes.set(directory, { table, partition, index, left: new Set(index.tablets) })
            count += index.tablets.length
          }
        }
      }
    }
    this.count = count
  }

  /** Ticks off the tablet of a directory below the snapshot; undefined when the manifest names none there, or it was met before. */
  meet(directory: string): ExpectedTablet | undefined {
    const [, above = '', digits] = /^(.*\/)__(\d+)\/$/.exec(directory) ?? []
    const expected = this.#indexes.get(above)
    const tablet = digits === undefined ? undefined : BigInt(digits)
    if (!expected || tablet === undefined || !expected.left.delete(tablet)) return undefined
    const { table, partition, index } = expected
    return { table, partition, files: index.files?.get(tablet) }
  }

  /** Those not met. */
  *missing(): Generator<ExpectedTablet & { directory: string }> {
    for (const [above, { table, partition, index, left }] of this.#indexes) {
      for (const tablet of left) {
        yield { directory: above + tabletName(tablet), table, partition, files: index.files?.get(tablet) }
      }
    }
  }
}
