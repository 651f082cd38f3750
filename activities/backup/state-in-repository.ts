import { showSnapshots } from '../../starrocks/backup/show-snapshots.ts'
import type { BackupRun } from './backup-run.ts'

/** Of this label: whether a manifest is there, or anything at all. */
export async function stateInRepository({
  objects,
  side,
  input,
  label,
  signal,
}: BackupRun): Promise<'complete' | 'begun' | 'missing'> {
  if (objects) {
    const { state } = await objects.repository.lookAt(label, { signal })
    return state === 'complete' ? 'complete' : state === 'missing' ? 'missing' : 'begun'
  }
  const [found] = await showSnapshots(side.cluster, input.spec.repository, [label], { signal })
  return found?.status.kind === 'ok' ? 'complete' : 'missing'
}
