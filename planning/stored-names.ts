import type { TabletColumns } from '../starrocks/index.ts'

type StoredColumn = TabletColumns['columns'][number]

/**
 * Backends never hear of RENAME COLUMN (StarRocks 3.3 and later), and of other changes only with the next load: a tablet keeps the names that columns
 * were made under (Column.java, `columnId`), and the ids under which its files hold them. The replication goes by a tablet's own list
 * (replication_utils.h, `calc_column_unique_id_map`): columns are matched by these names, and files rewritten with the target's ids; where the ids of all
 * that match agree, it takes files as they are. So a renamed column, or one that came after another was dropped, can arrive with wrong values or
 * none, at the right version.
 */
export interface StoredNames {
  /** As SHOW CREATE TABLE prints them, in order. */
  printed: readonly string[]
  /** SchemaVersion of the base index. */
  version: number
  /** Of a tablet that has heard of the latest change; undefined: there is none. */
  current: readonly StoredColumn[] | undefined
  /** Of the tablet that is copied. */
  stored: TabletColumns
  /** The target's table was made in one piece, as it is printed: its ids are its columns' places. */
  fresh: boolean
}

export type StoredVerdict =
  | { verdict: 'right' }
  /** These columns of the copy would get values of others, or none. */
  | { verdict: 'wrong'; columns: string[] }
  | { verdict: 'unclear' }

const RIGHT: StoredVerdict = { verdict: 'right' }
const UNCLEAR: StoredVerdict = { verdict: 'unclear' }

export function judgeStored(given: StoredNames): StoredVerdict {
  const { current, fresh } = given
  if (!current) return guess(given)
  const now = columnsNow(given.printed, current)
  if (!now) return UNCLEAR
  return fresh ? simulate(given, now) : byNames(given, now)
}

const lower = (name: string) => name.toLowerCase()
/** Columns that StarRocks makes for itself are not printed. */
const isOwn = ({ name }: { name: string }) => name.startsWith('__')

/** Present names with the ids that files have them under, those that are not printed last. */
function columnsNow(printed: readonly string[], current: readonly StoredColumn[]): StoredColumn[] | undefined {
  const visible = current.filter((one) => !isOwn(one))
  if (visible.length !== printed.length) return undefined
  return [
    ...printed.map((name, place) => ({ name: lower(name), uniqueId: visible[place]?.uniqueId ?? -1 })),
    ...current.filter(isOwn).map(({ name, uniqueId }) => ({ name: lower(name), uniqueId })),
  ]
}

const namesById = (columns: readonly StoredColumn[]) => new Map(columns.map(({ name, uniqueId }) => [uniqueId, name]))

/** What the copy's backends will do: the ids that its files have are its columns' places. */
function simulate({ stored }: StoredNames, now: readonly StoredColumn[]): StoredVerdict {
  const places = new Map(now.map(({ name }, place) => [name, place]))
  const names = namesById(now)
  const matched = stored.columns.map(({ name, uniqueId }) => ({ uniqueId, twin: places.get(lower(name)) }))
  const convert = matched.some(({ uniqueId, twin }) => twin !== undefined && twin !== uniqueId)
  const wrong = new Set<string>()
  for (const { uniqueId, twin } of matched) {
    const wanted = names.get(uniqueId)
    const read = now[(convert ? twin : uniqueId) ?? -1]?.name
    if (wanted === read) continue
    for (const name of [wanted, read]) if (name !== undefined) wrong.add(name)
  }
  return wrong.size === 0 ? RIGHT : { verdict: 'wrong', columns: [...wrong] }
}

/** Of the copy only the names are known: its columns came and went as well. */
function byNames({ stored }: StoredNames, now: readonly StoredColumn[]): StoredVerdict {
  const names = new Set(now.map(({ name }) => name))
  const ids = namesById(now)
  const held = new Set(stored.columns.map(({ uniqueId }) => uniqueId))
  const dropped = stored.columns.filter(({ uniqueId }) => !ids.has(uniqueId))
  const renamed = stored.columns.some(({ name, uniqueId }) => (ids.get(uniqueId) ?? lower(name)) !== lower(name))
  const taken = dropped.some(({ name }) => names.has(lower(name)))
  const later = now.some(({ uniqueId }) => !held.has(uniqueId))
  return renamed || taken || (dropped.length > 0 && later) ? UNCLEAR : RIGHT
}

/** No tablet was loaded since the last change: then only what came can be told, by a change for each at most. */
function guess({ printed, version, stored }: StoredNames): StoredVerdict {
  const visible = stored.columns.filter((one) => !isOwn(one)).map(({ name }) => lower(name))
  const known = new Set(visible)
  const names = printed.map(lower)
  const kept = names.filter((name) => known.has(name))
  if (kept.length !== visible.length || kept.some((name, place) => name !== visible[place])) return UNCLEAR
  const came = names.length - kept.length
  const changes = stored.schemaVersion === undefined ? came : version - stored.schemaVersion
  return changes <= came ? RIGHT : UNCLEAR
}
