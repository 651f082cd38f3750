import {
  listRoutineLoads,
  quoteQualified,
  type RoutineLoad,
  type StarRocksCluster,
  StarRocksError,
} from '../../starrocks/index.ts'

/** Jobs that load into tables of a database; or why they cannot be listed. Errors: StarRocksError of a cluster that does not answer. */
export async function routineLoadsOf(
  cluster: StarRocksCluster,
  database: string,
  signal?: AbortSignal,
): Promise<RoutineLoad[] | string> {
  try {
    return await listRoutineLoads(cluster, database, { signal })
  } catch (error) {
    if (!(error instanceof StarRocksError)) throw error
    // A database that is not there has none, and versions without the thing have none of it.
    if (error.kind === 'NotFound' || error.kind === 'Syntax' || error.kind === 'Unsupported') return []
    if (error.kind === 'Denied') return error.message
    throw error
  }
}

/** What to type so that a job loads into the restored table: it cannot be pointed at another one. */
export const moveRoutineLoad = (database: string, name: string): string => {
  const job = quoteQualified(database, name)
  return `PAUSE ROUTINE LOAD FOR ${job}; SHOW CREATE ROUTINE LOAD ${job} and SHOW ROUTINE LOAD FOR ${job} tell its definition and its position; STOP ROUTINE LOAD FOR ${job}, and CREATE it again`
}
