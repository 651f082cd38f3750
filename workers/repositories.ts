import { ApplicationFailure } from '@temporalio/common'
import type { RepositoryHandle } from '../activities/dependencies.ts'
import { nearest } from '../contract/check.ts'
import type { WorkerConfig } from '../contract/worker-config.ts'
import { type ObjectStore, openStore, type Repository, readRepository } from '../repository/index.ts'

/** The configured repositories, and the addresses that policies notify. */
export interface Repositories {
  get(name: string): RepositoryHandle
  names(): string[]
  webhook(name: string): string
  close(): Promise<void>
}

/** Nothing is connected before it is used. `get` throws a non-retryable ApplicationFailure `UnknownRepository`, `webhook` `UnknownWebhook`. */
export function createRepositories({
  repositories,
  webhooks,
}: Pick<WorkerConfig, 'repositories' | 'webhooks'>): Repositories {
  const handles = new Map<string, RepositoryHandle>()
  const stores = new Map<string, ObjectStore>()
  const found = new Map<string, Repository>()
  for (const [name, { location, properties, access, clusters }] of Object.entries(repositories)) {
    const store = () => {
      let opened = stores.get(name)
      if (!opened) {
        opened = openStore({ location, properties, access })
        stores.set(name, opened)
      }
      return opened
    }
    const open = async (signal?: AbortSignal) => {
      const known = found.get(name) ?? (await readRepository(store(), name, { signal }))
      // Two that look at once shall have the same one afterwards.
      const repository = found.get(name) ?? known
      found.set(name, repository)
      return repository
    }
    handles.set(name, { name, location, properties, ...(clusters ? { clusters } : {}), store, open })
  }
  return {
    get: (name) => handles.get(name) ?? unknown('repository', 'UnknownRepository', name, [...handles.keys()]),
    names: () => [...handles.keys()],
    webhook: (name) => {
      const address = Object.hasOwn(webhooks, name) ? webhooks[name] : undefined
      return address ?? unknown('webhook', 'UnknownWebhook', name, Object.keys(webhooks))
    },
    close: async () => {
      for (const store of stores.values()) store.close()
      stores.clear()
      found.clear()
    },
  }
}

function unknown(what: string, type: string, name: string, known: string[]): never {
  const near = nearest(name, known)
  const hint = known.length === 0 ? 'none is configured' : `configured are ${known.join(', ')}`
  throw ApplicationFailure.nonRetryable(
    `The worker's configuration has no ${what} '${name}'${near ? `; did you mean '${near}'?` : ''} (${hint})`,
    type,
  )
}
