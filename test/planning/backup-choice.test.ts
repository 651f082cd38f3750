import { describe, expect, it } from 'vitest'
import { wallClockOf } from '../../activities/backup/backup-run.ts'
import { backupObjectsSchema } from '../../contract/backup/objects.ts'
import { decideKind, type EarlierBackup } from '../../planning/backup/full-due.ts'
import { type FilteredPartition, filterPartitions } from '../../planning/backup/partition-filter.ts'
import { selectObjects } from '../../planning/backup/select.ts'

const select = (objects: object) => selectObjects(backupObjectsSchema.parse(objects))

describe('which objects', () => {
  it('databases by name and glob, without system ones unless named', () => {
    const all = select({ databases: ['*'], exclude: ['tmp_*', '*.scratch*'] })
    expect(['shop', 'tmp_1', 'information_schema', '_statistics_', 'starrocks_audit_db__'].map(all.database)).toEqual([
      true,
      false,
      false,
      false,
      false,
    ])
    expect([all.object('shop', 't'), all.object('shop', 'scratch1'), all.entirely('shop')]).toEqual([true, false, true])
    expect(select({ databases: ['starrocks_audit_db__'] }).database('starrocks_audit_db__')).toBe(true)
    expect(select({ databases: ['information_schema'] }).database('information_schema')).toBe(false)
  })

  it('tables alone leave the rest of their database out', () => {
    const some = select({ tables: ['shop.{orders,lines_*}', 'log*.events'], exclude: ['shop.lines_old'] })
    expect([some.object('shop', 'orders'), some.object('shop', 'lines_1'), some.object('shop', 'lines_old')]).toEqual([
      true,
      true,
      false,
    ])
    expect([some.database('logs'), some.object('logs', 'events'), some.entirely('shop')]).toEqual([true, true, false])
    expect(some.named.tables).toEqual([{ database: 'shop', table: 'orders' }])
  })

  it('catalogs', () => {
    const some = select({ catalogs: ['hive_*'] })
    expect([some.catalogs, some.catalog('hive_1'), some.catalog('jdbc'), some.database('shop')]).toEqual([
      true,
      true,
      false,
      false,
    ])
  })
})

describe('which partitions', () => {
  const now = '2026-11-21 03:00:00'
  const days: FilteredPartition[] = Array.from({ length: 6 }, (_, i) => ({
    name: `p${18 + i}`,
    lower: `2026-11-${18 + i} 00:00:00`,
    upper: `2026-11-${19 + i} 00:00:00`,
  }))
  const names = (filter: Parameters<typeof filterPartitions>[1], of = days) => filterPartitions(of, filter, now)

  it.each([
    ['names', { names: ['p1*', 'p23'] }, ['p18', 'p19', 'p23']],
    ['the newest that have begun', { newest: 2 }, ['p21', 'p20']],
    ['closed', { closed: true }, ['p18', 'p19', 'p20']],
    ['yesterday', { ofDay: -1 }, ['p20']],
    ['today', { ofDay: 0 }, ['p21']],
    ['all conditions hold', { closed: true, newest: 1 }, ['p20']],
    ['none', { ofDay: -30 }, []],
  ])('%s', (_, filter, expected) => {
    expect(names(filter)).toEqual({ names: expected })
  })

  it('days as dates, as numbers, over months, open ends', () => {
    const mixed: FilteredPartition[] = [
      { name: 'old', lower: '0000-01-01', upper: '2026-11-01' },
      { name: 'nov', lower: '2026-11-01', upper: '2026-12-01' },
      { name: 'rest', lower: '2026-12-01', upper: 'max' },
    ]
    expect(names({ ofDay: -1 }, mixed).names).toEqual(['nov'])
    expect(names({ ofDay: -60 }, mixed).names).toEqual(['old'])
    expect(names({ closed: true }, mixed).names).toEqual(['old'])
    const numbers = [
      { name: 'a', lower: '-2147483648', upper: '20261120' },
      { name: 'b', lower: '20261120', upper: '20261121' },
    ]
    expect(names({ ofDay: -1 }, numbers).names).toEqual(['b'])
  })

  it('tables without ranges of time are taken whole, and it says so', () => {
    const plain = [{ name: 't' }]
    expect(names({ closed: true }, plain)).toEqual({
      names: ['t'],
      ignored: 'closed needs partitions by ranges of time',
    })
    const ids = [
      { name: 'a', lower: '1', upper: '10' },
      { name: 'b', lower: '10', upper: '100' },
    ]
    expect(names({ newest: 1 }, ids)).toEqual({ names: ['b'] })
    expect(names({ ofDay: 0 }, ids).ignored).toContain('ofDay')
  })
})

describe('full or not', () => {
  const day = 86_400_000
  const at = (days: number) => new Date(days * day).toISOString()
  const full = (id: string, days: number): EarlierBackup => ({ id, kind: 'full', startedAt: at(days) })
  const inc = (id: string, base: string, days: number): EarlierBackup => ({
    id,
    kind: 'incremental',
    base,
    startedAt: at(days),
  })
  const spec = { incremental: 'differential' as const, full: {} }

  it('the first one', () => {
    expect(decideKind(spec, 'auto', [], 0).kind).toBe('full')
    expect(decideKind(spec, 'incremental', [], 0).kind).toBe('full')
  })

  it('after seven days, unless said otherwise; schedules that jitter do not make it eight', () => {
    expect(decideKind(spec, 'auto', [full('f', 1)], 7 * day)).toMatchObject({ kind: 'differential', baseline: 'f' })
    expect(decideKind(spec, 'auto', [full('f', 1)], 8 * day - 60_000).kind).toBe('full')
    expect(decideKind({ ...spec, full: { everyDays: 30 } }, 'auto', [full('f', 1)], 20 * day).kind).toBe('differential')
  })

  it('counts from when it was due, not from when it was done or begun', () => {
    const late = { ...full('f', 1.2), due: at(1) }
    expect(decideKind(spec, 'auto', [late], 8 * day)).toMatchObject({ kind: 'full' })
    expect(decideKind({ ...spec, full: { everyDays: 1 } }, 'auto', [late], 2 * day)).toMatchObject({ kind: 'full' })
    expect(decideKind(spec, 'auto', [late], 7 * day).kind).toBe('differential')
  })

  it('by the clocks of the policy, or by hours', () => {
    const berlin = wallClockOf({ schedule: { timeZone: 'Europe/Berlin' } } as never)
    const due = (from: string, to: string) =>
      decideKind(spec, 'auto', [{ ...full('f', 0), due: from }], Date.parse(to), berlin).kind
    // Two o'clock each night, and the clocks are put forward, and back.
    expect(due('2026-03-22T01:00:00Z', '2026-03-29T00:00:05Z')).toBe('full')
    expect(due('2026-10-18T00:00:00Z', '2026-10-25T01:00:00Z')).toBe('full')
    // Every 168 hours.
    expect(due('2026-10-25T00:00:00Z', '2026-11-01T00:00:00Z')).toBe('full')
    // Every two hours: not the one before.
    expect(due('2026-03-08T01:00:00Z', '2026-03-14T23:00:00Z')).toBe('differential')
  })

  it('after a number of backups', () => {
    const rule = { ...spec, full: { everyBackups: 2 } }
    expect(decideKind(rule, 'auto', [inc('i', 'f', 3), full('f', 1)], 99 * day).kind).toBe('differential')
    expect(decideKind(rule, 'auto', [inc('j', 'f', 4), inc('i', 'f', 3), full('f', 1)], 5 * day).kind).toBe('full')
  })

  it('differential against the last full one, incremental against the last of its chain', () => {
    const earlier = [inc('i2', 'f2', 5), full('f2', 4), inc('i1', 'f1', 3), full('f1', 1)]
    expect(decideKind(spec, 'auto', earlier, 6 * day)).toMatchObject({ baseline: 'f2' })
    expect(decideKind({ ...spec, incremental: 'incremental' }, 'auto', earlier, 6 * day)).toMatchObject({
      kind: 'incremental',
      baseline: 'i2',
    })
    const late = [inc('i1', 'f1', 5), full('f2', 4), full('f1', 1)]
    expect(decideKind({ ...spec, incremental: 'incremental' }, 'auto', late, 6 * day)).toMatchObject({ baseline: 'f2' })
  })

  it('asked for', () => {
    expect(decideKind(spec, 'full', [full('f', 1)], day).kind).toBe('full')
    expect(decideKind(spec, 'incremental', [full('f', 1)], 99 * day)).toMatchObject({ baseline: 'f' })
    const off = { ...spec, incremental: 'off' as const }
    expect(decideKind(off, 'auto', [full('f', 1)], day).kind).toBe('full')
    expect(decideKind(off, 'incremental', [full('f', 1)], day).kind).toBe('full')
  })
})
