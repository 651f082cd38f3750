import { describe, expect, it } from 'vitest'
import { findChanges } from '../../planning/backup/changes.ts'
import type { DatabaseState } from '../../planning/backup/database-state.ts'
import { isEmptyPart, nextPart } from '../../planning/backup/parts.ts'
import {
  brokenTable,
  finishRecord,
  lateTables,
  planSnapshot,
  settleSnapshot,
  startRecord,
} from '../../planning/backup/record.ts'
import { contentOf, database, head, partition, table } from './backup-states.ts'

const NO_LIMITS = { tables: 0, partitions: 0, bytes: 0 }

/** A full backup of one snapshot. */
function full(state: DatabaseState) {
  const changes = findChanges(state, undefined)
  const part = nextPart(state, changes, NO_LIMITS, undefined)
  const planned = planSnapshot(startRecord(head('f'), undefined), state, changes, undefined, { label: 'f', part })
  const label = { label: 'f', timestamp: '' }
  return settleSnapshot(finishRecord(planned, state, undefined), { label, content: contentOf(state, part.tables) })
}

describe('a table that was as in the baseline at its turn in a backup of several snapshots', () => {
  const two = { p1: partition('11', 2), p2: partition('12', 2) }
  const baseline = full(database({ a: table('1', two), z: table('9', { z: partition('91', 1) }) }))
  const turn = database({ a: table('1', two), z: table('9', { z: partition('91', 2) }) })
  const part = nextPart(turn, findChanges(turn, baseline), NO_LIMITS, undefined)
  const begun = planSnapshot(
    startRecord(head('i', 'incremental', { baseline: 'f', base: 'f' }), baseline),
    turn,
    findChanges(turn, baseline),
    baseline,
    { label: 'i', part },
  )
  const meanwhile = (partitions: Parameters<typeof table>[1]) => {
    const state = database({ a: table('1', partitions), z: table('9', { z: partition('91', 2) }) })
    const late = lateTables(begun, state, findChanges(state, baseline), baseline, undefined)
    return { late: [...late.tables.keys()], left: Object.keys(finishRecord(begun, state, baseline).tables) }
  }

  it('and is written to afterwards stays as it was then', () => {
    expect(part.tables).toEqual([{ name: 'z' }])
    expect(meanwhile({ p1: partition('11', 3), p2: partition('12', 2) })).toEqual({ late: [], left: ['z', 'a'] })
    expect(meanwhile({ p1: partition('11', 2) })).toEqual({ late: [], left: ['z', 'a'] })
  })

  it.each([
    ['merged', { p12: partition('13', 2) }],
    ['renamed', { q: partition('11', 2), p2: partition('12', 2) }],
  ])('and of which partitions are %s afterwards is taken after all: else its rows would be in none', (_, now) => {
    expect(meanwhile(now)).toEqual({ late: ['a'], left: ['z'] })
  })
})

describe('a table that is cut into several snapshots', () => {
  const days = (count: number, more: Parameters<typeof partition>[2] = {}) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`p${i}`, partition(`1${i}`, 1, more)]))
  const limits = { ...NO_LIMITS, partitions: 2 }
  const first = database({ t: table('1', days(4), { random: true }), u: table('2', { u: partition('21', 1) }) })
  const part = nextPart(first, findChanges(first, undefined), limits, undefined)
  const begun = planSnapshot(startRecord(head('f'), undefined), first, findChanges(first, undefined), undefined, {
    label: 'f',
    part,
  })

  it('and gets a second physical partition is begun anew, since it comes out of one snapshot', () => {
    expect(part).toMatchObject({ tables: [{ name: 't', partitions: ['p0', 'p1'] }], last: { partition: 'p1' } })
    expect(brokenTable(begun, first, part.last)).toBeUndefined()
    const physical = [
      ['13', '1'],
      ['131', '1'],
    ] as const
    const grown = database({ t: table('1', { ...days(3), p3: partition('13', 1, { physical }) }, { random: true }) })
    expect(brokenTable(begun, grown, part.last)).toBe('t')
    expect(nextPart(grown, findChanges(grown, undefined), limits, undefined).tables).toEqual([{ name: 't' }])
  })

  it('and loses all partitions that are left is done; what comes after it is taken', () => {
    const now = database({ t: table('1', days(2), { random: true }), u: table('2', { u: partition('21', 1) }) })
    const next = nextPart(now, findChanges(now, undefined), limits, part.last)
    expect(next).toMatchObject({ tables: [{ name: 'u' }], more: false })
    const alone = database({ t: table('1', days(2), { random: true }) })
    const nothing = nextPart(alone, findChanges(alone, undefined), limits, part.last)
    expect([isEmptyPart(nothing), nothing.more]).toEqual([true, false])
    expect(Object.keys(finishRecord(begun, alone, undefined).tables.t?.partitions ?? {})).toEqual(['p0', 'p1'])
  })
})

describe('two tables that change names between their turns', () => {
  const one = (id: string) => table(id, { p: partition(`${id}1`, 1) })
  const limits = { ...NO_LIMITS, tables: 1 }
  const first = database({ a: one('1'), b: one('2') })
  const part = nextPart(first, findChanges(first, undefined), limits, undefined)
  const begun = planSnapshot(startRecord(head('f'), undefined), first, findChanges(first, undefined), undefined, {
    label: 'f',
    part,
  })
  const late = (now: DatabaseState) => {
    const changes = findChanges(now, undefined)
    const next = nextPart(now, changes, limits, part.last)
    expect(next.tables).toEqual([{ name: 'b' }])
    return [...lateTables(begun, now, changes, undefined, next).tables.keys()]
  }

  it('are both taken: the first once more, under the name that it had', () => {
    expect(late(database({ a: one('2'), b: one('1') }))).toEqual(['a'])
  })

  it('unlike one that was only made anew after its turn', () => {
    expect(late(database({ a: one('3'), b: one('2') }))).toEqual([])
    expect(late(database({ a: one('1'), b: one('3') }))).toEqual([])
  })
})
