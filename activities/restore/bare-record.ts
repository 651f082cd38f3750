import type { BackupRecord } from '../../contract/backup/record.ts'
import { showSnapshotDetails, showSnapshots } from '../../starrocks/backup/show-snapshots.ts'
import type { StarRocksCluster } from '../../starrocks/index.ts'
import { corruptRestore, refusedRestore } from './restore-failures.ts'

/**
 * What the cluster itself tells of a snapshot, in the form of a record: names of tables and partitions, without ids, versions, definitions or rows. Objects
 * without partitions are taken for views. Errors: Refused when there is no such snapshot.
 */
export async function readBareRecord(
  cluster: StarRocksCluster,
  repository: string,
  label: string,
): Promise<BackupRecord> {
  const [snapshot] = await showSnapshots(cluster, repository, [label])
  if (!snapshot?.timestamp || snapshot.status.kind === 'missing') {
    throw refusedRestore(
      `Repository ${repository} holds no complete snapshot ${label}; look with 'starferry backup list'`,
    )
  }
  if (snapshot.status.kind === 'unreadable') {
    throw corruptRestore(`Snapshot ${label} of repository ${repository} cannot be read: ${snapshot.status.message}`)
  }
  const details = await showSnapshotDetails(cluster, repository, label, snapshot.timestamp)
  const described = details?.details
  if (!described)
    throw corruptRestore(`What is in snapshot ${label} cannot be told: ${JSON.stringify(details?.status)}`)
  const database = details?.database ?? described.database ?? ''
  const at = new Date(described.backupTime).toISOString()
  const tables: BackupRecord['tables'] = {}
  const views: BackupRecord['views'] = {}
  for (const { name, partitions } of described.objects) {
    if (partitions.length === 0) {
      Object.defineProperty(views, name, { value: { at: 0, ddl: '' }, enumerable: true })
      continue
    }
    const value = {
      id: '0',
      partitioning: 'none' as const,
      fingerprint: '',
      ddl: '',
      whole: [0],
      partitions: Object.fromEntries(partitions.map((partition) => [partition, { physical: [], at: 0 }])),
    }
    Object.defineProperty(tables, name, { value, enumerable: true })
  }
  return {
    format: 1,
    id: label,
    repository,
    cluster: '',
    database,
    name: '',
    set: '',
    kind: database === '' ? 'catalogs' : 'full',
    startedAt: at,
    finishedAt: at,
    version: '',
    labels: [{ label, timestamp: snapshot.timestamp }],
    own: 1,
    tables,
    materializedViews: {},
    views,
    functions: {},
    catalogs: [],
    notIncluded: [],
    movedMeanwhile: [],
  }
}
