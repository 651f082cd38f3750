import type { Finding } from '../../../contract/index.ts'
import { someOf } from '../../../planning/backup-preflight/make-finding.ts'
import { facts } from '../../pollers/facts.ts'
import type { Check, PreflightContext } from '../context.ts'

/** What is remembered of so many partitions fits into a table workflow's result in any case. */
const MOST_PARTITIONS = 6_000
const HOUR_S = 3600

/**
 * Targets before 3.3.2 do not tell what wrote a partition. There starferry knows its copies by the results of closed workflows: for as long as Temporal
 * keeps these, and for tables whose partitions fit into one.
 */
export const checkLineage: Check = async (context) => {
  const { target } = context
  if ((await facts(target.side.cluster).capabilities()).dataVersions) return []
  return [await aboutRetention(context), ...largeTables(context)]
}

async function aboutRetention({ deps, target }: PreflightContext): Promise<Finding> {
  const hours = await retentionHours(deps.client)
  const kept = hours === undefined ? 'an unknown time' : `${hours} h`
  return {
    code: 'lineage-in-temporal',
    level: 'warning',
    subject: target.side.name,
    message: `${target.side.name} (${target.side.version.text}) does not tell what wrote a partition, so starferry knows its copies only by the results of closed workflows, which Temporal keeps for ${kept}: a table that nothing is written to for longer is asked about (approve) when a worker starts anew`,
    remedy:
      'Raise the retention of the Temporal namespace (temporal operator namespace update --retention 720h) beyond the longest quiet time of a table, or upgrade the target to 3.3.2 or later',
  }
}

/** Of the namespace; undefined where that may not be asked. */
async function retentionHours(client: PreflightContext['deps']['client']): Promise<number | undefined> {
  try {
    const { namespace } = client.options
    const { config } = await client.workflowService.describeNamespace({ namespace })
    const seconds = Number(config?.workflowExecutionRetentionTtl?.seconds ?? Number.NaN)
    return Number.isFinite(seconds) && seconds > 0 ? Math.round(seconds / HOUR_S) : undefined
  } catch {
    return undefined
  }
}

function largeTables({ source, target }: PreflightContext): Finding[] {
  const large = [...source.sizes].filter(([, { partitions }]) => partitions > MOST_PARTITIONS).map(([table]) => table)
  if (large.length === 0) return []
  return [
    {
      code: 'lineage-too-long',
      level: 'warning',
      subject: target.side.name,
      message: `${someOf(large)} ${large.length === 1 ? 'has' : 'have'} more than ${MOST_PARTITIONS} partitions: what was copied of them may not fit into a workflow's result, and each round then asks for an approval`,
      remedy:
        'Upgrade the target to 3.3.2 or later, or allow resetDivergedPartitions and load nothing into these tables',
    },
  ]
}
