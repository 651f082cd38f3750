import { formatBytes } from '../../../contract/bytes.ts'
import type { Finding } from '../../../contract/index.ts'
import { listQuotas } from '../../../starrocks/index.ts'
import type { Check } from '../context.ts'

/**
 * Quotas of databases are not copied: where the source has one it is told. A load into a database that is over its quota is refused, a replication
 * job, too: where what is to be copied does not fit into the target's, that is a warning.
 */
export const checkQuotas: Check = async ({ session, source, target, tables, signal }) => {
  const { pair } = session
  const [from, to] = await Promise.all([
    listQuotas(source.side.cluster, { signal }),
    listQuotas(target.side.cluster, { signal }),
  ])
  const needs = new Map<string, { bytes: bigint; replicas: bigint }>()
  const sources = new Map<string, string>()
  for (const entry of tables) {
    const { database } = pair.rename(entry)
    sources.set(entry.database, database)
    const known = needs.get(database) ?? { bytes: 0n, replicas: 0n }
    const size = source.sizes.get(entry.full)
    // Of every replica; how many there will be at least.
    known.bytes += (size?.bytes ?? 0n) * BigInt(pair.spec.placement.replicationNumber ?? 1)
    known.replicas += BigInt(entry.replicaCount)
    needs.set(database, known)
  }
  const findings: Finding[] = []
  for (const [database, copy] of sources) {
    const { bytes } = from.get(database) ?? {}
    if (bytes === undefined || bytes === to.get(copy)?.bytes) continue
    findings.push({
      code: 'quota-not-copied',
      level: 'info',
      subject: database,
      message: `Database ${database} of ${source.side.name} has a data quota of ${formatBytes(Number(bytes))}, which is not copied`,
      remedy: `If ${copy} on ${target.side.name} is to have it: ALTER DATABASE … SET DATA QUOTA`,
    })
  }
  for (const [database, need] of needs) {
    const { bytes, replicas } = to.get(database) ?? {}
    const over = [
      ...(bytes !== undefined && need.bytes > bytes
        ? [`data quota of ${formatBytes(Number(bytes))}, and ${formatBytes(Number(need.bytes))} are to be there`]
        : []),
      ...(replicas !== undefined && need.replicas > replicas
        ? [`replica quota of ${replicas}, and ${need.replicas} are to be there`]
        : []),
    ]
    for (const what of over) {
      findings.push({
        code: 'quota-too-low',
        level: 'warning',
        subject: database,
        message: `Database ${database} of ${target.side.name} has a ${what}`,
        remedy: 'Raise it: ALTER DATABASE … SET DATA QUOTA, or SET REPLICA QUOTA',
      })
    }
  }
  return findings
}
