import { readFileSync } from 'node:fs'
import { classify, type Queryable, type ResultSet, type Row, resultSet } from '../../starrocks/index.ts'

export const profiles = ['3.1', '3.3', '3.5', '4.1', '4.1-shared-data'] as const
export type Profile = (typeof profiles)[number]

interface Answer {
  columns: string[]
  rows: (string | null)[][]
  error?: { errno: number; message: string }
}

/** Answers statements with what a frontend of this version answered. A statement that none was asked is a mistake of the test. */
export class RecordedCluster implements Queryable {
  readonly answers: Record<string, Answer>
  readonly asked: string[] = []

  constructor(profile: Profile) {
    const file = new URL(`../fixtures/starrocks/answers/${profile}.json`, import.meta.url)
    this.answers = JSON.parse(readFileSync(file, 'utf8')) as Record<string, Answer>
  }

  /** Statements that were asked, by pattern. */
  keys(pattern: RegExp): string[] {
    return Object.keys(this.answers).filter((key) => pattern.test(key))
  }

  cell(statement: string, column: string, row = 0): string | null {
    const answer = this.answers[statement]
    return answer?.rows[row]?.[answer.columns.indexOf(column)] ?? null
  }

  async query(sql: string): Promise<ResultSet> {
    this.asked.push(sql)
    // Recorded without backticks; the names in it need none.
    const answer = this.answers[sql.replaceAll('`', '')]
    if (!answer) throw new Error(`Nobody asked a frontend: ${sql}`)
    if (answer.error) throw classify(Object.assign(new Error(answer.error.message), { errno: answer.error.errno }))
    return resultSet(answer.columns, answer.rows)
  }

  async *stream(sql: string): AsyncGenerator<Row> {
    yield* (await this.query(sql)).rows
  }
}

/** Answers with given rows, whatever is asked. */
export function fixedAnswers(answers: (sql: string) => ResultSet): Queryable {
  return {
    query: async (sql) => answers(sql),
    async *stream(sql) {
      yield* answers(sql).rows
    },
  }
}
