import type { Finding } from '../../contract/findings.ts'
import type { RestoreOutline } from '../../planning/restore/restore-plan.ts'
import { type Repository, StorageError } from '../../repository/index.ts'
import { objectsOf } from '../repository/repository-objects.ts'
import { damageOfSnapshots } from '../repository/snapshot-damage.ts'
import { summarize } from './restore-summary.ts'

/** Whether every snapshot that the restore will read is there, and the one that was made; before anything is dropped or made. */
export async function checkChain(
  open: () => Promise<Repository>,
  outline: RestoreOutline,
  signal?: AbortSignal,
): Promise<Finding[]> {
  const { record, basis } = outline
  if (basis.bare) return []
  const problem = await damage(open, outline, signal)
  if (problem === undefined) return []
  return [
    {
      code: 'damaged-backup',
      level: 'fatal',
      subject: record.id,
      message: `Backup ${record.id} cannot be restored: ${problem}`,
      remedy: `Choose another one: 'starferry backup list' shows which are whole`,
    },
  ]
}

async function damage(open: () => Promise<Repository>, outline: RestoreOutline, signal?: AbortSignal) {
  const used = new Set(summarize(outline).chain)
  try {
    const damageOf = damageOfSnapshots(objectsOf(await open()), signal)
    return await damageOf(outline.record.labels.filter(({ label }) => used.has(label)))
  } catch (error) {
    // Its record was read a moment ago; the restore itself does without the worker's view.
    if (error instanceof StorageError) return undefined
    throw error
  }
}
