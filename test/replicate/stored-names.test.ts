import { afterEach, expect, test } from 'vitest'
import { StepPair } from './support/step-pair.ts'

let pair: StepPair
afterEach(() => pair.stop())

const TABLE =
  'CREATE TABLE app.t (id INT NOT NULL, v INT) DUPLICATE KEY(id) DISTRIBUTED BY HASH(id) BUCKETS 1 PROPERTIES ("replication_num" = "1")'

async function start(): Promise<void> {
  pair = await StepPair.start({ version: '3.3', lateSchemas: true }, { version: '3.5' })
  pair.make(TABLE)
  pair.source.execute('INSERT INTO app.t VALUES (1, 11)')
}
/** Column x takes the place of v, and its name; the backends have heard of all but the name. */
function replace(): void {
  for (const sql of [
    'ALTER TABLE app.t ADD COLUMN x INT',
    'INSERT INTO app.t VALUES (2, 12, 22)',
    'ALTER TABLE app.t DROP COLUMN v',
    'ALTER TABLE app.t RENAME COLUMN x TO v',
    'INSERT INTO app.t VALUES (3, 23)',
  ])
    pair.source.execute(sql)
}
const silence = () => pair.source.faults.inject({ kind: 'drop-http', cut: 'before', match: /meta\/header/ })
const WAITS = { type: 'Busy', message: expect.stringMatching(/what the columns of app\.t.*allow\.renamedColumns/) }

test('a table that was refused is not copied because the backends are silent for a moment', async () => {
  await start()
  replace()
  await expect(pair.step('app.t')).rejects.toMatchObject({ type: 'Refused' })
  silence()
  await expect(pair.step('app.t')).rejects.toMatchObject(WAITS)
  expect(pair.target.sentJobs).toEqual([])
})

test('nor is another one of the same cluster, though it was never altered', async () => {
  await start()
  pair.make(TABLE.replace('app.t', 'app.first'))
  pair.source.execute('INSERT INTO app.first VALUES (1, 11)')
  expect(await pair.step('app.first')).toMatchObject({ jobsSent: 1 })
  silence()
  await expect(pair.step('app.t')).rejects.toMatchObject(WAITS)
})

test('where no backend was ever reached, altered tables wait for a word, and others are copied', async () => {
  await start()
  silence()
  expect(await pair.step('app.t')).toMatchObject({ jobsSent: 1 })
  replace()
  await expect(pair.step('app.t')).rejects.toMatchObject(WAITS)
  const spec = pair.lab.spec({ allow: { renamedColumns: true } })
  expect(await pair.step('app.t', { spec })).toMatchObject({ state: 'in-sync', jobsSent: 1 })
})

test('what replaces a column and is seen as another that came, in one statement, is refused once a backend has heard of it', async () => {
  await start()
  expect(await pair.step('app.t')).toMatchObject({ jobsSent: 1 })
  const changes = () => pair.source.execute('SHOW ALTER TABLE COLUMN FROM app').rows.length
  pair.source.execute('ALTER TABLE app.t ADD COLUMN x INT, ADD COLUMN y DATE, DROP COLUMN v')
  expect(changes()).toBe(1)
  pair.source.execute('ALTER TABLE app.t RENAME COLUMN x TO v')
  pair.source.execute("INSERT INTO app.t VALUES (4, 44, '2026-01-01')")
  await pair.lab.align(pair.lab.spec())
  await expect(pair.step('app.t')).rejects.toMatchObject({ type: 'Refused' })
  expect(pair.target.sentJobs.length).toBe(1)
})
