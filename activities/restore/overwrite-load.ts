import {
  listDatabases,
  loadedPartitions,
  StarRocksError,
  type Transaction,
  transactions,
} from '../../starrocks/index.ts'
import type { RestoreContext } from './restore-context.ts'

/** What became of an INSERT OVERWRITE that was sent under a label; `label`: what the next one can have. */
export type OverwriteLoad =
  /** Frontends forget, and tell it those only that may ask. */
  | { state: 'unknown'; label: string }
  | { state: 'running' | 'failed'; label: string }
  /** `ids` are those of the partitions that it loaded, and that take the place of the former ones in one go. */
  | { state: 'loaded'; label: string; ids: ReadonlySet<string> }

/**
 * Looks for the load among the live database's transactions. A label that loaded is never taken again, so that no statement is done twice whose answer was lost; the
 * job can fail after the load, as when the leader goes: the next try has a label with a number.
 */
export async function overwriteLoad(
  { cluster, outline, signal }: RestoreContext,
  label: string,
): Promise<OverwriteLoad> {
  const id = (await listDatabases(cluster, { signal })).find(({ name }) => name === outline.database)?.id
  if (id === undefined) return { state: 'unknown', label }
  try {
    const running = numbered(await transactions(cluster, id, 'running', { signal }), label)
    const finished = numbered(await transactions(cluster, id, 'finished', { signal }), label)
    const last = [...running, ...finished].sort((a, b) => b.number - a.number)[0]
    if (last === undefined) return { state: 'unknown', label }
    const { transaction, number } = last
    if (transaction.status === 'ABORTED') return { state: 'failed', label: transaction.label }
    if (transaction.status !== 'VISIBLE') return { state: 'running', label: transaction.label }
    const loaded = await loadedPartitions(cluster, id, transaction.id, { signal })
    return { state: 'loaded', label: `${label}_${number + 1}`, ids: new Set([...loaded].map(String)) }
  } catch (error) {
    if (error instanceof StarRocksError && (error.kind === 'Denied' || error.kind === 'NotFound'))
      return { state: 'unknown', label }
    throw error
  }
}

function numbered(all: readonly Transaction[], label: string) {
  return all.flatMap((transaction) => {
    if (transaction.label === label) return [{ transaction, number: 1 }]
    if (!transaction.label.startsWith(`${label}_`)) return []
    return [{ transaction, number: Number(transaction.label.slice(label.length + 1)) }]
  })
}
