import { asRead, baseIndex, endRow, forgetLiveRows, keyOf, keyPositions, rowReshaper } from '../data/index.ts'
import type { LabRow, LabState, LabTable, LabTablet, LabValue } from '../model.ts'
import type { TabletSnapshot } from './job.ts'

/**
 * Brings a snapshot into a target tablet at a version. Columns are matched by the names that backends know, as files are read: a missing
 * one gives its default without a word. An increment is laid over whatever the tablet holds, so rows of the target's own stay, and a
 * target that followed another history ends up with a mixture – as on real backends.
 */
export function applySnapshot(
  state: LabState,
  table: LabTable,
  tablet: LabTablet,
  snapshot: TabletSnapshot,
  version: bigint,
): void {
  const { columns } = baseIndex(table)
  const reshape = rowReshaper(asRead(snapshot.columns, columns, snapshot.heard), columns, state.now())
  if (snapshot.increment) applyIncrement(table, tablet, snapshot.increment, reshape, version)
  else replaceRows(tablet, snapshot.rows.map(reshape), version)
}

function replaceRows(tablet: LabTablet, rows: LabValue[][], version: bigint): void {
  tablet.rows = tablet.rows.filter((row) => row.since < version)
  for (const row of tablet.rows) row.until ??= version
  for (const values of rows) tablet.rows.push({ values, since: version })
  forgetLiveRows(tablet)
}

function applyIncrement(
  table: LabTable,
  tablet: LabTablet,
  increment: { added: LabRow[]; ended: LabRow[] },
  reshape: (values: readonly LabValue[]) => LabValue[],
  version: bigint,
): void {
  const whole = baseIndex(table).columns.map((_, i) => i)
  const byKey = table.keysType !== 'DUP_KEYS'
  const positions = byKey ? keyPositions(table) : whole
  const live = new Map<string, LabRow[]>()
  for (const row of tablet.rows) {
    if (row.until !== undefined) continue
    const key = keyOf(row.values, positions)
    const rows = live.get(key)
    if (rows) rows.push(row)
    else live.set(key, [row])
  }
  for (const { values } of increment.ended) {
    const row = live.get(keyOf(reshape(values), positions))?.pop()
    if (row) endRow(tablet, row, version)
  }
  for (const { values } of increment.added) {
    const added = reshape(values)
    if (byKey)
      for (const row of live.get(keyOf(added, positions)) ?? []) if (row.until === undefined) row.until = version
    tablet.rows.push({ values: added, since: version })
  }
  forgetLiveRows(tablet)
}
