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

async function isMadeAnew(): Promise<void> {
  expect(await align()).toMatchObject({
    outcome: 'recreated',
    reason: expect.stringContaining('its rows are not known to be older than the columns that it lacks'),
  })
  expect(await step()).toMatchObject({ state: 'in-sync', jobsSent: 1 })
  expect(copied()).toEqual(['1,a,11', '2,b,12'])
}

test('a column that the copy lost while another table had the name at the source does not come back empty', async () => {
  pair.source.execute(tableOf('t2'))
  pair.source.execute('ALTER TABLE app.t SWAP WITH t2')
  expect(await align()).toMatchObject({ outcome: 'altered', statements: ['ALTER TABLE `app`.`t` DROP COLUMN `v`'] })
  pair.source.execute('ALTER TABLE app.t SWAP WITH t2')
  await isMadeAnew()
})

test('nor does one that somebody dropped on the target, alone or beside one that came', async () => {
  pair.target.execute('ALTER TABLE app.t DROP COLUMN v')
  await isMadeAnew()
  pair.target.execute('ALTER TABLE app.t DROP COLUMN v')
  pair.source.execute('ALTER TABLE app.t ADD COLUMN y DATE')
  expect(await align()).toMatchObject({ outcome: 'recreated' })
  expect(await step()).toMatchObject({ state: 'in-sync', jobsSent: 1 })
  expect(copied()).toEqual(['1,a,11,', '2,b,12,'])
})

test('nor when nothing is known of the copy any more', async () => {
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
