import { formatBytes } from '../../../contract/bytes.ts'
import type { Finding } from '../../../contract/index.ts'
import { someOf } from '../../../planning/backup-preflight/make-finding.ts'
import { type Check, numberOf, type PreflightContext } from '../context.ts'

/** Speed of one backend's downloads unless configured otherwise: replication_max_speed_limit_kbps 50000 for each of a few files at once. */
const BYTES_PER_SECOND_AND_NODE = 50_000 * 1024

/** The target's limits for replication, held against the spec and the largest tables. */
export const checkLimits: Check = (context) => [...parallelism(context), ...replicas(context), ...timeout(context)]

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

/** Jobs are cut by partitions, so that their replicas stay within the limit; a single partition beyond it fills it. */
function replicas({ source, target }: PreflightContext): Finding[] {
  const key = 'replication_max_parallel_replica_count'
  const limit = numberOf(target.settings, key)
  if (limit === undefined) return []
  const over = [...source.sizes]
    .map(([table, size]) => ({
      table,
      count: Math.round((size.replicas * size.mostBuckets) / Math.max(1, size.buckets)),
    }))
    .filter(({ count }) => count > limit)
    .sort((a, b) => b.count - a.count)
  const [largest] = over
  if (!largest) return []
  return [
    {
      code: 'limit-replicas',
      level: 'info',
      subject: largest.table,
      message: `A partition of ${someOf(over.map(({ table }) => table))} has up to ${largest.count} tablet replicas, and ${key} of ${target.side.name} is ${limit}: one such job fills it, and others wait`,
      remedy: `Raise ${key} on the target if it can carry more`,
    },
  ]
}

function timeout({ session, source, target }: PreflightContext): Finding[] {
  const seconds = numberOf(target.settings, 'replication_transaction_timeout_sec')
  const nodes = target.nodes.filter((node) => node.alive).length
  if (seconds === undefined || nodes === 0) return []
  const { bytesPerJob } = session.pair.spec.limits
  let largest: { table: string; job: number } | undefined
  for (const [table, { bytes, mostBytes }] of source.sizes) {
    // A partition is never divided.
    const job = Math.max(Math.min(Number(bytes), bytesPerJob), Number(mostBytes))
    if (!largest || job > largest.job) largest = { table, job }
  }
  if (!largest) return []
  const { table, job } = largest
  const speed = BYTES_PER_SECOND_AND_NODE * nodes
  const needs = Math.ceil(job / speed)
  if (needs <= seconds) return []
  const raise = `raise replication_transaction_timeout_sec on the target to more than ${needs}`
  const fitting = Math.floor((speed * seconds) / 2 / 1024 ** 3)
  const single = [...source.sizes.values()].some(({ mostBytes }) => Number(mostBytes) > speed * seconds)
  return [
    {
      code: 'transaction-timeout',
      level: 'warning',
      subject: table,
      message: `A job of ${formatBytes(job)} takes about ${needs} s at the target's default speed, but replication_transaction_timeout_sec of ${target.side.name} is ${seconds}`,
      remedy: single
        ? `A single partition takes longer than that, and none is divided: ${raise}`
        : `Set limits.bytesPerJob to ${Math.max(1, fitting)}GB, or ${raise}`,
    },
  ]
}
