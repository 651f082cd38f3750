import { createHash } from 'node:crypto'
import { splitMd5 } from '../layout/names.ts'
import type { ObjectStore } from '../object-store.ts'
import { StorageError } from '../storage-error.ts'
import type { Findings } from './findings.ts'

/** Reads an object and compares its content with the md5 in its name. Errors of the whole store are thrown; those of the object are findings. */
export async function checkContent(
  store: ObjectStore,
  key: string,
  findings: Findings,
  { signal, onBytes }: { signal?: AbortSignal; onBytes?: (count: number) => void } = {},
): Promise<void> {
  const expected = splitMd5(key)?.md5
  if (!expected) return
  try {
    const hash = createHash('md5')
    const { stream, size } = await store.get(key, { signal })
    let read = 0
    for await (const chunk of stream) {
      hash.update(chunk as Buffer)
      read += (chunk as Buffer).length
      onBytes?.((chunk as Buffer).length)
    }
    if (size !== undefined && read !== size) {
      findings.add('unreadable', key, `it ends after ${read} of ${size} bytes`)
      return
    }
    const found = hash.digest('hex')
    if (found !== expected) findings.add('md5', key, `its content has the md5 ${found}`)
  } catch (error) {
    if (signal?.aborted) throw signal.reason
    if (error instanceof StorageError && (error.concernsWholeStore || error.kind === 'Throttled')) throw error
    findings.add('unreadable', key, error instanceof Error ? error.message : String(error))
  }
}
