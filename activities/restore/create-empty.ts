import type { PlannedTable } from '../../planning/restore/restore-plan.ts'
import { refusals, writeTable } from '../../starrocks/ddl/index.ts'
import { StarRocksError } from '../../starrocks/index.ts'
import { facts } from '../pollers/facts.ts'
import type { RestoreContext } from './restore-context.ts'
import { refusedRestore } from './restore-failures.ts'
import { dropSurplus } from './surplus-partitions.ts'
import { modelOf } from './verify-tables.ts'

/** The refusal that does not keep an empty table from being made. */
export const MADE_OTHERWISE = 'in-memory-index'

/** A table that had no partitions, and of which no snapshot holds anything: its definition is all there is. Can be repeated. */
export async function createEmpty(context: RestoreContext, planned: PlannedTable): Promise<void> {
  const { cluster, outline, signal } = context
  if (planned.route === 'in-place') return dropSurplus(context, planned)
  const model = modelOf(planned.table)
  if (!model) throw refusedRestore(`The definition of ${planned.name} in the backup’s record cannot be read`)
  const { version, runMode } = await facts(cluster).capabilities()
  const recorded = Number(model.properties.replication_num ?? Number.NaN)
  const wanted = context.spec.replicationNumber ?? (Number.isInteger(recorded) ? recorded : undefined)
  const target = { version, runMode }
  // RESTORE brings an index in memory into releases that make none by a statement: here it can only be another.
  const persistentIndex = refusals(model, { target }).some(({ code }) => code === MADE_OTHERWISE)
  if (persistentIndex)
    context.warn(
      `${outline.database}.${planned.target} was empty and has the index of its primary key on disk now: StarRocks makes none in memory any more`,
    )
  const unknown = new Set<string>()
  for (;;) {
    const { statements } = writeTable(model, {
      target,
      source: { database: outline.record.database, name: planned.name },
      rename: (name) => (name.name === planned.name ? { database: planned.database, name: planned.as } : name),
      placement: {
        ...(wanted === undefined ? {} : { replicationNum: Math.min(wanted, Math.max(1, context.basis.backends)) }),
        ...(persistentIndex ? { persistentIndex } : {}),
      },
      unknownProperties: unknown,
    })
    try {
      for (const statement of statements) await cluster.execute(statement, { signal })
      return
    } catch (error) {
      if (!(error instanceof StarRocksError)) throw error
      if (error.kind === 'AlreadyExists') return
      const fresh = error.kind === 'UnknownProperties' ? error.names.filter((name) => !unknown.has(name)) : []
      if (fresh.length === 0) throw error
      for (const name of fresh) unknown.add(name)
    }
  }
}
