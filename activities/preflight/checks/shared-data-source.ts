import type { Finding } from '../../../contract/index.ts'
import { StarRocksError, serviceId } from '../../../starrocks/index.ts'
import { explain } from '../connect.ts'
import { type Check, numberOf } from '../context.ts'

/** Minutes for which old versions must stay readable while they are copied; the default of 30 is too short for anything large. */
const ENOUGH_MINUTES = 24 * 60

/** What copying from a shared-data cluster needs of it: its service id, and old versions that stay long enough. */
export const checkSharedDataSource: Check = async ({ source, signal }) => {
  const { side, settings } = source
  if (side.runMode !== 'shared_data') return []
  const findings: Finding[] = []
  const leader = await side.cluster.leader()
  try {
    await serviceId({ host: leader.host, port: leader.httpPort }, { signal, timeoutMs: 5_000 })
  } catch (error) {
    if (!(error instanceof StarRocksError)) throw error
    findings.push({
      code: 'service-id-unknown',
      level: 'fatal',
      subject: side.name,
      message: `${side.name} does not tell its service id at http://${leader.host}:${leader.httpPort}/service_id: ${explain(error)}`,
      remedy: 'Frontends from 4.1 on tell it: upgrade the source, or open the port',
    })
  }
  const minutes = numberOf(settings, 'lake_autovacuum_grace_period_minutes')
  if (minutes !== undefined && minutes < ENOUGH_MINUTES) {
    findings.push({
      code: 'vacuum-too-early',
      level: 'warning',
      subject: side.name,
      message: `lake_autovacuum_grace_period_minutes of ${side.name} is ${minutes}: versions older than that vanish from the store, also while they are being copied`,
      remedy: `On the source: ADMIN SET FRONTEND CONFIG ("lake_autovacuum_grace_period_minutes" = "10000000"), and back to ${minutes} afterwards`,
    })
  }
  return findings
}
