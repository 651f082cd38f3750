import { createHash } from 'node:crypto'
import { listObjects, type ObjectStore, StorageError } from '../../repository/index.ts'
import { repositoryOf } from './repository-of.ts'
import type { RestoreContext } from './restore-context.ts'

/**
 * Looks in the repository for what a backend complains of; undefined when everything that it names is as it should be, or when the repository
 * cannot be read from here.
 */
export async function findDamage(context: RestoreContext, label: string, message: string): Promise<string | undefined> {
  const { deps, spec, signal } = context
  try {
    const repository = await repositoryOf(deps, spec.repository)
    const { store } = repository
    const root = repository.snapshotDirectory(label)
    const path = new RegExp(`${escaped(`__ss_${label}/`)}\\S*`).exec(message)?.[0]
    if (path !== undefined) {
      const key = `${root}${path.slice(`__ss_${label}/`.length)}`.replace(/[/,;.:]+$/, '')
      const found = await checkBelow(store, key, signal)
      if (found !== undefined) return found
    }
    const md5 = /expected: ?([0-9a-f]{32})/i.exec(message)?.[1]
    return md5 === undefined ? undefined : await checkByMd5(store, root, md5.toLowerCase(), signal)
  } catch (error) {
    if (error instanceof StorageError) return undefined
    throw error
  }
}

/** Every object at or below a key: there must be some, and each must be what its name promises. */
async function checkBelow(store: ObjectStore, key: string, signal?: AbortSignal): Promise<string | undefined> {
  let any = false
  for await (const object of listObjects(store, key, { signal })) {
    any = true
    const damage = await checkObject(store, object.key, signal)
    if (damage !== undefined) return damage
  }
  return any ? undefined : `nothing is stored under ${key}`
}

async function checkByMd5(store: ObjectStore, root: string, md5: string, signal?: AbortSignal) {
  for await (const object of listObjects(store, root, { signal })) {
    if (object.key.endsWith(`.${md5}`)) return checkObject(store, object.key, signal)
  }
  return `no object of it has the md5 ${md5} in its name`
}

async function checkObject(store: ObjectStore, key: string, signal?: AbortSignal): Promise<string | undefined> {
  const promised = /\.([0-9a-f]{32})$/.exec(key)?.[1]
  if (promised === undefined) return undefined
  const hash = createHash('md5')
  try {
    const { stream } = await store.get(key, { signal })
    for await (const chunk of stream) hash.update(chunk as Buffer)
  } catch (error) {
    if (error instanceof StorageError && error.kind === 'NotFound') return `${key} is missing`
    throw error
  }
  const actual = hash.digest('hex')
  return actual === promised ? undefined : `the content of ${key} has the md5 ${actual}`
}

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
