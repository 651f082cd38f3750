import type { RepositoriesAnswer, RepositoriesInput } from '../../contract/backup/repository-api.ts'
import type { Finding } from '../../contract/findings.ts'
import { dropRepositoryStatement, StarRocksError, showRepositories } from '../../starrocks/index.ts'
import type { Dependencies } from '../dependencies.ts'
import { clusterJobs } from './cluster-jobs.ts'
import { repositoryRows } from './repository-rows.ts'

type DropInput = Extract<RepositoriesInput, { op: 'drop' }>

const MOST_NAMED = 5

/** Makes a cluster forget a repository; what is stored stays. Not while jobs run. Errors: StarRocksError. */
export async function dropRepository(
  deps: Dependencies,
  input: DropInput,
  signal: AbortSignal,
): Promise<RepositoriesAnswer> {
  const { repository: name } = input
  const { cluster } = deps.cluster(input.cluster)
  const statement = dropRepositoryStatement(name)
  const answer = async (findings: Finding[]): Promise<RepositoriesAnswer> => ({
    ok: !findings.some(({ level }) => level === 'fatal'),
    rows: (await repositoryRows(deps, cluster, signal)).filter((row) => row.name === name),
    findings,
    statement,
  })
  const found = (await showRepositories(cluster, { signal })).find((one) => one.name === name)
  if (!found) {
    return answer([
      {
        code: 'repository-absent',
        level: 'info',
        subject: name,
        message: `${input.cluster} has no repository ${name}`,
      },
    ])
  }
  const [jobs] = await clusterJobs(deps, [input.cluster], signal)
  // Rows do not say in which repository a job works: with any of them it may be this one.
  if (jobs && 'jobs' in jobs && jobs.jobs.length > 0) {
    const named = jobs.jobs.slice(0, MOST_NAMED).map(({ label, what }) => `${label} is ${what}`)
    return answer([
      {
        code: 'repository-busy',
        level: 'fatal',
        subject: name,
        message: `Jobs run on ${input.cluster}: ${named.join('; ')}${jobs.jobs.length > MOST_NAMED ? ' …' : ''}`,
        remedy: 'wait until they have ended',
      },
    ])
  }
  try {
    await cluster.execute(statement, { signal })
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof StarRocksError)) throw error
    // A former attempt did it, or its answer was lost.
    if ((await showRepositories(cluster, { signal })).some((one) => one.name === name)) {
      return answer([
        { code: 'repository-refused', level: 'fatal', subject: name, message: error.detail, remedy: error.remedy },
      ])
    }
  }
  return answer([
    {
      code: 'repository-dropped',
      level: 'info',
      subject: name,
      message: `${input.cluster} has forgotten repository ${name}. All that is stored at ${found.location} stays; created again under the same name at the same place it is there as before`,
    },
  ])
}
