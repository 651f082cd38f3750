import { describe, expect, test } from 'vitest'
import type { AlignOutcome } from '../../contract/index.ts'
import { until } from '../support/until.ts'
import { differences, looks, scripted } from './support/script.ts'

const on = scripted()

const of = (table: string, outcome: AlignOutcome['outcome'], question?: string): AlignOutcome => ({
  table,
  outcome,
  reason: 'why',
  statements: [],
  undo: [],
  question,
})

describe('a one-time migration', () => {
  test('tries again what has to wait while something else is parked', async () => {
    let tried = 0
    await on.begin(
      { name: 'waits', oneTime: true },
      {
        findStale: looks(() => (tried < 3 ? 1 : 0)),
        listDifferences: async () => (tried < 3 ? differences('shop.t0') : differences()),
        alignTables: async () => [of('shop.t0', ++tried < 3 ? 'waiting' : 'created')],
        alignViews: async () => [of('shop.v', 'needs-approval', 'q')],
      },
    )
    await until('it is made', () => tried === 3, { explain: async () => JSON.stringify(await on.status()) })
    expect((await on.status()).tables.parked).toBe(1)
  })

  test('makes a table that came late, however many views are refused', async () => {
    let made = false
    let listed = 0
    await on.begin(
      { name: 'hidden', oneTime: true },
      {
        findStale: looks(() => (made ? 0 : 1)),
        listDifferences: async () => (++listed < 3 ? differences() : differences('shop.t0')),
        alignTables: async () => {
          made = true
          return [of('shop.t0', 'created')]
        },
        alignViews: async () => ['shop.v0', 'shop.v1', 'shop.v2'].map((view) => of(view, 'refused')),
      },
    )
    expect(await on.starferry.result('hidden')).toMatchObject({ state: 'finished', tables: { refused: 3 } })
    expect(made).toBe(true)
  })
})
