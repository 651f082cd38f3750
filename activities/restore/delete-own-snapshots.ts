import { passageLabel } from '../../planning/restore/restore-names.ts'
import { StorageError } from '../../repository/index.ts'
import { dropSnapshotStatement } from '../../starrocks/backup/job-statements.ts'
import { showSnapshots } from '../../starrocks/backup/show-snapshots.ts'
import { StarRocksError } from '../../starrocks/index.ts'
import { repositoryOf } from './repository-of.ts'
import type { RestoreContext } from './restore-context.ts'

/** Labels of all snapshots by which this restore may have moved tables, those of failed attempts included. */
export function passageLabels({ steps, spec, basis }: RestoreContext): { label: string }[] {
  return steps
    .flatMap((step) => (step.kind === 'backup' ? [step.part] : []))
    .flatMap((part) =>
      Array.from({ length: spec.attempts }, (_, at) => ({ label: passageLabel(basis.hash, part, at + 1) })),
    )
}

/** Deletes the snapshots by which tables were moved, failed attempts' included. Can be repeated; what cannot be deleted is told. */
export async function deleteOwnSnapshots(
  context: RestoreContext,
  snapshots: readonly { label: string }[],
): Promise<string[]> {
  const { deps, spec, cluster, version, signal } = context
  const left: string[] = []
  for (const { label } of snapshots) {
    try {
      const repository = await repositoryOf(deps, spec.repository)
      const { failed, failures, stopped } = await repository.deleteSnapshot(label, { signal })
      if (failed > 0 || stopped) throw stopped ?? failures[0]?.error ?? new Error('some objects stay')
    } catch (error) {
      if (!(error instanceof StorageError)) throw error
      try {
        const [there] = await showSnapshots(cluster, spec.repository, [label], { signal })
        if (there?.status.kind === 'missing') continue
        await cluster.execute(dropSnapshotStatement(version, { label, repository: spec.repository, force: true }), {
          signal,
        })
      } catch (refusal) {
        if (!(refusal instanceof StarRocksError)) throw refusal
        left.push(`snapshot ${label} stays in repository ${spec.repository}: ${error.message}`)
      }
    }
  }
  for (const one of left) context.warn(one)
  return left
}
