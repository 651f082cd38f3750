import type { Distribution, KeyType } from './model.ts'
import type { Scanner } from './scanner.ts'

/** Reads `HASH(a, b) BUCKETS 2`, `RANDOM`, …, the scanner after DISTRIBUTED BY. */
export function readDistribution(scanner: Scanner): Distribution {
  if (scanner.takeWord('HASH')) {
    const columns = scanner.names()
    return { kind: 'hash', columns, buckets: readBuckets(scanner) }
  }
  if (scanner.takeWord('RANDOM')) return { kind: 'random', buckets: readBuckets(scanner) }
  return { kind: 'other', text: scanner.until(/\n/).trim() }
}

function readBuckets(scanner: Scanner): number | undefined {
  if (!scanner.takeWord('BUCKETS')) return undefined
  if (scanner.takeWord('AUTO')) return undefined
  return Number(scanner.word())
}

const keyTypes: readonly KeyType[] = ['DUPLICATE', 'AGGREGATE', 'UNIQUE', 'PRIMARY']

/** Reads `DUPLICATE KEY(a, b)` and its siblings, if one comes next. */
export function readKeys(scanner: Scanner): { type: KeyType; columns: string[] } | undefined {
  for (const type of keyTypes) {
    if (scanner.takeWord(type, 'KEY')) return { type, columns: scanner.names() }
  }
  return undefined
}
