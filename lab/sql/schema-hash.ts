import type { LabColumn } from '../model.ts'

/** A stable hash of a schema, positive as StarRocks' own: equal columns, types and order give equal hashes. */
export const schemaHash = (columns: readonly LabColumn[], schemaVersion: number): number => {
  let a = 1
  let b = 0
  const text = `${schemaVersion};${columns.map((c) => `${c.name} ${c.type} ${c.aggregation ?? ''}`).join(';')}`
  for (const byte of Buffer.from(text)) {
    a = (a + byte) % 65521
    b = (b + a) % 65521
  }
  return Math.abs(((b << 16) | a) >> 0)
}

/** Columns of the short key: at most three, up to 36 bytes, ending with the first text column. */
export const shortKeyColumnCount = (keys: readonly LabColumn[]): number => {
  const sizes: Record<string, number> = {
    boolean: 1,
    tinyint: 1,
    smallint: 2,
    int: 4,
    bigint: 8,
    largeint: 16,
    date: 3,
    datetime: 8,
  }
  let bytes = 0
  let count = 0
  for (const column of keys) {
    const name = /^[a-z]+/.exec(column.type)?.[0] ?? ''
    const size = sizes[name] ?? (name === 'decimal' ? 12 : 20)
    if (count === 3 || (count > 0 && bytes + size > 36)) break
    if (/^(float|double|hll|bitmap|json)$/.test(name)) break
    count++
    bytes += size
    if (name === 'varchar') break
  }
  return Math.max(1, count)
}
