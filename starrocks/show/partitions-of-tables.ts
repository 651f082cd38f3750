import { StarRocksError } from '../errors/starrocks-error.ts'
import type { StatementOptions } from '../session/connection.ts'
import { listPartitions, type PartitionRow } from './partitions.ts'
import type { Queryable } from './queryable.ts'

export interface TableName {
  database: string
  table: string
}

export interface TablePartitions<T extends TableName> {
  table: T
  /** Undefined when the table is gone. */
  partitions: PartitionRow[] | undefined
}

/**
 * SHOW PARTITIONS of many tables, a few at a time: what frontends can do without any backend. Yields in the order of completion.
 * `tables` is drawn from only as fast as the reader goes. Errors: the first that is not a vanished table.
 */
export async function* partitionsOfTables<T extends TableName>(
  cluster: Queryable,
  tables: Iterable<T> | AsyncIterable<T>,
  { concurrency = 4, ...options }: StatementOptions & { concurrency?: number } = {},
): AsyncGenerator<TablePartitions<T>> {
  const source = Symbol.asyncIterator in tables ? tables[Symbol.asyncIterator]() : tables[Symbol.iterator]()
  const running = new Map<number, Promise<{ place: number; answer: TablePartitions<T> }>>()
  let place = 0
  let more = true
  try {
    while (more || running.size > 0) {
      while (more && running.size < concurrency) {
        const next = await source.next()
        if (next.done) {
          more = false
          break
        }
        const mine = place++
        const work = read(cluster, next.value, options).then((answer) => ({ place: mine, answer }))
        // Looked at by race(); until then a failure must not count as unhandled.
        work.catch(() => undefined)
        running.set(mine, work)
      }
      if (running.size === 0) break
      const { place: done, answer } = await Promise.race(running.values())
      running.delete(done)
      yield answer
    }
  } finally {
    await source.return?.()
  }
}

async function read<T extends TableName>(
  cluster: Queryable,
  table: T,
  options: StatementOptions,
): Promise<TablePartitions<T>> {
  try {
    return { table, partitions: await listPartitions(cluster, table.database, table.table, options) }
  } catch (error) {
    if (error instanceof StarRocksError && error.kind === 'NotFound') return { table, partitions: undefined }
    throw error
  }
}
