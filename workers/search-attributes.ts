import { setTimeout as sleep } from 'node:timers/promises'
import type { Connection } from '@temporalio/client'
import { SEARCH_ATTRIBUTES } from '../contract/names.ts'

/** INDEXED_VALUE_TYPE_KEYWORD of Temporal's API. */
const KEYWORD = 2
const USABLE_WITHIN_MS = 30_000

export interface Registration {
  /** Registered now. */
  added: string[]
  /** Could not be registered, and why; the rest works without a person only when this is unset. */
  problem?: string
}

/**
 * Registers starferry's search attributes where they are missing, and waits until Temporal takes them in queries.
 * Where that is not allowed (Temporal Cloud, restricted clusters) nothing is thrown: `problem` says what to do.
 */
export async function registerSearchAttributes(connection: Connection, namespace: string): Promise<Registration> {
  const wanted = Object.values(SEARCH_ATTRIBUTES)
  try {
    const { customAttributes = {} } = await connection.operatorService.listSearchAttributes({ namespace })
    const clash = wanted.filter((name) => name in customAttributes && customAttributes[name] !== KEYWORD)
    if (clash.length > 0) return { added: [], problem: `${clash.join(', ')} exist with another type than Keyword` }
    const added = wanted.filter((name) => !(name in customAttributes))
    if (added.length > 0) {
      const searchAttributes = Object.fromEntries(added.map((name) => [name, KEYWORD]))
      await connection.operatorService.addSearchAttributes({ namespace, searchAttributes }).catch(unlessThere)
    }
    await untilUsable(connection, namespace, wanted)
    return { added }
  } catch (error) {
    // Not allowed to look or to register: somebody may have done it.
    if (await areUsable(connection, namespace, wanted)) return { added: [] }
    const names = wanted.map((name) => `--name ${name} --type Keyword`).join(' ')
    return {
      added: [],
      problem: `${error instanceof Error ? error.message : error}; create them yourself: temporal operator search-attribute create --namespace ${namespace} ${names}`,
    }
  }
}

/** Another worker that starts at the same time may have been faster. */
function unlessThere(error: unknown): void {
  if (!/already exists/i.test(String(error))) throw error
}

/** Registered is not yet usable: frontends learn of new attributes a moment later. */
async function untilUsable(connection: Connection, namespace: string, names: string[]): Promise<void> {
  const deadline = Date.now() + USABLE_WITHIN_MS
  for (;;) {
    try {
      return await tryUse(connection, namespace, names)
    } catch (error) {
      if (Date.now() > deadline) throw error
    }
    await sleep(100)
  }
}

const areUsable = (connection: Connection, namespace: string, names: string[]): Promise<boolean> =>
  tryUse(connection, namespace, names).then(
    () => true,
    () => false,
  )

async function tryUse({ workflowService }: Connection, namespace: string, names: string[]): Promise<void> {
  const query = names.map((name) => `${name} = 'x'`).join(' AND ')
  await workflowService.countWorkflowExecutions({ namespace, query })
}
