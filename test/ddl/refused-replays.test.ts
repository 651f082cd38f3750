import { describe, expect, it } from 'vitest'
import { orderByDependency, refusals, type Table, type View, writeTable } from '../../starrocks/ddl/index.ts'
import { fixture, type Line, modeOf, objectsOf, readObject, versionOf } from './fixtures.ts'

interface Replay {
  readonly object: string
  readonly accepted: boolean
  readonly error?: string
}
const replays = fixture<Record<string, Replay[]>>('replays')

/** What the frontend said to the printed text, and how the written statement, or its absence, answers that. */
const answers: readonly (readonly [RegExp, (written: Written) => void])[] = [
  [/Unknown properties: \{binlog_version/, ({ statement }) => expect(statement).not.toContain('binlog_version')],
  [
    /table:pk do not exist/,
    ({ statement, deferred }) => {
      expect(statement).not.toContain('foreign_key_constraints')
      expect(deferred.join()).toContain('foreign_key_constraints')
    },
  ],
  [
    /Unexpected input 'x''|Unexpected input 'x'/,
    ({ statement }) => expect(statement).toContain(`COMMENT "bitmap 'x'"`),
  ],
  // Partitions are added one by one, values and names quoted (partitions.test.ts).
  [/Unexpected input 'brien'/, ({ statement }) => expect(statement).toContain('PARTITION BY LIST(`city`) ()')],
  [/PARTITION select/, ({ statement }) => expect(statement).toContain('PARTITION BY RANGE(`id`) ()')],
  [
    /line 15, column 37\. Detail message: Unexpected input 'b'/,
    ({ statement }) => expect(statement).toContain(`DEFAULT 'a"b''c'`),
  ],
  [/enable_experimental_gin/, ({ refused }) => expect(refused).toEqual(['gin-index'])],
  [/enable_experimental_vector/, ({ refused }) => expect(refused).toEqual(['vector-index'])],
  [/enable_experimental_rowstore/, ({ refused }) => expect(refused).toEqual(['row-store'])],
  [/In-Memory index is not supported/, ({ refused }) => expect(refused).toEqual(['in-memory-index'])],
]

interface Written {
  readonly statement: string
  readonly deferred: readonly string[]
  readonly refused: readonly string[]
}

describe.each(Object.keys(replays))('texts that were refused when replayed: %s', (pair) => {
  const [sourceLine = '', targetLine = sourceLine] = pair.split('-to-')
  const refused = (replays[pair] ?? []).filter((replay) => !replay.accepted && replay.error !== undefined)

  it('are many', () => {
    expect(refused.length).toBeGreaterThan(5)
  })

  it.each(refused)('$object: $error', ({ object, error = '' }) => {
    const model = readObject(sourceLine as Line, object)
    if (model.kind !== 'table') {
      expect(error).toMatch(/Unknown table/)
      const views = objectsOf(sourceLine as Line)
        .map((name) => readObject(sourceLine as Line, name))
        .filter((one): one is View => one.kind === 'view')
        .map((view) => ({ object: { database: 'shop', name: view.name }, query: view.query }))
      const order = orderByDependency(views).map((view) => view.object.name)
      const missing = /Unknown table 'shop\.([^']+)'/.exec(error)?.[1] ?? ''
      expect(order.indexOf(missing)).toBeGreaterThanOrEqual(0)
      expect(order.indexOf(missing)).toBeLessThan(order.indexOf(model.name))
      return
    }
    const target = { version: versionOf(targetLine), runMode: modeOf(targetLine) }
    const { statements, deferred } = writeTable(model as Table, {
      target,
      source: { database: 'shop', name: model.name },
    })
    const codes = refusals(model as Table, { target }).map(({ code }) => code)
    const matching = answers.filter(([pattern]) => pattern.test(error))
    expect(matching.length, error).toBeGreaterThan(0)
    for (const [, check] of matching) check({ statement: statements.join('\n'), deferred, refused: codes })
  })
})
