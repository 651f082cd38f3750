import type { BackupRecord } from '../../contract/backup/record.ts'
import { mapConcurrently } from '../metadata/concurrency.ts'
import { lostObjects } from './lost-objects.ts'
import type { RepositoryObjects } from './repository-objects.ts'

const LOOKS_AT_ONCE = 8

type Labels = BackupRecord['labels']

/**
 * Why a backup cannot be restored from, or built upon, as far as names, sizes and the last verifications tell: a snapshot of its chain is gone, incomplete, another
 * one than was made under that label, or was found damaged, be it with the backup that it belongs to. Undefined when nothing is known against it.
 * What was read once is not read again. Errors: StorageError.
 */
export function damageOfSnapshots(objects: RepositoryObjects, signal?: AbortSignal) {
  const looked = remembered((label) => objects.repository.lookAt(label, { signal }))
  // A verification is called like the last snapshot of its backup.
  const measured = remembered((label) => objects.repository.measure(label, { signal }))
  const verified = remembered((label) => objects.verification(label, { signal }))
  const lackOf = async (label: string, size: Labels[number]['size']) => {
    const lost = size && lostObjects(await measured(label), size)
    return lost && `is not whole: ${lost}`
  }
  return async (labels: Labels): Promise<string | undefined> => {
    const found = await mapConcurrently(labels, LOOKS_AT_ONCE, async ({ label, infoMd5, size }) => {
      const [{ state, infos }, verification] = await Promise.all([looked(label), verified(label)])
      const problem =
        state === 'missing'
          ? 'is missing'
          : state !== 'complete'
            ? `is damaged (${state})`
            : infoMd5 !== undefined && infos[0]?.md5 !== infoMd5
              ? 'is another one than was made under that label'
              : await lackOf(label, size)
      return { label, problem, bad: verification?.ok === false ? verification.problems.map((one) => one.label) : [] }
    })
    // By which verification, since only one of that backup can tell that it is mended.
    const bad = new Map(found.flatMap((one) => one.bad.map((label) => [label, one.label] as const)))
    for (const { label, problem } of found) {
      if (problem !== undefined) return `snapshot ${label} ${problem}`
      const by = bad.get(label)
      if (by !== undefined) {
        return `snapshot ${label} was found damaged when it was verified; if it is mended, verify backup ${by} with --deep`
      }
    }
    return undefined
  }
}

function remembered<T>(read: (label: string) => Promise<T>): (label: string) => Promise<T> {
  const known = new Map<string, Promise<T>>()
  return (label) => {
    const before = known.get(label)
    if (before) return before
    const reading = read(label)
    known.set(label, reading)
    return reading
  }
}
