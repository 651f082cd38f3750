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
  for (const { keys } of sameValues(facts)) deduce(keys, answers)
  return answers
}

/** Printed NULLs that a whole value hangs on, by that value: no two partitions hold the same one, so among equal texts one is NULL and one the string. */
export function sameValues(
  facts: Pick<TableFacts, 'model' | 'partitions'>,
): { partitions: string[]; keys: string[] }[] {
  const groups = new Map<string, { partitions: string[]; keys: string[] }>()
  for (const { shape } of facts.partitions) {
    const printed = printedNulls(facts.model, shape)
    for (const { tuple, column } of printed) {
      if (printed.filter((other) => other.tuple === tuple).length !== 1 || shape.values?.kind !== 'list') continue
      const text = JSON.stringify(shape.values.tuples[tuple])
      const group = groups.get(text) ?? { partitions: [], keys: [] }
      group.partitions.push(shape.name)
      group.keys.push(nullKey(shape.name, tuple, column))
      groups.set(text, group)
    }
  }
  return [...groups.values()].filter(({ keys }) => keys.length > 1)
}

function deduce(keys: readonly string[], answers: Map<string, NullMeaning>): void {
  const known = keys.find((key) => answers.has(key))
  const open = keys.filter((key) => !answers.has(key))
  const [only] = open
  if (known === undefined || only === undefined || open.length > 1) return
  answers.set(only, answers.get(known) === 'null' ? 'string' : 'null')
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
