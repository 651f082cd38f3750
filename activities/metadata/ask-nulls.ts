import {
  answerNullQuestion,
  type NullMeaning,
  nullKey,
  nullListQuestion,
  printedNulls,
} from '../../starrocks/ddl/index.ts'
import { StarRocksError } from '../../starrocks/index.ts'
import type { Side } from './pair.ts'
import type { TableFacts } from './read-table.ts'

/**
 * Settles which printed NULLs of list partitions are NULL and which are the string, by EXPLAIN's pruning: a frontend answers it without any backend,
 * but only for partitions that have been written. What stays open is missing from the answer.
 */
export async function askNulls(side: Side, facts: TableFacts, signal?: AbortSignal): Promise<Map<string, NullMeaning>> {
  const answers = new Map<string, NullMeaning>()
  for (const { shape, rows } of facts.partitions) {
    for (const at of printedNulls(facts.model, shape)) {
      if (rows.every((row) => row.visibleVersion <= 1n)) continue
      const question = nullListQuestion(facts.model, facts.entry, shape, at, side.version)
      if (!question) continue
      const meaning = answerNullQuestion(question, await explain(side, question.statement, signal))
      if (meaning) answers.set(nullKey(shape.name, at.tuple, at.column), meaning)
    }
  }
  return answers
}

async function explain(side: Side, statement: string, signal?: AbortSignal): Promise<string[]> {
  try {
    const { rows } = await side.cluster.query(statement, { signal })
    return rows.map((row) => row.cells[0] ?? '')
  } catch (error) {
    // A question that this version does not take leaves the NULL open; a person decides.
    if (error instanceof StarRocksError && (error.kind === 'Refused' || error.kind === 'Syntax')) return []
    throw error
  }
}
