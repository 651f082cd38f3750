import type { LabSqlContext } from './context.ts'
import { analysisFailure } from './errors.ts'
import type { Properties } from './statements.ts'

const refusal = (text: string) => analysisFailure(text, 5064, '42000')

/** Milliseconds that a job may take: `timeout` is in seconds, at least 600. */
const takeTimeout = (context: LabSqlContext, properties: Map<string, string>): number => {
  const given = properties.get('timeout')
  properties.delete('timeout')
  if (given === undefined) return Number(context.state.config.get('backup_job_default_timeout_ms')?.value ?? 86_400_000)
  if (!/^-?\d+$/.test(given)) throw refusal(`Invalid timeout format: ${given}`)
  if (Number(given) < 600) throw refusal('timeout must be at least 10 min')
  return Number(given) * 1000
}

export const backupProperties = (context: LabSqlContext, given: Properties): { timeoutMs: number } => {
  const properties = new Map(given)
  const timeoutMs = takeTimeout(context, properties)
  const type = properties.get('type')
  properties.delete('type')
  if (type !== undefined && !/^(full|incremental)$/i.test(type)) throw refusal(`Invalid backup job type: ${type}`)
  if (properties.size > 0) throw refusal(`Unknown backup job properties: [${[...properties.keys()].join(', ')}]`)
  return { timeoutMs }
}

export interface RestoreProperties {
  timeoutMs: number
  timestamp: string
  allowLoad: boolean
  replicationNum: number
}

export const restoreProperties = (context: LabSqlContext, given: Properties): RestoreProperties => {
  const properties = new Map(given)
  const take = (key: string): string | undefined => {
    const value = properties.get(key)
    properties.delete(key)
    return value
  }
  const allowLoad = take('allow_load')?.toLowerCase()
  if (allowLoad !== undefined && allowLoad !== 'true' && allowLoad !== 'false')
    throw refusal(`Invalid allow load value: ${allowLoad}`)
  const replicas = take('replication_num')
  if (replicas !== undefined && !/^[1-9]\d*$/.test(replicas))
    throw refusal(`Replication num should larger than 0: ${replicas}`)
  const timestamp = take('backup_timestamp')
  if (timestamp === undefined) throw refusal('Missing backup_timestamp property')
  take('meta_version')
  take('starrocks_meta_version')
  const timeoutMs = takeTimeout(context, properties)
  if (properties.size > 0) throw refusal(`Unknown restore job properties: [${[...properties.keys()].join(', ')}]`)
  return {
    timeoutMs,
    timestamp,
    allowLoad: allowLoad === 'true',
    replicationNum: Number(replicas ?? context.state.config.get('default_replication_num')?.value ?? 3),
  }
}
