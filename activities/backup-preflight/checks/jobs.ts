import type { Finding } from '../../../contract/findings.ts'
import { info, warning } from '../../../planning/backup-preflight/make-finding.ts'
import { type BackupJob, type RestoreJob, unfinishedJobs } from '../../../starrocks/index.ts'
import { describeJob } from '../../snapshot-jobs/job-place.ts'
import type { ClusterFacts } from '../cluster-facts.ts'
import { unlessRefused } from '../unless-refused.ts'

/** Beyond these the rest is counted. */
const MOST = 20

/**
 * Jobs that run in the databases of which one is wanted, `''` being the external catalogs: each database takes one at a time, so ours waits. Jobs of our own
 * prefix may be those of this very backup, made by a former run.
 */
export async function checkJobs(
  { side, spec, signal }: ClusterFacts,
  wanted: (database: string) => boolean,
  prefix?: string,
): Promise<Finding[]> {
  const jobs = (await unfinishedJobs(side.cluster, undefined, { signal }).catch(unlessRefused)) ?? []
  const there = jobs.filter(({ database }) => wanted(database))
  const findings = there.slice(0, MOST).map((job) => {
    const where = job.database === '' ? 'the external catalogs' : `database ${job.database}`
    const ours = prefix !== undefined && job.label.startsWith(`${prefix}_`)
    const make = ours ? info : warning
    return make(
      'job-running',
      job.database === '' ? spec.cluster : job.database,
      `${where} of ${spec.cluster} is taken by ${describeJob(job)}${since(job)}${ours ? ', whose label is one of starferry’s' : ''}`,
      ours
        ? 'It is taken over if it is of this backup, and waited for otherwise'
        : 'StarRocks runs one BACKUP or RESTORE in a database; starferry waits for it',
    )
  })
  if (there.length <= MOST) return findings
  return [...findings, warning('job-running', spec.cluster, `${there.length - MOST} more databases have running jobs`)]
}

const since = ({ createTime }: BackupJob | RestoreJob) => (createTime === '' ? '' : `, begun ${createTime}`)
