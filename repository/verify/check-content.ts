import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { splitMd5 } from '../layout/names.ts'
import type { ObjectStore } from '../object-store.ts'
import { networkTrouble, StorageError } from '../storage-error.ts'
import type { Findings } from './findings.ts'

const ATTEMPTS = 3

interface Options {
  signal?: AbortSignal
  onBytes?: (count: number) => void
}

/**
 * Reads an object and compares its content with the md5 in its name. What is wrong with the object is a finding; what is wrong with the store,
 * or with the way to it, is thrown as StorageError: it says nothing about the object.
 */
export async function checkContent(
  store: ObjectStore,
  key: string,
  findings: Findings,
  options: Options = {},
): Promise<void> {
  const expected = splitMd5(key)?.md5
  if (!expected) return
  for (let attempt = 1; ; attempt++) {
    try {
      const found = await readMd5(store, key, options)
      if (found !== expected) findings.add('md5', key, `its content has the md5 ${found}`)
      return
    } catch (error) {
      if (options.signal?.aborted) throw options.signal.reason
      if (error instanceof StorageError) {
        if (error.concernsWholeStore || error.kind === 'Throttled') throw error
        findings.add('unreadable', key, error.message)
        return
      }
      // It broke off in the middle, where the client of the store does not try again by itself.
      if (attempt === ATTEMPTS) {
        const why = networkTrouble(error) ?? (error instanceof Error ? error.message : String(error))
        throw new StorageError('Unreachable', `Cannot read ${key} in ${store.description} to its end: ${why}`)
      }
      await sleep(500 * attempt, undefined, { signal: options.signal })
    }
  }
}

async function readMd5(store: ObjectStore, key: string, { signal, onBytes }: Options): Promise<string> {
  const hash = createHash('md5')
  const { stream, size } = await store.get(key, { signal })
  let read = 0
  for await (const chunk of stream) {
    hash.update(chunk as Buffer)
    read += (chunk as Buffer).length
    onBytes?.((chunk as Buffer).length)
  }
  if (size !== undefined && read !== size) throw new Error(`it ended after ${read} of ${size} bytes`)
  return hash.digest('hex')
}
