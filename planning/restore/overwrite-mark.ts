/**
 * What is noted before chosen partitions are overwritten: their physical ids by the live table's name; INSERT OVERWRITE gives them others. Some of them tell of
 * all. Under the empty name, which no table has: settings that are switched off before, each as JSON of table, property and value, and of each table the label that
 * its statement has, as JSON of table and label.
 */
export type OverwriteMark = Record<string, string[]>

type Noted = [table: string, label: string] | [table: string, property: string, value: string]

const OTHERS = ''
const MOST_MARKED = 50

/** Of one table. */
export interface BeforeOverwrite {
  table: string
  ids: readonly string[]
  label: string
  settings: Readonly<Record<string, string>>
}

export function overwriteMark(tables: readonly BeforeOverwrite[]): OverwriteMark {
  const others = tables.flatMap(({ table, label, settings }): Noted[] => [
    [table, label],
    ...Object.entries(settings).map(([property, value]): Noted => [table, property, value]),
  ])
  return Object.fromEntries([
    ...tables.map(({ table, ids }): [string, string[]] => [table, ids.slice(0, MOST_MARKED)]),
    [OTHERS, others.map((one) => JSON.stringify(one))],
  ])
}

/** The mark once a table's statement was refused, and its partitions were looked at anew: what is off already is not in the new one. */
export function remarked(mark: OverwriteMark | null, table: string, now: OverwriteMark | null): OverwriteMark {
  const label = labelOf(now, table)
  const kept = notedOf(mark).filter((noted) => noted.length === 3 || noted[0] !== table)
  const others = label === undefined ? kept : [...kept, [table, label]]
  return {
    ...mark,
    [table]: now?.[table] ?? [],
    ...(others.length > 0 ? { [OTHERS]: others.map((one) => JSON.stringify(one)) } : {}),
  }
}

/** The label of a table's statement; undefined where a former version noted none. */
export const labelOf = (mark: OverwriteMark | null | undefined, table: string): string | undefined =>
  notedOf(mark).find((noted) => noted.length === 2 && noted[0] === table)?.[1]

/** Settings of a live table that were switched off before its partitions were overwritten, with the values that they had. */
export function switchedOff(mark: OverwriteMark | null | undefined, table: string): Record<string, string> {
  return Object.fromEntries(
    notedOf(mark).flatMap((noted) => (noted.length === 3 && noted[0] === table ? [[noted[1], noted[2]]] : [])),
  )
}

const notedOf = (mark: OverwriteMark | null | undefined): Noted[] =>
  (mark?.[OTHERS] ?? []).map((text) => JSON.parse(text) as Noted)
