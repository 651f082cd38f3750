import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createDescribeActivities } from '../../activities/describe-tables.ts'
import { createFindStaleActivities } from '../../activities/find-stale.ts'
import { mostSteps, StepSlots } from '../../activities/replicate/step-slots.ts'
import { lookAtTables } from '../../activities/stale/look.ts'
import { markOfTable } from '../../planning/parked-groups.ts'
import { LabPair, quietEnvironment } from '../metadata/lab-pair.ts'

const DATABASES = 30
const BODY = 'DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ("replication_num" = "1")'

/** No list of databases is old enough to be believed. */
const SHORT = { stale: 0.001 }

let pair: LabPair
let findStale: ReturnType<typeof createFindStaleActivities>['findStale']
beforeAll(async () => {
  pair = await LabPair.start({ version: '3.5' }, { version: '3.5' })
  findStale = createFindStaleActivities(pair.deps).findStale
  for (let i = 0; i < DATABASES; i++) {
    for (const lab of [pair.source, pair.target]) {
      lab.execute(`CREATE DATABASE d${i}`)
      lab.execute(`CREATE TABLE d${i}.t (id INT) ${BODY}`)
    }
  }
})
afterAll(() => pair.stop())
beforeEach(() => {
  pair.statements.length = 0
})

const count = (cluster: string) => pair.statements.filter((one) => one.cluster === cluster).length

describe('looks at many databases', () => {
  test('read all listings once, and then a few statements each', async () => {
    const spec = pair.spec({ intervals: SHORT })
    expect((await lookAtTables(pair.deps, spec, { fresh: true })).lags).toHaveLength(DATABASES)
    const first = { source: count('source'), target: count('target') }
    expect(first.source).toBeGreaterThan(2 * DATABASES)
    pair.statements.length = 0
    for (let look = 0; look < 5; look++) await lookAtTables(pair.deps, spec, { fresh: true })
    // Of each look: versions, databases, some listings, some lists of changes; and the leader now and then.
    expect(count('source')).toBeLessThan(5 * DATABASES)
    expect(count('target')).toBeLessThan(3 * DATABASES)
  })

  test('find a new table in the next look all the same, and one that was swapped under another name', async () => {
    const spec = pair.spec({ intervals: SHORT })
    await lookAtTables(pair.deps, spec)
    pair.source.execute(`CREATE TABLE d29.u (id INT) ${BODY}`)
    const found = await lookAtTables(pair.deps, spec)
    expect(found.lags.find(({ table }) => table === 'd29.u')).toMatchObject({ missing: true })
    pair.source.execute('ALTER TABLE d29.u RENAME w')
    const renamed = (await lookAtTables(pair.deps, spec)).lags.map(({ table }) => table)
    expect(renamed).toContain('d29.w')
    expect(renamed).not.toContain('d29.u')
    pair.source.execute('DROP TABLE d29.w FORCE')
  })
})

test('all pages of a listing come from one look', async () => {
  const { describeTables } = createDescribeActivities(pair.deps)
  const spec = pair.spec({ name: 'pages', intervals: SHORT })
  const tables: string[] = []
  let after: string | undefined
  let pages = 0
  do {
    const page = await pair.run(describeTables, { spec, running: [], parked: [], limit: 7, after })
    tables.push(...page.rows.map(({ table }) => table))
    after = page.next
    pages++
  } while (after !== undefined)
  expect(pages).toBeGreaterThan(4)
  expect(new Set(tables).size).toBe(DATABASES)
  const versions = pair.statements.filter(({ cluster, kind }) => cluster === 'source' && kind === 'SELECT')
  expect(versions.length, JSON.stringify(pair.statements.slice(0, 5))).toBeLessThanOrEqual(2)
  expect(count('source')).toBeLessThan(25)
})

test('a look counts missing tables that a difference has to make, whatever is parked beside them', async () => {
  pair.source.execute('CREATE DATABASE gone')
  for (const table of ['a', 'b', 'c']) pair.source.execute(`CREATE TABLE gone.${table} (id INT) ${BODY}`)
  const spec = pair.spec({ name: 'missing', intervals: SHORT })
  const given = { skip: ['gone.a'], skipMarks: [markOfTable('gone.b')], limit: 50, fresh: true }
  const { counts } = await pair.run(findStale, { spec, ...given })
  expect(counts).toMatchObject({ missingTables: 3, unparkedMissingTables: 1 })
  pair.source.execute('DROP DATABASE gone FORCE')
})

/** The source's view has rows of these databases only: as for a user who may not see most tables, or with one backend of several. */
async function whileLeftOut(listed: RegExp, act: () => Promise<void>): Promise<void> {
  const { cluster } = pair.handles.get('source') ?? {}
  if (!cluster) throw new Error('no source')
  const batches = cluster.batches.bind(cluster)
  cluster.batches = async function* (sql, options) {
    for await (const rows of batches(sql, options)) yield rows.filter((row) => listed.test(row.required('DB_NAME')))
  }
  try {
    await act()
  } finally {
    cluster.batches = batches
  }
}

test('tables that the view leaves out are read one by one, and none counts as finished unread', async () => {
  pair.source.execute('INSERT INTO d7.t VALUES (1)')
  await whileLeftOut(/^d2[5-9]$/, async () => {
    const spec = pair.spec({ name: 'half', intervals: SHORT })
    const seen = new Set<string>()
    for (let look = 0; look < 2; look++) {
      const { lags, unread } = await lookAtTables(pair.deps, spec)
      expect(lags).toHaveLength(DATABASES)
      expect(unread.get('source')).toBe(5)
      for (const lag of lags) {
        if (lag.unknownPartitions > 0) expect(lag.unfinished).toBe(true)
        if (lag.laggingPartitions > 0) seen.add(lag.table)
      }
    }
    expect([...seen]).toEqual(['d7.t'])
  })
})

test('a look by which a one-time migration may end reads all of them', async () => {
  await whileLeftOut(/^d0$/, async () => {
    const once = (oneTime: boolean, fresh: boolean) =>
      pair.run(findStale, { spec: pair.spec({ name: 'once', oneTime, intervals: SHORT }), skip: [], limit: 50, fresh })
    const open = async (oneTime: boolean, fresh: boolean) => (await once(oneTime, fresh)).counts.unknownPartitions
    expect(await open(true, true)).toBe(0)
    expect(await open(true, false)).toBe(DATABASES - 1 - 20)
    expect(await open(false, true)).toBe(DATABASES - 1 - 20)
  })
})

test('looks that read table by table come with pauses, except the first after something ran', async () => {
  const unanswered = pair.source.faults.inject({ kind: 'no-backend-queries' })
  const slow = pair.source.faults.inject({ kind: 'delay-mysql', ms: 60, match: /SHOW PARTITIONS/ })
  try {
    const spec = pair.spec({ name: 'paced', exclude: ['d7'], intervals: SHORT })
    const look = async (fresh: boolean) => {
      const started = performance.now()
      await pair.run(findStale, { spec, skip: [], limit: 50, fresh })
      return performance.now() - started
    }
    const alone = await look(false)
    expect(await look(true)).toBeLessThan(alone * 4)
    // Nothing ran, and nothing was found: the next one tells no more.
    expect(await look(true)).toBeGreaterThan((29 / 4) * 60 * 5)
    const environment = quietEnvironment()
    const cancelled = environment.run(findStale, { spec, skip: [], limit: 50 })
    const since = performance.now()
    environment.cancel()
    await expect(cancelled).rejects.toThrow()
    expect(performance.now() - since).toBeLessThan(1_000)
  } finally {
    slow.clear()
    unanswered.clear()
  }
})

describe('slots of a worker', () => {
  test('a tenth is never taken by steps', async () => {
    expect([mostSteps(200), mostSteps(10), mostSteps(2)]).toEqual([180, 8, 1])
    const slots = new StepSlots(4)
    let end = () => {}
    const running = Array.from({ length: 2 }, () =>
      slots.run(() => new Promise<void>((resolve) => (end = both(end, resolve)))),
    )
    await expect(slots.run(async () => undefined)).rejects.toMatchObject({
      type: 'Busy',
      message: expect.stringContaining('worker.activities'),
    })
    end()
    await Promise.all(running)
    expect(await slots.run(async () => 7)).toBe(7)
    await expect(new StepSlots(undefined).run(async () => 8)).resolves.toBe(8)
  })
})

const both = (a: () => void, b: () => void) => () => {
  a()
  b()
}
