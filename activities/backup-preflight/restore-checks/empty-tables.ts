import type { Finding } from '../../../contract/findings.ts'
import { fatal } from '../../../planning/backup-preflight/make-finding.ts'
import type { RestoreOutline } from '../../../planning/restore/restore-plan.ts'
import { refusals } from '../../../starrocks/ddl/index.ts'
import { EXPERIMENTAL_SETTINGS, isOn } from '../../metadata/experimental.ts'
import { MADE_OTHERWISE } from '../../restore/create-empty.ts'
import { modelOf } from '../../restore/verify-tables.ts'
import type { ClusterFacts } from '../cluster-facts.ts'

/** Tables that had no partitions are in no snapshot: they are made by CREATE TABLE, which refuses some that RESTORE brings. */
export function checkEmptyTables(
  { side: { version, runMode }, settings }: Pick<ClusterFacts, 'side' | 'settings'>,
  { tables, basis }: Pick<RestoreOutline, 'tables' | 'basis'>,
): Finding[] {
  if (basis.bare) return []
  const [gin, vector, rowstore] = EXPERIMENTAL_SETTINGS.map((name) => isOn(settings.get(name)))
  const experimental = { gin, vector, rowstore }
  return tables.flatMap(({ name, table, parts, route }) => {
    const model = parts.length === 0 && route !== 'in-place' && route !== 'leave' ? modelOf(table) : undefined
    if (!model) return []
    return refusals(model, { target: { version, runMode, experimental } })
      .filter(({ code }) => code !== MADE_OTHERWISE)
      .map(({ reason, remedy }) =>
        fatal(
          'empty-table-refused',
          name,
          `${name} had no partitions, so no snapshot holds it, and StarRocks ${version.text} does not make it from its definition: ${reason}`,
          `Leave it out (the record has its definition), or ${remedy}`,
        ),
      )
  })
}
