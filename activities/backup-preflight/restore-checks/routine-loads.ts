import type { Finding } from '../../../contract/findings.ts'
import { fatal, someOf, warning } from '../../../planning/backup-preflight/make-finding.ts'
import type { PlannedTable, RestoreOutline } from '../../../planning/restore/restore-plan.ts'
import type { RoutineLoad } from '../../../starrocks/index.ts'
import { routineLoadsOf } from '../../restore/routine-loads.ts'
import type { ClusterFacts } from '../cluster-facts.ts'

/** Routine loads go by the id of their table: what takes its name does not get their rows. */
export async function checkRoutineLoads(
  { side, signal }: Pick<ClusterFacts, 'side' | 'signal'>,
  { database, tables, spec, basis, renames }: RestoreOutline,
): Promise<Finding[]> {
  const named = (wanted: (route: PlannedTable['route']) => boolean) =>
    new Set(tables.flatMap(({ route, target }) => (wanted(route) ? [target] : [])))
  const publishes = spec.publish !== 'never'
  const swapped = named((route) => publishes && (route === 'swap' || route === 'rebackup-swap'))
  const inPlace = named((route) => route === 'in-place')
  const wholeDatabase = renames && basis.databaseExisted && publishes
  if (!wholeDatabase && swapped.size === 0 && inPlace.size === 0) return []
  const loads = await routineLoadsOf(side.cluster, database, signal)
  if (typeof loads === 'string') {
    return [
      warning(
        'routine-loads-unknown',
        database,
        `Whether routine loads write to what is replaced cannot be told: ${loads}`,
        `Look with SHOW ROUTINE LOAD FROM ${database}: they go on into the replaced table, whatever has its name`,
      ),
    ]
  }
  const brief = (found: readonly RoutineLoad[]) =>
    someOf(
      found.map(({ name, table, state }) => `${name} (into ${table}, ${state})`),
      10,
    )
  const findings: Finding[] = []
  const left = loads.filter(({ table }) => wholeDatabase || swapped.has(table))
  if (left.length > 0) {
    findings.push(
      warning(
        'routine-load-left',
        database,
        `Routine loads go by the id of their table: they go on into what is replaced, and the restored table gets nothing of theirs: ${brief(left)}`,
        'Pause them before publishing, then stop them and create them again: PAUSE, SHOW CREATE, STOP, CREATE ROUTINE LOAD',
      ),
    )
    if (spec.replaced === 'drop') {
      findings.push(
        fatal(
          'routine-load-loses-table',
          database,
          `What is replaced is to be dropped, and routine loads still write to it: ${brief(left)}. What they have loaded since the backup would be gone`,
          'Keep what is replaced (replaced: keep), or stop the jobs first',
        ),
      )
    }
  }
  const over = loads.filter(({ table }) => inPlace.has(table))
  if (over.length > 0) {
    findings.push(
      warning(
        'routine-load-in-place',
        database,
        `Routine loads write to tables that are restored in place: their tasks fail meanwhile, and what they had loaded since the backup is replaced: ${brief(over)}`,
        'Pause them before, and see from which position they are to go on',
      ),
    )
  }
  return findings
}
