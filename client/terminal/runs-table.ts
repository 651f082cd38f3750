import { type ListedRun, stateOf } from '../list-runs.ts'
import { formatTime } from './format.ts'
import { paintState } from './status-view.ts'
import type { Style } from './style.ts'
import { table } from './table.ts'

/** Runs that people know by name. */
export function runsTable(runs: readonly ListedRun[], style: Style, none: string): string[] {
  if (runs.length === 0) return [style.dim(none)]
  return table<ListedRun>(
    [
      { title: 'NAME', value: (each) => each.name },
      {
        title: 'STATE',
        value: stateOf,
        paint: (text, each) => paintState(stateOf(each), style).replace(stateOf(each), text),
      },
      { title: 'STARTED', value: (each) => formatTime(each.startedAt) },
      { title: 'ENDED', value: (each) => (each.closedAt ? formatTime(each.closedAt) : '') },
      { title: 'RUN', value: (each) => each.runId },
    ],
    runs,
    style,
  )
}
