import { describe, expect, it } from 'vitest'
import type { BackupRecord } from '../../contract/backup/record.ts'
import { backupRecordSchema } from '../../contract/backup/record.ts'
import { findChanges } from '../../planning/backup/changes.ts'
import type { DatabaseState } from '../../planning/backup/database-state.ts'
import { nextPart, type Part } from '../../planning/backup/parts.ts'
import { finishRecord, planSnapshot, settleSnapshot, startRecord } from '../../planning/backup/record.ts'
import { contentOf, database, head, partition, table } from './backup-states.ts'

const NO_LIMITS = { tables: 0, partitions: 0, bytes: 0 }

interface Made {
  record: BackupRecord
  part: Part
}

/** Plans a backup of one snapshot, and takes it at once. */
function backUp(id: string, state: DatabaseState, baseline?: BackupRecord, held = state): Made {
  const changes = findChanges(state, baseline)
  const part = nextPart(state, changes, NO_LIMITS, undefined)
  const base = baseline && { baseline: baseline.id, base: baseline.base ?? baseline.id }
  let record = startRecord(head(id, baseline ? 'incremental' : 'full', base), baseline)
  if (part.last) {
    const label = { label: id, timestamp: `at ${id}` }
    record = finishRecord(planSnapshot(record, state, changes, baseline, { label: id, part }), state, baseline)
    record = settleSnapshot(record, { label, content: contentOf(held, part.tables) })
  } else record = finishRecord(record, state, baseline)
  // What is written must be what can be read again.
  expect(backupRecordSchema.parse(JSON.parse(JSON.stringify(record)))).toEqual(record)
  return { record, part }
}

/** `p1@base:3`: where each partition's rows lie, at which version. */
function lies(record: BackupRecord, name: string): string[] {
  return Object.entries(record.tables[name]?.partitions ?? {}).map(
    ([partition, { at, physical }]) =>
      `${partition}@${record.labels[at]?.label}:${physical.map(([, version]) => version).join('+')}`,
  )
}

const before = database({
  t: table('1', { p1: partition('11', 2), p2: partition('12', 3), p3: partition('13', 1) }),
  u: table('2', { u: partition('21', 5) }, { partitioning: 'none' }),
})

describe('a full backup', () => {
  it('takes every table whole', () => {
    const { record, part } = backUp('f', before)
    expect(part.tables).toEqual([{ name: 't' }, { name: 'u' }])
    expect(record.tables.t?.whole).toEqual([0])
    expect(lies(record, 't')).toEqual(['p1@f:2', 'p2@f:3', 'p3@f:1'])
    expect(record.labels.map(({ label }) => label)).toEqual(['f'])
    expect(record.own).toBe(1)
  })
})

describe('compared with a baseline', () => {
  const base = backUp('f', before).record

  it('nothing changed: no snapshot, and a record that points to the former ones', () => {
    const { record, part } = backUp('i', before, base)
    expect(part.last).toBeUndefined()
    expect(record).toMatchObject({ id: 'i', own: 0, labels: base.labels, tables: base.tables })
  })

  it('takes the partitions that are other ones or have other versions, also lower ones', () => {
    const now = database({
      t: table('1', { p1: partition('11', 1), p2: partition('12', 3), p3: partition('99', 1), p4: partition('14', 1) }),
      u: table('2', { u: partition('21', 5) }, { partitioning: 'none' }),
    })
    const { record, part } = backUp('i', now, base)
    expect(part.tables).toEqual([{ name: 't', partitions: ['p1', 'p3', 'p4'] }])
    expect(lies(record, 't').sort()).toEqual(['p1@i:1', 'p2@f:3', 'p3@i:1', 'p4@i:1'])
    expect(lies(record, 'u')).toEqual(['u@f:5'])
  })

  it('dropped partitions and tables are in the record no more, without a snapshot', () => {
    const { record, part } = backUp('i', database({ t: table('1', { p2: partition('12', 3) }) }), base)
    expect(part.last).toBeUndefined()
    expect(lies(record, 't')).toEqual(['p2@f:3'])
    expect(record.tables.u).toBeUndefined()
  })

  it.each([
    [
      'another definition',
      { t: table('1', { p1: partition('11', 2), p2: partition('12', 3) }, { fingerprint: 'f2' }) },
    ],
    ['another table of that name', { t: table('7', { p1: partition('11', 2), p2: partition('12', 3) }) }],
    ['a renamed table', { t2: table('1', { p1: partition('11', 2), p2: partition('12', 3), p3: partition('13', 1) }) }],
  ])('%s is taken whole', (_, tables) => {
    const now = database({ ...tables, u: before.tables.get('u') ?? table('', {}) })
    const { record, part } = backUp('i', now, base)
    const [name = ''] = Object.keys(tables)
    expect(part.tables).toEqual([{ name }])
    expect(lies(record, name).every((one) => one.includes('@i:'))).toBe(true)
  })

  it('a renamed partition is taken again, under its new name', () => {
    const now = database({ t: table('1', { p1: partition('11', 2), q: partition('12', 3), p3: partition('13', 1) }) })
    const { record, part } = backUp('i', now, base)
    expect(part.tables).toEqual([{ name: 't', partitions: ['q'] }])
    expect(lies(record, 't').sort()).toEqual(['p1@f:2', 'p3@f:1', 'q@i:3'])
  })

  it('a random table with several physical partitions in one is taken whole, or not at all', () => {
    const many = (version: string) =>
      table(
        '1',
        {
          p1: {
            physical: [
              ['11', '2'],
              ['111', version],
            ],
            bytes: 1,
          },
          p2: partition('12', 3),
        },
        { random: true },
      )
    const first = backUp('f', database({ t: many('1') })).record
    const unchanged = backUp('i', database({ t: many('1'), w: table('9', { w: partition('91', 2) }) }), first)
    expect(unchanged.part.tables).toEqual([{ name: 'w' }])
    expect(lies(unchanged.record, 't')).toEqual(['p1@f:2+1', 'p2@f:3'])
    const changed = backUp('i', database({ t: many('2') }), first)
    expect(changed.part.tables).toEqual([{ name: 't' }])
    expect(lies(changed.record, 't')).toEqual(['p1@i:2+2', 'p2@i:3'])
  })

  it('the same id and version with another time is something else: a restore over it brought it there', () => {
    const state = (time: string) =>
      database({ t: table('1', { p1: partition('11', 4, { time }), p2: partition('12', 1) }) })
    const first = backUp('f', state('s 2026-01-01 10:00:00')).record
    expect(backUp('i', state('s 2026-01-01 10:00:00'), first).part.tables).toEqual([])
    expect(backUp('i', state('s 2026-01-02 10:00:00'), first).part.tables).toEqual([{ name: 't', partitions: ['p1'] }])
    // Read from another place, where times may be printed otherwise.
    expect(backUp('i', state('m 2026-01-01 18:00:00'), first).part.tables).toEqual([])
  })

  it('objects called like methods of JavaScript are nothing special', () => {
    const odd = database({ constructor: table('1', { toString: partition('11', 1) }) }, { views: { valueOf: 'V' } })
    const first = backUp('f', odd).record
    expect(backUp('i', odd, first).part.last).toBeUndefined()
    expect(backUp('x', odd, base).part.tables).toEqual([{ name: 'constructor' }])
  })
})

describe('what is written while the snapshot is taken', () => {
  const planned = database({
    t: table('1', { p1: partition('11', 2, { time: 's a' }), p2: partition('12', 2) }),
  })
  const base = backUp('f', planned).record

  it('counts with the version that the snapshot holds, so nothing is left out', () => {
    const look = database({ t: table('1', { p1: partition('11', 3, { time: 's b' }), p2: partition('12', 2) }) })
    const held = database({ t: table('1', { p1: partition('11', 4), p2: partition('12', 2) }) })
    const { record } = backUp('i', look, base, held)
    expect(lies(record, 't').sort()).toEqual(['p1@i:4', 'p2@f:2'])
    // The time that was read belongs to version 3.
    expect(record.tables.t?.partitions.p1?.time).toBeUndefined()
    // Since when it was at version 4 nobody saw: a restore over it may have brought it there again. Taken once more, it is known.
    const next = database({ t: table('1', { p1: partition('11', 4, { time: 's c' }), p2: partition('12', 2) }) })
    const again = backUp('j', next, record)
    expect(again.part.tables).toEqual([{ name: 't', partitions: ['p1'] }])
    expect(backUp('k', next, again.record).part.tables).toEqual([])
    const later = database({ t: table('1', { p1: partition('11', 5), p2: partition('12', 3) }) })
    expect(backUp('j', later, record).part.tables).toEqual([{ name: 't' }])
  })
})

describe('views, functions and materialized views', () => {
  const state = database(
    { t: table('1', { p: partition('11', 1) }) },
    { views: { v: 'V1' }, functions: { f: 'F1' }, materializedViews: { mv: { id: '31', version: 1 } } },
  )
  const base = backUp('f', state).record

  it('are taken when they changed', () => {
    expect(backUp('i', state, base).part.last).toBeUndefined()
    const now = database(
      { t: table('1', { p: partition('11', 1) }) },
      { views: { v: 'V2', w: 'W' }, functions: { f: 'F2' }, materializedViews: { mv: { id: '31', version: 2 } } },
    )
    const { record, part } = backUp('i', now, base)
    expect(part).toMatchObject({ tables: [], materializedViews: ['mv'], views: ['v', 'w'], functions: ['f'] })
    expect(record.views.v).toEqual({ at: 1, ddl: 'V2' })
    expect(record.tables.t?.partitions.p?.at).toBe(0)
  })

  it('are gone when they were dropped', () => {
    const { record } = backUp('i', database({ t: table('1', { p: partition('11', 1) }) }), base)
    expect([record.views, record.functions, record.materializedViews]).toEqual([{}, {}, {}])
  })
})

describe('a chain', () => {
  it('forgets snapshots that nothing needs any more', () => {
    const at = (p1: number, p2: number) =>
      database({ t: table('1', { p1: partition('11', p1), p2: partition('12', p2) }) })
    const f = backUp('f', at(1, 1)).record
    const i1 = backUp('i1', at(2, 1), f).record
    const i2 = backUp('i2', at(3, 1), i1).record
    expect(i2.labels.map(({ label }) => label)).toEqual(['f', 'i2'])
    expect(lies(i2, 't').sort()).toEqual(['p1@i2:3', 'p2@f:1'])
    const i3 = backUp('i3', at(3, 2), i2).record
    expect(i3.labels.map(({ label }) => label)).toEqual(['i2', 'i3'])
    expect(i3.tables.t?.whole).toEqual([])
  })

  it('of a table without partitions keeps a snapshot that holds the table', () => {
    const f = backUp('f', database({ t: table('1', { p1: partition('11', 1) }) })).record
    const { record, part } = backUp('i', database({ t: table('1', {}) }), f)
    expect(part.last).toBeUndefined()
    expect(record.labels.map(({ label }) => label)).toEqual(['f'])
    expect(record.tables.t?.whole).toEqual([0])
  })
})
