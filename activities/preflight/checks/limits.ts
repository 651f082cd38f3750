import { formatBytes } from '../../../contract/bytes.ts'
import type { Finding } from '../../../contract/index.ts'
import { type Check, numberOf, type PreflightContext } from '../context.ts'

/** Speed of one backend's downloads unless configured otherwise: replication_max_speed_limit_kbps 50000 for each of a few files at once. */
const BYTES_PER_SECOND_AND_NODE = 50_000 * 1024

/** The target's limits for replication, held against the spec and the largest table. */
export const checkLimits: Check = (context) => [...parallelism(context), ...timeout(context)]

function parallelism({ session, target }: PreflightContext): Finding[] {
  const { limits } = session.pair.spec
  const subject = target.side.name
  const findings: Finding[] = []
  const slots = numberOf(target.settings, 'replication_max_parallel_table_count')
  if (slots !== undefined && limits.tables !== undefined && limits.tables > slots) {
    findings.push({
      code: 'limit-tables',
      level: 'info',
      subject,
      message: `limits.tables is ${limits.tables}, but ${subject} runs ${slots} replication jobs at once; ${slots} are used`,
      remedy: 'Raise replication_max_parallel_table_count on the target if it can carry more',
    })
  }
  const megabytes = numberOf(target.settings, 'replication_max_parallel_data_size_mb')
  if (megabytes !== undefined && megabytes * 1024 ** 2 < limits.bytesPerJob) {
    findings.push({
      code: 'limit-data-size',
      level: 'info',
      subject,
      message: `replication_max_parallel_data_size_mb of ${subject} is ${megabytes}: one job of limits.bytesPerJob fills it, and others wait`,
      remedy: 'Raise it, or make limits.bytesPerJob smaller',
    })
  }
  return findings
}

function timeout({ session, source, target }: PreflightContext): Finding[] {
  const seconds = numberOf(target.settings, 'replication_transaction_timeout_sec')
  const nodes = target.nodes.filter((node) => node.alive).length
  if (seconds === undefined || nodes === 0) return []
  let largest: { table: string; bytes: number } | undefined
  for (const [table, { bytes }] of source.sizes) {
    if (!largest || Number(bytes) > largest.bytes) largest = { table, bytes: Number(bytes) }
  }
  if (!largest) return []
  const job = Math.min(largest.bytes, session.pair.spec.limits.bytesPerJob)
  const needs = Math.ceil(job / (BYTES_PER_SECOND_AND_NODE * nodes))
  if (needs <= seconds) return []
  const fitting = Math.floor((BYTES_PER_SECOND_AND_NODE * nodes * seconds) / 2 / 1024 ** 3)
  return [
    {
      code: 'transaction-timeout',
      level: 'warning',
      subject: largest.table,
      message: `A job of ${formatBytes(job)} takes about ${needs} s at the target's default speed, but replication_transaction_timeout_sec of ${target.side.name} is ${seconds}`,
      remedy: `Set limits.bytesPerJob to ${Math.max(1, fitting)}GB, or raise replication_transaction_timeout_sec on the target`,
    },
  ]
}
