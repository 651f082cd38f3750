import type { PlannedTable } from '../../planning/restore/restore-plan.ts'
import { listPartitions } from '../../starrocks/index.ts'
import type { RestoreContext } from './restore-context.ts'

/**
 * What shows that an INSERT OVERWRITE of chosen partitions, sent by a try before, is still under way: the statement itself, which names a database that only
 * this restore has, or the temporary partitions that it writes into, called as the partition and a number. A frontend may list its own statements only. In
 * words, or undefined.
 */
export async function runningOverwrite(
  { cluster, outline, signal }: RestoreContext,
  planned: PlannedTable,
): Promise<string | undefined> {
  const { rows } = await cluster.query('SHOW FULL PROCESSLIST', { signal })
  for (const row of rows) {
    const statement = row.get('Info') ?? ''
    if (
      /^\s*INSERT\s+OVERWRITE\b/i.test(statement) &&
      [planned.database, planned.target].every((name) => statement.includes(name))
    )
      return `it is the statement of connection ${row.get('Id')}`
  }
  const chosen = new Set(planned.only)
  const temporary = await listPartitions(cluster, outline.database, planned.target, { temporary: true, signal })
  const its = temporary.find(({ name }) => chosen.has(name.replace(/_\d+$/, '')) && !chosen.has(name))
  return its && `${outline.database}.${planned.target} has its temporary partition ${its.name}`
}
