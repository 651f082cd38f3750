import { describe, expect, it } from 'vitest'
import { retentionSchema } from '../../contract/backup/policy.ts'
import { createCalendar } from '../../planning/backup/calendar.ts'
import { newestFirst, ownLabels, seriesOf } from '../../planning/backup/head.ts'
import { keptByRules } from '../../planning/backup/keep-rules.ts'
import { planRetention, type RetentionHead, type RetentionInput } from '../../planning/backup/retention.ts'
import { generateRepository, NOW } from './generated-repository.ts'

const REPOSITORIES = 1_000

describe('retention in generated repositories', () => {
  const inputs = Array.from({ length: REPOSITORIES }, (_, seed) => ({ seed, input: generateRepository(seed + 1) }))
  const planned = inputs.map(({ seed, input }) => ({ seed, input, plan: planRetention(input) }))

  it('has something to decide', () => {
    const deleted = planned.reduce((sum, { plan }) => sum + plan.delete.length, 0)
    const untouched = planned.reduce((sum, { plan }) => sum + plan.untouched.length, 0)
    const dependants = planned.reduce(
      (sum, { plan }) => sum + plan.keep.filter(({ why }) => /^needed by/.test(why)).length,
      0,
    )
    expect(deleted).toBeGreaterThan(5_000)
    expect(untouched).toBeGreaterThan(100)
    expect(dependants).toBeGreaterThan(1_000)
  })

  it('never takes a label from a backup that stays, wherever deleting is interrupted', () => {
    for (const { seed, input, plan } of planned) {
      const present = new Set(input.records.flatMap((head) => head.labels))
      // What a record names although no record made it may be anything; it was there and must stay.
      const left = new Map(input.records.map((head) => [head.id, head]))
      for (const { head, labels } of plan.delete) {
        left.delete(head.id)
        for (const label of labels) present.delete(label)
        const broken = [...left.values()].find(({ labels: needed }) => needed.some((label) => !present.has(label)))
        expect(broken?.id, `seed ${seed + 1}, after ${head.id}`).toBeUndefined()
      }
    }
  })

  it('deletes nothing of others, nor anything that somebody works with', () => {
    for (const { seed, input, plan } of planned) {
      const { cluster, policy } = input.scope
      const gone = new Set(plan.delete.map(({ head }) => head.id))
      const labels = new Set(plan.delete.flatMap((doomed) => doomed.labels))
      for (const { head } of plan.delete) {
        expect(cluster === undefined || head.cluster === cluster, `seed ${seed + 1}`).toBe(true)
        expect(policy === undefined || head.name === policy, `seed ${seed + 1}`).toBe(true)
      }
      for (const protector of input.protectors) {
        expect(
          protector.labels.some((label) => labels.has(label)),
          `seed ${seed + 1}`,
        ).toBe(false)
        expect(
          (protector.records ?? []).some((id) => gone.has(id)),
          `seed ${seed + 1}`,
        ).toBe(false)
      }
    }
  })

  it('deletes exactly what no rule and nobody needs', () => {
    for (const { seed, input, plan } of planned) {
      const expected = needed(input)
      const kept = new Set(input.records.map(({ id }) => id))
      for (const { head } of plan.delete) kept.delete(head.id)
      expect([...kept].sort(), `seed ${seed + 1}`).toEqual([...expected].sort())
    }
  })

  it('leaves a good backup of everything that had one', () => {
    for (const { seed, input, plan } of planned) {
      const gone = new Set(plan.delete.map(({ head }) => head.id))
      for (const fits of [good, complete]) {
        const had = new Set(input.records.filter(fits).map(seriesOf))
        const has = new Set(input.records.filter((head) => fits(head) && !gone.has(head.id)).map(seriesOf))
        expect([...has].sort(), `seed ${seed + 1}`).toEqual([...had].sort())
      }
    }
  })

  it('says of each why, and does not depend on the order of listing', () => {
    for (const { input, plan } of planned.slice(0, 200)) {
      for (const { why } of [...plan.delete, ...plan.keep]) expect(why).not.toBe('')
      const again = planRetention({ ...input, records: [...input.records].reverse() })
      expect(new Set(again.delete.map(({ head }) => head.id))).toEqual(new Set(plan.delete.map(({ head }) => head.id)))
      const nothing = {
        ...input,
        records: input.records.filter(({ id }) => !plan.delete.some(({ head }) => head.id === id)),
      }
      expect(planRetention(nothing).delete).toEqual([])
    }
  })
})

const sound = (head: RetentionHead) => head.whole !== false && head.verified?.ok !== false && head.labels.length > 0
const good = (head: RetentionHead) => sound(head) && !head.lacking?.length
const complete = (head: RetentionHead) => good(head) && !head.partial

/** The ids that must stay, found the slow way: one rule after the other, then whatever is needed until nothing is added any more. */
function needed({ records, protectors, retention, scope, timeZone, now }: RetentionInput): Set<string> {
  const mine = (head: RetentionHead) =>
    (scope.cluster ?? head.cluster) === head.cluster && (scope.policy ?? head.name) === head.name
  const stay = new Set(records.filter((head) => !mine(head)).map(({ id }) => id))
  const { last, days, daily, weekly, monthly, yearly } = retention
  const anyRule = last !== undefined || days !== undefined || [daily, weekly, monthly, yearly].some((n) => n > 0)
  const allSeries = new Map<string, RetentionHead[]>()
  for (const head of [...records].sort(newestFirst)) {
    const key = seriesOf(head)
    allSeries.set(key, [...(allSeries.get(key) ?? []), head])
  }
  for (const head of records.filter(mine)) {
    const series = allSeries.get(seriesOf(head)) ?? []
    if (!anyRule) stay.add(head.id)
    for (const list of [series, series.filter(good), series.filter(complete)]) {
      const place = list.indexOf(head)
      if (place < 0) continue
      if (place < (last ?? 0)) stay.add(head.id)
      if (days !== undefined && now - Date.parse(head.finishedAt) <= days * 86_400_000) stay.add(head.id)
      for (const [count, cut] of [
        [daily, (at: string) => localDay(at, timeZone)],
        [weekly, (at: string) => weekOf(localDay(at, timeZone))],
        [monthly, (at: string) => localDay(at, timeZone).slice(0, 7)],
        [yearly, (at: string) => localDay(at, timeZone).slice(0, 4)],
      ] as const) {
        const newer = list.slice(0, place).map((other) => cut(other.finishedAt))
        if (!newer.includes(cut(head.finishedAt)) && new Set(newer).size < count) stay.add(head.id)
      }
    }
    const whole = series.find(complete)
    if (whole && anyRule) stay.add(whole.id)
    for (const newest of [series.find(good) ?? series[0], series.find(sound)])
      for (const id of [newest?.id, newest?.base, newest?.baseline]) if (id && anyRule) stay.add(id)
  }
  const known = new Set(records.map(({ id }) => id))
  for (const { labels, records: ids = [] } of protectors) {
    for (const id of ids) stay.add(id)
    for (const head of records) if (ownLabels(head).some((label) => labels.includes(label))) stay.add(head.id)
  }
  for (let size = -1; size !== stay.size; ) {
    size = stay.size
    for (const head of records.filter(({ id }) => stay.has(id))) {
      for (const other of records) if (ownLabels(other).some((label) => head.labels.includes(label))) stay.add(other.id)
    }
  }
  return new Set([...stay].filter((id) => known.has(id)))
}

const days = new Map<string, string>()
/** One is slow to make. */
const formats = new Map<string, Intl.DateTimeFormat>()

/** Swedish dates are written as ISO's. */
function localDay(at: string, timeZone: string): string {
  const key = `${at} ${timeZone}`
  let day = days.get(key)
  if (day === undefined) {
    const format = formats.get(timeZone) ?? new Intl.DateTimeFormat('sv-SE', { timeZone })
    formats.set(timeZone, format)
    day = format.format(new Date(at))
    days.set(key, day)
  }
  return day
}

function weekOf(day: string): string {
  const date = new Date(`${day}T00:00:00Z`)
  while (date.getUTCDay() !== 1) date.setUTCDate(date.getUTCDate() - 1)
  return date.toISOString().slice(0, 10)
}

describe('rules', () => {
  const series = (...times: string[]) =>
    times.map((time, i) => ({ id: `b${i}`, finishedAt: new Date(time).toISOString() }))
  const keep = (rules: object, list: ReturnType<typeof series>, timeZone = 'UTC') => [
    ...keptByRules(list, retentionSchema.parse(rules), NOW, timeZone).keys(),
  ]

  it('counts days where the policy lives', () => {
    // 23:30 in Tokyo is another day than half an hour later, and the same day in London.
    const list = series('2026-03-30T15:30:00Z', '2026-03-30T14:30:00Z')
    expect(keep({ daily: 5 }, list, 'Asia/Tokyo')).toEqual(['b0', 'b1'])
    expect(keep({ daily: 5 }, list, 'Europe/London')).toEqual(['b0'])
  })

  it('takes grandfather, father and son from the newest of each', () => {
    const list = series(
      '2026-03-31',
      '2026-03-30',
      '2026-03-29',
      '2026-03-23',
      '2026-02-10',
      '2025-12-01',
      '2024-01-01',
    )
    expect(keep({ daily: 2 }, list)).toEqual(['b0', 'b1'])
    expect(keep({ weekly: 2 }, list)).toEqual(['b0', 'b2'])
    expect(keep({ monthly: 3 }, list)).toEqual(['b0', 'b4', 'b5'])
    expect(keep({ yearly: 9 }, list)).toEqual(['b0', 'b5', 'b6'])
    expect(keep({ last: 1, monthly: 2, days: 1.5 }, list)).toEqual(['b0', 'b1', 'b4'])
  })

  it('begins weeks on Monday across the change of the clocks and of the year', () => {
    const berlin = createCalendar('Europe/Berlin')
    expect(berlin(Date.parse('2026-03-29T00:30:00Z')).week).toBe('2026-03-23')
    expect(berlin(Date.parse('2026-03-29T22:30:00Z')).week).toBe('2026-03-30')
    expect(createCalendar('UTC')(Date.parse('2027-01-02T00:00:00Z'))).toEqual({
      day: '2027-01-02',
      week: '2026-12-28',
      month: '2027-01',
      year: '2027',
    })
    expect(() => createCalendar('Europe/Berlim')).toThrow(RangeError)
  })

  it('keeps what has no readable time', () => {
    expect(keep({ days: 1 }, [{ id: 'odd', finishedAt: 'yesterday' }])).toEqual(['odd'])
  })
})

describe('a chain', () => {
  const head = (id: string, day: number, labels: string[], more: Partial<RetentionHead> = {}): RetentionHead => ({
    id,
    cluster: 'east',
    name: 'nightly',
    database: 'shop',
    set: 'nightly',
    kind: 'incremental',
    startedAt: '2026-03-01T00:00:00.000Z',
    finishedAt: `2026-03-${String(day).padStart(2, '0')}T00:00:00.000Z`,
    labels,
    own: 1,
    tables: 1,
    partitions: 1,
    ...more,
  })
  const plan = (records: RetentionHead[], rules: object, more: Partial<RetentionInput> = {}) =>
    planRetention({
      records,
      protectors: [],
      retention: retentionSchema.parse(rules),
      scope: {},
      timeZone: 'UTC',
      now: NOW,
      ...more,
    })
  const ids = (list: { head: RetentionHead }[]) => list.map((each) => each.head.id)

  it('cannot lose its middle', () => {
    const chain = [head('f', 1, ['f'], { kind: 'full' }), head('i1', 2, ['f', 'i1']), head('i2', 3, ['f', 'i1', 'i2'])]
    expect(ids(plan(chain, { last: 1 }).delete)).toEqual([])
    const next = [...chain, head('f2', 4, ['f2'], { kind: 'full' })]
    expect(ids(plan(next, { last: 1 }).delete)).toEqual(['i2', 'i1', 'f'])
    expect(ids(plan(next, { last: 2 }).delete)).toEqual([])
  })

  it('outlives its days when nothing newer came', () => {
    const old = [head('f', 1, ['f'], { kind: 'full' }), head('g', 2, ['g'], { kind: 'full' })]
    expect(ids(plan(old, { days: 1 }).delete)).toEqual(['f'])
    expect(plan(old, { days: 1 }).keep).toMatchObject([{ head: { id: 'g' }, why: 'the newest good one' }])
  })

  it('does not count damaged backups as good ones', () => {
    const records = [
      head('g', 1, ['g'], { kind: 'full' }),
      head('bad', 2, ['bad'], { kind: 'full', verified: { at: '', mode: 'deep', ok: false } }),
      head('torn', 3, ['torn'], { kind: 'full', whole: false }),
    ]
    expect(ids(plan(records, { last: 1 }).keep)).toEqual(['torn', 'g'])
    expect(ids(plan(records, { days: 1 }).keep)).toEqual(['g'])
  })

  it('does not give the place of backups that have a table to those that lack it, nor to records of nothing', () => {
    const records = [
      head('a', 1, ['a'], { kind: 'full' }),
      head('b', 2, ['b'], { kind: 'full' }),
      head('c', 3, ['c'], { kind: 'full', lacking: ['orders'] }),
      head('d', 4, ['d'], { kind: 'full', lacking: ['orders'] }),
      head('e', 5, [], { own: 0, tables: 0 }),
    ]
    expect(ids(plan(records, { last: 2 }).keep)).toEqual(['e', 'd', 'b', 'a'])
    // What is built upon next stays, too.
    expect(ids(plan(records, { days: 1 }).keep)).toEqual(['d', 'b'])
  })

  it('does not give the place of backups of a whole database to those of a part of it', () => {
    const records = [
      head('a', 1, ['a'], { kind: 'full' }),
      head('b', 2, ['b'], { kind: 'full' }),
      head('c', 3, ['c'], { kind: 'full', partial: true }),
    ]
    expect(ids(plan(records, { monthly: 1 }).delete)).toEqual(['a'])
    expect(plan(records, { days: 1 }).keep).toMatchObject([
      { head: { id: 'c' }, why: 'the newest good one' },
      { head: { id: 'b' }, why: 'the newest good one of the whole database' },
    ])
    // Where each is of a part there is no other.
    const parts = records.map((each) => ({ ...each, partial: true }))
    expect(ids(plan([parts[0], parts[1]] as RetentionHead[], { monthly: 1 }).delete)).toEqual(['a'])
  })

  it('keeps what others need, but not for their sake what nobody needs', () => {
    const records = [
      head('f', 1, ['f'], { kind: 'full' }),
      head('d', 2, ['f', 'd'], { kind: 'differential', name: 'hourly' }),
      head('g', 3, ['g'], { kind: 'full' }),
    ]
    const others = plan(records, { last: 1 }, { scope: { policy: 'nightly' } })
    expect(others).toMatchObject({ delete: [], keep: [{ head: { id: 'g' } }, { why: 'needed by d' }] })
    expect(ids(plan(records, { last: 1 }, { scope: { policy: 'hourly' } }).delete)).toEqual([])
  })

  it('tells who is at work', () => {
    const records = [head('f', 1, ['f'], { kind: 'full' }), head('g', 2, ['g'], { kind: 'full' })]
    const protectors = [{ labels: ['f'], why: 'read by restore/monday' }]
    expect(plan(records, { last: 1 }, { protectors })).toMatchObject({
      delete: [],
      untouched: [{ label: 'f', why: 'read by restore/monday' }],
    })
  })

  it('without rules deletes nothing', () => {
    const records = [head('f', 1, ['f'], { kind: 'full' }), head('g', 2, ['g'], { kind: 'full' })]
    expect(plan(records, {}).delete).toEqual([])
  })

  it('orders thousands of incremental backups without recursion', () => {
    const records = Array.from({ length: 5_000 }, (_, i) => {
      const labels = i === 0 ? ['l0'] : [`l${i - 1}`, `l${i}`]
      return { ...head(`b${i}`, 1, labels), finishedAt: new Date(Date.UTC(2020, 0, 1) + i * 3_600_000).toISOString() }
    })
    records.push(head('f', 30, ['f'], { kind: 'full' }))
    const deleted = ids(plan(records, { last: 1 }).delete)
    expect(deleted).toHaveLength(5_000)
    expect(deleted[0]).toBe('b4999')
  })
})
