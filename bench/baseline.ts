import { Context } from '@temporalio/activity'
import { MockActivityEnvironment } from '@temporalio/testing'
import { openRun } from '../activities/backup/backup-run.ts'
import { planNext } from '../activities/backup/plan-snapshot.ts'
import type { BackupSpec } from '../contract/backup/policy.ts'
import { openClusters } from './measured-clusters.ts'

export interface BaselineOptions {
  clusters: Parameters<typeof openClusters>[0]
  repositories: Parameters<typeof openClusters>[1]
  spec: BackupSpec
  database: string
}

const TIMESTAMP = '2026-01-01-00-00-00-000'

/** Writes the record of a full backup of a database as it is now, and the names of its documents: as if it had been made. */
export async function writeBaseline({ clusters, repositories, spec, database }: BaselineOptions): Promise<void> {
  const { deps, close } = openClusters(clusters, repositories)
  const startedAt = Date.now() - 86_400_000
  const input = {
    spec: { ...spec, snapshot: { tables: 0, partitions: 0, bytes: 0 } },
    set: 'before',
    database,
    kind: 'full',
    dueAt: startedAt,
    runId: '00000000-0000-0000-0000-000000000000',
    startedAt,
    part: 0,
    attempt: 1,
    cursor: { labels: [] },
    leftOut: [],
  } as const
  try {
    await new MockActivityEnvironment().run(async () => {
      const run = await openRun(deps, Context.current(), { ...input, cursor: { labels: [] }, leftOut: [] }, () => {})
      const { record } = await planNext(run, [])
      await run.objects?.putRecord({
        ...record,
        finishedAt: new Date(startedAt).toISOString(),
        labels: [{ label: run.label, timestamp: TIMESTAMP }],
      })
      const store = deps.repository(spec.repository).store()
      for (const name of ['__meta', `__info_${TIMESTAMP}`]) {
        await store.put(`__starrocks_repository_${spec.repository}/__ss_${run.label}/${name}.${'0'.repeat(32)}`, '{}')
      }
    })
  } finally {
    await close()
  }
}
