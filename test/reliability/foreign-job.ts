import type { LabDatabase, LabTable } from '../../lab/index.ts'
import { replicationRequest } from '../lab/support/request.ts'
import { call } from '../lab/support/wire.ts'
import type { LabMigration } from '../support/lab-migration.ts'

type Clusters = Pick<LabMigration, 'source' | 'target'>

/** Somebody else replicates a table of theirs, `other.f`, into the same target. Returns the job's id. */
export async function sendForeignJob(clusters: Clusters, jobId: string): Promise<string> {
  const { source, target } = clusters
  for (const cluster of [source, target]) {
    cluster.execute('CREATE DATABASE other')
    cluster.execute(
      'CREATE TABLE other.f (id INT NOT NULL) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ("replication_num" = "1")',
    )
  }
  source.execute('INSERT INTO other.f VALUES (1), (2)')
  return sendForeignJobAgain(clusters, jobId)
}

export async function sendForeignJobAgain({ source, target }: Clusters, jobId: string): Promise<string> {
  const request = replicationRequest({
    db: databaseOf(target),
    table: tableOf(target),
    source: { state: source.state, table: tableOf(source) },
    jobId,
  })
  const leader = target.state.frontends.find((one) => one.role === 'LEADER')
  const answer = await call(leader?.rpcPort ?? 0, 'startTableReplication', request)
  if (!('status' in answer) || answer.status !== 'OK') throw new Error(`It was refused: ${JSON.stringify(answer)}`)
  return jobId
}

function databaseOf({ state }: LabMigration['target']): LabDatabase {
  const database = state.databases.get('other')
  if (!database) throw new Error('There is no database other')
  return database
}

function tableOf(cluster: LabMigration['target']): LabTable {
  const table = databaseOf(cluster).objects.get('f')
  if (table?.kind !== 'table') throw new Error('There is no table other.f')
  return table
}
