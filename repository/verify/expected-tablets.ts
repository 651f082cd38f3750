import type { Manifest } from '../layout/manifest.ts'
import { tabletDirectory } from '../layout/names.ts'

export interface ExpectedTablet {
  table: string
  partition: string
  /** File names of the manifest, where it lists any. */
  files?: string[]
}

/** Every tablet that a manifest names, by its directory below the snapshot. */
export function expectedTablets({ databaseId, tables }: Manifest): Map<string, ExpectedTablet> {
  const expected = new Map<string, ExpectedTablet>()
  for (const [table, { id, partitions }] of tables) {
    for (const [partition, { physical }] of partitions) {
      // One for all tablets of a partition: there may be millions.
      const plain: ExpectedTablet = { table, partition }
      for (const { id: physicalId, indexes } of physical) {
        for (const index of indexes) {
          for (const tablet of index.tablets) {
            const ids = { database: databaseId, table: id, partition: physicalId, index: index.id, tablet }
            const files = index.files?.get(tablet)
            expected.set(tabletDirectory(ids), files ? { ...plain, files } : plain)
          }
        }
      }
    }
  }
  return expected
}
