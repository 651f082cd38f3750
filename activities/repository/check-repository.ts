import type { Context } from '@temporalio/activity'
import type { RepositoriesAnswer } from '../../contract/backup/repository-api.ts'
import type { Finding } from '../../contract/findings.ts'
import { shortHash } from '../../planning/backup/label.ts'
import { StorageError } from '../../repository/index.ts'
import { StarRocksError } from '../../starrocks/index.ts'
import type { Dependencies } from '../dependencies.ts'
import { repositoryRows } from './repository-rows.ts'
import { RoundTrip, RoundTripFailure } from './round-trip.ts'

export interface CheckWork {
  deps: Dependencies
  cluster: string
  repository: string
  /** Of the workflow: names what is made on the cluster, so that a next attempt finds it. */
  runId: string
  context: Context
  report(step: string): void
}

/** Proves a repository by a tiny backup and restore on the cluster and a look at it from here; leaves nothing behind, or says what. */
export async function checkRepository(work: CheckWork): Promise<RepositoriesAnswer> {
  const { deps, repository: name, context } = work
  const signal = context.cancellationSignal
  const { cluster } = deps.cluster(work.cluster)
  const handle = deps.repository(name)
  const findings: Finding[] = []
  const find = (level: Finding['level'], code: string, message: string, remedy?: string) =>
    findings.push({ code: `repository-${code}`, level, subject: name, message, remedy })
  const rows = (await repositoryRows(deps, cluster, signal)).filter((row) => row.name === name)
  const [row] = rows
  const answer = (): RepositoriesAnswer => ({ ok: !findings.some(({ level }) => level === 'fatal'), rows, findings })

  if (!row || row.configured === 'not on the cluster') {
    find('fatal', 'absent', `${work.cluster} has no repository ${name}`, 'create it with repo create')
    return answer()
  }
  if (row.configured === 'other location') {
    const remedy = `give the configuration's repository another name, or drop the cluster's; what it holds stays`
    find(
      'fatal',
      'other-location',
      `${work.cluster} has ${name} at ${row.location}, the worker's configuration at ${handle.location}`,
      remedy,
    )
    return answer()
  }
  if (row.error) find('fatal', 'error', `${work.cluster} cannot use it: ${row.error}`)
  if (row.reachable !== 'yes') {
    find(
      'warning',
      'not-reachable',
      `It cannot be read from the worker: ${row.reachable}`,
      'full backups and restores of single snapshots work; incremental backups, verification and retention do not',
    )
  }
  if (row.error) return answer()
  if (row.readOnly) {
    find('info', 'read-only', `${name} is read-only on ${work.cluster}: nothing was backed up to prove it`)
    return answer()
  }
  const hash = shortHash(JSON.stringify([work.cluster, name, work.runId]))
  const trip = new RoundTrip({ ...work, target: cluster, hash, attempt: context.info.attempt })
  try {
    // A former attempt may have left its own.
    for (const left of await trip.clean()) find('warning', 'left', left)
    await trip.make()
    const { seconds } = await trip.backUp()
    if (row.reachable === 'yes') {
      const problems = await trip.verify()
      for (const problem of problems) find('fatal', 'damaged', problem)
    }
    await trip.restore()
    find(
      'info',
      'proven',
      `A row was backed up and restored on ${work.cluster}${row.reachable === 'yes' ? ', and read from here' : ''}; the backup took ${seconds} s`,
    )
  } catch (error) {
    if (signal.aborted) throw error
    if (!(error instanceof RoundTripFailure || error instanceof StarRocksError || error instanceof StorageError))
      throw error
    find('fatal', 'round-trip', `${trip.step} failed: ${error.message}`)
  } finally {
    for (const left of await trip.clean()) find('warning', 'left', left)
  }
  return answer()
}
