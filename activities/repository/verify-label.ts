import type { SnapshotExtent } from '../../contract/backup/record.ts'
import type { Verification } from '../../contract/backup/repository-api.ts'
import type { VerifiedSnapshot } from '../../planning/backup/verify-summary.ts'
import { type Repository, type VerifyProgress, verifySnapshot } from '../../repository/index.ts'
import { lostObjects } from './lost-objects.ts'

export interface VerifyLabelOptions {
  mode: Verification['mode']
  /** Of the manifest, as the record has it. */
  md5?: string
  /** As it was made. */
  size?: SnapshotExtent
  signal?: AbortSignal
  onProgress?: (progress: VerifyProgress) => void
}

const MOST_PROBLEMS = 10

/** Whether a snapshot is what was made and could be restored, as far as its objects tell. Errors: StorageError where the store fails. */
export async function verifyLabel(
  repository: Repository,
  label: string,
  { mode, md5, size, signal, onProgress }: VerifyLabelOptions,
): Promise<VerifiedSnapshot> {
  const depth = { manifest: { sample: 0 }, sample: {}, deep: { deep: true } }[mode]
  const result = await verifySnapshot(repository, label, { ...depth, signal, onProgress })
  const listed = result.findings
    .filter(({ severity }) => severity === 'error')
    .map(({ key, problem }): VerifiedSnapshot['problems'][number] => ({ object: key, problem }))
  const problems = [...listed]
  const lost = lostObjects(result, size)
  if (lost) problems.push({ problem: lost })
  const [info] = (await repository.lookAt(label, { signal })).infos
  if (md5 && info && info.md5 !== md5) {
    problems.unshift({
      object: info.key,
      problem: 'another backup took this label: its manifest is not the one that was recorded',
    })
  }
  // What was counted, not what was kept of it.
  const count = result.errors + problems.length - listed.length
  return {
    label,
    ok: result.ok && count === 0,
    objects: result.objects,
    bytes: result.bytes,
    problems: problems.slice(0, MOST_PROBLEMS),
    more: count - Math.min(problems.length, MOST_PROBLEMS),
  }
}
