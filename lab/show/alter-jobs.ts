import type { LabDatabase } from '../model.ts'
import type { LabAlterJob, LabResult, LabSqlContext } from '../sql/context.ts'
import { table } from '../sql/context.ts'
import { byName, timeText } from './format.ts'

/** SHOW ALTER TABLE COLUMN|ROLLUP|OPTIMIZE, SHOW ALTER MATERIALIZED VIEW. */
export const showAlterJobs = (context: LabSqlContext, database: LabDatabase, kind: LabAlterJob['kind']): LabResult => {
  if (!context.profile.columns[`alter-${kind}`]) return table(['JobId', 'TableName', 'State'], [])
  return byName(
    context,
    `alter-${kind}`,
    context.jobs
      .filter((job) => job.kind === kind && job.database === database.name)
      .map((job) => ({
        JobId: String(job.jobId),
        TableName: job.tableName,
        CreateTime: timeText(context, job.createdMs),
        FinishTime: timeText(context, job.finishedMs),
        FinishedTime: timeText(context, job.finishedMs),
        IndexName: job.indexName,
        IndexId: String(job.indexId),
        OriginIndexId: String(job.originIndexId),
        SchemaVersion: job.schemaVersion,
        TransactionId: String(job.transactionId),
        State: job.state,
        Msg: job.message,
        Progress: job.kind === 'optimize' ? '100' : null,
        Timeout: job.timeoutSeconds,
        BaseIndexName: job.tableName,
        RollupIndexName: job.indexName,
        RollupId: String(job.indexId),
        Operation: job.operation,
        Warehouse: context.state.runMode === 'shared_data' ? 'default_warehouse' : null,
      })),
  )
}
