import { afterEach, beforeEach, expect, test } from 'vitest'
import { StepPair } from './support/step-pair.ts'

let pair: StepPair
beforeEach(async () => {
  pair = await StepPair.start({ version: '3.3' }, { version: '3.5' })
  pair.make(tableOf('t', 'v INT'))
  pair.source.execute('INSERT INTO app.t VALUES (1, "a", 11), (2, "b", 12)')
  expect(await pair.step('app.t')).toMatchObject({ state: 'in-sync', jobsSent: 1 })
})
afterEach(() => pair.stop())

const tableOf = (name: string, ...columns: string[]) =>
  `CREATE TABLE app.${name} (${['id INT NOT NULL', 'a STRING', ...columns].join(', ')}) DUPLICATE KEY(id) ` +
  'DISTRIBUTED BY HASH(id) BUCKETS 2 PROPERTIES ("replication_num" = "1")'
const align = async () => (await pair.lab.align(pair.lab.spec())).find(({ table }) => table === 'app.t')
const copied = () => pair.target.execute('SELECT * FROM app.t ORDER BY id').rows.map(String)
/** Listings may be older than a table that was just made again; then it is looked up once more. */
const step = () => pair.step('app.t').catch(() => pair.step('app.t'))
const forget = () => {
  pair.target.state.replicationJobs.length = 0
}

const REWRITTEN = 'the source rewrote the table'

async function isMadeAnew(): Promise<void> {
  expect(await align()).toMatchObject({
    outcome: 'recreated',
    reason: expect.stringContaining('its rows are not known to be older than the columns that it lacks'),
  })
  expect(await step()).toMatchObject({ state: 'in-sync', jobsSent: 1 })
  expect(copied()).toEqual(['1,a,11', '2,b,12'])
}

test('another table that had the name at the source for a while takes nothing of the copy with it', async () => {
  pair.source.execute(tableOf('t2'))
  pair.source.execute('ALTER TABLE app.t SWAP WITH t2')
  expect(await align()).toMatchObject({ outcome: 'recreated', reason: expect.stringContaining(REWRITTEN) })
  pair.source.execute('ALTER TABLE app.t SWAP WITH t2')
  expect(await align()).toMatchObject({ outcome: 'altered' })
  expect(await step()).toMatchObject({ state: 'in-sync', jobsSent: 1 })
  expect(copied()).toEqual(['1,a,11', '2,b,12'])
})

test('a column that somebody dropped on the target does not come back empty, alone or beside one that came', async () => {
  pair.target.execute('ALTER TABLE app.t DROP COLUMN v')
  await isMadeAnew()
  pair.target.execute('ALTER TABLE app.t DROP COLUMN v')
  pair.source.execute('ALTER TABLE app.t ADD COLUMN y DATE')
  expect(await align()).toMatchObject({ outcome: 'recreated' })
  expect(await step()).toMatchObject({ state: 'in-sync', jobsSent: 1 })
  expect(copied()).toEqual(['1,a,11,', '2,b,12,'])
})

test('nor does it when nothing is known of the copy any more', async () => {
  forget()
  pair.target.execute('ALTER TABLE app.t DROP COLUMN v')
  await isMadeAnew()
})

test.each([
  ['', () => undefined],
  [' of a copy of which nothing is known', forget],
])('a column that came at the source is added in place%s', async (_what, before) => {
  before()
  pair.source.execute('ALTER TABLE app.t ADD COLUMN y DATE')
  expect(await align()).toMatchObject({ outcome: 'altered' })
  expect(copied()).toEqual(['1,a,11,', '2,b,12,'])
  expect(await step()).toMatchObject({ state: 'in-sync', jobsSent: 0 })
})

test.each([
  ['went', 'DROP COLUMN v, MODIFY COLUMN w BIGINT', ['w', 'v']],
  ['came', 'ADD COLUMN y INT, MODIFY COLUMN v BIGINT', ['v', 'x', 'y', 'v', 'x', 'y']],
])(
  'what looks like a column that %s may be a renamed one after other changes in the same statement',
  async (_, clauses, names) => {
    pair.source.execute('DROP TABLE app.t FORCE')
    pair.target.execute('DROP TABLE app.t FORCE')
    pair.make(tableOf('t', 'v INT', 'w INT'))
    pair.source.execute('INSERT INTO app.t VALUES (1, "a", 11, 21), (2, "b", 12, 22)')
    expect(await step()).toMatchObject({ state: 'in-sync' })
    pair.source.execute(`ALTER TABLE app.t ${clauses}`)
    for (let at = 0; at < names.length; at += 2) {
      pair.source.execute(`ALTER TABLE app.t RENAME COLUMN ${names[at]} TO ${names[at + 1]}`)
    }
    expect(await align()).toMatchObject({ outcome: 'recreated', reason: expect.stringContaining(REWRITTEN) })
  },
)
