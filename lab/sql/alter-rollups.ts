import { createTablets } from '../data/index.ts'
import type { LabDatabase, LabIndexMeta, LabTable } from '../model.ts'
import type { LabSqlContext } from './context.ts'
import { failure } from './errors.ts'
import { makeRollup } from './rollup.ts'
import type { RollupDefinition } from './statements.ts'

/** Gives a table one more index, with tablets in every partition. */
export const addIndex = (
  context: LabSqlContext,
  database: LabDatabase,
  table: LabTable,
  index: LabIndexMeta,
  jobId: bigint,
  timeout = 86400,
): void => {
  const { state } = context
  table.indexes.push(index)
  for (const partition of table.partitions) {
    for (const physical of partition.physical) {
      const spec = { buckets: partition.buckets, replicationNum: partition.replicationNum }
      physical.tablets.set(index.id, createTablets(state, spec, physical.visibleVersion))
    }
  }
  context.jobs.push({
    kind: 'rollup',
    jobId,
    database: database.name,
    tableName: table.name,
    createdMs: state.now(),
    finishedMs: state.now(),
    indexName: index.name,
    indexId: index.id,
    originIndexId: table.indexes[0]?.id ?? 0n,
    schemaVersion: '',
    transactionId: 0n,
    state: 'FINISHED',
    message: '',
    operation: '',
    // Later releases print microseconds.
    timeoutSeconds: String(context.profile.atLeast('3.5') ? timeout * 1_000_000 : timeout),
  })
}

const timeoutOf = (rollup: RollupDefinition): number =>
  Number(rollup.properties.find(([key]) => key === 'timeout')?.[1] ?? 86400)

/** ADD ROLLUP: done at once, as the lab's tables are small. */
export const addRollups = (
  context: LabSqlContext,
  database: LabDatabase,
  table: LabTable,
  rollups: RollupDefinition[],
): void => {
  if (table.keysType === 'PRIMARY_KEYS') throw failure('Do not support add rollup on primary key table')
  for (const rollup of rollups) {
    const jobId = context.state.nextId()
    addIndex(
      context,
      database,
      table,
      makeRollup(context, table, rollup, context.state.nextId()),
      jobId,
      timeoutOf(rollup),
    )
  }
}

export const dropRollups = (table: LabTable, names: readonly string[]): void => {
  for (const name of names) {
    const index = table.indexes.slice(1).find((i) => i.name === name)
    if (!index) throw failure(`Rollup index [${name}] does not exist in table ${table.name}`)
    table.indexes = table.indexes.filter((i) => i !== index)
    for (const partition of table.partitions)
      for (const physical of partition.physical) physical.tablets.delete(index.id)
  }
}
