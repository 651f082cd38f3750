import { StarRocksError } from '../../starrocks/index.ts'
import { isNotFound, isUnreachable, reasonOf } from './failure.ts'
import type { Side } from './pair.ts'

export interface UndoResult {
  done: string[]
  failed: { statement: string; reason: string }[]
}

/** Only what starferry itself writes down to be undone: properties of one table. */
const ALLOWED = /^ALTER TABLE `(?:[^`]|``)+`\.`(?:[^`]|``)+` SET \(.*\)$/s

/** Gives the target's tables what was held back while they were copied, e.g. dynamic partitions. A table that is gone needs nothing. */
export async function undoChanges(
  target: Pick<Side, 'cluster'>,
  statements: readonly string[],
  signal?: AbortSignal,
): Promise<UndoResult> {
  const result: UndoResult = { done: [], failed: [] }
  for (const statement of statements) {
    signal?.throwIfAborted()
    if (!ALLOWED.test(statement)) {
      result.failed.push({ statement, reason: 'it is no change of table properties, so it is not run' })
      continue
    }
    try {
      await target.cluster.execute(statement)
      result.done.push(statement)
    } catch (error) {
      if (isUnreachable(error) || !(error instanceof StarRocksError)) throw error
      if (!isNotFound(error)) result.failed.push({ statement, reason: reasonOf(error) })
    }
  }
  return result
}
