/**
 * Backends never hear of RENAME COLUMN (StarRocks 3.3 and later): for them a column is called as it was when it was made (Column.java, `columnId`).
 * The replication matches columns by these names (replication_utils.h, `calc_column_unique_id_map`) and rewrites files with the target's ids; where the ids
 * of all that match agree, it takes files as they are. A renamed column matches nothing, so its copy is right only where its id happens to be the
 * target's. Else the copy holds NULL, the default, or values of a column that was dropped long ago, and nothing tells.
 */
export interface StoredNames {
  /** As SHOW CREATE TABLE prints them, in order. */
  printed: readonly string[]
  /** SchemaVersion of the base index. */
  version: number
  stored: {
    schemaVersion: number | undefined
    columns: readonly { name: string; uniqueId: number }[]
  }
}

export type StoredVerdict =
  /** Every column is called alike; or those that are not came or went since the backend last heard of the table. */
  | { verdict: 'alike' }
  /** These were renamed. `inOrder`: ids are places, as in a table that is made from the same statement. */
  | { verdict: 'renamed'; columns: { name: string; stored: string }[]; inOrder: boolean }
  /** Some are missing and others are left over, and the backend has not heard of the last change: renamed, or dropped and added. */
  | { verdict: 'unclear'; missing: string[]; surplus: string[] }

export function compareStored({ printed, version, stored }: StoredNames): StoredVerdict {
  const lower = (name: string) => name.toLowerCase()
  // Columns that StarRocks makes for itself are not printed.
  const own = stored.columns.filter(({ name }) => !name.startsWith('__'))
  const visible = printed.filter((name) => !name.startsWith('__'))
  const known = new Set(own.map(({ name }) => lower(name)))
  const wanted = new Set(visible.map(lower))
  const missing = visible.filter((name) => !known.has(lower(name)))
  const surplus = own.map(({ name }) => name).filter((name) => !wanted.has(lower(name)))
  const renamed = own.flatMap(({ name }, place) => {
    const now = visible[place]
    return now === undefined || lower(now) === lower(name) ? [] : [{ name: now, stored: name }]
  })
  const upToDate = stored.schemaVersion === version && own.length === visible.length
  // Two that exchanged their names leave none over.
  if (upToDate && renamed.length > 0) {
    return {
      verdict: 'renamed',
      columns: renamed,
      inOrder: stored.columns.every((one, place) => one.uniqueId === place),
    }
  }
  if (upToDate || missing.length === 0 || surplus.length === 0) return { verdict: 'alike' }
  return { verdict: 'unclear', missing, surplus }
}
