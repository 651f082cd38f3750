import type { BackupsInput, BackupsPage } from '../../contract/backup/repository-api.ts'
import { pageOf } from '../../planning/backup/catalogue.ts'
import { type StarRocksCluster, showSnapshots } from '../../starrocks/index.ts'

/**
 * What a cluster tells of its repository, where the storage cannot be reached from here: labels, timestamps and whether a manifest is there. `why`
 * goes into the notes. One remote listing for each label, made by the cluster: it can take minutes. Errors: StarRocksError.
 */
export async function listThroughCluster(
  cluster: StarRocksCluster,
  input: BackupsInput,
  why: string,
  signal?: AbortSignal,
): Promise<BackupsPage> {
  const found = await showSnapshots(cluster, input.repository, input.id === undefined ? undefined : [input.id], {
    signal,
    timeoutMs: 600_000,
  })
  const rows = found
    .map(({ label, timestamp, status }) => ({
      id: label,
      state: status.kind === 'ok' ? 'foreign' : 'incomplete',
      timestamp,
      labels: [label],
      problem: status.kind === 'ok' ? undefined : status.message,
    }))
    // The form of timestamps sorts as time does.
    .sort((a, b) => ((a.timestamp ?? '') < (b.timestamp ?? '') ? 1 : -1))
  const notes = [
    `Only labels, as cluster ${input.cluster} lists them; what is in them, and what they need, is recorded in the storage: ${why}`,
  ]
  return { ...pageOf(rows, input), totals: { backups: rows.length, bytes: 0 }, notes }
}
